"""Words that the report uses, with what they mean here; only those of the run."""

from layerwise.report.facts import RunFacts
from layerwise.report.run_tables import RunTables

LAYERS = (
    ("C1, C2, ...", "outputs of the convolutional layers, from the waveform upwards."),
    ("T0", "input of the first transformer block."),
    ("T1, T2, ...", "outputs of the blocks; TL+ln: the last one after the final layer norm."),
)
ANALYSES = (
    ("PWCCA score", "projection-weighted mean of held-out canonical correlations: 0 nothing, 1 all."),
    (
        "calibrated score",
        "the score with the mean of permuted targets moved to 0: (score - null) / (1 - null).",
    ),
    ("tie set", "the best block layer and those that it does not beat (paired, Holm, 5%)."),
    ("flat", "all block layers are in the tie set."),
    ("n", "units behind an interval: utterances, or speakers where there are ten or more."),
)
CONTROLS = (("random twin", "the same architecture with untrained weights."),)
TASKS = (
    ("best on dev", "the single layer that a user would choose, with its score on test."),
    ("learned sum", "the weighted sum of all layers, its weights trained with the head."),
    ("regret", "what the best layer, found on other test units, is better by; below 0: worse."),
    ("clear loss", "a regret whose 95% interval lies above 0."),
)


def glossary(tables: RunTables, facts: RunFacts) -> list[tuple[str, str]]:
    """Return terms with their meaning, those that this run's report uses."""
    return [
        *LAYERS,
        *(ANALYSES if tables.analyses else ()),
        *(CONTROLS if facts.of_kind("random") else ()),
        *(TASKS if tables.tasks else ()),
    ]
