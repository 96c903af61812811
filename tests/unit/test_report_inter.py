"""Models against each other in tables, figures and text; mutual information among the analyses."""

import pandas as pd
import report_tables as synthetic

from layerwise.contracts.scores import INTER
from layerwise.report.document import read_captions, report_content
from layerwise.report.figures.inter import inter_figure
from layerwise.report.figures.layers import layer_figure
from layerwise.report.names import figure_names
from layerwise.report.run_tables import read_tables, write_tables

PAIR = ("hubert-tiny", "wav2vec2-tiny")


def inter_scores(folder):
    rows = [
        {
            **dict.fromkeys(INTER.required, 1),
            **{"model_a": PAIR[0], "model_b": PAIR[1], "analysis": "cca-inter", "trial": 0},
            **{"layer_a": f"T{a}", "layer_index_a": a, "layer_b": f"T{b}", "layer_index_b": b},
            **{"score": 0.9 - 0.1 * abs(a - b) - 0.01 * a, "low": 0.3, "high": 0.95, "null": 0.02},
        }
        for a in range(3)
        for b in range(4)
    ]
    path = folder / "inter.csv"
    pd.DataFrame(rows)[list(INTER.required)].to_csv(path, index=False)
    return path


def test_pairs_of_models_are_tabled_drawn_and_told(repository, tmp_path):
    facts = synthetic.run_facts(PAIR)
    write_tables(synthetic.gathered(facts, tmp_path, (), {}, inter=(inter_scores(tmp_path),)), tmp_path)
    tables = read_tables(tmp_path)
    assert tables.pairs == [PAIR]
    assert tuple(tables.inter_scores.columns) == INTER.required and len(tables.inter_scores) == 12
    assert "inter-hubert-tiny-vs-wav2vec2-tiny" in figure_names([], [], [PAIR])
    content = report_content(tables, facts, read_captions(repository / "report"))
    (told,) = next(part["bullets"] for part in content["sections"] if part["anchor"] == "inter")
    assert told.startswith("hubert-tiny against wav2vec2-tiny. ")
    assert "Most alike: T0 of hubert-tiny and T0 of wav2vec2-tiny, 0.90 [" in told
    assert "Least alike: T0 of hubert-tiny and T3 of wav2vec2-tiny, 0.60 [" in told
    axis = inter_figure(tables.inter_scores, facts, PAIR).axes[0]
    assert [label.get_text() for label in axis.get_yticklabels()] == ["T2", "T1", "T0"]
    assert [label.get_text() for label in axis.get_xticklabels()] == ["T0", "T1", "T2", "T3"]
    assert axis.get_ylabel() == "hubert-tiny"


def test_mutual_information_has_its_own_axis(tmp_path):
    facts = synthetic.run_facts(PAIR)
    scores = synthetic.scores(facts, ("cca-phone", "cca-word"))
    scores["analysis"] = scores["analysis"].replace("cca-word", "mi-word")
    figure = layer_figure(synthetic.summary(facts, scores), facts, ["cca-phone", "mi-word"])
    assert [axis.get_ylabel() for axis in figure.axes] == ["PWCCA score", "Normalised MI"]
    assert figure.axes[1].get_title(loc="left") == "MI-word (word identity)"
