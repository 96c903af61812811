import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from contract_examples import TABLES, TEXTS, example
from hypothesis import given, settings
from hypothesis import strategies as st

from layerwise import contracts
from layerwise.contracts import page
from layerwise.contracts.spec import Column
from layerwise.errors import AlignmentError, AnalysisError, CorpusError, ReportError
from layerwise.files import write_csv, write_parquet
from layerwise.lineage.code import code_files

NAMES = sorted(TABLES)
COLUMNS = [(name, column) for name in NAMES for column in TABLES[name].columns if not column.optional]
IDS = [f"{name}-{column.name}" for name, column in COLUMNS]


def path_of(name: str, folder: Path) -> Path:
    return folder / f"table{Path(TABLES[name].path).suffix}"


def store(name: str, frame: pd.DataFrame, folder: Path) -> Path:
    """Write a table without a look at its contract."""
    path = path_of(name, folder)
    (write_parquet if path.suffix == ".parquet" else write_csv)(frame, path)
    return path


def refused(name: str, frame: pd.DataFrame, message: str, folder: Path) -> None:
    """Neither written nor read: both say which file, and what of it."""
    path = path_of(name, folder)
    path.unlink(missing_ok=True)
    whole = f"^{re.escape(str(path))}: .*{message}.*rule `{TABLES[name].made_by}`"
    with pytest.raises(TABLES[name].error, match=whole):
        contracts.write(TABLES[name], frame, path)
    assert not path.exists()
    with pytest.raises(TABLES[name].error, match=whole):
        contracts.read(TABLES[name], store(name, frame, folder))


def with_cell(frame: pd.DataFrame, column: str, value: Any, row: int = 0) -> pd.DataFrame:
    cells = frame[column].astype(object)
    cells.iloc[row] = value
    return frame.assign(**{column: cells.infer_objects()})


def test_every_table_has_an_example() -> None:
    assert set(TEXTS) == set(TABLES)
    assert sorted(page.TABLES, key=str) == sorted(TABLES.values(), key=str)


@pytest.mark.parametrize("name", NAMES)
def test_examples_are_written_as_ever_and_read_as_they_are(name: str, tmp_path: Path) -> None:
    frame = example(name)
    path = path_of(name, tmp_path)
    contracts.write(TABLES[name], frame, path)
    (tmp_path / "plain").mkdir()
    assert path.read_bytes() == store(name, frame, tmp_path / "plain").read_bytes()
    pd.testing.assert_frame_equal(contracts.read(TABLES[name], path), frame)
    assert TABLES[name].required == tuple(frame.columns[: len(TABLES[name].required)])


@pytest.mark.parametrize("name", NAMES)
def test_a_table_without_rows(name: str, tmp_path: Path) -> None:
    table = TABLES[name]
    empty = pd.DataFrame([], columns=list(TABLES[name].required))
    if not table.may_be_empty:
        return refused(name, empty, "no rows", tmp_path)
    contracts.write(TABLES[name], empty, path_of(name, tmp_path))
    read = contracts.read(TABLES[name], path_of(name, tmp_path))
    assert read.empty
    assert read.dtypes.to_dict() == example(name)[list(TABLES[name].required)].dtypes.to_dict()
    return None


@pytest.mark.parametrize(("name", "column"), COLUMNS, ids=IDS)
def test_a_missing_column_is_named(name: str, column: Column, tmp_path: Path) -> None:
    frame = example(name)
    if len(frame.columns) > 1:
        refused(name, frame.drop(columns=column.name), f"column {column.name} is missing", tmp_path)


@pytest.mark.parametrize("name", NAMES)
def test_further_columns_are_refused_but_for_labels(name: str, tmp_path: Path) -> None:
    frame = example(name).assign(colour="red")
    if name == "manifest":
        contracts.write(TABLES[name], frame, path_of(name, tmp_path))
        assert set(contracts.read(TABLES[name], path_of(name, tmp_path))["colour"]) == {"red"}
        refused(name, frame.assign(colour=1), r"column colour has 1 in row 1 .*; expected text", tmp_path)
    elif name in ("vectors", "tables/side_by_side"):
        refused(name, frame, "column colour has 'red' in row 1", tmp_path)
    if name == "vectors":
        refused(name, frame.assign(colour=0.5), "column colour holds float64; expected a finite", tmp_path)
    elif not TABLES[name].more:
        refused(name, frame, "column colour does not belong there", tmp_path)


@pytest.mark.parametrize("name", NAMES)
def test_the_order_of_columns_is_kept(name: str, tmp_path: Path) -> None:
    frame = example(name)
    names = list(frame.columns)
    swapped = frame[[*names[1::-1], *names[2:]]]
    refused(name, swapped, f"column {names[1]} stands where {names[0]} belongs", tmp_path)


def test_a_column_twice_is_refused() -> None:
    frame = example("excluded")
    twice = pd.concat([frame, frame[["reason"]]], axis=1)
    with pytest.raises(CorpusError, match=r"^t\.csv: column reason is there twice"):
        contracts.check(TABLES["excluded"], twice, "t.csv")


@pytest.mark.parametrize("name", NAMES)
def test_two_rows_with_one_key_are_refused(name: str, tmp_path: Path) -> None:
    frame = example(name)
    key = ", ".join(f"{part}={frame[part].iloc[0]}" for part in TABLES[name].key)
    twice = pd.concat([frame, frame.iloc[:1]])
    refused(name, twice, f"two rows for {re.escape(key)}: it must not be listed twice", tmp_path)


def breaches(column: Column) -> Iterator[tuple[Any, str]]:
    """Cells that a column must not have, and what is said of them."""
    if column.kind == "text":
        if column.choices or column.layers:
            what = f"the unknown {column.name} 'L3'" if column.choices else "'L3'"
            yield "L3", what
        if column.layers in ("any", "block"):
            yield "all", "'all'"
        if column.layers in ("block", "head"):
            yield "C1", "'C1'"
        if not column.empty:
            yield "", "an empty cell"
        return
    yield "many", "'many'"
    if not column.infinite:
        yield np.inf, "inf"
    if not column.empty:
        yield np.nan, "an empty cell"
    if column.low > -np.inf:
        yield column.low - 1, re.escape(repr(int(column.low - 1))) if column.kind == "integer" else "-"
    if column.high < np.inf:
        yield column.high + 1e-6, re.escape(repr(column.high + 1e-6))
    if column.kind == "integer":
        yield 1.5, "1.5"


@pytest.mark.parametrize(("name", "column"), COLUMNS, ids=IDS)
def test_a_bad_cell_is_named(name: str, column: Column, tmp_path: Path) -> None:
    frame = example(name)
    key = ", ".join(f"{part}=.*" for part in TABLES[name].key)
    for place, (cell, said) in enumerate(breaches(column)):
        row = place % len(frame)
        bad = with_cell(frame, column.name, cell, row)
        message = f"column {column.name} has {said}.* in row {row + 1} \\({key}\\); expected "
        with pytest.raises(TABLES[name].error, match=f"^t: {message}"):
            contracts.check(TABLES[name], bad, "t")
        if place == 0:
            if bad[column.name].dtype == object and TABLES[name].path.endswith("parquet"):
                bad = bad.astype({column.name: str})  # Parquet holds one type a column
            refused(name, bad, message, tmp_path)


@pytest.mark.parametrize(("name", "column"), COLUMNS, ids=IDS)
def test_another_type_is_named(name: str, column: Column) -> None:
    frame, expected = example(name).iloc[:1].copy(), re.escape(column.expected)
    if column.kind == "text":
        frame[column.name] = 0
        fault = f"has .*0 in row 1 \\(.*\\); expected {expected}"
    else:
        frame[column.name] = True
        fault = f"holds bool; expected {expected}"
    with pytest.raises(TABLES[name].error, match=f"^t: column {column.name} {fault}"):
        contracts.check(TABLES[name], frame, "t")


def test_text_that_is_missing_is_an_empty_cell() -> None:
    for missing in (None, np.nan):
        frame = with_cell(example("quality"), "reason", missing)
        with pytest.raises(AlignmentError, match="column reason has an empty cell in row 1"):
            contracts.check(TABLES["quality"], frame, "q.csv")


@pytest.mark.parametrize(
    ("name", "change", "message"),
    [
        ("intervals", {"end": 0.05}, r"column end has 0\.05 in row 1 .*expected a time after start"),
        ("intervals", {"end": 0.21}, r"column start has 0\.2 in row 2 .*before the end of the row above"),
        ("quality", {"status": "dropped"}, "column reason has an empty cell in row 1 .*the reason why"),
        ("sample", {"end": 0.01}, "column end has 0.01 in row 1"),
        ("sample", {"label": ""}, "column label has an empty cell in row 1"),
        ("sample", {"segment": -1}, "column segment has -1 in row 1"),
        ("sample", {"kind": "utterance"}, "column label has 'AE' in row 1"),
        ("segments", {"start": 0.3}, "column end has 0.2 in row 1"),
        (
            "scores",
            {"score": 1.1},
            r"column score has 1\.1 in row 1 .*from -1 to 1 in an analysis named",
        ),
        ("scores", {"null": -1.1}, r"column null has -1\.1 in row 1 .*from -1 to 1"),
        ("scores", {"analysis": "mi-phone", "score": 1.1}, r"column score has 1\.1 in row 1"),
        ("inter", {"null": 1.1}, r"column null has 1\.1 in row 1"),
        ("tables/layer_scores", {"score": -1.1}, r"column score has -1\.1 in row 1"),
        ("tables/layer_summary", {"score": 1.1}, r"column score has 1\.1 in row 1"),
        ("scores", {"low": 0.6}, r"column high has 0\.5481698 in row 1 .*a limit not below low"),
        ("inter", {"low": 0.6}, "column high has 0.32 in row 1"),
        ("task_scores", {"high": 0.1}, "column high has 0.1 in row 1"),
        ("tables/layer_summary", {"high": 0.1}, "column high has 0.1 in row 1"),
        ("tables/control_contrasts", {"high": -np.inf}, "column high has -inf in row 1"),
        ("tables/curve_contrasts", {"low": np.inf}, "column high has 0.0323 in row 1"),
        ("tables/downstream_summary", {"high": 0.1}, "column high has 0.1 in row 1"),
        ("tables/single_weighted", {"high": -0.1}, r"column high has -0\.1 in row 1"),
        (
            "boundary_agreement",
            {"compared": 7},
            "column compared has 7 in row 1 .*at most bound",
        ),
    ],
)
def test_rows_that_contradict_themselves(
    name: str, change: dict[str, Any], message: str, tmp_path: Path
) -> None:
    frame = example(name)
    for column, value in change.items():
        frame.loc[0, column] = value
    refused(name, frame, message, tmp_path)


def test_scores_of_other_measures_have_any_size(tmp_path: Path) -> None:
    frame = example("scores").assign(analysis="abx-phone", score=[1.5, -7.0], low=np.nan, high=np.nan)
    contracts.write(TABLES["scores"], frame, tmp_path / "s.csv")
    pd.testing.assert_frame_equal(contracts.read(TABLES["scores"], tmp_path / "s.csv"), frame)


def test_neighbours_of_other_tiers_and_utterances_may_overlap() -> None:
    frame = example("intervals")
    assert (frame["end"].shift() > frame["start"]).sum() == 2
    contracts.check(TABLES["intervals"], frame, "i")


def test_columns_of_similarities_are_optional(tmp_path: Path) -> None:
    frame = example("scores").assign(mean_cca=0.1, svcca=[0.2, np.nan], cka=0.3)
    contracts.write(TABLES["scores"], frame, tmp_path / "s.csv")
    pd.testing.assert_frame_equal(contracts.read(TABLES["scores"], tmp_path / "s.csv"), frame)
    assert TABLES["scores"].optional == ("mean_cca", "svcca", "cka")
    refused("scores", frame.assign(cka=1.1), "column cka has 1.1 in row 1", tmp_path)


def test_rows_are_counted_from_the_top_whatever_their_index() -> None:
    parts = [example("scores"), example("scores").assign(sample=1, score=[0.1, 7.0])]
    with pytest.raises(ReportError, match=r"column score has 7\.0 in row 4 \(model=hubert, .*sample=1"):
        contracts.check(TABLES["scores"], pd.concat(parts), "s.csv")
    checked = contracts.check(TABLES["scores"], pd.concat(parts).assign(score=0.5), "s.csv")
    assert list(checked.index) == [0, 1, 2, 3]


def test_numbers_may_be_given_as_integers_or_in_32_bits(tmp_path: Path) -> None:
    frame = example("task_weights").astype({"weight": "float32"})
    assert contracts.check(TABLES["task_weights"], frame, "w.csv")["weight"].dtype == np.float64
    contracts.write(TABLES["task_weights"], frame, tmp_path / "w.csv")
    assert "hubert,pr,T0,1,0.47931156\n" in (tmp_path / "w.csv").read_text()
    whole = example("tables/layer_scores").assign(layer_index=[-2, -2], score=[0, 1])
    assert contracts.check(TABLES["tables/layer_scores"], whole, "l.csv")["score"].tolist() == [0.0, 1.0]
    (tmp_path / "l.csv").write_text(whole.to_csv(index=False))
    assert contracts.read(TABLES["tables/layer_scores"], tmp_path / "l.csv")["score"].dtype == np.float64


def test_nothing_of_the_given_table_is_changed() -> None:
    frame = example("task_weights").astype({"weight": "float32"})
    before = frame.copy()
    contracts.check(TABLES["task_weights"], frame, "w.csv")
    pd.testing.assert_frame_equal(frame, before)


@pytest.mark.parametrize("name", ["excluded", "manifest"])
def test_a_missing_file_is_named_with_the_rule_that_makes_it(name: str, tmp_path: Path) -> None:
    path = path_of(name, tmp_path)
    with pytest.raises(
        CorpusError, match=r"table\.\w+: cannot read it: no such file; run .*`manifest` first"
    ):
        contracts.read(TABLES[name], path)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "cannot read it"),
        (b"utt_id,audio_path,reason\na,b\n", "column reason has an empty cell in row 1"),
        (b"utt_id,audio_path,reason\na,b,c\na,b,c,d\n", "cannot read it"),
        (b"utt_id,audio_path,reason\na,b,c,d\n", "cannot read it: rows have more cells"),
        (b"utt_id,audio_path,reason\n\xff,b,c\n", "cannot read it"),
        (b"utt_id,audio_path,reason,reason\na,b,c,d\n", r"column reason\.1 does not belong there"),
    ],
)
def test_broken_csv_files_are_named(content: bytes, message: str, tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_bytes(content)
    with pytest.raises(CorpusError, match=rf"t\.csv: {message}"):
        contracts.read(TABLES["excluded"], tmp_path / "t.csv")


def test_a_broken_parquet_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "i.parquet").write_text("no table")
    with pytest.raises(AlignmentError, match=r"i\.parquet: cannot read it"):
        contracts.read(TABLES["intervals"], tmp_path / "i.parquet")


@pytest.mark.parametrize(
    ("name", "error"),
    [
        ("manifest", CorpusError),
        ("intervals", AlignmentError),
        ("sample", AnalysisError),
        ("scores", ReportError),
        ("tables/layer_summary", ReportError),
    ],
)
def test_errors_are_those_of_the_stage(name: str, error: type[Exception]) -> None:
    with pytest.raises(error):
        contracts.check(TABLES[name], example(name).iloc[:, :2], "t")


WORDS = (
    "0012",
    "NA",
    "null",
    "nan",
    "None",
    "-inf",
    "1e5",
    "True",
    " a b ",
    "ß/ü",
    "日本",
    'a"b',
    "a,b",
    "#",
)
text = st.sampled_from(WORDS) | st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=8
)


@settings(max_examples=40)
@given(ids=st.lists(text, min_size=1, max_size=6, unique=True), more=text)
def test_text_comes_back_as_it_was(ids: list[str], more: str, tmp_path_factory: Any) -> None:
    folder = tmp_path_factory.getbasetemp()
    frame = pd.DataFrame({"utt_id": ids, "audio_path": more, "reason": ids[::-1]})
    contracts.write(TABLES["excluded"], frame, folder / "t.csv")
    pd.testing.assert_frame_equal(contracts.read(TABLES["excluded"], folder / "t.csv"), frame)
    intervals = pd.DataFrame(
        {"utt_id": ids, "tier": "word", "start": 0.1, "end": 0.3, "label": more, "word_index": 0}
    )
    contracts.write(TABLES["intervals"], intervals, folder / "t.parquet")
    pd.testing.assert_frame_equal(contracts.read(TABLES["intervals"], folder / "t.parquet"), intervals)


@settings(max_examples=40)
@given(values=st.lists(st.floats(-1, 1), min_size=1, max_size=20))
def test_numbers_come_back_as_they_were(values: list[float], tmp_path_factory: Any) -> None:
    path = tmp_path_factory.getbasetemp() / "n.csv"
    rows = pd.concat([example("tables/layer_scores").iloc[:1]] * len(values), ignore_index=True)
    frame = rows.assign(trial=range(len(values)), score=values)
    contracts.write(TABLES["tables/layer_scores"], frame, path)
    assert contracts.read(TABLES["tables/layer_scores"], path)["score"].tolist() == values


def test_the_contracts_are_light_to_import() -> None:
    heavy = "{'pandas', 'numpy', 'pandera', 'pydantic', 'pyarrow'}"
    code = f"import sys, layerwise.contracts.page; print({heavy} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


def test_a_stage_depends_on_its_own_contracts_only(repository: Path) -> None:
    files = code_files(repository / "layerwise/sampling.py", (), repository)
    found = {Path(name).stem for name in files if name.startswith("layerwise/contracts/")}
    assert found == {"__init__", "spec", "checks", "columns", "samples"}


def test_the_page_is_up_to_date(repository: Path) -> None:
    assert (repository / "docs/contracts.md").read_text(encoding="utf-8") == page.contracts_page()


def test_each_table_of_a_run_has_a_caption_of_its_own(repository: Path) -> None:
    written = {path.stem: path.read_text(encoding="utf-8") for path in repository.glob("report/tables/*.rst")}
    assert written == page.captions()


def test_expectations_in_words() -> None:
    def say(**options: Any) -> str:
        return Column("c", about="", **options).expected

    assert say() == "text that is not empty"
    assert say(empty=True) == "text"
    assert say(choices=("a", "b", "c")) == "a, b or c"
    assert say(kind="integer", low=1) == "a whole number of at least 1"
    assert say(kind="number", low=-1 - 1e-9, high=1 + 1e-9, empty=True) == (
        "a finite number from -1 to 1 or an empty cell"
    )
    assert say(kind="number", infinite=True) == "a number"
    assert say(layers="block") == "a layer of the transformer: T0.., T0-pos or TL+ln"
