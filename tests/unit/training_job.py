"""A training in a process of its own, to be killed: ``python training_job.py FOLDER TASK [SLOW]``."""

import sys
import time
from pathlib import Path

from task_corpora import task, toy_corpus, train

from layerwise.files import write_csv
from layerwise.tasks import fit


def main(folder: Path, known: str, slow: float) -> None:
    evaluate = fit.evaluate

    def slowly(*arguments):
        time.sleep(slow)
        return evaluate(*arguments)

    fit.evaluate = slowly
    source, manifest, intervals = toy_corpus()
    chosen = task(known, 5, **({"label": "first"} if known == "classification" else {}))
    result = train(
        *(source, manifest, intervals, chosen),
        seeds=2,
        epochs=8,
        bootstrap=50,
        checkpoint=folder / "state.checkpoint",
        every=0.0,
    )
    for name, table in vars(result).items():
        write_csv(table, folder / f"{name}.csv")


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], float(sys.argv[3]))
