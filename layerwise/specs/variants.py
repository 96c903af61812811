"""Variants of analyses (other parts, something regressed out) and of tasks (other corpus, labels, head)."""

from collections.abc import Mapping
from dataclasses import replace

from layerwise.options.analyses import AnalysisEntry
from layerwise.options.protocol import Protocol
from layerwise.options.tasks import TaskEntry
from layerwise.specs.spec import AnalysisSpec, GivenSpec, HeadSpec, Need, TaskSpec

# What must be there for phones from either origin.
_PHONES: Mapping[str, Need] = {"lexicon": "lexicon", "alignment": "intervals"}


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


def task_variant(
    plain: TaskSpec, entry: TaskEntry, protocol: Protocol, heads: Mapping[str, HeadSpec]
) -> TaskSpec:
    """Return the spec of what an entry of `tasks:` asks for, made from that of the plain task.

    Phones come from a lexicon where the corpus is one of `corpora`, or the protocol the paper's, and else
    from the alignment that is there.

    Raises ValueError naming the key of the entry, ``label`` or ``head``, that does not fit.
    """
    labels = entry.label or plain.labels
    if plain.choices:
        labels = labels or (("lexicon",) if entry.corpus or protocol == "paper" else ("alignment",))
        if len(labels) != 1 or labels[0] not in plain.choices:
            raise ValueError(f"{entry.known_name}: `label` must be one of {', '.join(plain.choices)}")
    elif not labels:
        raise ValueError(
            f"{entry.known_name}: {plain.name} has no labels of its own; add `label:` with a column of the "
            "manifest"
        )
    elif not plain.pooled and len(labels) != 1:
        raise ValueError(f"{entry.known_name}: `label` must be the one column that holds the text")
    fitting = [recipe.head for recipe in plain.recipes]
    if entry.head and entry.head not in fitting:
        raise ValueError(
            f"{entry.known_name}: `head: {entry.head}` does not fit {plain.name}; it may be "
            f"{', '.join(fitting)}"
        )
    extra = [heads[entry.head].title] if entry.head else []
    extra += [", ".join(entry.label)] if entry.label else []
    extra += [entry.corpus] if entry.corpus else []
    return replace(
        plain,
        name=entry.known_name,
        title=f"{plain.title} ({'; '.join(extra)})" if extra else plain.title,
        labels=labels,
        needs=plain.needs | {_PHONES[label] for label in labels if plain.choices},
        corpus=entry.corpus or "",
        head=entry.head or "",
        variant_of=plain.name,
    )
