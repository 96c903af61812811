import json
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pandas as pd
import pypdfium2
import pytest
import report_tables as synthetic
from compared_runs import ANALYSES, changed, write_run
from scipy import stats

from layerwise.cli.main import main
from layerwise.contracts.run_tables import columns
from layerwise.errors import ReportError
from layerwise.report.compare.configs import config_differences
from layerwise.report.compare.differences import curve_differences, peak_differences, spread
from layerwise.report.compare.findings import difference_sentences
from layerwise.report.compare.measures import measure_differences
from layerwise.report.compare.runs import read_runs, series_of
from layerwise.report.compare.tasks import task_differences
from layerwise.report.compare.write import compare, content
from layerwise.report.facts import MeasureFacts, ModelFacts

NAMES = ("hubert-tiny", "wav2vec2-tiny")
FACTS = synthetic.run_facts(NAMES, twins=False)
PLANTED = {"model": "hubert-tiny", "analysis": "cca-phone", "layer": ["T4", "T5"]}
CONFIG = {
    "manifest.x": {"seed": 1, "corpus": {"path": "prompts", "longest": 30}, "code": "a" * 64},
    "cca.hubert-tiny.cca-phone.csv": {"cca": {"parts": 10}, "seed": 1, "script": "cca.py"},
    "cca.wav2vec2-tiny.cca-phone.csv": {"cca": {"parts": 10}, "seed": 1, "script": "cca.py"},
    "tables": {"facts": {"run": "one", "models": [{"name": "hubert-tiny", "source": "here"}]}},
}


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    """Three runs of one corpus: the second has a planted difference, the third is the first again."""
    root, scores = tmp_path_factory.mktemp("runs"), synthetic.scores(FACTS, ANALYSES)
    results = synthetic.downstream(FACTS, {"pr": "per"})
    config = json.loads(json.dumps(CONFIG).replace('"seed": 1', '"seed": 2').replace("30}", "40}"))
    config["cca.hubert-tiny.cca-phone.csv"]["cca"]["parts"] = 5
    config["tables"]["facts"]["models"] += [{"name": "logmel", "source": "logmel"}]
    config["tables"]["facts"]["run"] = "two"
    worse = changed(results, 0.3, model="wav2vec2-tiny", layer="T2")
    runs = {
        "one": (scores, results, CONFIG),
        "two": (changed(scores, -0.2, **PLANTED), worse, config),
        "again": (scores, results, CONFIG),
    }
    return [write_run(root / name, replace(FACTS, run=name), *made) for name, made in runs.items()]


@pytest.fixture(scope="module")
def runs(folders):
    return read_runs(folders)


@pytest.fixture(scope="module")
def series(runs):
    return series_of(runs)


@pytest.fixture(scope="module")
def curves(series):
    return curve_differences(series)


def test_a_planted_difference_is_found_where_it_is_and_nowhere_else(curves):
    second = curves[curves["run_b"] == "two"]
    found = second[second["p_holm"] < 0.05]
    assert set(zip(found["series"], found["analysis"], found["layer"], strict=True)) == {
        ("hubert-tiny", "cca-phone", layer) for layer in PLANTED["layer"]
    }
    np.testing.assert_allclose(found["difference"], -0.2, atol=1e-9)
    again = curves[curves["run_b"] == "again"]
    assert (
        (again["difference"] == 0).all() and (again["p"] == 1).all() and (again["pairing"] == "paired").all()
    )
    assert set(curves["run_a"]) == {"one"}


def test_a_paired_difference_is_that_of_the_units(curves, folders):
    errors = []
    for folder in folders[:2]:
        units = pd.read_parquet(folder / "cca/hubert-tiny/cca-phone.units.parquet")
        mine = units[units["layer"] == "T4"]
        errors.append(mine.groupby("unit")["contribution"].sum() / 2)  # two sample sets
    apart = (errors[1] - errors[0]).to_numpy()
    n = len(apart)
    half = stats.t.ppf(0.975, n - 1) * np.sqrt(n / (n - 1) * np.sum(apart**2))
    row = curves.query(
        "run_b == 'two' and series == 'hubert-tiny' and analysis == 'cca-phone' and layer == 'T4'"
    )
    (row,) = row.to_dict("records")
    assert (row["n"], row["shared"], row["pairing"]) == (n, n, "paired")
    assert row["high"] - row["difference"] == pytest.approx(half, rel=1e-9)
    assert row["difference"] == pytest.approx(row["score_b"] - row["score_a"])


def test_without_units_or_on_another_corpus_variances_are_added(folders, tmp_path):
    first, lost = read_runs(folders[:1])[0], tmp_path / "lost"
    write_run(lost, replace(FACTS, run="lost"))
    for path in lost.rglob("*.units.parquet"):
        path.unlink()
    other = write_run(tmp_path / "other", replace(FACTS, run="other"), utterances=50, seed=9)
    runs = [first, *read_runs([lost, other])]
    table = curve_differences(series_of(runs))
    assert (table["pairing"] == "not paired").all() and (table["shared"] == 0).all()
    assert set(table.loc[table["run_b"] == "lost", "reason"]) == {"no units of lost"}
    assert set(table.loc[table["run_b"] == "other", "reason"]) == {"utterances of one name differ in length"}
    row = table[table["run_b"] == "other"].iloc[0]
    summary = first.tables.layer_summary
    mine = summary[(summary["model"] == row["model_a"]) & (summary["analysis"] == row["analysis"])]
    mine = mine[mine["layer"] == row["layer"]].iloc[0]
    # both sides have the same units, so the interval of two independent means is that of one by root two
    expected = (mine["high"] - mine["low"]) / 2 * np.sqrt(2)
    assert (row["high"] - row["low"]) / 2 == pytest.approx(expected, rel=0.05)


def test_units_in_one_run_only_count_as_they_are(folders, tmp_path):
    half = write_run(tmp_path / "half", replace(FACTS, run="half"))
    for path in half.rglob("*.units.parquet"):
        units = pd.read_parquet(path)
        units[units["unit"] < "u20"].to_parquet(path)
    table = curve_differences(series_of(read_runs([folders[0], half])))
    assert (
        set(table["pairing"]) == {"partly paired"}
        and set(table["shared"]) == {20}
        and set(table["n"]) == {40}
    )
    assert set(table["reason"]) == {"20 units in one only"}


def test_peaks_that_move_are_told_from_those_in_place(series):
    keys = ["analysis", "series", "run_b"]
    table = {tuple(row[key] for key in keys): row for _, row in peak_differences(series).iterrows()}
    moved = table["cca-phone", "hubert-tiny", "two"]
    assert moved["layer_a"] != moved["layer_b"] and moved["moved"] == "yes" and moved["spearman"] < 0.9
    same = table["cca-word", "hubert-tiny", "again"]
    assert same["moved"] == "no" and same["spearman"] == pytest.approx(1)
    assert np.isnan(table["cca-phone", "logmel", "two"]["spearman"])


def test_task_results_are_paired_over_test_units(series, folders):
    table = task_differences(series)
    assert set(table["pairing"]) == {"paired"} and set(table["shared"]) == {60}
    second = table[table["run_b"] == "two"]
    found = second[second["p_holm"] < 0.05]
    assert set(zip(found["series"], found["layer"], strict=True)) == {("wav2vec2-tiny", "T2")}
    assert found["difference"].iloc[0] > 0.1  # by counts of utterances: PER is clipped there
    again = table[table["run_b"] == "again"]
    assert (again["difference"] == 0).all() and (again["p"] > 0.9).all()


def test_scatter_over_three_runs_is_that_of_their_scores(series, runs):
    row = (
        spread(series).query("analysis == 'cca-phone' and series == 'hubert-tiny' and layer == 'T4'").iloc[0]
    )
    scores = [
        run.tables.layer_summary.query(
            "analysis == 'cca-phone' and model == 'hubert-tiny' and layer == 'T4'"
        )["score"].iloc[0]
        for run in runs
    ]
    assert row["sd"] == pytest.approx(np.std(scores, ddof=1)) and row["runs"] == 3


def test_configs_differ_in_the_keys_that_were_changed(runs):
    table = config_differences(runs)
    assert table[["kind", "key", "rules", "of", "one", "two", "again"]].to_numpy().tolist() == [
        ["config", "cca.parts", "cca", "cca.hubert-tiny.cca-phone.csv", "10", "5", "10"],
        ["config", "corpus.longest", "manifest", "", "30", "40", "30"],
        ["config", "facts.models", "tables", "", "hubert-tiny", "hubert-tiny, logmel", "hubert-tiny"],
        ["config", "seed", "cca manifest", "", "1", "2", "1"],
    ]


def test_sentences_say_what_differs_and_how_it_is_paired(curves, runs):
    said = " ".join(difference_sentences(curves[curves["analysis"] == "cca-phone"], "CCA-phone", runs))
    assert "CCA-phone of hubert-tiny: two differs from one at T4 and T5, most at T" in said
    assert "\N{MINUS SIGN}0.200 [" in said and "paired over 40 units" in said
    assert "again is negligibly different from one at every layer" in said


def test_the_command_writes_the_same_document_twice(folders, tmp_path, capsys):
    for name in ("a", "b"):
        assert main(["compare", *map(str, folders), "--out", str(tmp_path / name)]) == 0
    assert "Compared: one, two, again; 3 models" in capsys.readouterr().out
    files = sorted(path.relative_to(tmp_path / "a") for path in (tmp_path / "a").rglob("*") if path.is_file())
    assert {
        "compare.pdf",
        "compare.html",
        "tables/curve_differences.csv",
        "figures/difference-pr.png",
    } <= set(map(str, files))
    for path in files:
        assert (tmp_path / "a" / path).read_bytes() == (tmp_path / "b" / path).read_bytes(), path
    written = pd.read_csv(tmp_path / "a/tables/curve_differences.csv", keep_default_na=False)
    assert len(written) == 2 * 2 * (10 + 10 + 1)
    text = "".join(
        page.get_textpage().get_text_range() for page in pypdfium2.PdfDocument(tmp_path / "a/compare.pdf")
    )
    assert "What differs between the runs" in text and "corpus.longest" in text


def checkpoints(steps, name="hubert-{}"):
    models = [
        ModelFacts(name.format(step), f"models/{step}", "masked prediction", "self-supervised", "trained")
        for step in steps
    ]
    return replace(synthetic.run_facts((), twins=False, baseline=False), models=tuple(models))


def test_checkpoints_of_one_run_lie_along_training(tmp_path):
    facts = checkpoints(["1k", "20k", "400"])
    table = synthetic.scores(facts, ANALYSES)
    first = table[table["model"] == "hubert-1k"]
    gains = {"hubert-400": -0.1, "hubert-1k": 0.0, "hubert-20k": 0.1}
    table = pd.concat([changed(first.assign(model=name), gain, layer=["T5"]) for name, gain in gains.items()])
    runs = read_runs([write_run(tmp_path / "run", facts, table)])
    series = series_of(runs, "hubert-{step}")
    assert [side.step for side in series[0].sides] == [400, 1000, 20_000]
    made = compare(runs, series)
    training = made.training[made.training["analysis"] == "cca-phone"]
    assert list(training["step"]) == [400, 1000, 20_000]
    assert training["layer"].iloc[-1] == "T5" and (np.diff(training["score"]) >= 0).all()
    found = made.curve_differences.query("layer == 'T5' and analysis == 'cca-phone'")
    np.testing.assert_allclose(found["difference"], [0.1, 0.2], atol=1e-9)
    assert set(made.curve_differences.query("layer != 'T5'")["difference"]) == {0.0}
    text = str(content(made, ["difference-cca-phone", "training-cca-phone"])["sections"])
    assert "along training" in text and "hubert-20k differs from hubert-400 at" in text


def test_checkpoints_may_be_runs(folders, tmp_path):
    later = [write_run(tmp_path / f"pre-{step}", replace(FACTS, run=f"pre-{step}")) for step in (10, 5)]
    series = series_of(read_runs(later), "pre-{step}")
    assert [entry.name for entry in series] == [*NAMES, "logmel"]
    assert [side.run.label for side in series[0].sides] == ["pre-5", "pre-10"]


def test_models_of_two_names_are_compared_as_one(folders, tmp_path):
    renamed = write_run(
        tmp_path / "renamed", replace(synthetic.run_facts(("other",), False, False), run="renamed")
    )
    with pytest.raises(ReportError, match=r"no model in common.*--same other=hubert-tiny"):
        series_of(read_runs([folders[0], renamed]))
    runs = read_runs([folders[0], renamed], {"other": "hubert-tiny"})
    series = series_of(runs)
    assert [entry.name for entry in series] == ["hubert-tiny"]
    lost = compare(runs, series).unmatched
    assert ["model", "wav2vec2-tiny", "one"] in lost.to_numpy().tolist()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["nowhere"], "no run 'nowhere'"),
        (["{one}"], "one run alone cannot be compared"),
        (["{one}", "{one}"], "is given twice"),
        (["{one}", "{two}", "--same", "x=y"], "no run has a model 'x'"),
        (["{one}", "{two}", "--same", "x"], "write NAME=OTHER"),
        (["{one}", "{two}", "--same", "wav2vec2-tiny=hubert-tiny"], "two models that are compared as"),
        (["{one}", "{two}", "--training", "hubert"], "write {step} once"),
        (["{one}", "{two}", "--training", "x-{step}"], "fits no model"),
        (["{one}", "--training", "wav2vec{step}-tiny"], "two or more different steps"),
        (["{one}", "{two}", "--out", "{one}/compared"], "is in the run"),
    ],
)
def test_what_cannot_be_compared_is_named(folders, tmp_path, capsys, arguments, message):
    places = {folder.name: str(folder) for folder in folders}
    given = [part.format(**places) if part[:4] in ("{one", "{two") else part for part in arguments]
    out = [] if "--out" in given else ["--out", str(tmp_path / "out")]
    assert main(["compare", *given, *out]) == 1
    assert message in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_runs_without_a_common_analysis_are_refused(folders, tmp_path):
    words = synthetic.scores(FACTS, ("cca-mel",))
    other = write_run(tmp_path / "mel", replace(FACTS, run="mel"), words)
    runs = read_runs([folders[2], other])
    with pytest.raises(ReportError, match="no analysis, task or measure has layers in common"):
        compare(runs, series_of(runs))


def test_measures_are_compared_without_pairing(runs):
    """Two values with intervals of plus and minus 0.01: the difference has root two of that."""
    made = []
    for run, value in zip(runs[:2], (0.3, 0.2), strict=True):
        rows = [
            (
                "hubert-tiny",
                layer,
                "abx",
                "within",
                value + shift,
                value + shift - 0.01,
                value + shift + 0.01,
                5000,
            )
            for layer, shift in (("C2", 0.0), ("C10", 0.0), ("T0", 0.0), ("T1", 0.1 if value == 0.2 else 0.0))
        ]
        table = pd.DataFrame(rows, columns=columns("measures"))
        known = MeasureFacts(
            "abx", "ABX", "", "error", "phone", {"within": "Within"}, "within", False, 0.5, ""
        )
        facts = replace(run.facts, measures=(known,))
        made.append(replace(run, facts=facts, tables=replace(run.tables, measures=table)))
    series = series_of(made)
    table = measure_differences(series)
    assert list(table["layer"]) == ["C2", "C10", "T0", "T1"] and set(table["pairing"]) == {"not paired"}
    np.testing.assert_allclose(table["difference"], [-0.1, -0.1, -0.1, 0.0], atol=1e-12)
    np.testing.assert_allclose(table["high"] - table["difference"], 0.01 * np.sqrt(2), rtol=1e-3)
    assert list(table["p_holm"] < 0.05) == [True, True, True, False]
    shown = next(part for part in content(compare(made, series), [])["sections"] if part["title"] == "ABX")
    assert shown["tables"][0]["rows"][0][3] == "3 of 4"


def test_other_commands_do_not_wait_for_figures():
    code = "import sys, layerwise.cli.main; sys.exit('matplotlib' in sys.modules or 'typst' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
