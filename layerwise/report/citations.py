"""What a report cites: the references that a run really uses, printed and as BibTeX."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from pybtex.backends.plaintext import Backend
from pybtex.database import BibliographyData, Entry, parse_file
from pybtex.exceptions import PybtexError
from pybtex.style.formatting.unsrt import Style

from layerwise.errors import ReportError
from layerwise.report.facts import CorpusFacts, ModelFacts, RunFacts
from layerwise.report.run_tables import RunTables

USED_FOR = "usedfor"  # a field of the library alone
ALWAYS, ANALYSES, PERMUTATIONS, TASKS = "always", "analyses", "permutations", "tasks"


@dataclass(frozen=True)
class Reference:
    """One publication that a run uses.

    Attributes:
        key: its BibTeX key.
        label: how a sentence names it, ``Pasad et al., 2023``; of two alike the years get letters.
        text: its line in a list of references.
        bibtex: its BibTeX entry.
        uses: what it is cited for, such as ``tasks``, ``model:hubert-base`` or ``tool:torch``.
    """

    key: str
    label: str
    text: str
    bibtex: str
    uses: tuple[str, ...]


def cited(library: Path, tables: RunTables, facts: RunFacts) -> list[Reference]:
    """Return the references of a run: methods, then measures, models, corpora, the aligner and tools.

    ``library`` is a BibTeX file whose field ``usedfor`` says what an entry is cited for (the words are in
    report/references.bib). A measure whose source no entry covers gets an entry of its own. Raises
    `ReportError`, naming the file, if it is no BibTeX.
    """
    try:
        entries = dict(parse_file(str(library), bib_format="bibtex").entries)
    except (OSError, PybtexError) as error:
        raise ReportError(f"{library}: cannot read the references: {error}") from error
    purposes = {key: _purposes(entry) for key, entry in entries.items()}
    used: dict[str, list[str]] = {}
    for use, wanted in _uses(tables, facts, purposes):
        found = [key for key, mine in purposes.items() if mine & wanted]
        kind, _, name = use.partition(":")
        if kind == "measure" and not found and facts.measure(name).source:
            found = [f"measure-{name}"]
            entries[found[0]] = _own_entry(facts.measure(name).title, facts.measure(name).source)
        for key in found:
            used.setdefault(key, []).append(use)
    return _distinct([_reference(key, entries[key], uses) for key, uses in used.items()])


def bibtex(references: Iterable[Reference]) -> str:
    """Return a BibTeX file of references, in their order."""
    return "\n".join(reference.bibtex for reference in references)


def labels(references: Iterable[Reference], use: str) -> list[str]:
    """Return the labels of the references that are cited for something, such as ``aligner:mfa``."""
    return [reference.label for reference in references if use in reference.uses]


def _uses(
    tables: RunTables, facts: RunFacts, purposes: Mapping[str, set[str]]
) -> Iterator[tuple[str, set[str]]]:
    """What a run cites for, each with the words of ``usedfor`` that cover it."""
    yield ALWAYS, {ALWAYS}
    if tables.analyses:
        yield ANALYSES, {ANALYSES}
    if (tables.layer_summary["permutations"] > 0).any():
        yield PERMUTATIONS, {PERMUTATIONS}
    if tables.tasks:
        yield TASKS, {TASKS}
    for measure in facts.measures:
        yield f"measure:{measure.name}", {f"measure:{measure.name}"}
    words = sorted({word for mine in purposes.values() for word in mine})
    for model in facts.of_kind("trained"):
        yield f"model:{model.name}", set(_found(words, "model", _names(model)))
    for corpus in (facts.corpus, *facts.corpora):
        yield f"corpus:{corpus.name}", set(_found(words, "corpus", [_described(corpus)]))
    yield f"aligner:{facts.aligner}", {f"aligner:{facts.aligner}"}
    for package in facts.versions:
        yield f"tool:{package}", {f"tool:{package}"}


def _names(model: ModelFacts) -> list[str]:
    """What tells the kind of a model: its name, the family of its source and the end of its path."""
    family, _, location = model.source.rpartition(":")
    return [model.name, family, location.rstrip("/").rpartition("/")[2]]


def _described(corpus: CorpusFacts) -> str:
    return f"{corpus.name} {corpus.description}"


def _found(words: Iterable[str], kind: str, texts: Sequence[str]) -> Iterator[str]:
    """Words of a kind that stand in a text, but for those within longer ones that do, too."""
    pattern = re.compile(rf"{kind}:(.+)")
    sought = {word: match[1].casefold() for word in words if (match := pattern.fullmatch(word))}
    spans: list[tuple[str, int, int, int]] = []
    for place, text in enumerate(texts):
        for word, name in sought.items():
            alone = rf"(?<![a-z0-9]){re.escape(name)}(?![a-z0-9])"
            spans += [(word, place, *match.span()) for match in re.finditer(alone, text.casefold())]
    for word, place, start, end in spans:
        around = [other for other in spans if other[1] == place and other[2] <= start and end <= other[3]]
        if all(other[2:] == (start, end) for other in around):
            yield word


def _purposes(entry: Entry) -> set[str]:
    return {word.strip() for word in entry.fields.get(USED_FOR, "").split(",")}


def _own_entry(title: str, source: str) -> Entry:
    return Entry("misc", fields={"title": title, "note": source})


def _reference(key: str, entry: Entry, uses: Sequence[str]) -> Reference:
    plain = Entry(
        entry.type,
        fields=[(name, value) for name, value in entry.fields.items() if name != USED_FOR],
        persons=entry.persons,
    )
    plain.key = key
    formatted = next(iter(Style(abbreviate_names=True).format_entries([plain])))
    return Reference(
        key,
        _label(plain),
        formatted.text.render(Backend()),
        BibliographyData({key: plain}).to_string("bibtex"),
        tuple(uses),
    )


def _label(entry: Entry) -> str:
    names = [
        " ".join([*person.prelast_names, *person.last_names]) for person in entry.persons.get("author", ())
    ]
    names = [name.replace("{", "").replace("}", "") for name in names]
    if not names:
        return str(entry.fields["title"]).replace("{", "").replace("}", "")
    who = names[0] if len(names) == 1 else f"{names[0]} and {names[1]}"
    return f"{who if len(names) < 3 else names[0] + ' et al.'}, {entry.fields['year']}"


def _distinct(references: Sequence[Reference]) -> list[Reference]:
    """Put letters to the years of labels that would be the same."""
    made, seen = [], [reference.label for reference in references]
    for place, reference in enumerate(references):
        alike = seen.count(reference.label) > 1
        letter = "abcdefghijklmnopqrstuvwxyz"[seen[:place].count(reference.label)] if alike else ""
        made.append(replace(reference, label=reference.label + letter))
    return made
