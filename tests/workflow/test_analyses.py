"""Vectors, mutual information and two models against each other, through real Snakemake to the report."""

import re
import shutil
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import yaml
from running import Workflow, copy_repository, made_once

TITLES = {
    "cca-features": "CCA-features (articulatory features)",
    "cca-features-by-type-given-duration": "CCA-features by type given duration",
    "cca-f0": "CCA-f0 (fundamental frequency)",
    "mi-phone": "MI-phone (phone identity)",
}
ANALYSES = list(TITLES)
INFEASIBLE = "cca-speaker"  # there is one speaker
WITHOUT_VECTOR = ["AH", "IY"]
CONFIG = {
    "run": "analyses",
    "corpus": {"path": "resources/prompts/prompts.tsv", "min_seconds": 0.5, "max_utterances": 40},
    "alignment": {"lexicon": "resources/prompts/lexicon.txt"},
    "samples": {
        "number": 1,
        "frame_utterances": 20,
        "phones_per_label": 30,
        "words": 10,
        "tokens_per_word": 5,
        "min_tokens": 3,
    },
    "models": [
        {"name": name, "source": f"resources/models/{name}", "twin": False}
        for name in ("hubert-tiny", "wav2vec2-tiny")
    ],
    "analyses": [
        "cca-features",
        {"analysis": "cca-features", "given": ["duration"], "split": "type"},
        *("cca-f0", "mi-phone", INFEASIBLE),
    ],
    "vectors": {"cca-features": {"file": "features.tsv", "unit": "phone"}},
    "mutual_information": {"phone_clusters": 20, "seeds": 1},
    "inter": {"pairs": [["hubert-tiny", "wav2vec2-tiny"]], "utterances": 10},
    "tasks": [],
    "cca": {"parts": 4, "trials": 1, "epsilons": [1.0e-2], "permutations": 19},
}


@pytest.fixture(scope="module")
def analysed(repository: Path, tmp_path_factory: pytest.TempPathFactory) -> Workflow:
    """A copy in which the report of CONFIG has been made; the table of features lacks two phones."""

    def make(folder: Path) -> None:
        workflow = copy_repository(repository, folder)
        shutil.copytree(
            repository / "resources/models/wav2vec2-tiny", workflow.path("resources/models/wav2vec2-tiny")
        )
        features = pd.read_csv(repository / "resources/phone-features.tsv", sep="\t")
        features = features[~features.phone.isin(WITHOUT_VECTOR)]
        features.to_csv(workflow.path("features.tsv"), sep="\t", index=False)
        workflow.config = "analyses.yaml"
        workflow.path(workflow.config).write_text(yaml.safe_dump(CONFIG))
        workflow.snakemake()

    return Workflow(made_once(tmp_path_factory, "analysed", make), "analyses.yaml")


def test_each_layer_has_a_score_in_each_analysis(analysed):
    scores = pd.read_csv(analysed.path("results/analyses/tables/layer_scores.csv"))
    assert set(scores.analysis) == set(ANALYSES)
    layers = scores.groupby(["model", "analysis"]).layer.agg(frozenset).unstack("analysis")
    for model in ("hubert-tiny", "wav2vec2-tiny", "logmel"):
        assert layers.loc[model].nunique() == 1  # each analysis has the same layers
    found: Any = layers.loc["hubert-tiny", "mi-phone"]
    assert {"C1", "T0", "T6"} <= found
    # One sample set: each part is tested once; mutual information has trials.
    for analysis, table in scores.groupby("analysis"):
        parts = range(1 if analysis == "mi-phone" else 4)
        assert (table.groupby(["model", "layer"]).trial.agg(set) == set(parts)).all()
    assert not scores.duplicated(["model", "analysis", "layer", "trial"]).any()
    assert scores.score.between(-1, 1 + 1e-9).all()


def test_each_layer_of_one_model_meets_each_of_the_other(analysed):
    scores = pd.read_csv(analysed.path("results/analyses/tables/inter_scores.csv"))
    assert set(zip(scores.model_a, scores.model_b, strict=True)) == {("hubert-tiny", "wav2vec2-tiny")}
    assert {"T0", "T6"} <= set(scores.layer_a) & set(scores.layer_b)
    assert len(scores) == scores.layer_a.nunique() * scores.layer_b.nunique()
    assert not scores.duplicated(["layer_a", "layer_b"]).any()
    assert scores.score.between(-1, 1 + 1e-9).all()


def test_each_analysis_has_a_figure_and_the_pair_a_heat_map(analysed):
    figures = analysed.path("results/analyses/figures")
    for stem in (*ANALYSES, "layers", "inter-hubert-tiny-vs-wav2vec2-tiny"):
        assert (figures / f"{stem}.png").read_bytes().startswith(b"\x89PNG"), stem
        assert (figures / f"{stem}.pdf").read_bytes().startswith(b"%PDF"), stem


def test_report_names_each_analysis_and_the_missing_vectors(analysed):
    page = analysed.path("results/analyses/report/report.html").read_text()
    for title in TITLES.values():
        assert title in page, title
    assert "hubert-tiny against wav2vec2-tiny. Most alike: " in page
    missing = pd.read_csv(analysed.path("results/analyses/vectors/cca-features.missing.csv"))
    assert sorted(missing.label) == WITHOUT_VECTOR
    rows = re.findall(r"<tr>(.*?)</tr>", page, re.DOTALL)
    listed = [row for row in rows if "vectors cca-features" in row]
    for label in WITHOUT_VECTOR:
        assert sum(f">{label}<" in row and "no vector" in row for row in listed) == 1, label


def test_an_infeasible_analysis_is_a_line_and_no_failure(analysed):
    run = analysed.path("results/analyses")
    foreseen = pd.read_csv(run / "samples/infeasible.csv")
    assert foreseen.analysis.to_list() == [INFEASIBLE]
    for model in ("hubert-tiny", "wav2vec2-tiny", "logmel"):
        assert pd.read_csv(run / f"cca/{model}/{INFEASIBLE}.infeasible.csv").reason.equals(foreseen.reason)
        assert pd.read_csv(run / f"cca/{model}/{INFEASIBLE}.csv").empty
    page = (run / "report/report.html").read_text()
    assert f"CCA-speaker of hubert-tiny cannot be run: sample set 0: {foreseen.reason[0]}" in page


def test_second_run_does_nothing(analysed):
    assert "Nothing to be done" in analysed.snakemake().output
