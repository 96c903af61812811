"""How models look in every figure: label, colour, marker and line. Nothing here needs a drawing library."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from layerwise.options.style import StyleOptions
from layerwise.report.facts import ModelFacts, RunFacts

LineStyle = str | tuple[int, tuple[float, ...]]

INK = "#222222"
GREY = "#9A9A9A"
MARKERS = ("o", "s", "^", "D", "v", "P", "X", "<", ">", "h", "p")
LINES: tuple[LineStyle, ...] = ("-", "-.", (0, (3, 1, 1, 1, 1, 1)))
BASELINE_LINES: tuple[LineStyle, ...] = (":", (0, (1, 2.5)), (0, (5, 1, 1, 1)))
# Dashes and gaps that matplotlib draws for its names of lines, in widths of the line.
DASHES = {"-": (), "--": (3.7, 1.6), "-.": (6.4, 1.6, 1.0, 1.6), ":": (1.0, 1.65)}
OTHER = "other models"
BRIEF = 20  # characters


@dataclass(frozen=True)
class Look:
    """How one model is drawn in every figure.

    ``marker`` and ``line`` are those of matplotlib; ``filled`` is false for random twins.
    """

    label: str
    colour: str
    marker: str
    line: LineStyle
    filled: bool
    family: str = ""

    @property
    def face(self) -> str:
        """Fill of the marker: hollow for random twins."""
        return self.colour if self.filled else "white"

    @property
    def dash(self) -> tuple[float, ...]:
        """Lengths of dashes and gaps in widths of the line, as SVG wants them; empty for a solid line."""
        return DASHES[self.line] if isinstance(self.line, str) else self.line[1]


def looks(facts: RunFacts, options: StyleOptions | None = None) -> dict[str, Look]:
    """Return the look of each model by name; a random twin takes colour and marker of its model.

    Colours go by the order of the config. Where there are more trained models than curves in a panel, each
    family has one colour, and its models differ in marker and line.
    """
    options = options or StyleOptions()
    chosen: dict[str, Look] = {}
    trained = facts.of_kind("trained")
    lonely = [m for m in facts.of_kind("random") if m.twin_of not in {t.name for t in trained}]
    of_family = family_colours(facts, options)
    for number, model in enumerate([*trained, *lonely]):
        family = family_of(model, options)
        colour = options.palette[number % len(options.palette)]
        step = len(options.palette)
        if of_family and model.kind == "trained":
            colour, step = of_family[family], len(MARKERS)
        line = LINES[number // step % len(LINES)] if model.kind == "trained" else "--"
        marker = MARKERS[number % len(MARKERS)]
        chosen[model.name] = Look(
            label_of(model, options), colour, marker, line, model.kind == "trained", family
        )
    for model in facts.of_kind("random"):
        if model.name not in chosen and model.twin_of is not None:
            own = chosen[model.twin_of]
            chosen[model.name] = Look(
                label_of(model, options), own.colour, own.marker, "--", filled=False, family=own.family
            )
    for number, model in enumerate(facts.of_kind("baseline")):
        line = BASELINE_LINES[number % len(BASELINE_LINES)]
        chosen[model.name] = Look(label_of(model, options), INK, "_", line, filled=True)
    return chosen


def label_of(model: ModelFacts, options: StyleOptions) -> str:
    """Name of a model in figures: its abbreviation, or its own name with the supervision, if unusual."""
    return options.abbreviations.get(model.name, model.label)


def brief(label: str, most: int = BRIEF) -> str:
    """The name of a model for a place where there is little room: without folder and supervision, or cut."""
    name = label.split(" (")[0].rsplit("/", 1)[-1]
    return name if len(name) <= most else f"{name[: most - 8]}\N{HORIZONTAL ELLIPSIS}{name[-7:]}"


def family_of(model: ModelFacts, options: StyleOptions) -> str:
    """Family of a trained model: the one of the config, else its objective."""
    return options.families.get(model.name) or model.objective or OTHER


def families(facts: RunFacts, options: StyleOptions) -> dict[str, list[ModelFacts]]:
    """Trained models by family, in the order of the config."""
    found: dict[str, list[ModelFacts]] = {}
    for model in facts.of_kind("trained"):
        found.setdefault(family_of(model, options), []).append(model)
    return found


def many(models: Sequence[ModelFacts], options: StyleOptions) -> bool:
    """Whether these are more trained models than one panel holds as curves."""
    return sum(model.kind == "trained" for model in models) > options.most_curves


def kept_models(facts: RunFacts, options: StyleOptions) -> tuple[ModelFacts, ...]:
    """Models that figures show: those of the options with their random twins, or all."""
    names = set(options.models)
    kept = (m for m in facts.models if m.name in names or (m.kind == "random" and m.twin_of in names))
    return tuple(kept) if names else facts.models


def crowded(facts: RunFacts, options: StyleOptions) -> bool:
    """Whether figures take the forms that they have where models are many."""
    return many(kept_models(facts, options), options)


def family_colours(facts: RunFacts, options: StyleOptions) -> Mapping[str, str]:
    """Colour of each family, where families and not models have colours; else nothing."""
    found = families(facts, options)
    if not many(facts.models, options) or len(found) == 1:
        return {}
    return {family: options.palette[number % len(options.palette)] for number, family in enumerate(found)}


def ordered(models: Sequence[ModelFacts], names: set[str]) -> list[ModelFacts]:
    """Models that occur in a table, in config order."""
    return [model for model in models if model.name in names]
