import numpy as np
import pandas as pd
import pytest
import report_tables as synthetic

from layerwise import contracts
from layerwise.contracts.corpus import WARNINGS
from layerwise.contracts.run_tables import columns
from layerwise.contracts.scores import NULLS, SCORES, TRAITS, UNITS
from layerwise.contracts.tasks import TASK_SCORES
from layerwise.errors import ReportError
from layerwise.report import raw, tables
from layerwise.report.corpora import corpus_tables, corpus_text
from layerwise.report.document import report_content
from layerwise.report.evidence import Evidence
from layerwise.report.latex import latex
from layerwise.report.latex_tables import write_latex
from layerwise.report.names import figure_names
from layerwise.report.run_tables import write_tables
from layerwise.report.shapes import peaks
from layerwise.report.summary import layer_summary
from layerwise.report.typeset import interval, number

FACTS = synthetic.run_facts(("m",))


def score_rows(model, analysis, curves, layers=("T0", "T1", "T2"), half=0.1):
    """Rows of one model: ``curves`` holds one list of scores per trial."""
    rest = (0.01, 1e-4, 1e-4, 80, 10, 10, 0, 192, 39)
    return pd.DataFrame(
        [
            (model, layer, float(place), analysis, 0, trial, score, score - half, score + half, *rest)
            for trial, curve in enumerate(curves)
            for place, (layer, score) in enumerate(zip(layers, curve, strict=True))
        ],
        columns=list(SCORES.required),
    )


def evidence(scores, units=None, nulls=None):
    empty = {"units": UNITS, "nulls": NULLS}
    given = {"units": units, "nulls": nulls}
    made = [
        given[name] if given[name] is not None else pd.DataFrame(columns=list(empty[name].required))
        for name in empty
    ]
    return Evidence(scores, *made)


def summarise(scores, facts=FACTS):
    known = evidence(scores)
    traits = pd.DataFrame(columns=list(TRAITS.required))
    return layer_summary(known, traits, peaks(known, facts), facts)


def task_rows(model, task, metric, values, *, rate=0.1, split="test", seed=0):
    return pd.DataFrame(
        [
            (model, task, layer, seed, rate, split, metric, value, value - 0.05, value + 0.05)
            for layer, value in values.items()
        ],
        columns=list(TASK_SCORES.required),
    )


def read_downstream(tmp_path, *parts):
    path = tmp_path / "task.csv"
    pd.concat(parts).to_csv(path, index=False)
    return raw.read_downstream([path])


def test_layer_summary_averages_scores_over_samples_and_trials():
    scores = score_rows("m", "cca-phone", [[0.2, 0.4, 0.3], [0.4, 0.5, 0.2]])
    summary = summarise(scores)
    assert list(summary.columns) == columns("layer_summary")
    np.testing.assert_allclose(summary["score"], [0.3, 0.45, 0.25])
    # Variance of T0: max(within a trial (0.2 / 3.92)^2, over trials 0.02) = 0.02, times 1/2 + 10/80.
    half = 12.7062 * np.sqrt(0.02 * 0.625)
    limits = summary.loc[0, ["low", "high"]].astype(float)
    np.testing.assert_allclose(limits, [0.3 - half, 0.3 + half], rtol=1e-4)
    assert list(summary["n"]) == [2, 2, 2]


def test_layer_summary_takes_the_larger_of_two_variances_and_says_nothing_without_one():
    same = score_rows("m", "cca-phone", [[0.6], [0.6], [0.6]], ("T0",), half=0.04)
    (row,) = summarise(same).to_dict("records")
    half = 4.30265 / 1.959964 * 0.04 * np.sqrt(1 / 3 + 1 / 8)
    assert row["score"] - row["low"] == pytest.approx(half, rel=1e-4)
    (row,) = summarise(score_rows("m", "cca-phone", [[0.6]], ("T0",), half=np.nan)).to_dict("records")
    assert np.isnan(row["low"]) and np.isnan(row["high"]) and row["score"] == 0.6


def test_layer_summary_is_sorted_by_analysis_model_and_layer():
    rows = [score_rows(model, name, [[0.1, 0.2, 0.3]]) for name in ("cca-word", "cca-mel") for model in "ba"]
    summary = summarise(pd.concat(rows).iloc[::-1])
    names = summary[["analysis", "model", "layer"]].to_numpy().tolist()
    assert len(names) == 12 and names == sorted(names)


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda table: table.drop(columns="null"), r"m\.csv: column null is missing"),
        (lambda table: table.assign(score=np.nan), r"m\.csv: column score has an empty cell in row 1"),
        (lambda table: table.assign(high="many"), r"m\.csv: column high has 'many' in row 1"),
        (lambda table: pd.concat([table, table]), r"two rows for model=m, analysis=cca-mel, .*layer=T0"),
    ],
)
def test_a_bad_score_file_is_named_with_its_column(tmp_path, spoil, message):
    path = tmp_path / "m.csv"
    spoil(score_rows("m", "cca-mel", [[0.1, 0.2, 0.3]])).to_csv(path, index=False)
    with pytest.raises(ReportError, match=message):
        raw.read_scores([path])


def test_rows_that_two_files_share_are_named_with_the_files(tmp_path):
    rows = score_rows("m", "cca-mel", [[0.1, 0.2, 0.3]])
    rows.to_csv(tmp_path / "one.csv", index=False)
    rows.iloc[1:].to_csv(tmp_path / "two.csv", index=False)
    message = r"one\.csv, .*two\.csv: two rows for model=m, analysis=cca-mel, layer=T1, sample=0, trial=0"
    with pytest.raises(ReportError, match=message):
        raw.read_scores([tmp_path / "one.csv", tmp_path / "two.csv"])


def test_a_missing_file_and_an_unknown_layer_are_named(tmp_path):
    with pytest.raises(ReportError, match=r"gone\.csv: cannot read it: no such file; run the rule `cca`"):
        raw.read_scores([tmp_path / "gone.csv"])
    message = r"task\.csv: column layer has 'L3' in row 1 .*; expected a layer of the transformer"
    with pytest.raises(ReportError, match=message):
        read_downstream(tmp_path, task_rows("m", "pr", "per", {"L3": 0.1}))


def test_a_model_called_nan_or_na_keeps_its_name(tmp_path):
    path = tmp_path / "m.csv"
    score_rows("NA", "cca-mel", [[0.1, 0.2, 0.3]]).to_csv(path, index=False)
    assert set(raw.read_scores([path])["model"]) == {"NA"}


def test_two_learning_rates_of_one_layer_are_refused(tmp_path):
    """The rate is chosen where the task is trained; a mean over rates would be no result of anything."""
    with pytest.raises(ReportError, match="two rows for model=m, task=pr, metric=per, layer=T0, seed=0"):
        read_downstream(
            tmp_path,
            task_rows("m", "pr", "per", {"T0": 0.1}, rate=0.1),
            task_rows("m", "pr", "per", {"T0": 0.2}, rate=0.2),
        )


def test_scores_without_bootstrap_have_no_interval_but_a_value(tmp_path):
    runs = read_downstream(tmp_path, task_rows("m", "pr", "per", {"T0": 0.1}).assign(low="", high=""))
    (row,) = tables.downstream_summary(runs).to_dict("records")
    assert row["value"] == pytest.approx(0.1)
    assert interval(row["value"], row["low"], row["high"]) == "0.10"


def test_tables_of_a_run_are_written_whole_and_alike(tmp_path):
    facts = synthetic.run_facts(("org/a_1", "b"))
    scores = synthetic.score_files(synthetic.scores(facts), tmp_path / "cca")
    runs = synthetic.write(synthetic.downstream(facts), tmp_path / "down", names=("model", "task"))
    weights = synthetic.write(synthetic.weights(facts), tmp_path / "weights", names=("model", "task"))
    counts = synthetic.write(
        *(synthetic.utterances(synthetic.downstream(facts)), tmp_path / "down"),
        names=("model", "task"),
        ending="utterances.parquet",
    )
    for folder, order in (("one", 1), ("two", -1)):  # the order of the files must not matter
        files = {name: paths[::order] for name, paths in scores.items()}
        files |= {"downstream": runs[::order], "weights": weights, "task_utterances": counts[::order]}
        made = synthetic.gathered(facts, tmp_path, **files)
        write_tables(made, tmp_path / folder)
        write_latex(made, facts, tmp_path / folder)
    names = {path.name for path in (tmp_path / "one").iterdir()}
    names |= {f"{form}/pr{part}.tex" for form in ("column", "page") for part in ("", ".tabular")}
    assert {"layer_scores.csv", "downstream.csv", "agreement.csv", "column"} <= names
    for name in names - {"column", "page"}:
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()
    assert r"a\_1 & T" in (tmp_path / "one" / "column" / "cca-phone.tex").read_text()
    assert r"\textbf{0." in (tmp_path / "one" / "page" / "cca-phone-layers.tex").read_text()
    written = pd.read_csv(tmp_path / "one" / "agreement.csv")
    assert list(written.columns) == columns("agreement")


def test_a_run_without_tasks_or_analyses_has_headers_only(tmp_path):
    write_tables(synthetic.gathered(synthetic.run_facts(), tmp_path, (), {}), tmp_path)
    for name in ("layer_scores", "layer_summary", "downstream", "downstream_summary", "agreement"):
        assert pd.read_csv(tmp_path / f"{name}.csv").empty
    assert figure_names([], []) == ["answers", "corpus", "alignment-quality"]


def test_a_model_outside_the_run_is_refused(tmp_path):
    path = tmp_path / "m.csv"
    score_rows("stranger", "cca-mel", [[0.1, 0.2, 0.3]]).to_csv(path, index=False)
    with pytest.raises(ReportError, match="model 'stranger' is in the tables but not in the run"):
        synthetic.gathered(synthetic.run_facts(), tmp_path, (), {}, scores=(path,))


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"task": "song"}, r"task 'song' is in the tables but not in the run's tasks \(pr, scenario\)"),
        ({"metric": "wer"}, "metric 'wer' of task 'pr' is in the tables, but the task is measured by 'per'"),
    ],
)
def test_a_task_or_metric_outside_the_run_is_refused(tmp_path, changed, message):
    path = tmp_path / "pr.csv"
    task_rows("m", "pr", "per", {"T0": 0.1}).assign(**changed).to_csv(path, index=False)
    with pytest.raises(ReportError, match=message):
        synthetic.gathered(FACTS, tmp_path, (), {}, downstream=(path,))


def test_an_analysis_outside_the_run_is_refused(tmp_path):
    path = tmp_path / "m.csv"
    score_rows("m", "cca-shoes", [[0.1, 0.2, 0.3]]).to_csv(path, index=False)
    with pytest.raises(ReportError, match="analysis 'cca-shoes' is in the tables but not in the run"):
        synthetic.gathered(FACTS, tmp_path, (), {}, scores=(path,))


def test_an_utterance_without_alignment_status_is_named(tmp_path):
    files = synthetic.corpus_files(tmp_path)
    quality = pd.read_csv(files["quality"])
    quality[quality["utt_id"] != "utt003"].to_csv(files["quality"], index=False)
    with pytest.raises(ReportError, match=r"quality\.csv: no row for utterance utt003"):
        synthetic.gathered(FACTS, tmp_path / "run", (), {}, quality=files["quality"])


def test_all_that_was_left_out_is_listed_once(tmp_path):
    lost = pd.DataFrame(
        [("m", "pr", "0012", "train", "no phones"), ("m", "pr", "NA", "dev", "too short")],
        columns=["model", "task", "utt_id", "split", "reason"],
    )
    for place in range(2):  # the same for two models
        lost.assign(model=f"m{place}").to_csv(tmp_path / f"{place}.csv", index=False)
    (tmp_path / "cca-glove.missing.csv").write_text("label,segments\nnull,3\n")
    of_corpus = synthetic.corpus_files(tmp_path / "corpora/fsc", ("NA", "empty text"), utterances=8)
    made = synthetic.gathered(
        *(FACTS, tmp_path, (), {}),
        task_exclusions=(tmp_path / "0.csv", tmp_path / "1.csv"),
        missing_vectors=(tmp_path / "cca-glove.missing.csv",),
        corpora_excluded=(of_corpus["excluded"],),
        corpora_quality=(of_corpus["quality"],),
    )
    assert made.exclusions.to_numpy().tolist() == [
        ["corpus", "spy_iax2", "no path through the beam"],
        *(["alignment", f"utt{place:03d}", "too fast"] for place in (7, 20, 21)),
        ["corpus fsc", "NA", "empty text"],
        ["alignment fsc", "utt007", "too fast"],
        ["task pr", "0012", "no phones"],
        ["task pr", "NA", "too short"],
        ["vectors cca-glove", "null", "no vector (3 segments)"],
    ]


def test_numbers_and_latex_text():
    assert number(-0.001) == "0.00"
    assert number(-0.25) == "\N{MINUS SIGN}0.25"
    assert interval(0.431, 0.408, 0.452) == "0.43 [0.41, 0.45]"
    assert latex("50% #1 a_b & {c} $d$ \\ <e>") == (
        r"50\% \#1 a\_b \& \{c\} \$d\$ \textbackslash{} \textless{}e\textgreater{}"
    )


def test_warnings_of_all_corpora_are_gathered_counted_and_shown(tmp_path):
    warned = {
        "corpus": [("NA", "clipped: 12 samples"), ("0012", "clipped: 3 samples"), ("0012", "silent")],
        "corpora/fsc": [("0012", "silent")],
        "corpora/empty": [],
    }
    paths = []
    for folder, rows in warned.items():
        paths.append(tmp_path / folder / "warnings.csv")
        paths[-1].parent.mkdir(parents=True)
        table = pd.DataFrame([(utt_id, "a.wav", text) for utt_id, text in rows], columns=WARNINGS.required)
        contracts.write(WARNINGS, table, paths[-1])
    made = synthetic.gathered(FACTS, tmp_path, (), {}, warnings=tuple(paths))
    assert made.warnings.to_numpy().tolist() == [
        ["", "NA", "clipped: 12 samples"],
        ["", "0012", "clipped: 3 samples"],
        ["", "0012", "silent"],
        ["fsc", "0012", "silent"],
    ]
    assert corpus_text(made, FACTS)[-1].startswith("4 warnings were given on 3 utterances that are used")
    (shown,) = corpus_tables(made, FACTS)
    assert shown.rows == (
        ("prompts", "clipped", "2", "NA: clipped: 12 samples"),
        ("prompts", "silent", "1", "0012: silent"),
        ("fsc", "silent", "1", "0012: silent"),
    )
    content = report_content(made, FACTS, dict.fromkeys(("answers", "corpus", "alignment"), "A figure."))
    assert "Warnings (4)" in str(content["data"][0])
    none = synthetic.gathered(FACTS, tmp_path / "none", (), {})
    assert "No warning was given" in corpus_text(none, FACTS)[-1] and not corpus_tables(none, FACTS)
