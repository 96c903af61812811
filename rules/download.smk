# What needs the network. These rules have no code inputs: checksums and commits fix what they fetch, and an edited
# source file must not send a finished run back to the network.


localrules:
    download,


if CORPUS_MISSING:

    checkpoint download_corpus:
        """Fetch and unpack the corpus of `corpus.download`; runs only where `corpus.path` is missing."""
        output:
            folder=directory(CONFIG.corpus.path),
        log:
            f"{RUN}/logs/download_corpus.log",
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


rule hub_model:
    """Fetch a model of the hub into the local cache; record the commit that its revision stands for."""
    output:
        model=f"{RUN}/models/{{model}}.json",
        record=record("models/{model}.json"),
    log:
        f"{RUN}/logs/hub_model/{{model}}.log",
    conda:
        "../envs/layerwise.yaml"
    resources:
        mem_mb=2000,
        runtime=240,
    params:
        source=lambda wildcards: hub_id(MODELS[wildcards.model].source),
        revision=lambda wildcards: MODELS[wildcards.model].revision,
        weights=lambda wildcards: needs_weights(wildcards.model),
    message:
        "Fetching {params.source} from the hub"
    script:
        "../scripts/hub_model.py"


rule download:
    """All that a run needs from the network (target: `snakemake download`), e.g. on a login node."""
    input:
        CONFIG.corpus.path if CORPUS_MISSING else [],
        (
            CONFIG.alignment.librispeech_alignments.path
            if CONFIG.aligner == "librispeech-alignments"
            else []
        ),
        [hub_record(name) for name in MODELS if hub_id(MODELS[name].source)],
