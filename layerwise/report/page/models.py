"""How the page draws each model: the colours, dashes and markers of the figures, in Plotly's words."""

from typing import Any

from layerwise.report.facts import RunFacts
from layerwise.report.figures.looks import looks
from layerwise.report.figures.style import INK

SYMBOLS = {
    **{"o": "circle", "s": "square", "^": "triangle-up", "D": "diamond", "v": "triangle-down"},
    **{"P": "cross", "X": "x", "<": "triangle-left", ">": "triangle-right", "h": "hexagon", "p": "pentagon"},
}
DASHES = {"-": "solid", "--": "dash", "-.": "dashdot", ":": "dot"}
FAMILIES = {"random": "random twins", "baseline": "baselines"}


def drawn_models(facts: RunFacts) -> list[dict[str, Any]]:
    """Say of each model, in config order, what it is and how it is drawn.

    ``colour`` is empty where it is that of text, which depends on light or dark. Models of one ``family`` are
    switched together: those of one objective, the random twins, the baselines.
    """
    chosen = looks(facts)
    return [
        {
            "name": model.name,
            "label": model.label,
            "kind": model.kind,
            "twin_of": model.twin_of,
            "family": FAMILIES.get(model.kind, model.objective),
            "supervision": model.supervision,
            "colour": "" if (look := chosen[model.name]).colour == INK else look.colour,
            "symbol": SYMBOLS.get(look.marker, "circle"),
            "filled": look.filled,
            "dash": _dash(look.line),
        }
        for model in facts.models
    ]


def _dash(line: Any) -> str:
    """Plotly's name of a line, or its lengths in px where matplotlib's are in widths of the line."""
    if isinstance(line, str):
        return DASHES.get(line, "solid")
    return ",".join(f"{2 * length:g}px" for length in line[1])
