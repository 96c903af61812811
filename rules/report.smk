rule report:
    input:
        SCORES,
        INTER,
        [f"{stem}.csv" for stem in TASK_STEMS],
    output:
        REPORT,
