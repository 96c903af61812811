# Log-mel is compared with labels only: with frames it would be compared with itself.
CCA_STEMS = [
    f"<run>/cca/{model}/{name}"
    for model in MODELS
    for name, analysis in ANALYSES.items()
    if model != "logmel" or analysis.of_logmel
]
SCORES = [f"{stem}.csv" for stem in CCA_STEMS]
INTER = [f"<run>/cca/inter/{a}-vs-{b}.csv" for a, b in CONFIG.inter.pairs]


use rule job as feasibility with:
    input:
        manifest=MANIFEST,
        intervals=INTERVALS,
        samples=SAMPLES,
        replanned=ancient(REPLANNED),
    output:
        infeasible=FORESEEN,
        record="<run>/lineage/samples.infeasible.csv.json",
    pathvars:
        job="feasibility",
    # Before the extraction, so that one may stop the run there.
    priority: 100
    localrule: True
    params:
        **runs(
            "feasibility", [code for spec in ANALYSES.values() for code in spec.codes]
        ),
        analyses={name: entry_of(name) for name in ANALYSES},
        cca=options(CONFIG.cca, "threads"),
        protocol=CONFIG.protocol,
        seed=CONFIG.seed,
    message:
        "Looking for analyses that cannot be run"


use rule job as cca with:
    input:
        store=ancient("<run>/features/{model}.zarr"),
        digest="<run>/features/{model}.digest.json",
        logmel=ancient(needed("logmel", "<run>/features/logmel.zarr")),
        logmel_digest=needed("logmel", "<run>/features/logmel.digest.json"),
        prosody=ancient(needed("prosody", "<run>/features/prosody.zarr")),
        prosody_digest=needed("prosody", "<run>/features/prosody.digest.json"),
        samples=SAMPLES,
        speakers=needed("speakers", MANIFEST),
        intervals=needed("intervals", INTERVALS),
        vectors=vectors_table,
        replanned=ancient(REPLANNED),
    output:
        scores="<run>/cca/{model}/{analysis}.csv",
        units="<run>/cca/{model}/{analysis}.units.parquet",
        nulls="<run>/cca/{model}/{analysis}.null.parquet",
        sizes="<run>/cca/{model}/{analysis}.sizes.csv",
        traits="<run>/cca/{model}/{analysis}.traits.csv",
        infeasible="<run>/cca/{model}/{analysis}.infeasible.csv",
        record="<run>/lineage/cca.{model}.{analysis}.csv.json",
    pathvars:
        job="cca/{model}/{analysis}",
    group:
        "cca-{model}"
    threads: CONFIG.cca.threads
    resources:
        **asks("cca", lambda wildcards: gpus(CONFIG.cca.device)),
        turn=1,  # in one job of a cluster they run one after the other
    params:
        **runs("cca", lambda wildcards: ANALYSES[wildcards.analysis].codes),
        entry=lambda wildcards: entry_of(wildcards.analysis),
        cca=options(CONFIG.cca, "threads"),
        protocol=CONFIG.protocol,
        seed=CONFIG.seed,
    message:
        "{wildcards.analysis} of {wildcards.model}"


use rule job as vectors with:
    input:
        file=ancient(vectors_file),
        segments=SEGMENTS,
        replanned=ancient(REPLANNED),
    output:
        vectors="<run>/vectors/{vectors}.parquet",
        missing="<run>/vectors/{vectors}.missing.csv",
        record="<run>/lineage/vectors.{vectors}.parquet.json",
    pathvars:
        job="vectors/{vectors}",
    localrule: True
    params:
        **runs("vectors"),
        **contents(file=vectors_file),
        unit=lambda wildcards: CONFIG.vectors[wildcards.vectors].unit,
    message:
        "Reading the vectors of {wildcards.vectors}"


use rule job as inter with:
    input:
        store_a=ancient("<run>/features/{model_a}.zarr"),
        digest_a="<run>/features/{model_a}.digest.json",
        store_b=ancient("<run>/features/{model_b}.zarr"),
        digest_b="<run>/features/{model_b}.digest.json",
        sample=SAMPLES[0],
        replanned=ancient(REPLANNED),
    output:
        scores="<run>/cca/inter/{model_a}-vs-{model_b}.csv",
        record="<run>/lineage/cca.inter.{model_a}-vs-{model_b}.csv.json",
    pathvars:
        job="cca/inter/{model_a}-vs-{model_b}",
    group:
        "inter"
    threads: CONFIG.cca.threads
    resources:
        **asks("cca", lambda wildcards: gpus(CONFIG.cca.device)),
        turn=1,  # in one job of a cluster they run one after the other
    params:
        **runs("inter"),
        cca=options(CONFIG.cca, "threads", "trials", "similarities")
        | {"trials": CONFIG.inter.trials},
        inter=options(CONFIG.inter, "pairs"),
        protocol=CONFIG.protocol,
        seed=CONFIG.seed,
    message:
        "Layers of {wildcards.model_a} against those of {wildcards.model_b}"
