PACKED = "<run>/pretrain/speech"
STEM = "<run>/pretrain/stem.safetensors"
CHECKPOINTS = f"{RUN}/pretrain/checkpoints"


wildcard_constraints:
    objective=one_of(CONFIG.pretrain.objectives),


def pretrain_files():
    """The audio of the pre-training folders."""
    for folder in CONFIG.pretrain.data:
        if not Path(folder).is_dir():
            raise WorkflowError(
                f"`pretrain.data`: {folder} is not a folder; put speech there or correct the path"
            )
    return [
        file
        for folder in CONFIG.pretrain.data
        for file in files_below(folder, AUDIO_SUFFIXES)
    ]


use rule job as pretrain_data with:
    input:
        audio=pretrain_files(),
    output:
        speech=directory(PACKED),
        digest=f"{PACKED}.digest.json",
        record="<run>/lineage/pretrain.speech.json",
    params:
        **script("pretrain_data"),
        data=CONFIG.pretrain.data,
        clusters=CONFIG.pretrain.clusters,
        seed=CONFIG.seed,
    pathvars:
        job="pretrain_data",
    resources:
        mem_mb=8000,
        runtime=120,
    message:
        "Packing {params.data}"


use rule job as pretrain_stem with:
    input:
        speech=ancient(PACKED),
        digest=f"{PACKED}.digest.json",
    output:
        stem=STEM,
        record="<run>/lineage/pretrain.stem.safetensors.json",
    params:
        **script("pretrain_stem"),
        steps=CONFIG.pretrain.stem_steps,
        seed=CONFIG.seed,
        checkpoints=CHECKPOINTS,
    pathvars:
        job="pretrain_stem",
    threads: CONFIG.pretrain.threads
    resources:
        mem_mb=8000,
        runtime=240,
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
    params:
        **script("pretrain"),
        steps=CONFIG.pretrain.steps,
        sources=CONFIG.pretrain.sources,
        seed=CONFIG.seed,
        checkpoints=CHECKPOINTS,
    pathvars:
        job="pretrain/{objective}",
    threads: CONFIG.pretrain.threads
    resources:
        mem_mb=8000,
        runtime=2880,
    message:
        "Pre-training {wildcards.objective}-tiny"
