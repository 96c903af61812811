from snakemake.utils import min_version

min_version("9.27")


include: "rules/failures.smk"
include: "rules/plan.smk"


if not workflow.overwrite_configfiles:

    configfile: "config.yaml"


include: "rules/config.smk"


pathvars:
    run=RUN,


report: "report/workflow.rst"


include: "rules/common.smk"
include: "rules/inputs.smk"
include: "rules/resources.smk"
include: "rules/job.smk"


if CONFIG.corpus:

    include: "rules/corpus.smk"
    include: "rules/align.smk"
    include: "rules/features.smk"
    include: "rules/cca.smk"
    include: "rules/measures.smk"
    include: "rules/downstream.smk"
    include: "rules/report.smk"


if CONFIG.pretrain:

    include: "rules/pretrain.smk"


include: "rules/alone.smk"


rule all:
    default_target: True
    input:
        targets(),
    localrule: True


onsuccess:
    print_results()
