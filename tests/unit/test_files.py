from pathlib import Path

import pandas as pd
import pytest

from layerwise.files import files_below, write_aside, write_csv, write_parquet
from layerwise.seeds import derive_seed


def test_nothing_half_written_is_left(tmp_path):
    target = tmp_path / "table.csv"
    target.write_text("old")
    with pytest.raises(RuntimeError), write_aside(target) as partial:
        partial.write_text("half")
        raise RuntimeError
    assert target.read_text() == "old"
    assert list(tmp_path.iterdir()) == [target]


def test_leftovers_of_a_killed_writer_are_removed(tmp_path):
    (tmp_path / ".table.csv.aside-abc").mkdir()
    (tmp_path / ".table.csv.aside-abc" / "table.csv").write_text("half")
    with write_aside(tmp_path / "table.csv") as partial:
        partial.write_text("whole")
    assert [item.name for item in tmp_path.iterdir()] == ["table.csv"]


def test_a_folder_replaces_a_folder_whole(tmp_path):
    target = tmp_path / "store"
    target.mkdir()
    (target / "stale").write_text("x")
    with write_aside(target) as partial:
        partial.mkdir()
        (partial / "fresh").write_text("y")
    assert [item.name for item in target.iterdir()] == ["fresh"]


def test_equal_tables_give_equal_bytes(tmp_path):
    frame = pd.DataFrame({"a": [0.1, 1 / 3], "b": ["x", "y"]})
    for name in ("one", "two"):
        write_csv(frame, tmp_path / f"{name}.csv")
        write_parquet(frame, tmp_path / f"{name}.parquet")
    assert (tmp_path / "one.csv").read_bytes() == (tmp_path / "two.csv").read_bytes()
    assert (tmp_path / "one.parquet").read_bytes() == (tmp_path / "two.parquet").read_bytes()
    assert pd.read_csv(tmp_path / "one.csv").equals(frame)


def test_seeds_are_stable_and_separate():
    assert derive_seed(1, "sample", 0) == 3968862691
    assert len({derive_seed(1, "sample", 0), derive_seed(1, "sample", 1), derive_seed(2, "sample", 0)}) == 3


def test_files_are_found_through_links_without_hidden_ones_and_loops(tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere" / "anna"
    elsewhere.mkdir(parents=True)
    corpus = tmp_path / "corpus"
    (corpus / "ben" / ".trash").mkdir(parents=True)
    for path in (
        elsewhere / "1.WAV",
        corpus / "ben/2.wav",
        corpus / "ben/._2.wav",
        corpus / "ben/.trash/3.wav",
    ):
        path.touch()
    (corpus / "anna").symlink_to(elsewhere)
    (corpus / "again.wav").symlink_to(elsewhere / "1.WAV")
    (corpus / "ben" / "loop").symlink_to(corpus)
    (corpus / "gone.wav").symlink_to(tmp_path / "nowhere")
    found = [path.relative_to(corpus).as_posix() for path in files_below(corpus, {".wav"})]
    assert found == ["again.wav", "anna/1.WAV", "ben/2.wav", "gone.wav"]
    assert files_below(corpus) == files_below(corpus, {".wav"})
