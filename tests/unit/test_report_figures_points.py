"""Every point that a figure shows is a cell of its table, in each size and with few and many models."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import report_page
import report_tables as synthetic
from matplotlib.patches import Rectangle

from layerwise import contracts
from layerwise.contracts.run_tables import RUN_TABLES
from layerwise.options.style import StyleOptions
from layerwise.report.details import label_tables, training
from layerwise.report.figures.heat import heat_figure, runs
from layerwise.report.figures.labels import confusion_figure, label_figure
from layerwise.report.figures.layers import centre, coincide, depth_figure, layer_figure
from layerwise.report.figures.looks import looks
from layerwise.report.figures.quality import quality_figure
from layerwise.report.figures.scatter import weights_figure
from layerwise.report.figures.shown import shown
from layerwise.report.figures.style import Style, save_figure
from layerwise.report.figures.tasks import mean_weights, task_figure, weight_figure
from layerwise.report.figures.training import training_figure
from layerwise.report.figures.yardsticks import yardsticks_figure
from layerwise.report.names import COLUMN, FORMATS, PAGE
from layerwise.report.run_tables import of

FEW = ("hubert-tiny", "wav2vec2-tiny", "whisper-tiny-en")
MANY = tuple(f"org/model-{number}" for number in range(10))


@pytest.fixture(scope="module")
def facts():
    return synthetic.run_facts(FEW)


@pytest.fixture(scope="module")
def tables(facts, tmp_path_factory):
    return synthetic.gathered(facts, tmp_path_factory.mktemp("few"), ("cca-mel", "cca-phone"))


@pytest.fixture(scope="module")
def crowd():
    return synthetic.run_facts(MANY, twins=False)


@pytest.fixture(scope="module")
def crowded(crowd, tmp_path_factory):
    return synthetic.gathered(crowd, tmp_path_factory.mktemp("many"), ("cca-mel", "cca-phone"))


def points(axis, label):
    """The points of the curves of one model: y values as sorted numbers."""
    found = [line for line in axis.lines if line.get_label() == label]
    return sorted(float(y) for line in found for y in np.asarray(line.get_ydata()))


def cells(table, column, **values):
    for name, value in values.items():
        table = table[table[name] == value]
    return sorted(table[column].astype(float))


@pytest.mark.parametrize("form", [COLUMN, PAGE])
def test_curves_of_layers_tasks_and_weights_are_their_cells(facts, tables, form):
    style, chosen = Style(form), looks(facts)
    layers = layer_figure(tables.layer_summary, facts, ["cca-mel", "cca-phone"], style)
    for axis, analysis in zip(layers.axes, ("cca-mel", "cca-phone"), strict=True):
        for model in (*FEW, *(f"random-{name}" for name in FEW)):
            expected = cells(tables.layer_summary, "score", model=model, analysis=analysis)
            assert points(axis, chosen[model].label) == pytest.approx(expected)
    figure = task_figure(tables.downstream_summary, facts, style)
    for axis, (task, metric) in zip(figure.axes, synthetic.TASKS.items(), strict=True):
        for model in FEW:
            expected = cells(tables.downstream_summary, "value", model=model, task=task, metric=metric)
            assert points(axis, chosen[model].label) == pytest.approx(expected)
    means = mean_weights(tables.weights)
    for axis, task in zip(weight_figure(tables.weights, facts, style).axes, synthetic.TASKS, strict=True):
        for model in FEW:
            assert points(axis, chosen[model].label) == pytest.approx(
                cells(means, "weight", model=model, task=task)
            )


def heat_cells(axis):
    values = np.ma.filled(axis.collections[0].get_array(), np.nan)
    return [sorted(row[~np.isnan(row)]) for row in np.reshape(values, (len(axis.get_yticks()), -1))]


@pytest.mark.parametrize("form", [COLUMN, PAGE])
def test_heat_maps_of_many_models_hold_their_cells_and_frame_tie_sets(crowd, crowded, form):
    for figure in (
        heat_figure(crowded.layer_summary, crowd, ["cca-phone"], Style(form)),
        layer_figure(crowded.layer_summary, crowd, ["cca-phone", "cca-mel"], Style(form)),
    ):
        axis = figure.axes[0]
        assert heat_cells(axis) == [
            pytest.approx(cells(crowded.layer_summary, "score", model=model, analysis="cca-phone"))
            for model in MANY
        ]
        mine = crowded.layer_summary[
            (crowded.layer_summary["analysis"] == "cca-phone") & crowded.layer_summary["model"].isin(MANY)
        ]
        first = mine["layer_index"].min()
        ties = mine[mine["tie"] == "yes"]
        framed = {
            (MANY[round(box.get_y() + 0.4)], first + place)
            for box in axis.patches
            if isinstance(box, Rectangle)
            for place in range(
                round(box.get_x() + 0.44), round(box.get_x() + 0.44) + round(box.get_width() + 0.12)
            )
        }
        assert framed == set(zip(ties["model"], ties["layer_index"], strict=True))
    tasks = task_figure(crowded.downstream_summary, crowd, Style(form))
    assert heat_cells(tasks.axes[0]) == [
        pytest.approx(cells(crowded.downstream_summary, "value", model=model, task="pr", metric="per"))
        for model in MANY
    ]


def test_many_models_are_split_by_family_with_their_names_beside_the_curves(crowd, crowded):
    figure = layer_figure(crowded.layer_summary, crowd, ["cca-phone"])
    titles = [axis.get_title(loc="left") for axis in figure.axes]
    assert titles == ["masked cluster prediction", "masked contrastive prediction"]
    for axis, some in zip(figure.axes, (MANY[::2], MANY[1::2]), strict=True):
        assert {text.get_text() for text in axis.texts} == set(some)
        for model in some:
            expected = cells(crowded.layer_summary, "score", model=model, analysis="cca-phone")
            assert points(axis, model) == pytest.approx(expected)
    named = StyleOptions(families=dict.fromkeys(MANY, "mine"))
    parts = layer_figure(crowded.layer_summary, crowd, ["cca-phone"], Style(options=named)).axes
    assert [axis.get_title(loc="left") for axis in parts] == ["mine (1 of 2)", "mine (2 of 2)"]


def of_depth(summary, model, blocks):
    """The curve of a model with the scores of its first layers, for a model of more blocks."""
    mine = summary[summary["model"] == model].iloc[0]
    rows = [{**mine, "layer": f"T{n}", "layer_index": float(n), "score": n / 99} for n in range(blocks + 1)]
    return pd.concat([summary[summary["model"] != model], pd.DataFrame(rows)])


def test_models_of_other_depth_have_panels_of_their_own_and_share_one_by_relative_depth(facts, tables):
    summary = of_depth(tables.layer_summary.query("analysis == 'cca-phone'"), FEW[0], 24)
    figure = layer_figure(summary, facts, ["cca-phone"])
    titles = [axis.get_title(loc="left") for axis in figure.axes]
    assert [title.split(", ")[-1] for title in titles if "centred" not in title] == [
        "4 to 6 blocks",
        "24 blocks",
    ]
    (deep,) = [axis for axis in figure.axes if "24" in axis.get_title(loc="left")]
    assert points(deep, FEW[0]) == pytest.approx([n / 99 for n in range(25)])
    assert not points(deep, FEW[1])
    (axis,) = depth_figure(summary, facts, ["cca-phone"]).axes
    (line,) = [line for line in axis.lines if line.get_label() == FEW[0]]
    np.testing.assert_allclose(np.asarray(line.get_xdata()), np.arange(25) / 24)


def test_curves_that_coincide_are_centred(facts, tables):
    part = tables.layer_summary.query("analysis == 'cca-phone' and model in @FEW")
    near = part.assign(score=part["layer_index"] / 10 + (part["model"] == FEW[0]) * 0.01)
    assert coincide(near)
    assert not coincide(near.assign(score=near["score"] + (near["model"] == FEW[0])))
    centred = centre(near)
    means = near.groupby("layer_index")["score"].mean()
    for row in centred.itertuples():
        before = near[(near["model"] == row.model) & (near["layer_index"] == row.layer_index)]["score"].iloc[
            0
        ]
        assert row.score == pytest.approx(before - means[row.layer_index])
    assert (near.groupby("layer_index")["model"].count() > 1).sum() == centred["layer_index"].nunique()


def test_weights_against_tasks_and_yardsticks_are_their_cells(facts, tables):
    figure = weights_figure(tables, facts)
    means = mean_weights(tables.weights)
    for axis, (task, metric) in zip(figure.axes, synthetic.TASKS.items(), strict=True):
        (line,) = [line for line in axis.lines if line.get_label() == FEW[0]]
        drawn = zip(np.asarray(line.get_xdata()), np.asarray(line.get_ydata()), strict=True)
        one = means[(means["task"] == task) & (means["model"] == FEW[0])].set_index("layer")["weight"]
        two = tables.downstream_summary
        two = two[(two["task"] == task) & (two["model"] == FEW[0]) & (two["metric"] == metric)]
        two = two.set_index("layer")["value"]
        expected = sorted((one[layer], two[layer]) for layer in one.index)
        np.testing.assert_allclose(sorted(drawn), expected)
    table = tables.measure_agreement
    text = yardsticks_figure(table, facts).axes[0].texts[0].get_text()
    median = table[table["model"].isin(FEW)]["spearman"].median()
    assert float(text.replace("\N{MINUS SIGN}", "-")) == pytest.approx(median, abs=0.005)


def test_quality_counts_aligned_utterances_and_says_quartiles(tables):
    scored = tables.utterances.assign(score=np.arange(len(tables.utterances)) / 10, phones=20)
    figure = quality_figure(scored)
    aligned = scored[scored["status"] == "aligned"]
    bars = [bar.get_height() for bar in figure.axes[0].patches if isinstance(bar, Rectangle)]
    assert sum(bars) == len(aligned)
    text = figure.axes[0].texts[0].get_text()
    assert f"n = {len(aligned)}, median {aligned['score'].median():.2f}" in text
    assert f"median {(20 / aligned['seconds']).median():.2f}" in figure.axes[1].texts[0].get_text()
    bare = quality_figure(scored.drop(columns=["score", "words", "phones"]))
    assert [axis.texts[0].get_text() for axis in bare.axes] == [
        "the aligner gives no score",
        "no aligned phones are counted",
    ]


@pytest.mark.parametrize("step", [0.0, 1e-16])
def test_scores_that_are_alike_are_one_bar(tables, step):
    number = len(tables.utterances)
    figure = quality_figure(tables.utterances.assign(score=-60 + step * np.arange(number)))
    heights = [bar.get_height() for bar in figure.axes[0].patches if isinstance(bar, Rectangle)]
    assert max(heights) == (tables.utterances["status"] == "aligned").sum()


def test_style_chooses_models_layers_names_and_colours(facts, tables):
    options = StyleOptions(
        models=(FEW[0],), layers="blocks", palette=("#112233", "#445566"), abbreviations={FEW[0]: "H"}
    )
    some, known = shown(tables, facts, options)
    assert [model.name for model in known.models] == [FEW[0], f"random-{FEW[0]}"]
    assert some.layer_summary["layer_index"].min() == 0
    assert set(some.choice["model"]) <= {FEW[0], f"random-{FEW[0]}"}
    assert len(some.utterances) == len(tables.utterances)
    axis = layer_figure(some.layer_summary, known, ["cca-phone"], Style(options=options)).axes[0]
    expected = tables.layer_summary.query("model == @FEW[0] and analysis == 'cca-phone' and layer_index >= 0")
    assert points(axis, "H") == pytest.approx(sorted(expected["score"]))
    assert looks(known, options)[FEW[0]].colour == "#112233"


def test_models_keep_their_look_in_families_and_dashes_are_numbers(crowd):
    chosen = looks(crowd)
    colours = {look.family: look.colour for look in chosen.values() if look.family}
    assert len(colours) == len(set(colours.values())) == 2
    assert len({(chosen[name].colour, chosen[name].marker) for name in MANY}) == 10
    few = looks(replace(crowd, models=crowd.models[:3]))
    assert len({few[name].colour for name in MANY[:3]}) == 3
    assert chosen["logmel"].dash == (1.0, 1.65) and few[MANY[0]].dash == ()


@pytest.mark.parametrize(("form", "points_wide"), [(COLUMN, 245), (PAGE, 505)])
def test_files_for_papers_have_the_width_and_equal_bytes(facts, tables, tmp_path, form, points_wide):
    style = Style(form, StyleOptions(dpi=100))
    figure = [layer_figure(tables.layer_summary, facts, ["cca-phone"], style) for _ in range(2)]
    one, two = (save_figure(it, tmp_path / str(n), style, FORMATS) for n, it in enumerate(figure))
    assert [path.suffix for path in one] == [".pdf", ".svg", ".png"]
    assert [path.read_bytes() for path in one] == [path.read_bytes() for path in two]
    assert figure[0].get_size_inches()[0] * 72.27 == pytest.approx(points_wide)
    assert b"<dc:date>" not in one[1].read_bytes()


def test_stretches_without_a_gap():
    assert runs([1, 2, 3, 6, 8, 9]) == [(1, 3), (6, 6), (8, 9)]
    assert runs([]) == []


def with_labels(facts, tables, folder):
    """Tables with errors by label, of decodes made up for each model."""
    files = report_page.decoded(facts, folder)
    errors, confused, _ = label_tables(files, tables.single_weighted, facts)
    return replace(tables, label_errors=errors, confusions=confused)


def layer_on_dev(tables, model):
    return of(tables.single_weighted, model=model, task="pr", metric="per")["layer"].item()


@pytest.mark.parametrize("form", [COLUMN, PAGE])
def test_errors_by_label_are_their_cells(facts, tables, form, tmp_path):
    known, chosen = with_labels(facts, tables, tmp_path), looks(facts)
    (axis,) = label_figure(known, facts, Style(form)).axes
    kept = [of(known.label_errors, model=m, layer=at) for m in FEW for at in (layer_on_dev(known, m), "all")]
    counts = pd.concat(kept).groupby("label")["n"].max()
    names = [text.get_text() for text in axis.get_xticklabels()]
    assert [int(name.split("(")[1].rstrip(")")) for name in names] == sorted(counts, reverse=True)
    for model in FEW:
        for layer, more in ((layer_on_dev(known, model), ""), ("all", ", all")):
            mine = of(known.label_errors, model=model, task="pr", layer=layer)
            mine = mine[mine["n"] > 0]
            expected = sorted(100 * (mine["substituted"] + mine["deleted"]) / mine["n"])
            assert points(axis, chosen[model].label + more) == pytest.approx(expected)


@pytest.mark.parametrize("form", [COLUMN, PAGE])
def test_confusions_are_their_cells(facts, tables, form, tmp_path):
    known = with_labels(facts, tables, tmp_path)
    matrices = [
        axis for axis in confusion_figure(known, facts, Style(form)).axes if axis.get_title(loc="left")
    ]
    for model, axis in zip(FEW, matrices, strict=True):
        layer = layer_on_dev(known, model)
        assert axis.get_title(loc="left").endswith(f", {layer}")
        mine = of(known.confusions, model=model, layer=layer)
        mine = mine[(mine["reference"] != "") & (mine["reference"] != mine["predicted"])]
        counts = of(known.label_errors, model=model, layer=layer).set_index("label")["n"]
        expected = (100 * mine["times"] / mine["reference"].map(counts)).tolist()
        cells = np.asarray(axis.collections[0].get_array())
        assert sorted(cells[cells > 0]) == pytest.approx(sorted(expected))
        assert (np.diag(cells) == 0).all()


def test_many_models_show_the_best_of_each_family_and_say_so(crowd, crowded, tmp_path):
    objectives = ["masked", "contrastive"]
    models = tuple(
        replace(model, objective=objectives[number % 2]) for number, model in enumerate(crowd.models)
    )
    facts = replace(crowd, models=models)
    known = with_labels(facts, crowded, tmp_path)
    results = of(crowded.single_weighted, task="pr", metric="per").set_index("model")["single"]
    best = [str(results[list(MANY[start::2])].idxmin()) for start in range(2)]
    figure = label_figure(known, facts)
    drawn = {str(line.get_label()) for axis in figure.axes for line in axis.lines}
    chosen = looks(facts)
    assert {chosen[name].label for name in best} == {name for name in drawn if not name.endswith(", all")}
    for one in (figure, confusion_figure(known, facts)):
        texts = [text.get_text() for legend in one.legends for text in legend.get_texts()]
        assert "best of a family: 2 of 10 models" in texts


def test_no_labels_and_no_confusions_are_said(facts, tables, tmp_path):
    none = replace(tables, label_errors=tables.label_errors.iloc[:0], confusions=tables.confusions.iloc[:0])
    for draw in (label_figure, confusion_figure):
        assert "at most 100 labels" in draw(none, facts).axes[0].texts[0].get_text()
    known = with_labels(facts, tables, tmp_path)
    right = known.confusions[known.confusions["reference"] == known.confusions["predicted"]]
    said = confusion_figure(replace(known, confusions=right), facts).axes[0].texts[0].get_text()
    assert said == "no label is taken for another"


def curves_of(runs, folder):
    """Looks at dev of each training, and of one at another rate that was not kept."""
    kept = runs[["model", "task", "layer", "seed", "learning_rate"]].drop_duplicates()
    looks_at = [kept.assign(epoch=epoch, dev=1 / epoch + kept["seed"] / 10) for epoch in (1, 2, 3)]
    looks_at.append(kept.assign(learning_rate=kept["learning_rate"] * 10, epoch=1, dev=9.0))
    table = pd.concat(looks_at, ignore_index=True).assign(loss=1.0, status="improved")
    order = ["model", "task", "layer", "seed", "learning_rate", "epoch", "loss", "dev", "status"]
    return synthetic.write(table[order], folder, names=("model", "task"), ending="curves.csv")


def test_training_curves_are_means_of_what_was_kept(facts, tables, tmp_path):
    found = training(curves_of(tables.downstream, tmp_path), tables.downstream, tables.single_weighted, facts)
    contracts.write(RUN_TABLES["training"], found, tmp_path / "training.csv")
    assert set(found["layer"]) == {"all", *tables.single_weighted["layer"]} and found["dev"].max() < 9
    chosen = looks(facts)
    figure = training_figure(replace(tables, training=found), facts)
    for axis, task in zip(figure.axes, sorted(synthetic.TASKS), strict=True):
        for model in FEW:
            mine = of(found, model=model, task=task, layer="all").groupby("epoch")["dev"].mean()
            assert points(axis, f"{chosen[model].label}, all") == pytest.approx(sorted(mine))
            assert len(points(axis, chosen[model].label)) == 3
    few = Style(options=StyleOptions(most_curves=2))
    figure = training_figure(replace(tables, training=found), facts, few)
    kept = {model for model in FEW if points(figure.axes[0], f"{chosen[model].label}, all")}
    best = of(tables.single_weighted, task=min(synthetic.TASKS)).query("metric == 'per'")
    family = {model: looks(facts, few.options)[model].family for model in FEW}
    errors = best.set_index("model")["single"]
    assert kept == {
        min((model for model in FEW if family[model] == one), key=errors.to_dict().__getitem__)
        for one in set(family.values())
    }
    none = training_figure(tables, facts).axes[0].texts[0].get_text()
    assert none == "no training has a look at the development set"
