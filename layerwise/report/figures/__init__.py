"""Figures of a run. Each function takes tables and returns a matplotlib `Figure`; none touches a file."""

from layerwise.report.figures.agreement import agreement_figure, scatter_figure
from layerwise.report.figures.alignment import AlignedUtterance, alignment_figure, choose_utterances
from layerwise.report.figures.corpus import corpus_figure
from layerwise.report.figures.inter import inter_figure
from layerwise.report.figures.layers import layer_figure
from layerwise.report.figures.style import Style, save_figure
from layerwise.report.figures.tasks import single_weighted_figure, task_figure, weight_figure

__all__ = [
    "AlignedUtterance",
    "Style",
    "agreement_figure",
    "alignment_figure",
    "choose_utterances",
    "corpus_figure",
    "inter_figure",
    "layer_figure",
    "save_figure",
    "scatter_figure",
    "single_weighted_figure",
    "task_figure",
    "weight_figure",
]
