"""How the page draws each model: the colours, dashes and markers of the figures, in Plotly's words."""

from typing import Any

from layerwise.options.style import StyleOptions
from layerwise.report.facts import RunFacts
from layerwise.report.figures.looks import INK, looks

SYMBOLS = {
    **{"o": "circle", "s": "square", "^": "triangle-up", "D": "diamond", "v": "triangle-down"},
    **{"P": "cross", "X": "x", "<": "triangle-left", ">": "triangle-right", "h": "hexagon", "p": "pentagon"},
}
FAMILIES = {"random": "random twins", "baseline": "baselines"}
LINE_WIDTH = 2  # px


def drawn_models(facts: RunFacts, style: StyleOptions) -> list[dict[str, Any]]:
    """Say of each model, in config order, what it is and how it is drawn.

    ``colour`` is empty where it is that of text, which depends on light or dark. Models of one ``family`` are
    switched together: those of one objective, the random twins, the baselines. ``dash`` is in px.
    """
    chosen = looks(facts, style)
    return [
        {
            "name": model.name,
            "label": (look := chosen[model.name]).label,
            "kind": model.kind,
            "family": FAMILIES.get(model.kind) or look.family or model.objective,
            "colour": "" if look.colour == INK else look.colour,
            "symbol": SYMBOLS.get(look.marker, "circle"),
            "dash": ",".join(f"{LINE_WIDTH * length:g}px" for length in look.dash) or "solid",
        }
        for model in facts.models
    ]
