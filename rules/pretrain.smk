PACKED = "<run>/pretrain/speech"
STEM = "<run>/pretrain/stem.safetensors"
CHECKPOINTS = f"{RUN}/pretrain/checkpoints"


wildcard_constraints:
    objective=one_of(CONFIG.pretrain.objectives),


use rule job as pretrain_data with:
    input:
        audio=ancient(trackable(pretrain_files())),
    output:
        speech=directory(PACKED),
        digest=f"{PACKED}.digest.json",
        record="<run>/lineage/pretrain.speech.json",
    pathvars:
        job="pretrain_data",
    resources:
        **asks("pretrain_data"),
    params:
        **runs("pretrain_data"),
        **contents(audio=lambda wildcards: trackable(pretrain_files())),
        data=CONFIG.pretrain.data,
        others=lambda wildcards: others(pretrain_files()),
        clusters=CONFIG.pretrain.clusters,
        seed=CONFIG.seed,
    message:
        "Packing {params.data}"


use rule job as pretrain_stem with:
    input:
        speech=ancient(PACKED),
        digest=f"{PACKED}.digest.json",
    output:
        stem=STEM,
        record="<run>/lineage/pretrain.stem.safetensors.json",
    pathvars:
        job="pretrain_stem",
    threads: CONFIG.pretrain.threads
    resources:
        **asks("pretrain_stem"),
    params:
        **runs("pretrain_stem"),
        steps=CONFIG.pretrain.stem_steps,
        seed=CONFIG.seed,
        checkpoints=CHECKPOINTS,
    message:
        "Training the stem"


# A killed job resumes from its last checkpoint.
use rule job as pretrain with:
    input:
        speech=ancient(PACKED),
        digest=f"{PACKED}.digest.json",
        stem=STEM,
    output:
        model=directory("<run>/models/{objective}-tiny"),
        record="<run>/lineage/models.{objective}-tiny.json",
    pathvars:
        job="pretrain/{objective}",
    threads: CONFIG.pretrain.threads
    resources:
        **asks("pretrain"),
    params:
        **runs("pretrain"),
        steps=CONFIG.pretrain.steps,
        sources=CONFIG.pretrain.sources,
        seed=CONFIG.seed,
        checkpoints=CHECKPOINTS,
    message:
        "Pre-training {wildcards.objective}-tiny"
