"""Variants of analyses: the same with other parts, or with something regressed out of both views."""

from collections.abc import Mapping
from dataclasses import replace

from layerwise.options.analyses import AnalysisEntry
from layerwise.specs.spec import AnalysisSpec, GivenSpec


def variant(plain: AnalysisSpec, entry: AnalysisEntry, givens: Mapping[str, GivenSpec]) -> AnalysisSpec:
    """Return the spec of what an entry of `analyses:` asks for, made from that of the plain analysis.

    Raises ValueError naming the key of the entry, ``given`` or ``split``, that does not fit.
    """
    if entry.split and entry.split not in plain.splits:
        raise ValueError(
            f"{entry.label}: `split: {entry.split}` does not fit {plain.name}: a one-hot class cannot be "
            "scored on types that training has not seen; analyses of `vectors`, cca-phone-previous and "
            "cca-phone-next can"
        )
    given = tuple(_given(plain, entry, name, givens) for name in entry.given)
    if len(set(entry.given)) < len(entry.given):
        raise ValueError(f"{entry.label}: `given` names one thing twice: {', '.join(entry.given)}")
    split = entry.split or plain.split
    words = " by type" if split == "type" != plain.split else ""
    if given:
        words += f" given {', '.join(spec.title for spec in given)}"
    if not words and entry.label == plain.name:
        return plain
    short, method = plain.title.split(" (")[0] + words, plain.method.rsplit(" (", 1)[0]
    return replace(
        plain,
        name=entry.label,
        title=short if words else plain.title,
        method=f"{method}{words} ({short})",
        needs=plain.needs.union(*(spec.needs for spec in given)),
        of_logmel=plain.of_logmel and all(spec.of_logmel for spec in given),
        split=split,
        given=given,
        variant_of=plain.name,
    )


def _given(
    plain: AnalysisSpec, entry: AnalysisEntry, name: str, givens: Mapping[str, GivenSpec]
) -> GivenSpec:
    fitting = [spec.name for spec in givens.values() if plain.takes_given and plain.unit in spec.units]
    if name in fitting:
        return givens[name]
    wrong = f"does not fit {plain.name}" if name in givens else "is unknown"
    rest = f"it may be {', '.join(fitting)}" if fitting else "nothing can be given there"
    raise ValueError(f"{entry.label}: `given: {name}` {wrong}; {rest}")
