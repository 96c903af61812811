# No code among their params: an edited file must not send a finished run back to the network.


localrules:
    download,


if CORPUS_MISSING:

    checkpoint download_corpus:
        """Fetch and unpack the corpus of `corpus.download`; runs only where `corpus.path` is missing."""
        output:
            folder=directory(CONFIG.corpus.path),
        log:
            "<run>/logs/download_corpus.log",
        conda:
            "../envs/layerwise.yaml"
        resources:
            mem_mb=1000,
            runtime=240,
        params:
            name=CONFIG.corpus.download,
        message:
            "Downloading {params.name} to {output.folder}"
        script:
            "../scripts/download_corpus.py"


use rule job as hub_model with:
    output:
        model="<run>/models/{model}.json",
        record="<run>/lineage/models.{model}.json.json",
    pathvars:
        job="hub_model/{model}",
    resources:
        runtime=240,
    params:
        script="hub_model.py",
        source=lambda wildcards: hub_id(MODELS[wildcards.model].source),
        revision=lambda wildcards: MODELS[wildcards.model].revision,
        weights=lambda wildcards: needs_weights(wildcards.model),
    message:
        "Fetching {params.source} from the hub"


rule download:
    """All that a run needs from the network (target: `snakemake download`), e.g. on a login node."""
    input:
        CONFIG.corpus.path if CORPUS_MISSING else [],
        aligner_files() if ALIGNER.downloads else [],
        [hub_record(name) for name in MODELS if hub_id(MODELS[name].source)],
