PACKED = f"{RUN}/pretrain/speech"
STEM = f"{RUN}/pretrain/stem.safetensors"


wildcard_constraints:
    objective="|".join(CONFIG.pretrain.objectives),


rule pretrain_data:
    """Pack the speech of all folders into arrays and cluster its MFCC."""
    input:
        audio=pretrain_files(),
        code=code("pretrain_data"),
        lock=LOCK,
    output:
        speech=directory(PACKED),
        digest=f"{PACKED}.digest.json",
        record=record("pretrain/speech"),
    log:
        f"{RUN}/logs/pretrain_data.log",
    benchmark:
        f"{RUN}/benchmarks/pretrain_data.tsv"
    conda:
        "../envs/layerwise.yaml"
    resources:
        mem_mb=8000,
        runtime=120,
    params:
        data=CONFIG.pretrain.data,
        clusters=CONFIG.pretrain.clusters,
        seed=CONFIG.seed,
    message:
        "Packing {params.data}"
    script:
        "../scripts/pretrain_data.py"


rule pretrain_stem:
    """Train the conv stem that all models start from."""
    input:
        speech=ancient(PACKED),
        digest=f"{PACKED}.digest.json",
        code=code("pretrain_stem"),
        lock=LOCK,
    output:
        stem=STEM,
        record=record("pretrain/stem.safetensors"),
    log:
        f"{RUN}/logs/pretrain_stem.log",
    benchmark:
        f"{RUN}/benchmarks/pretrain_stem.tsv"
    conda:
        "../envs/layerwise.yaml"
    threads: CONFIG.pretrain.threads
    resources:
        mem_mb=8000,
        runtime=240,
    params:
        steps=CONFIG.pretrain.stem_steps,
        seed=CONFIG.seed,
        checkpoints=f"{RUN}/pretrain/checkpoints",
    message:
        "Training the stem"
    script:
        "../scripts/pretrain_stem.py"


rule pretrain:
    """Train one model; a killed job resumes from its last checkpoint."""
    input:
        speech=ancient(PACKED),
        digest=f"{PACKED}.digest.json",
        stem=STEM,
        code=code("pretrain"),
        lock=LOCK,
    output:
        model=directory(f"{RUN}/models/{{objective}}-tiny"),
        record=record("models/{objective}-tiny"),
    log:
        f"{RUN}/logs/pretrain/{{objective}}.log",
    benchmark:
        f"{RUN}/benchmarks/pretrain/{{objective}}.tsv"
    conda:
        "../envs/layerwise.yaml"
    threads: CONFIG.pretrain.threads
    resources:
        mem_mb=8000,
        runtime=2880,
    params:
        steps=CONFIG.pretrain.steps,
        sources=CONFIG.pretrain.sources,
        seed=CONFIG.seed,
        checkpoints=f"{RUN}/pretrain/checkpoints",
    message:
        "Pre-training {wildcards.objective}-tiny"
    script:
        "../scripts/pretrain.py"
