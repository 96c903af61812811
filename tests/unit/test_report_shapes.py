"""A planted curve for each sentence that a number decides."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import report_tables as synthetic
from planted import planted

from layerwise.contracts.run_tables import SHAPES
from layerwise.report.cautions import disagreements
from layerwise.report.curve_findings import analysis_findings, shape_sentence
from layerwise.report.curves import curve_of
from layerwise.report.shapes import peaks
from layerwise.report.summary import layer_summary

FACTS = synthetic.run_facts(("m",), twins=False, baseline=False)
TRAITS = pd.DataFrame(
    columns=["model", "layer", "layer_index", "analysis", "control", "ceiling", "effective_rank"]
)
CURVES = {
    "peak": ([0.1, 0.2, 0.4, 0.3, 0.2], "T2", "CCA-phone of m peaks among block layers at T2, 0.40 [0"),
    "plateau": (
        [0.1, 0.3, 0.4, 0.401, 0.4, 0.2],
        "T2 T3 T4",
        "is highest among block layers over T2 to T4, which do not differ clearly; highest at T3, 0.40",
    ),
    "flat": (
        [0.3, 0.301, 0.3, 0.3],
        "T0 T1 T2 T3",
        "is flat over all block layers, T0 to T3: none beats another",
    ),
    "U": (
        [0.5, 0.3, 0.2, 0.3, 0.4],
        "T0",
        "falls and rises again among block layers, with its minimum at T2; highest at T0, 0.50",
    ),
    "rises": (
        [0.1, 0.2, 0.3, 0.4, 0.4],
        "T3 T4",
        "rises from T0 among block layers and is flat over T3 and T4",
    ),
    "falls": ([0.4, 0.3, 0.2, 0.1], "T0", "falls from T0 to T3 among block layers; highest at T0, 0.40"),
    "tie": (
        [0.1, 0.4, 0.2, 0.4, 0.1],
        "T1 T3",
        "has no single best block layer: T1 and T3 tie; highest at T1",
    ),
}


def told(evidence, facts=FACTS, model="m"):
    """The row of peaks of a model, and what is said of its curve."""
    table = peaks(evidence, facts)
    summary = layer_summary(evidence, TRAITS, table, facts)
    row = table[table["model"] == model].iloc[0]
    analysis = facts.analysis(str(row["analysis"]))
    who = f"{analysis.short} of {model}"
    return row, shape_sentence(who, analysis, curve_of(summary, model, analysis.name), row)


@pytest.mark.parametrize("shape", CURVES)
@pytest.mark.parametrize("seed", [0, 1])
def test_the_shape_of_a_planted_curve_is_named(shape, seed):
    curve, tie, words = CURVES[shape]
    row, sentence = told(planted({"m": [curve, curve]}, seed=seed))
    assert (row["shape"], row["tie"]) == (shape, tie)
    assert words in sentence
    assert row["n_tie"] == len(tie.split()) and row["n_layers"] == len(curve)


def test_a_curve_that_steps_back_on_its_way_does_not_rise():
    row, sentence = told(planted({"m": [[0.1, 0.3, 0.2, 0.4]]}))
    assert row["shape"] == "peak" and "peaks among block layers at T3" in sentence


def test_every_shape_is_planted():
    assert {*CURVES, "contradiction", "too little data"} == set(SHAPES)


def test_a_peak_within_its_errors_is_none():
    """The same curve with errors ten times as large is flat: nothing is made of its highest point."""
    curve = CURVES["plateau"][0]
    row, _ = told(planted({"m": [curve, curve]}, error=0.4))
    assert row["shape"] == "flat" and row["layer"] == "T3"


def test_a_plateau_at_the_start_is_told_before_the_fall():
    row, sentence = told(planted({"m": [[0.4, 0.4, 0.3, 0.2]]}))
    assert (row["tie"], row["shape"]) == ("T0 T1", "falls")
    assert "is flat over T0 and T1 and falls from there to T3 among block layers; highest at" in sentence


def test_a_difference_that_is_not_worth_naming_makes_no_peak():
    """0.01, though far beyond its error: a tie under the default of 0.02, a peak where 0.005 counts."""
    evidence = planted({"m": [[0.1, 0.39, 0.4, 0.39]]}, error=1e-4)
    assert told(evidence)[0]["tie"] == "T1 T2 T3"
    assert told(evidence, replace(FACTS, smallest_effect=0.005))[0]["tie"] == "T2"


def test_sample_sets_that_contradict_each_other_are_told():
    first, second = [0.1, 0.5, 0.4, 0.3, 0.1], [0.1, 0.3, 0.4, 0.5, 0.1]
    row, sentence = told(planted({"m": [first, second]}))
    assert row["shape"] == "contradiction"
    assert "the sample sets contradict each other on the best block layer; highest on average at" in sentence
    nearly = [0.1, 0.405, 0.4, 0.395, 0.1], [0.1, 0.395, 0.4, 0.405, 0.1]  # by less than is worth naming
    assert told(planted({"m": list(nearly)}, error=0.0004))[0]["shape"] != "contradiction"


@pytest.mark.parametrize(
    ("curve", "options"),
    [([0.1, 0.4, 0.2], {"units": 3}), ([0.1, 0.4], {}), ([0.1, 0.4, 0.2, 0.1], {"units": 1})],
)
def test_too_little_data_names_no_layer(curve, options):
    row, sentence = told(planted({"m": [curve]}, **options))
    assert row["shape"] == "too little data"
    assert "there is too little data to say which block layer is best; highest at T1" in sentence


def test_measures_without_units_are_compared_over_sets_and_trials():
    evidence = planted({"m": [[0.1, 0.2, 0.4, 0.3], [0.12, 0.21, 0.42, 0.32]]}, units=0)
    row, sentence = told(evidence)
    assert (row["shape"], row["tie"]) == ("peak", "T2") and "peaks among block layers at T2" in sentence


def test_where_lower_is_better_and_where_a_model_is_its_own_reference_the_lowest_is_sought():
    lower = replace(FACTS, analyses=tuple(replace(a, higher_is_better=False) for a in FACTS.analyses))
    row, _ = told(planted({"m": [[0.4, 0.3, 0.1, 0.2]]}), lower)
    assert (row["layer"], row["tie"], row["shape"]) == ("T2", "T2", "U")
    row, _ = told(planted({"m": [[1.0, 0.5, 0.3, 0.3, 0.6]]}, analysis="cca-intra", draws=[0.0] * 99))
    assert (row["layer"], row["tie"], row["shape"]) == ("T2", "T2 T3", "U")
    assert np.isnan(row["p"])
    row, _ = told(planted({"m": [[1.0, 0.5, 0.4, 0.3]]}, analysis="cca-intra"))
    assert (row["tie"], row["shape"]) == ("T3", "falls")


def test_p_of_a_peak_is_that_of_the_best_layer_of_each_permutation():
    """Each draw is beaten by the peak, but the best of the layers of one permutation is not."""
    evidence = planted({"m": [[0.1, 0.2, 0.4, 0.3]]}, draws=np.linspace(-0.1, 0.1, 39))
    evidence.nulls.loc[(evidence.nulls["layer"] == "T0") & (evidence.nulls["permutation"] == 5), "score"] = (
        0.5
    )
    row, sentence = told(evidence)
    summary = layer_summary(evidence, TRAITS, peaks(evidence, FACTS), FACTS).set_index("layer")
    assert row["p"] == pytest.approx(2 / 40) and summary["p"]["T2"] == pytest.approx(1 / 40)
    assert summary["null"]["T2"] == pytest.approx(0) and summary["calibrated"]["T2"] == pytest.approx(0.4)
    assert summary["permutations"]["T2"] == 39 and summary["search"]["T2"] == "grid"
    assert "not distinguishable from permuted targets, p = 0.050" in sentence


@pytest.mark.parametrize(
    ("models", "draws", "words"),
    [
        (1, 99, "(calibrated 0.40, p = 0.010 against permuted targets)"),
        (8, 99, "(calibrated 0.40, better than each of 99 permuted draws)"),
        (8, 0, "peaks among block layers at T2, 0.40 ["),
    ],
)
def test_p_of_peaks_is_corrected_for_models(models, draws, words):
    facts = synthetic.run_facts(tuple(f"m{n}" for n in range(models)), twins=False, baseline=False)
    curves = {f"m{n}": [[0.1, 0.2, 0.4, 0.3]] for n in range(models)}
    row, sentence = told(planted(curves, draws=[0.0] * draws), facts, "m0")
    assert words in sentence and ("permuted" in sentence) == bool(draws)
    if draws:
        assert row["p_holm"] == pytest.approx(models / 100)


def test_analyses_of_one_target_that_contradict_each_other_are_told(tmp_path):
    tables = synthetic.gathered(synthetic.run_facts(("m",)), tmp_path, ("cca-phone",), {})
    mine = tables.peaks[tables.peaks["model"] == "m"]

    def with_second(tie, shape):
        second = mine.assign(analysis="mi-phone", tie=tie, shape=shape)
        rows = tables.layer_summary[tables.layer_summary["model"] == "m"].assign(analysis="mi-phone")
        both = pd.concat([tables.layer_summary, rows])
        return replace(tables, peaks=pd.concat([mine, second]), layer_summary=both)

    facts = synthetic.run_facts(("m",))
    (sentence,) = disagreements(with_second("T1", "peak"), facts)
    assert sentence == (
        "CCA-phone and MI-phone of m contradict each other on the best block layer: T4 and T5 against T1."
    )
    assert not disagreements(with_second("T5 T6", "plateau"), facts)
    assert not disagreements(with_second("T1", "flat"), facts)
    assert not analysis_findings(tables, facts, "cca-word")
