# Log-mel is compared with labels only: with frames it would be compared with itself.
SCORES = [
    f"<run>/cca/{model}/{name}.csv"
    for model in MODELS
    for name, analysis in ANALYSES.items()
    if model != "logmel" or analysis.of_logmel
]
INTER = [f"<run>/cca/inter/{a}-vs-{b}.csv" for a, b in CONFIG.inter.pairs]


use rule job as cca with:
    input:
        store=ancient("<run>/features/{model}.zarr"),
        digest="<run>/features/{model}.digest.json",
        logmel=ancient(needed("logmel", "<run>/features/logmel.zarr")),
        logmel_digest=needed("logmel", "<run>/features/logmel.digest.json"),
        samples=SAMPLES,
        speakers=needed("speakers", MANIFEST),
        vectors=needed("vectors", "<run>/vectors/{analysis}.parquet"),
    output:
        scores="<run>/cca/{model}/{analysis}.csv",
        record="<run>/lineage/cca.{model}.{analysis}.csv.json",
    pathvars:
        job="cca/{model}/{analysis}",
    threads: CONFIG.cca.threads
    resources:
        gpu=0 if CONFIG.cca.device == "cpu" else 1,
        mem_mb=8000,
        runtime=240,
    params:
        **runs("cca", lambda wildcards: [ANALYSES[wildcards.analysis].code]),
        plugin=lambda wildcards: ANALYSES[wildcards.analysis].code,
        cca=options(CONFIG.cca, "threads"),
        own=lambda wildcards: own_options(wildcards.analysis),
        protocol=CONFIG.protocol,
        seed=CONFIG.seed,
    message:
        "{wildcards.analysis} of {wildcards.model}"


use rule job as vectors with:
    input:
        file=vectors_file,
        segments=SEGMENTS,
    output:
        vectors="<run>/vectors/{analysis}.parquet",
        missing="<run>/vectors/{analysis}.missing.csv",
        record="<run>/lineage/vectors.{analysis}.parquet.json",
    pathvars:
        job="vectors/{analysis}",
    params:
        **runs("vectors"),
        unit=lambda wildcards: ANALYSES[wildcards.analysis].unit,
    message:
        "Reading the vectors of {wildcards.analysis}"


use rule job as inter with:
    input:
        store_a=ancient("<run>/features/{model_a}.zarr"),
        digest_a="<run>/features/{model_a}.digest.json",
        store_b=ancient("<run>/features/{model_b}.zarr"),
        digest_b="<run>/features/{model_b}.digest.json",
        sample=SAMPLES[0],
    output:
        scores="<run>/cca/inter/{model_a}-vs-{model_b}.csv",
        record="<run>/lineage/cca.inter.{model_a}-vs-{model_b}.csv.json",
    pathvars:
        job="cca/inter/{model_a}-vs-{model_b}",
    threads: CONFIG.cca.threads
    resources:
        gpu=0 if CONFIG.cca.device == "cpu" else 1,
        mem_mb=8000,
        runtime=240,
    params:
        **runs("inter"),
        cca=options(CONFIG.cca, "threads", "trials", "similarities")
        | {"trials": CONFIG.inter.trials},
        inter=options(CONFIG.inter, "pairs"),
        protocol=CONFIG.protocol,
        seed=CONFIG.seed,
    message:
        "Layers of {wildcards.model_a} against those of {wildcards.model_b}"
