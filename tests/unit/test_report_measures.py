"""Measures in tables and report: side by side, rank correlations, published values, sentences and figures."""

from typing import Any

import numpy as np
import pandas as pd
import pytest
from report_tables import TASKS, gathered, run_facts, write
from scipy.stats import kendalltau, spearmanr

from layerwise.errors import ReportError
from layerwise.report.document import report_content
from layerwise.report.facts import measure_facts, read_facts, write_facts
from layerwise.report.figures.all import make_figures
from layerwise.report.names import figure_names
from layerwise.report.recommend import recommendations
from layerwise.report.run_tables import of, read_tables, write_tables

MODELS = ("hubert-tiny", "random-hubert-tiny", "logmel")
VARIANTS: list[dict[str, Any]] = [
    {"name": "within", "title": "within speakers", "quantity": "ABX error (%)"},
    {"name": "rate", "title": "bits", "quantity": "Bit/s", "higher_is_better": True, "floor": None},
]
ABX = {
    "name": "abx",
    "title": "ABX",
    "method": "ABX is an error",
    "unit": "phone",
    "headline": "within",
    "source": "Schatz 2016",
    "variants": [{"higher_is_better": False, "floor": 0.5, **variant} for variant in VARIANTS],
}
# The best block is T3; T0 to T4 of the tiny models.
ERRORS = {"C1": 0.4, "T0": 0.30, "T1": 0.25, "T2": 0.20, "T3": 0.10, "T4": 0.15}


def values(limits=0.01, errors=ERRORS):
    rows = []
    for model in MODELS:
        layers = {"T0": 0.35} if model == "logmel" else errors
        for index, (layer, error) in enumerate(layers.items()):
            error += 0.1 * model.startswith("random")
            rows.append(
                (model, layer, index - 1.0, "abx", "within", error, error - limits, error + limits, 90)
            )
            rows.append((model, layer, index - 1.0, "abx", "rate", 100 * error, np.nan, np.nan, 90))
    columns = ["model", "layer", "layer_index", "measure", "variant", "value", "low", "high", "n"]
    return pd.DataFrame(rows, columns=columns)


def made(
    folder, table=None, published=(), cannot=None, analyses=("cca-intra", "cca-phone"), tasks=TASKS, **changes
):
    facts = run_facts(("hubert-tiny",), measures=measure_facts([ABX]), **changes)
    files = write(values() if table is None else table, folder / "m", names=("model", "measure"))
    given = {"measured": files, "published": tuple(published)}
    if cannot is not None:
        given["measures_infeasible"] = write(cannot, folder / "no", names=("model", "measure"))
    return facts, gathered(facts, folder, analyses, tasks, **given)


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    return made(tmp_path_factory.mktemp("run"))


def test_all_yardsticks_of_a_layer_are_in_one_row(run):
    _, tables = run
    table = tables.side_by_side
    assert list(table.columns) == ["model", "layer", "cca-intra", "cca-phone", "abx:within", "abx:rate"]
    row = of(table, model="hubert-tiny", layer="T3").iloc[0]
    summary = of(tables.layer_summary, model="hubert-tiny", layer="T3", analysis="cca-phone")
    assert row["cca-phone"] == summary["score"].iloc[0]
    assert (row["abx:within"], row["abx:rate"]) == (0.10, 10.0)
    assert list(of(table, model="hubert-tiny")["layer"])[:3] == ["C1", "C2", "C3"]


def test_rank_correlations_are_signed_and_over_shared_blocks(run):
    _, tables = run
    row = of(
        tables.measure_agreement,
        model="hubert-tiny",
        first="cca-phone",
        second="abx",
        second_variant="within",
    ).iloc[0]
    scores = of(tables.layer_summary, model="hubert-tiny", analysis="cca-phone").set_index("layer")["score"]
    blocks = [layer for layer in ERRORS if layer.startswith("T")]
    errors = [-ERRORS[layer] for layer in blocks]
    assert row["n_layers"] == len(blocks)
    assert row["spearman"] == pytest.approx(spearmanr(scores[blocks], errors).statistic)
    assert row["kendall"] == pytest.approx(kendalltau(scores[blocks], errors).statistic)
    assert row["low"] <= row["spearman"] <= row["high"]
    intra = of(tables.measure_agreement, model="hubert-tiny", first="cca-intra", second_variant="within")
    assert intra["n_layers"].iloc[0] == len(blocks) - 1  # without its reference
    own = of(tables.measure_agreement, first="abx", second="abx", model="hubert-tiny").iloc[0]
    assert (own["first_variant"], own["second_variant"]) == ("within", "rate")
    assert own["spearman"] == pytest.approx(-1)  # the higher rate goes with the higher error
    assert "logmel" not in set(tables.measure_agreement["model"])


def test_wide_intervals_of_a_measure_leave_nothing_certain(tmp_path):
    _, narrow = made(tmp_path / "a", values(limits=1e-6))
    _, wide = made(tmp_path / "b", values(limits=0.5))
    here = {"model": "hubert-tiny", "first": "abx", "second": "abx"}
    assert of(narrow.measure_agreement, **here)[["low", "high"]].to_numpy() == pytest.approx(-1)
    row = of(wide.measure_agreement, **here).iloc[0]
    assert row["low"] == pytest.approx(-1) and row["high"] > 0


def test_the_headline_takes_part_in_agreement_choice_and_recommendation(run, tmp_path):
    _, tables = run
    assert "abx" in set(tables.agreement["analysis"])
    assert set(of(tables.choice, strategy="abx", model="hubert-tiny")["layer"]) == {"T3"}
    facts, tables = made(tmp_path, analyses=("cca-intra",), tasks={})
    assert recommendations(tables, facts, "pr") == [
        "hubert-tiny, pr: T3 (best by abx). Expected regret: not known, the run has no task."
    ]


def published(folder, **changes):
    row = {
        **{"model": "hubert-tiny", "corpus": "Prompts", "measure": "abx", "variant": "within", "layer": "T3"},
        **{"value": 0.1009, "tolerance": 0.001, "source": "a paper", "commit": "12ab"},
    }
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "published.csv"
    pd.DataFrame([row | {"layer": "T4"} | changes, row | changes]).to_csv(path, index=False)
    return path


def test_published_values_stand_beside_ours(tmp_path):
    facts, tables = made(tmp_path, published=[published(tmp_path)], published_corpora=("Prompts",))
    columns = ["layer", "value", "published", "within", "source"]
    assert tables.published[columns].to_numpy().tolist() == [
        ["T3", 0.1, 0.1009, "yes", "a paper"],
        ["T4", 0.15, 0.1009, "no", "a paper"],
    ]
    assert tables.published["difference"].tolist() == pytest.approx([-0.0009, 0.0491])
    (section,) = (s for s in contents(tables, facts) if s["title"] == "Beside published values")
    assert "1 of 2 values within 0.1 points" in section["bullets"][0] and "at T4" in section["bullets"][0]
    assert section["tables"][0]["rows"][0][4:8] == ("10.00", "10.09", "\N{MINUS SIGN}0.09", "yes")


@pytest.mark.parametrize(
    "other", [{"corpus": "Others"}, {"model": "hubert-huge"}, {"variant": "across"}, {"layer": "T9"}]
)
def test_what_is_not_the_same_is_not_compared(tmp_path, other):
    files = [published(tmp_path, **other)]
    if "layer" in other:
        files[0].write_text(
            files[0].read_text().splitlines()[0] + "\n" + files[0].read_text().splitlines()[1] + "\n"
        )
    _, tables = made(tmp_path, published=files, published_corpora=("Prompts",))
    assert tables.published.empty


def test_a_published_model_may_be_named_by_its_source(tmp_path):
    files = [published(tmp_path, model="resources/models/hubert-tiny")]
    _, tables = made(tmp_path, published=files, published_corpora=("Prompts",))
    assert set(tables.published["model"]) == {"hubert-tiny"}


def test_a_fault_in_published_values_names_file_and_column(tmp_path):
    with pytest.raises(ReportError, match=r"published\.csv: .*tolerance.*correct the file"):
        made(tmp_path, published=[published(tmp_path, tolerance=-1)])
    with pytest.raises(ReportError, match=r"nowhere\.csv: cannot read the published values"):
        made(tmp_path, published=[tmp_path / "nowhere.csv"])


def contents(tables, facts):
    stems = [*figure_names(tables.planned, tables.tasks, measures=["abx"]), "alignment", "measure"]
    return report_content(tables, facts, dict.fromkeys(stems, "."))["sections"]


def test_the_report_says_where_a_measure_agrees_with_cca(run, tmp_path):
    facts, tables = run
    (section,) = (s for s in contents(tables, facts) if s["title"] == "Other yardsticks")
    best, agreement = section["bullets"]
    assert best.startswith(
        "ABX, within speakers: hubert-tiny is best at T3, 10.0 [9.0, 11.0] (its random twin"
    )
    row = of(tables.measure_agreement, model="hubert-tiny", first="cca-phone", second_variant="within").iloc[
        0
    ]
    word = "alike" if row["low"] > 0 else "with no agreement" if row["high"] >= 0 else "the other way round"
    assert (
        agreement.startswith("Against CCA-phone, ABX orders the block layers of 1 trained model")
        and word in agreement
    )
    # Turned round, the sentence turns too.
    falling = dict(zip(ERRORS, [0.4, 0.1, 0.2, 0.3, 0.4, 0.45], strict=True))
    facts, other = made(tmp_path, values(limits=1e-6, errors=falling))
    (section,) = (s for s in contents(other, facts) if s["title"] == "Other yardsticks")
    assert section["bullets"][1] != agreement


def test_a_measure_that_cannot_be_run_is_said(tmp_path):
    cannot = pd.DataFrame([(m, "abx", "no words") for m in MODELS], columns=["model", "measure", "reason"])
    facts, tables = made(tmp_path, values()[:0], cannot=cannot)
    assert tables.measure_omissions["reason"].tolist() == ["no words"] * 3
    (section,) = (s for s in contents(tables, facts) if s["title"] == "Other yardsticks")
    assert section["bullets"] == [
        "ABX cannot be run for hubert-tiny, logmel and random-hubert-tiny: no words."
    ]
    assert set(make_figures(tables, facts)) == set(
        figure_names(tables.planned, tables.tasks, measures=["abx"])
    )


def test_figures_are_those_that_are_named_and_the_unit_is_that_of_the_axis(run):
    facts, tables = run
    figures = make_figures(tables, facts)
    assert set(figures) == set(figure_names(tables.planned, tables.tasks, measures=["abx"]))
    (axis,) = figures["measures"].axes
    assert axis.get_ylabel() == "ABX error (%), lower is better"
    lines = {line.get_label(): line for line in axis.lines}
    assert np.max(np.asarray(lines["hubert-tiny"].get_ydata())) <= 100 * max(ERRORS.values()) + 1e-9
    assert any(set(np.asarray(line.get_ydata())) == {50.0} for line in axis.lines)  # the floor
    assert len(figures["measure-abx"].axes) == 2


def test_tables_and_facts_come_back_as_they_were(run, tmp_path):
    facts, tables = run
    write_tables(tables, tmp_path)
    back = read_tables(tmp_path)
    pd.testing.assert_frame_equal(back.side_by_side, tables.side_by_side, check_dtype=False)
    write_facts(facts, tmp_path / "facts.json")
    assert read_facts(tmp_path / "facts.json").measures == facts.measures


def test_an_unknown_variant_is_named(tmp_path):
    with pytest.raises(ReportError, match="variant 'between' is in the tables but not in the run's variants"):
        made(tmp_path, values().assign(variant=lambda table: table["variant"].replace("rate", "between")))
