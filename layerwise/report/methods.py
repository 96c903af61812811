"""What was done, in words: the parts of the report that depend on the protocol but not on the numbers."""

from dataclasses import dataclass
from typing import Literal

from layerwise.report.facts import MUTUAL_INFORMATION, AnalysisFacts, MeasureFacts, ModelFacts, RunFacts
from layerwise.report.run_tables import RunTables
from layerwise.report.words import count
from layerwise.specs.spec import PWCCA

PROTOCOLS = {
    "corrected": (
        "Protocol: corrected. It follows Pasad et al. (2023) and changes what biases the scores: an "
        "utterance is never divided between training, development and test parts, so neighbouring frames "
        "do not leak; every part is tested; dimensions are standardised and regularised by a ridge "
        "relative to their mean eigenvalue, and none is dropped; views are centred, so that the score does "
        "not depend on the arbitrary sign of singular vectors; rows beyond the range of training are kept "
        "out; and each score has an interval over units and is held against permuted targets. Scores are "
        "therefore not comparable in value with published ones, which come from the paper protocol on "
        "other data."
    ),
    "paper": (
        "Protocol: paper. It repeats the published procedure of Pasad et al. (2023), including what the "
        "corrected protocol changes: frames of one utterance may fall into training and test parts, which "
        "favours analyses of frames, and the projection weights use uncentred views, which makes the score "
        "depend slightly on the arbitrary sign of singular vectors."
    ),
}


LAYERS = (
    "Layers. C1, C2, ... are the outputs of the convolutional feature encoder, T0 is the input to the "
    "first transformer block, T1, T2, ... are block outputs. In models that normalise before each block, "
    "TL+ln is the last output after the final layer norm. Models are frozen and encode whole utterances. "
    "A phone is represented by the mean of the middle third of its frames, a word by the mean of all."
)
TASKS = (
    "Tasks. As in SUPERB (Yang et al., 2021), a small head is trained on frozen features: on each "
    "layer alone and on a learned softmax-weighted sum of all layers (all). Learning rates and the "
    "best single layer are chosen on the development set and reported on test. Two layers, or a layer "
    "and the sum, are compared on the same test units (speakers where there are ten or more, else "
    "utterances) by random exchange of their results within units; the variance between trainings is "
    "added, and p is Holm-corrected over the trained models. The tie set holds the layers that the best "
    "one does not beat."
)
AGREEMENT = (
    "A choice of a layer (the peak of an analysis, the last block, the largest learned weight, the best on "
    "dev) is judged by its regret: the best layer is found on one half of the test units and its "
    "advantage measured on the other, both ways, over random halves, so that regret can fall below 0. "
    "Rank correlations are taken over the layers of a model; few layers make them coarse. T0 is left out "
    "for CCA-intra, where it is compared with itself."
)


YARDSTICKS = (
    "Measures and analyses are held against each other by the rank correlation of their curves over the "
    "block layers of a model. Its interval counts what is not known of either side: scores of analyses are "
    "resampled over their units; values of measures are drawn from the normal distribution that has their "
    "interval, for each layer by itself, which makes the interval wide."
)


@dataclass(frozen=True)
class Paragraph:
    """A paragraph on methods; one of kind ``pwcca`` is followed by the equation of the PWCCA score."""

    text: str
    kind: Literal["text", "pwcca"] = "text"


def what(model: ModelFacts) -> str:
    """Say what a model is: its objective, or what it stands for as a control."""
    controls = {"random": f"random twin of {model.twin_of or model.source}", "baseline": "baseline"}
    return controls.get(model.kind, model.objective)


def method_text(tables: RunTables, facts: RunFacts) -> list[Paragraph]:
    """Describe layers, scores, intervals, differences and tasks."""
    analyses = [facts.analysis(name) for name in tables.analyses]
    texts = [Paragraph(LAYERS)]
    if analyses:
        texts.append(Paragraph(_layer_analyses(tables, analyses), kind="pwcca"))
        texts += map(
            Paragraph, [*_information(analyses), *_other_measures(analyses), *_scores(tables, facts)]
        )
    texts += [Paragraph(_measure(measure)) for measure in facts.measures]
    if facts.measures:
        texts.append(Paragraph(YARDSTICKS))
    if tables.tasks:
        texts.append(Paragraph(TASKS))
    if (analyses or facts.measures) and tables.tasks:
        texts.append(Paragraph(AGREEMENT))
    return texts


def _measure(measure: MeasureFacts) -> str:
    """Say of a measure what its spec says."""
    main = measure.main
    floor = "" if main.floor is None else f" A layer that knows nothing has {main.factor * main.floor:g}."
    source = f" ({measure.source})" if measure.source else ""
    return (
        f"{measure.title}{source}. {measure.method.rstrip('.')}. {main.quantity}: "
        f"{'higher' if main.higher_is_better else 'lower'} is better.{floor} The variant {main.title} stands "
        "for it where layers are ranked and chosen."
    )


def _layer_analyses(tables: RunTables, analyses: list[AnalysisFacts]) -> str:
    targets = [analysis.method for analysis in analyses if analysis.measure == PWCCA]
    if not tables.inter_scores.empty:
        targets.append("with the layers of another model (CCA-inter)")
    return (
        "Layer analyses. Projection-weighted canonical correlation analysis (PWCCA; Morcos et al., 2018) "
        f"compares a layer with a target: {', '.join(targets) or 'none in this run'}. "
        "Directions and regularisers are fitted on training and development parts; "
        "the score is computed on the held-out test part, where a random view scores about 0."
    )


def _information(analyses: list[AnalysisFacts]) -> list[str]:
    titles = [analysis.title for analysis in analyses if analysis.measure == MUTUAL_INFORMATION]
    if not titles:
        return []
    return [
        f"Mutual information ({', '.join(titles)}): segments of the training "
        "parts are clustered by k-means, those of the two other parts assigned to the clusters, and "
        "I(cluster; label) divided by the entropy of the labels there. This estimate is biased upwards "
        "where clusters are many for the segments; permuted labels show by how much."
    ]


def _other_measures(analyses: list[AnalysisFacts]) -> list[str]:
    """Say of analyses with a measure of their own what their specs say."""
    return [
        f"{analysis.title}: {analysis.method}. Its score is {analysis.measure}; "
        f"{'higher' if analysis.higher_is_better else 'lower'} is better."
        for analysis in analyses
        if analysis.measure not in (PWCCA, MUTUAL_INFORMATION)
    ]


def _scores(tables: RunTables, facts: RunFacts) -> list[str]:
    """Say how scores, intervals, permutations, tie sets and differences were computed."""
    sets, trials = count(facts.samples, "sample set"), count(facts.trials, "trial")
    if facts.protocol == "corrected":
        parts = (
            "The rows of a sample set are dealt to parts; each part is the test part once, another one is "
            "the development part, and the rest is for training. Rows of a test part whose canonical "
            "variates leave the range of training are kept out and counted."
        )
    else:
        parts = "Each trial has a development and a test part of its own, and trains on the other parts."
    texts = [
        f"Scores are means over {sets} of {trials} each. {parts} Intervals hold 95%: each unit (a speaker "
        "where there are ten or more, else an utterance, or the label where types are split) is left out "
        "in turn with directions and weights as they are, which gives what it contributes to the mean "
        "score; the variance of the mean of U units is U/(U - 1) times the sum of their squared "
        "contributions, and t has U - 1 degrees of freedom. Measures without units have the t interval "
        "over sample sets and trials of Nadeau and Bengio (2003), whose variance (1/n + n_test/n_train) s² "
        "allows for overlapping training parts."
    ]
    if (tables.layer_summary["permutations"] > 0).any():
        texts.append(
            "Permutations. The analysis is repeated with the targets permuted within units (labels) or "
            "shifted in a circle (frames). The null is the mean score c of these draws; the calibrated "
            "score of s is (s - c)/(1 - c), 0 at chance and 1 at best (Gröger et al., 2026). p of a layer "
            "is the share of draws that reach its score. p of a best layer is the share of draws whose own "
            "best layer reaches it, so that the choice among layers is paid for (Winkler et al., 2020); it "
            "is corrected for all models and analyses (Holm)."
        )
    texts.append(
        "Differences of layers and of models are taken unit by unit, so that a unit that is hard for both "
        "counts against neither, with the same t interval. The tie set of a curve holds the best block "
        "layer and those that it does not beat (Holm over layers, 5%, and not negligible: see below); conv "
        "layers take no part in it. The shape of a curve is named from such tests alone. Models of "
        "different objectives are compared by what training adds at each layer, the score minus that of "
        "the same layer of the model's random twin; where several models are seeds of one pre-training, by "
        "their mean, with the variance between seeds added and the smaller degrees of freedom. p values of "
        "differences are corrected for all differences of their table (Holm). A difference whose interval "
        f"lies within {facts.smallest_effect:g} on both sides of 0 is called negligible, whatever its p."
    )
    return texts
