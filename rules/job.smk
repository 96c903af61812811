wildcard_constraints:
    model=one_of(STORES),
    model_a=one_of(MODELS),
    model_b=one_of(MODELS),
    analysis=one_of(ANALYSES),
    measure=one_of(MEASURES),
    vectors=one_of(CONFIG.vectors),
    task=one_of(TASKS),
    corpus=one_of(CORPORA),


rule job:
    log:
        "<run>/logs/<job>.log",
    benchmark:
        "<run>/benchmarks/<job>.tsv"
    pathvars:
        job="job",
    conda:
        "../envs/layerwise.yaml"
    resources:
        mem_mb=lambda wildcards, attempt: 2000 * 2 ** (attempt - 1),
        runtime=lambda wildcards, attempt: 60 * 2 ** (attempt - 1),
    script:
        "../scripts/{params.script}"
