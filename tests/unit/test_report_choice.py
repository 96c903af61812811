"""Results in which it is planted where the labels are: single layers, weights, choice and advice find it."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import report_tables as synthetic
from scipy import stats

from benchmarks.comparisons import World
from layerwise.cli.main import main
from layerwise.errors import ReportError
from layerwise.report import task_findings
from layerwise.report.choice import choice
from layerwise.report.comparisons import single_and_weighted, task_contrasts, task_peaks
from layerwise.report.facts import TaskFacts, write_facts
from layerwise.report.ranking import agreement, head_agreement
from layerwise.report.raw import read_downstream, read_weights
from layerwise.report.recommend import recommendations
from layerwise.report.run_tables import write_tables
from layerwise.report.task_counts import read_task_counts
from layerwise.specs.metrics import ACCURACY, CER, PER, WER

MODEL = "hubert-tiny"
BLOCKS = 8
LAYERS = [f"T{number}" for number in range(BLOCKS + 1)]
FACTS = synthetic.run_facts((MODEL,), twins=False, baseline=False)
PLANTED = {**dict.fromkeys(LAYERS, 0.3), "T6": 0.45, "T8": 0.45, "T7": 0.7}  # layer 7 alone holds the labels


def results(values, task="scenario", metric="accuracy", model=MODEL, seeds=(1, 2, 3)):
    """Results of all seeds on both splits."""
    rows = [
        (model, task, layer, seed, 0.01, split, metric, value, value - 0.02, value + 0.02)
        for layer, value in values.items()
        for seed in seeds
        for split in ("dev", "test")
    ]
    names = "model task layer seed learning_rate split metric value low high"
    return pd.DataFrame(rows, columns=names.split())


def weights_of(values, task="scenario", model=MODEL):
    rows = [(model, task, layer, seed, value) for layer, value in values.items() for seed in (1, 2, 3)]
    return pd.DataFrame(rows, columns=["model", "task", "layer", "seed", "weight"])


def curve(peak):
    """Scores of cca-phone that fall off from a peak on both sides."""
    table = synthetic.scores(FACTS, ("cca-phone",), samples=1, trials=3, blocks=BLOCKS)
    noise = np.random.default_rng(0).normal(0, 0.002, len(table))
    return table.assign(score=0.5 - 0.05 * (table["layer_index"] - peak).abs() + noise)


class Files:
    """The files of a run as its stages write them, and what is read from them."""

    def __init__(self, folder, runs, weights=None, counts=None, facts=FACTS):
        pair = ("model", "task")
        counts = synthetic.utterances(runs, 200) if counts is None else counts
        empty = weights_of({"T0": 1.0}).iloc[:0]
        self.facts = facts
        self.paths = {
            "downstream": synthetic.write(runs, folder / "down", names=pair),
            "weights": synthetic.write(empty if weights is None else weights, folder / "w", names=pair),
            "task_utterances": synthetic.write(
                counts, folder / "down", names=pair, ending="utterances.parquet"
            ),
        }

    @property
    def counts(self):
        return read_task_counts(self.paths["task_utterances"], self.facts)

    @property
    def runs(self):
        return read_downstream(self.paths["downstream"])

    @property
    def weights(self):
        return read_weights(self.paths["weights"])

    def gathered(self, folder, peak=7):
        table = curve(peak)
        files = {**self.paths, **synthetic.score_files(table, folder / "c")}
        return synthetic.gathered(self.facts, folder, ("cca-phone",), {}, **files)


@pytest.fixture(scope="module")
def planted(tmp_path_factory):
    folder = tmp_path_factory.mktemp("planted")
    light = {**dict.fromkeys(LAYERS, 0.05), "T7": 0.6}
    files = Files(folder, results({**PLANTED, "all": 0.6}), weights_of(light))
    return files.gathered(folder / "run")


def test_a_planted_layer_is_found_by_layers_weights_analysis_and_dev(planted):
    (peak,) = planted.task_peaks.to_dict("records")
    assert (peak["layer"], peak["tie"], peak["n_layers"], peak["n"]) == ("T7", "T7", 9, 200)
    chosen = planted.choice.set_index("strategy")
    assert chosen["layer"].to_dict() == {
        **{"cca-phone": "T7", "dev": "T7", "weight": "T7", "last": "T8", "average": "", "all": "all"}
    }
    assert (chosen.loc[["cca-phone", "dev", "weight"], ["regret", "low", "high"]] == 0).all(axis=None)
    for strategy, lost in (("last", 0.25), ("average", 0.7 - (6 * 0.3 + 2 * 0.45 + 0.7) / 9), ("all", 0.1)):
        row = chosen.loc[strategy]
        assert row["low"] < lost < row["high"] and row["low"] > 0
        assert row["regret"] == pytest.approx(chosen.loc["dev", "value"] - row["value"])


def test_the_report_and_the_advice_name_the_planted_layer(planted):
    (row,) = planted.single_weighted.to_dict("records")
    assert (row["layer"], row["verdict"]) == ("T7", "single")
    assert row["difference"] == pytest.approx(row["single"] - row["all"])
    (sentence,) = task_findings.task_findings(planted, FACTS, "scenario")
    assert sentence.startswith("hubert-tiny: T7, best on dev") and "the single layer is better" in sentence
    assert "Best on test is T7, alone" in sentence
    (line,) = recommendations(planted, FACTS)
    assert line.startswith("hubert-tiny, scenario: T7 (best on dev with test Accuracy 0.")
    assert line.endswith("Expected regret: 0.000 [0.000, 0.000].")


def test_where_two_layers_share_the_labels_the_sum_wins_and_is_said_to(tmp_path):
    shared = {**dict.fromkeys(LAYERS, 0.3), "T3": 0.5, "T7": 0.5, "all": 0.75}
    files = Files(tmp_path, results(shared), weights_of(dict.fromkeys(LAYERS, 1 / 9)))
    made = files.gathered(tmp_path / "run")
    assert made.single_weighted["verdict"].tolist() == ["all"]
    assert made.choice.set_index("strategy").loc["all", "high"] < 0
    (sentence,) = task_findings.task_findings(made, FACTS, "scenario")
    assert "the sum is better" in sentence
    (counted,) = task_findings.sum_findings(made, FACTS)
    assert "loses to it for 1 and is not distinguishable from it for 0 of 1 self-supervised model" in counted
    assert "the learned sum of all layers is better, 0.7" in recommendations(made, FACTS)[0]
    assert {"T3", "T7"} <= set(made.task_peaks["tie"][0].split(" "))


def test_advice_without_tasks_is_the_peak_and_says_that_regret_is_not_known(tmp_path):
    table = curve(5)
    files = synthetic.score_files(table, tmp_path / "c")
    made = synthetic.gathered(FACTS, tmp_path, ("cca-phone",), {}, **files)
    (line,) = recommendations(made, FACTS)
    assert line == "hubert-tiny: T5 (peak of cca-phone). Expected regret: not known, the run has no task."
    (line,) = recommendations(made, FACTS, "ic")
    assert line.startswith("hubert-tiny, ic: T5 (peak of cca-phone")
    assert "p = " not in line
    doubtful = replace(made, peaks=made.peaks.assign(p=0.3))
    assert "not above chance, p = 0.300" in recommendations(doubtful, FACTS)[0]
    with pytest.raises(ReportError, match=r"task 'cooking' is not one of layerwise: choose one of .*ic, pr"):
        recommendations(made, FACTS, "cooking")
    with pytest.raises(ReportError, match="neither tasks nor cca-phone or cca-word"):
        recommendations(replace(made, peaks=made.peaks.iloc[:0]), FACTS)


def test_the_command_answers_from_the_tables_of_a_run(planted, tmp_path, monkeypatch, capsys):
    folder = tmp_path / "results/demo/tables"
    write_tables(planted, folder)
    write_facts(FACTS, folder / "facts.json")
    monkeypatch.chdir(tmp_path)
    assert main(["recommend", "demo", "--task", "scenario"]) == 0
    assert main(["recommend", str(tmp_path / "results/demo")]) == 0
    first, second = capsys.readouterr().out.splitlines()
    assert first == second and "scenario: T7" in first
    assert main(["recommend", "demo", "--task", "pr"]) == 1
    assert "task 'pr' is not one of the run demo: choose one of scenario" in capsys.readouterr().err
    assert main(["recommend", "other"]) == 1
    assert (
        "no run 'other': there is neither results/other/tables/facts.json nor other/tables/facts.json"
        in capsys.readouterr().err
    )


def test_the_layer_is_chosen_on_dev_and_compared_on_test_with_errors_low(tmp_path):
    values = {"T0": 0.2, "T1": 0.4, "all": 0.3}
    runs = results(values, "pr", "per")
    dev = runs["split"] == "dev"
    runs.loc[dev & (runs["layer"] == "T1"), "value"] = 0.1  # only there T1 is better
    files = Files(tmp_path, runs)
    (row,) = single_and_weighted(files.counts, files.runs, FACTS).to_dict("records")
    assert (row["layer"], row["verdict"]) == ("T1", "all")
    assert row["single"] == pytest.approx(0.4, abs=0.03) and row["low"] > 0.05
    with pytest.raises(ReportError, match=rf"downstream/{MODEL}/pr\.csv: per lacks dev rows for T1"):
        single_and_weighted(files.counts, files.runs.query("layer != 'T1' or split != 'dev'"), FACTS)


def test_real_differences_that_overlapping_intervals_hide_are_found(tmp_path):
    """What makes an utterance hard is hard for both: the difference is known far better than its terms."""
    rng = np.random.default_rng(2)
    hard = rng.beta(0.5, 0.5, 150)
    gains = {"T0": 0.0, "T1": -0.2, "all": 0.04}
    places = [(layer, seed, place) for layer in gains for seed in (1, 2, 3) for place in range(150)]
    shared = pd.DataFrame(places, columns=["layer", "seed", "place"])
    chances = np.clip(hard, 0.05, 0.9)[shared["place"]] + shared["layer"].map(gains).to_numpy(float)
    shared["count"] = rng.binomial(40, np.clip(chances, 0.01, 0.99)).astype(float)
    counts = shared.assign(
        model=MODEL, task="scenario", metric="accuracy", total=40.0, speaker="s", split="test"
    ).assign(utt_id=shared["place"].map("u{:03d}".format))
    names = ["model", "task", "metric", "layer", "seed", "split", "utt_id", "speaker", "count", "total"]
    runs = results({"T0": 0.5, "T1": 0.3, "all": 0.54})
    files = Files(tmp_path, runs, counts=counts[names])
    (row,) = single_and_weighted(files.counts, files.runs, FACTS).to_dict("records")
    mine = counts[counts["layer"] == "T0"].groupby("utt_id")["count"].mean() / 40
    alone = 1.96 * mine.std() / np.sqrt(150)
    assert abs(row["difference"]) < alone  # each interval holds the other value
    assert row["verdict"] == "all"


def test_holm_counts_trained_models_and_not_random_twins(tmp_path):
    facts = synthetic.run_facts(("a", "b"), baseline=False)
    runs = [
        results({"T0": 0.4, "T1": 0.3, "all": 0.5 if "a" in name[-1] else 0.44}, model=name)
        for name in ("a", "b", "random-a", "random-b")
    ]
    files = Files(tmp_path, pd.concat(runs), facts=facts)
    table = single_and_weighted(files.counts, files.runs, facts).set_index("model")
    for pair in (["a", "b"], ["random-a", "random-b"]):
        low, high = sorted(table.loc[pair, "p"])
        assert sorted(table.loc[pair, "p_holm"]) == pytest.approx([min(2 * low, 1), max(2 * low, high)])


def test_controls_are_compared_on_the_utterances_that_both_have(tmp_path):
    facts = synthetic.run_facts(("a",))
    runs = pd.concat(
        [
            results({"T0": 0.4, "T1": 0.6, "all": 0.6}, model="a"),
            results({"T0": 0.45, "T1": 0.4, "all": 0.4}, model="random-a"),
            results({"T0": 0.58}, model="logmel"),
        ]
    )
    counts = synthetic.utterances(runs, 200)
    lost = (counts["model"] == "random-a") & counts["utt_id"].isin(["test-utt003", "test-utt004"])
    files = Files(tmp_path, runs, counts=counts[~lost], facts=facts)
    table = task_contrasts(files.counts, files.runs, facts).set_index("control")
    assert table["n"].to_dict() == {"random-a": 198, "logmel": 200}
    assert table[["layer", "control_layer"]].to_numpy().tolist() == [["T1", "T0"], ["T1", "T0"]]
    assert (table["p_holm"] < 0.05).to_dict() == {"random-a": True, "logmel": False}
    assert (table["low"] > 0).to_dict() == {"random-a": True, "logmel": False}


def test_a_metric_that_does_not_decide_has_the_layer_that_the_other_chose(tmp_path):
    facts = replace(FACTS, tasks=(TaskFacts("asr", "ASR", WER, (CER,)),))
    words = results({"T0": 0.5, "T1": 0.4, "all": 0.4}, "asr", "wer")
    characters = results({"T0": 0.1, "T1": 0.2, "all": 0.2}, "asr", "cer")
    files = Files(tmp_path, pd.concat([words, characters]), facts=facts)
    table = single_and_weighted(files.counts, files.runs, facts).set_index("metric")
    assert table["layer"].to_dict() == {"cer": "T1", "wer": "T1"}
    assert table.loc["cer", "single"] == pytest.approx(0.2, abs=0.03)
    assert task_peaks(files.counts, facts).set_index("metric")["layer"].to_dict() == {
        "cer": "T0",
        "wer": "T1",
    }


def test_a_layer_that_lacks_a_training_is_the_mean_of_its_others(tmp_path):
    runs = results({**PLANTED, "all": 0.6})
    gone = (runs["layer"] == "T7") & (runs["seed"] == 2)
    files = Files(tmp_path, runs[~gone], counts=synthetic.utterances(runs[~gone], 100))
    (counts,) = files.counts
    whole = synthetic.utterances(runs[~gone], 100).query("split == 'test' and layer == 'T7'")
    assert counts.value(counts.layer("T7")) == pytest.approx(whole["count"].mean())
    assert task_peaks(files.counts, FACTS)["layer"].tolist() == ["T7"]


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (
            lambda t: t[~((t["layer"] == "T2") & (t["seed"] == 3) & (t["utt_id"] == "test-utt005"))],
            r"scenario\.utterances\.parquet: accuracy of layer T2, seed 3, .* of utterance test-utt005",
        ),
        (
            lambda t: t.assign(total=np.where((t["layer"] == "all") & (t["seed"] == 1), 2.0, t["total"])),
            "accuracy of layer all, seed 1, does not rest on the same labels",
        ),
        (lambda t: t.assign(metric="f1"), r"metric 'f1' is not one of task 'scenario' \(accuracy\)"),
        (lambda t: t.assign(task="cooking"), "task 'cooking' is in the tables but not in the run"),
        (lambda t: t.assign(count=-1.0), "column count has -1.0 in row 1"),
    ],
)
def test_counts_that_cannot_be_paired_are_named(tmp_path, spoil, message):
    runs = results({**PLANTED, "all": 0.6})
    files = Files(tmp_path, runs)
    (path,) = files.paths["task_utterances"]
    spoil(pd.read_parquet(path)).to_parquet(path, index=False)
    with pytest.raises(ReportError, match=message):
        _ = files.counts


def test_only_trained_layers_can_be_chosen(tmp_path):
    """With every second layer trained, a strategy takes the best, heaviest or last of these."""
    some = {layer: PLANTED[layer] for layer in LAYERS[::2]}
    weights = weights_of({**dict.fromkeys(LAYERS, 0.05), "T7": 0.5, "T2": 0.15})
    files = Files(tmp_path, results({**some, "all": 0.6}), weights)
    summary = synthetic.summary(FACTS, curve(5.2))
    table = choice(files.counts, files.runs, files.weights, summary, FACTS).set_index("strategy")
    assert table["layer"].to_dict() == {
        **{"cca-phone": "T6", "dev": "T6", "weight": "T2", "last": "T8", "average": "", "all": "all"}
    }


def test_regret_is_a_loss_whichever_end_of_the_metric_is_good(tmp_path):
    files = Files(tmp_path, results({"T0": 0.2, "T1": 0.4, "all": 0.1}, "pr", "per"))
    table = choice(files.counts, files.runs, files.weights, curves_of({}), FACTS).set_index("strategy")
    assert table.loc["last", "regret"] == pytest.approx(0.2, abs=0.03)
    assert table.loc["all", "regret"] == pytest.approx(-0.1, abs=0.03)
    assert (table["low"] <= table["regret"]).all() and (table["regret"] <= table["high"]).all()


def test_the_regret_of_a_layer_as_good_as_any_is_seldom_claimed():
    """The layer that stands for the best was chosen for its results: that adds to the error of a regret."""
    hits = []
    for run in range(150):
        counts = World(60).draw(np.random.default_rng([run, 3]))
        best, layer = counts.best(run), counts.layer("T3")
        more: tuple[list[float], list[float]] = ([], [counts.choosing(best, layer)])
        found = [counts.differences([best], [layer], run, 299, extra)[0] for extra in more]
        hits.append([entry.low > 0 or entry.high < 0 for entry in found])
    without, with_choice = np.sum(hits, axis=0)
    assert with_choice <= 12 < without  # 8 % of the runs


def curves_of(values, model=MODEL, name="cca-phone"):
    rows = [(model, layer, float(place), name, value) for place, (layer, value) in enumerate(values.items())]
    return pd.DataFrame(rows, columns=["model", "layer", "layer_index", "analysis", "score"])


def test_agreement_equals_scipy_negates_errors_and_leaves_out_the_normed_copy(tmp_path):
    errors = {"T0": 0.9, "T1": 0.2, "T2": 0.1, "T3": 0.3, "T3+ln": 0.05, "all": 0.1}
    scores = {"T0": 0.1, "T1": 0.5, "T2": 0.3, "T3": 0.4, "T3+ln": 0.01}
    light = {"T0": 0.5, "T1": 0.2, "T2": 0.1, "T3": 0.15, "T3+ln": 0.05}
    files = Files(tmp_path, results(errors, "pr", "per"), weights_of(light, "pr"))
    table, omitted = agreement(files.counts, curves_of(scores), files.weights, FACTS)
    (counts,) = files.counts
    found = [counts.value(counts.layer(layer)) for layer in LAYERS[:4]]
    for row, values in zip(table.to_dict("records"), (scores, light), strict=True):
        ranked = list(values.values())[:4]
        assert row["spearman"] == pytest.approx(-stats.spearmanr(ranked, found).statistic)
        assert row["kendall"] == pytest.approx(-stats.kendalltau(ranked, found).statistic)
        assert row["n_layers"] == 4 and row["low"] - 1e-9 <= row["spearman"] <= row["high"] + 1e-9
    assert table["analysis"].tolist() == ["cca-phone", "weights"] and omitted.empty


def test_agreement_leaves_out_what_is_undefined_and_says_so(tmp_path):
    files = Files(tmp_path, results({"T0": 0.7, "T1": 0.6, "T2": 0.5}))
    summary = pd.concat(
        [
            curves_of({"T0": 1.0, "T1": 0.5, "T2": 0.4}, name="cca-intra"),
            curves_of(dict.fromkeys(("T0", "T1", "T2"), 0.3), name="cca-mel"),
            curves_of({"T0": 0.3, "T1": 0.2, "T2": 0.1}, name="cca-word"),
        ]
    )
    table, omitted = agreement(files.counts, summary, files.weights, FACTS)
    assert table[["analysis", "spearman"]].to_numpy().tolist() == [["cca-word", 1.0]]
    assert [(gap.analysis, str(gap.reason).split(";")[0]) for gap in omitted.itertuples()] == [
        ("cca-intra", "shared layers: 2"),
        ("cca-mel", "a curve is constant over its layers"),
    ]


def test_an_analysis_in_which_lower_is_better_agrees_and_chooses_where_it_is_lowest(tmp_path):
    analyses = tuple(replace(entry, higher_is_better=False) for entry in FACTS.analyses)
    facts = replace(FACTS, analyses=analyses)
    files = Files(tmp_path, results({"T0": 0.2, "T1": 0.9, "T2": 0.5, "all": 0.5}), facts=facts)
    summary = curves_of({"T0": 0.5, "T1": 0.1, "T2": 0.3}, name="cca-word")
    table, _ = agreement(files.counts, summary, files.weights, facts)
    assert table["spearman"].tolist() == [1.0]
    chosen = choice(files.counts, files.runs, files.weights, summary, facts).set_index("strategy")
    assert chosen.loc["cca-word", "layer"] == "T1"


def test_heads_of_one_goal_are_compared_and_others_are_not(tmp_path):
    tasks = (
        TaskFacts("pr", "PR", PER, goal="pr lexicon"),
        TaskFacts("pr-mlp", "PR (mlp)", PER, goal="pr lexicon"),
        TaskFacts("ic", "IC", ACCURACY, goal="ic"),
    )
    facts = replace(FACTS, tasks=tasks)
    runs = pd.concat(
        [
            results({"T0": 0.6, "T1": 0.4, "T2": 0.2, "T3": 0.3}, "pr", "per"),
            results({"T0": 0.5, "T1": 0.4, "T2": 0.2, "T3": 0.3}, "pr-mlp", "per"),
            results({"T0": 0.6, "T1": 0.4, "T2": 0.2, "T3": 0.3}, "ic", "accuracy"),
        ]
    )
    files = Files(tmp_path, runs, facts=facts)
    (row,) = head_agreement(files.counts, facts).to_dict("records")
    assert (row["task_a"], row["task_b"], row["n_layers"]) == ("pr", "pr-mlp", 4)
    assert row["spearman"] == 1.0 and row["high"] == 1.0
