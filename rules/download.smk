include: "corpus_inputs.smk"


# No code among their params: an edited file must not send a finished run back to the network.


localrules:
    download,


if MISSING:

    SHARED.extend(MISSING)

    checkpoint download_corpus:
        """Fetch and unpack a corpus of the catalogue; runs only where its folder is missing."""
        output:
            folder=directory("{folder}"),
        log:
            "<run>/logs/download_corpus/{folder}.log",
        wildcard_constraints:
            folder=one_of(MISSING),
        localrule: True
        conda:
            "../envs/layerwise.yaml"
        resources:
            mem_mb=1000,
            runtime=240,
        params:
            name=lambda wildcards: MISSING[wildcards.folder],
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
    localrule: True
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
        list(MISSING),
        aligner_files() if ALIGNER.downloads else [],
        [hub_record(name) for name in MODELS if hub_id(MODELS[name].source)],
