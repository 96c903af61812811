"""The methods of a run as a text for a paper: Markdown, and LaTeX with citations."""

import re
from collections.abc import Sequence

from layerwise.report.citations import Reference, labels
from layerwise.report.corpora import described
from layerwise.report.facts import CorpusFacts, ModelFacts, RunFacts
from layerwise.report.latex import latex
from layerwise.report.methods import PROTOCOLS, method_text, what
from layerwise.report.run_tables import RunTables
from layerwise.report.words import count, listed

EQUATION = r"""\begin{equation}
  \mathrm{PWCCA} = \frac{\sum_{i=1}^{k} \alpha_i \rho_i}{\sum_{i=1}^{k} \alpha_i}, \qquad
  \alpha_i = \sum_{j=1}^{p} |\langle h_i, x_j \rangle|
\end{equation}
where $\rho_i$ are canonical correlations, and $h_i$ the canonical variates of the view with fewer
dimensions, whose columns are $x_j$."""
HEAD = r"""% Methods of run {run}. Needs \usepackage[T1]{{fontenc}}, \usepackage{{natbib}} and
% \bibliographystyle{{plainnat}} \bibliography{{references}} with references.bib beside it."""


def methods_markdown(tables: RunTables, facts: RunFacts, references: Sequence[Reference]) -> str:
    """Return the methods of a run as Markdown; ``references`` are those of `citations.cited`.

    Letters with a meaning in Markdown are escaped, so that a model's name stays as it is.
    """
    texts = [_markdown(text) for text, _ in paragraphs(tables, facts, references)]
    printed = [f"- {_markdown(reference.text)}" for reference in references]
    return "\n\n".join(["## Methods", *texts, "## References", "\n".join(printed)]) + "\n"


def methods_latex(tables: RunTables, facts: RunFacts, references: Sequence[Reference]) -> str:
    r"""Return the methods of a run as LaTeX to ``\input``, with natbib's citations of `citations.bibtex`."""
    parts = []
    for text, equation in paragraphs(tables, facts, references):
        parts.append(_linked(latex(text), references))
        if equation:
            parts.append(EQUATION)
    return "\n\n".join([HEAD.format(run=facts.run), *parts]) + "\n"


def paragraphs(tables: RunTables, facts: RunFacts, references: Sequence[Reference]) -> list[tuple[str, bool]]:
    """Return the paragraphs on models, data, protocol and methods, and whether the equation follows each."""
    texts = [
        (_models(facts, references), False),
        *((text, False) for text in _data(facts, references)),
    ]
    texts.append((PROTOCOLS[facts.protocol], False))
    sources = {
        f"({measure.source})": listed_labels
        for measure in facts.measures
        if measure.source and (listed_labels := _cited(references, f"measure:{measure.name}").strip())
    }
    for paragraph in method_text(tables, facts):
        text = paragraph.text
        for source, named in sources.items():
            text = text.replace(source, named)
        texts.append((text, paragraph.kind == "pwcca"))
    return [*texts, (_tools(facts, references), False)]


def _cited(references: Sequence[Reference], use: str) -> str:
    found = labels(references, use)
    return f" ({'; '.join(found)})" if found else ""


def _models(facts: RunFacts, references: Sequence[Reference]) -> str:
    told = [_model(model, references) for model in facts.of_kind("trained")]
    text = (
        f"Models. {count(len(told), 'model')} {'was' if len(told) == 1 else 'were'} analysed: {listed(told)}."
    )
    if not told:
        text = "Models. No trained model was analysed."
    controls = [model for model in facts.models if model.kind != "trained"]
    if controls:
        text += f" Controls: {listed([f'{control.name} ({what(control)})' for control in controls])}."
    return text


def _model(model: ModelFacts, references: Sequence[Reference]) -> str:
    size = f", {model.parameters / 1e6:.1f} M parameters" if model.parameters else ""
    return f"{model.name} ({'; '.join([model.source + size, *labels(references, f'model:{model.name}')])})"


def _data(facts: RunFacts, references: Sequence[Reference]) -> list[str]:
    corpora = [
        described(corpus)
        + "".join(f" See {listed(found)}." for found in [_corpus(corpus, references)] if found)
        for corpus in (facts.corpus, *facts.corpora)
    ]
    aligner = f"Phones and words were aligned by {facts.aligner}"
    aligned = f"{aligner}{_cited(references, f'aligner:{facts.aligner}')}."
    return [f"Data. {corpora[0]} {aligned}", *(f"For tasks, {text}" for text in corpora[1:])]


def _corpus(corpus: CorpusFacts, references: Sequence[Reference]) -> list[str]:
    return labels(references, f"corpus:{corpus.name}")


def _tools(facts: RunFacts, references: Sequence[Reference]) -> str:
    tools = [
        f"{name} {version}{_cited(references, f'tool:{name}')}"
        for name, version in facts.versions.items()
        if labels(references, f"tool:{name}") or name == "layerwise"
    ]
    return f"Software. Seed {facts.seed}" + (f"; {listed(tools)}" if tools else "") + "."


def _markdown(text: str) -> str:
    return re.sub(r"([\\`*_{}\[\]<>#|~$])", r"\\\1", text)


def _linked(text: str, references: Sequence[Reference]) -> str:
    """Put natbib's commands in place of the labels of references."""
    for reference in sorted(references, key=lambda mine: -len(mine.label)):
        label = latex(reference.label)
        who, _, year = label.rpartition(", ")
        if not who:
            continue
        text = text.replace(f"({label})", rf"\citep{{{reference.key}}}")
        text = text.replace(label, rf"\citealp{{{reference.key}}}")
        text = text.replace(f"{who} ({year})", rf"\citet{{{reference.key}}}")
    return text
