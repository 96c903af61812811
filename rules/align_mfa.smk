"""The Montreal Forced Aligner: shards of the corpus as jobs of their own, in the environment of MFA."""

from math import ceil

MFA = CONFIG.alignment.mfa
MFA_FOLDER = f"{RUN}/alignment/mfa"
MFA_CORPUS = [f"{MFA_FOLDER}/corpus-{shard}.zip" for shard in range(MFA.shards)]
MFA_ALIGNED = [f"{MFA_FOLDER}/aligned-{shard}.zip" for shard in range(MFA.shards)]
MFA_DROPPED = f"{MFA_FOLDER}/dropped.csv"
MFA_SPEECH = f"{MFA_FOLDER}/speech.csv"
MFA_MINUTES = ceil(MFA.timeout_minutes)

MFA_DICTIONARY = f"{MFA_FOLDER}/words.dict"

if MFA.train or MFA.acoustic is None:
    MFA_ACOUSTIC = f"{MFA_FOLDER}/trained.zip"
    MFA_LEARNED = f"{MFA_FOLDER}/learned.dict"
else:
    MFA_ACOUSTIC = mfa_model("acoustic")
    MFA_LEARNED = MFA_DICTIONARY


use rule job as align_mfa_corpus with:
    input:
        manifest=MANIFEST,
        dictionary=mfa_dictionary,  # first: an unfit one is found before hours of packing
    output:
        corpus=temp(MFA_CORPUS),
        dropped=MFA_DROPPED,
        speech=MFA_SPEECH,
    pathvars:
        job="align_mfa_corpus",
    resources:
        **asks("manifest"),
    params:
        **runs("align_mfa_corpus"),
        shards=MFA.shards,
    message:
        "Packing the corpus for MFA"


use rule job as align_mfa_dictionary with:
    input:
        manifest=MANIFEST,
        dictionary=mfa_model("dictionary"),
        lexicon=ancient(CONFIG.alignment.lexicon or []),
        acoustic=mfa_model("acoustic") if MFA_LEARNED == MFA_DICTIONARY else [],
    output:
        dictionary=MFA_DICTIONARY,
    pathvars:
        job="align_mfa_dictionary",
    params:
        **runs("align_mfa_dictionary"),
        **contents(
            dictionary=mfa_model("dictionary"),
            lexicon=CONFIG.alignment.lexicon or [],
            acoustic=mfa_model("acoustic") if MFA_LEARNED == MFA_DICTIONARY else [],
        ),
        cut=MFA.g2p is None,
    message:
        "Checking the dictionary {input.dictionary} against the words of the corpus"


rule align_mfa_model:
    """Take a model of MFA's collection from where MFA keeps it, or download it."""
    output:
        f"{MFA_FOLDER}/{{kind}}.{{suffix}}",
    log:
        "<run>/logs/align_mfa_model/{kind}.{suffix}.log",
    wildcard_constraints:
        kind="acoustic|dictionary|g2p",
        suffix="zip|dict",
    localrule: True
    conda:
        "../envs/mfa.yaml"
    resources:
        mem_mb=1000,
        runtime=30,
    params:
        **runs("align_mfa", lock=ROOT / "envs/mfa.yaml"),
        name=lambda wildcards: getattr(MFA, wildcards.kind),
    message:
        "Looking for MFA's {wildcards.kind} model {params.name}"
    shell:
        "python3 scripts/{params.script} fetch {wildcards.kind} {params.name:q} {output:q} > {log:q} 2>&1"


rule align_mfa_train:
    """Train an acoustic model on the corpus itself."""
    input:
        corpus=MFA_CORPUS,
        dictionary=MFA_DICTIONARY,
        g2p=mfa_model("g2p"),
    output:
        model=f"{MFA_FOLDER}/trained.zip",
        learned=f"{MFA_FOLDER}/learned.dict",
    log:
        "<run>/logs/align_mfa_train.log",
    benchmark:
        "<run>/benchmarks/align_mfa_train.tsv"
    conda:
        "../envs/mfa.yaml"
    threads: CONFIG.alignment.threads
    resources:
        mem_mb=lambda wildcards, attempt: 8000 * 2 ** (attempt - 1),
        runtime=MFA_MINUTES + 30,
        mfa_minutes=str(MFA.timeout_minutes),
    params:
        **runs("align_mfa", lock=ROOT / "envs/mfa.yaml"),
        **contents(g2p=mfa_model("g2p")),
    message:
        "Training an acoustic model with MFA"
    shell:
        "python3 scripts/{params.script} train --corpus {input.corpus:q} --dictionary {input.dictionary:q}"
        " --g2p {input.g2p:q} --threads {threads} --timeout-minutes {resources.mfa_minutes}"
        " --output {output.model:q} --learned {output.learned:q} > {log:q} 2>&1"


rule align_mfa_shard:
    """Align one shard with MFA; files that come out unaligned get a second try with wider beams."""
    input:
        corpus=f"{MFA_FOLDER}/corpus-{{shard}}.zip",
        dictionary=MFA_LEARNED,
        acoustic=MFA_ACOUSTIC,
        g2p=mfa_model("g2p"),
    output:
        aligned=f"{MFA_FOLDER}/aligned-{{shard}}.zip",
    log:
        "<run>/logs/align_mfa_shard/{shard}.log",
    benchmark:
        "<run>/benchmarks/align_mfa_shard/{shard}.tsv"
    conda:
        "../envs/mfa.yaml"
    threads: CONFIG.alignment.threads
    resources:
        mem_mb=lambda wildcards, attempt: 8000 * 2 ** (attempt - 1),
        runtime=2 * MFA_MINUTES + 30,
        mfa_minutes=str(MFA.timeout_minutes),
    params:
        **runs("align_mfa", lock=ROOT / "envs/mfa.yaml"),
        **contents(acoustic=MFA_ACOUSTIC, g2p=mfa_model("g2p")),
        shards=MFA.shards,
    message:
        "Aligning shard {wildcards.shard} with MFA"
    shell:
        "python3 scripts/{params.script} align --corpus {input.corpus:q} --dictionary {input.dictionary:q}"
        " --acoustic {input.acoustic:q} --g2p {input.g2p:q} --threads {threads}"
        " --timeout-minutes {resources.mfa_minutes} --output {output.aligned:q} > {log:q} 2>&1"
