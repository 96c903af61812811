"""Files of one contract, read together: as if each was read by itself and put below the one before."""

from pathlib import Path

import pandas as pd
import pytest
from contract_examples import TABLES, example

from layerwise import contracts
from layerwise.contracts.many import read_all
from layerwise.errors import ReportError
from layerwise.files import write_csv, write_parquet

SIZES = TABLES["sizes"]


def stored(folder: Path, frames: list[pd.DataFrame], suffix: str = ".csv") -> list[Path]:
    write = write_csv if suffix == ".csv" else write_parquet
    paths = [folder / f"{place}{suffix}" for place in range(len(frames))]
    for frame, path in zip(frames, paths, strict=True):
        write(frame, path)
    return paths


def parts(*models: str) -> list[pd.DataFrame]:
    return [example("sizes").assign(model=model) for model in models]


@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
@pytest.mark.parametrize("models", [("one", "two", "three"), ("one",), ('a "quoted", one', "two")])
@pytest.mark.parametrize("empty", [False, True])
def test_files_together_are_files_one_by_one(tmp_path, suffix, models, empty) -> None:
    frames = parts(*models)
    frames[0] = frames[0].assign(score=1.0).astype({"score": "float64"})  # 1.0 is "1.0" beside 0.1234
    frames += [frames[0].iloc[:0]] if empty and SIZES.may_be_empty else []
    paths = stored(tmp_path, frames, suffix)
    alone = [contracts.read(SIZES, path) for path in paths]
    whole = pd.concat([frame for frame in alone if len(frame)], ignore_index=True)
    pd.testing.assert_frame_equal(read_all(SIZES, paths), whole, check_exact=True)


@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
def test_the_file_at_fault_is_named(tmp_path, suffix) -> None:
    good, bad = parts("one", "two")
    for spoiled in (
        bad.assign(score=float("nan")),
        bad.assign(model=""),
        bad[[*bad.columns[1:], bad.columns[0]]],
        bad.drop(columns="score"),
        bad.rename(columns={"model": "analysis", "analysis": "model"}),
        pd.concat([bad, bad]),
    ):
        paths = stored(tmp_path, [good, spoiled, good.assign(model="three")], suffix)
        with pytest.raises(ReportError, match=rf"^{paths[1]}: "):
            read_all(SIZES, paths)


def test_rows_that_two_files_share_and_broken_files_are_refused(tmp_path) -> None:
    paths = stored(tmp_path, parts("one", "one"))
    with pytest.raises(ReportError, match=r"0\.csv, .*1\.csv: two rows for model=one"):
        read_all(SIZES, paths)
    paths = stored(tmp_path, parts("one", "two"))
    paths[1].write_text(paths[1].read_text() + "two,\n")
    with pytest.raises(ReportError, match=r"1\.csv"):
        read_all(SIZES, paths)
    paths[1].unlink()
    with pytest.raises(ReportError, match=r"1\.csv: cannot read it"):
        read_all(SIZES, paths)
