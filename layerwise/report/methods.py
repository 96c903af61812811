"""What was done, in words: the parts of the report that depend on the protocol but not on the numbers."""

from dataclasses import dataclass
from typing import Literal

from layerwise.report.facts import MUTUAL_INFORMATION, PWCCA, AnalysisFacts, RunFacts
from layerwise.report.run_tables import RunTables

PROTOCOLS = {
    "corrected": (
        "Protocol: corrected. It follows Pasad et al. (2023) and changes what biases the scores: an "
        "utterance is never divided between training, development and test parts, so neighbouring frames do "
        "not leak; the whole grid of regularisers is searched on the development part; views are centred, so "
        "that the score does not depend on the arbitrary sign of singular vectors; and each score has a "
        "bootstrap interval over test utterances and a permutation floor. Scores are therefore not "
        "comparable in value with published ones, which come from the paper protocol on other data."
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
    "best single layer are chosen on the development set and reported on test; intervals are 95% "
    "bootstrap limits over test utterances, averaged over seeds, and do not include the variation "
    "between seeds. Two results with overlapping intervals are called not distinguishable, which is "
    "cautious."
)
AGREEMENT = (
    "Agreement is the rank correlation of an analysis with a task over layers, within a model. With "
    "few layers it is coarse. Regret is the test metric lost by taking the layer with the highest "
    "score instead of the layer that is best on test; T0 is left out for CCA-intra, where it is "
    "compared with itself."
)


@dataclass(frozen=True)
class Paragraph:
    """A paragraph on methods; one of kind ``pwcca`` is followed by the equation of the PWCCA score."""

    text: str
    kind: Literal["text", "pwcca"] = "text"


def corpus_text(tables: RunTables, facts: RunFacts) -> list[str]:
    """Describe the corpus and what was left out."""
    corpus = facts.corpus
    splits = ", ".join(f"{count} {name}" for name, count in corpus.splits.items())
    lost = len(tables.exclusions)
    text = (
        f"{corpus.name}: {corpus.utterances} utterances, {corpus.seconds / 60:.1f} minutes, "
        f"{corpus.speakers} speaker{'' if corpus.speakers == 1 else 's'} ({splits}). {corpus.description}"
    )
    if not lost:
        return [text.strip(), "Nothing was excluded."]
    made = "exclusion was made on the way; the appendix gives its reason"
    if lost > 1:
        made = "exclusions were made on the way; the appendix lists each with its reason"
    return [text.strip(), f"{lost} {made}."]


def method_text(tables: RunTables, facts: RunFacts) -> list[Paragraph]:
    """Describe layers, scores, intervals, differences and tasks."""
    analyses = [facts.analysis(name) for name in tables.analyses]
    texts = [Paragraph(LAYERS)]
    if analyses:
        texts.append(Paragraph(_layer_analyses(tables, analyses), kind="pwcca"))
        texts += map(Paragraph, [*_information(analyses), *_other_measures(analyses), *_scores(facts)])
    if tables.tasks:
        texts.append(Paragraph(TASKS))
    if analyses and tables.tasks:
        texts.append(Paragraph(AGREEMENT))
    return texts


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
        "where clusters are many for the segments; the floor, with permuted labels, shows by how much."
    ]


def _other_measures(analyses: list[AnalysisFacts]) -> list[str]:
    """Say of analyses with a measure of their own what their specs say."""
    return [
        f"{analysis.title}: {analysis.method}. Its score is {analysis.measure}; "
        f"{'higher' if analysis.higher_is_better else 'lower'} is better."
        for analysis in analyses
        if analysis.measure not in (PWCCA, MUTUAL_INFORMATION)
    ]


def _scores(facts: RunFacts) -> list[str]:
    return [
        f"Scores are means over {facts.samples} sample set{'' if facts.samples == 1 else 's'} of "
        f"{facts.trials} trial{'' if facts.trials == 1 else 's'} each. The variance of one score is the "
        "larger of that over sets and trials and that of a bootstrap over test utterances. Training "
        "parts overlap, so the variance of the mean of n scores is (1/n + n_test/n_train) times that "
        "(Nadeau and Bengio, 2003); intervals hold 95% under a normal approximation. The floor repeats "
        "the analysis with permuted labels or shifted targets.",
        "Differences between curves are taken within each sample set and trial, which both models share, "
        "with the t interval of Nadeau and Bengio (2003), whose variance (1/n + n_test/n_train) s² "
        "allows for overlapping training parts. Where an interval includes 0 the report says that two "
        "scores are not distinguishable. The shape of two curves is compared after subtracting each "
        "curve's mean over layers, with limits that hold for all layers at once (Bonferroni).",
    ]


def references(tables: RunTables) -> list[str]:
    """Publications behind the methods that ran."""
    entries = []
    if tables.analyses:
        entries += [
            "A. Morcos, M. Raghu, S. Bengio (2018). Insights on representational similarity in neural "
            "networks with canonical correlation. NeurIPS.",
            "C. Nadeau, Y. Bengio (2003). Inference for the generalization error. Machine Learning 52.",
            "A. Pasad, J.-C. Chou, K. Livescu (2021). Layer-wise analysis of a self-supervised speech "
            "representation model. ASRU. arXiv:2107.04734.",
        ]
    entries.append(
        "A. Pasad, B. Shi, K. Livescu (2023). Comparative layer-wise analysis of self-supervised speech "
        "models. ICASSP. arXiv:2211.03929."
    )
    if tables.tasks:
        entries.append(
            "S. Yang et al. (2021). SUPERB: Speech processing universal performance benchmark. Interspeech."
        )
    return entries
