import re
import shutil
import subprocess
from dataclasses import fields, replace

import pytest
import report_tables as synthetic
from pybtex.database import parse_string

from layerwise.errors import ReportError
from layerwise.report.citations import bibtex, cited, labels
from layerwise.report.facts import CorpusFacts, MeasureFacts, VariantFacts
from layerwise.report.methods_file import methods_latex, methods_markdown, paragraphs
from layerwise.report.run_tables import RunTables
from layerwise.specs.measures import MEASURES

NAMES = ("hubert-base", "w2v")
SOURCES = {
    "facebook/hubert-base-ls960": {"hsu2021hubert"},
    "random:facebook/hubert-base-ls960": {"hsu2021hubert"},
    "data/models/wav2vec2-tiny/": {"baevski2020wav2vec"},
    "facebook/wav2vec2-large-xlsr-53": {"baevski2020wav2vec", "conneau2021unsupervised"},
    "facebook/wav2vec2-xls-r-300m": {"baevski2020wav2vec", "babu2022xlsr"},
    "facebook/wav2vec2-conformer-rel-pos-large": {"wang2020fairseq"},
    "ntu-spml/distilhubert": {"chang2022distilhubert"},
    "utter-project/mHuBERT-147": {"boito2024mhubert"},
    "microsoft/unispeech-sat-base": {"chen2022unispeechsat"},
    "microsoft/unispeech-large-1500h-cv": {"wang2021unispeech"},
    "asapp/sew-d-tiny-100k": {"wu2022performance"},
    "avhubert:data/models/avhubert/base_vox_iter5.pt": {"shi2022learning"},
    "fastvgs:data/models/fast-vgs-plus-coco": {"peng2022fast", "peng2022self"},
    "openai/whisper-tiny.en": {"radford2023robust"},
    "Qwen/Qwen2-Audio-7B": {"chu2024qwen2audio"},
    "hubert-project/own-model": set(),
}


@pytest.fixture(scope="module")
def facts():
    return synthetic.run_facts(NAMES)


@pytest.fixture(scope="module")
def tables(facts, tmp_path_factory):
    return synthetic.gathered(facts, tmp_path_factory.mktemp("run"))


@pytest.fixture
def library(repository):
    return repository / "report/references.bib"


def keys_for(references, use):
    return {reference.key for reference in references if use in reference.uses}


@pytest.mark.parametrize("source", SOURCES)
def test_a_model_is_cited_by_the_longest_words_of_its_source(source, tables, facts, library):
    model = replace(facts.model("hubert-base"), name="m", source=source)
    references = cited(library, tables, replace(facts, models=(model,)))
    assert keys_for(references, "model:m") == SOURCES[source]


def test_only_what_the_run_used_is_cited(tables, facts, library):
    references = cited(library, tables, facts)
    uses = {use for reference in references for use in reference.uses}
    assert {"always", "analyses", "permutations", "tasks", "model:hubert-base"} <= uses
    assert not {use for use in uses if use.startswith(("measure:", "model:random", "model:w2v"))}
    assert len({reference.key for reference in references}) == len(references)
    empty = RunTables(**{field.name: getattr(tables, field.name).head(0) for field in fields(tables)})
    few = cited(library, empty, replace(facts, versions={}, aligner="textgrid", models=()))
    assert [reference.key for reference in few] == ["pasad2023comparative"]


def test_corpora_and_aligners(tables, facts, library):
    corpus = replace(facts.corpus, description="LibriSpeech dev-clean (Panayotov et al. 2015), CC BY 4.0")
    task = CorpusFacts("slurp", 10, 2, 30.0, {"train": 10}, "SLURP, both microphones")
    references = cited(library, tables, replace(facts, corpus=corpus, corpora=(task,), aligner="mfa"))
    assert labels(references, f"corpus:{corpus.name}") == ["Panayotov et al., 2015"]
    assert labels(references, "corpus:slurp") == ["Bastianelli et al., 2020"]
    assert keys_for(references, "aligner:mfa") == {"mcauliffe2017montreal"}


def test_every_source_of_a_measure_is_cited(tables, facts, library):
    mine = tuple(
        MeasureFacts(spec.name, spec.title, spec.method, spec.unit, "v", spec.source, (VARIANT,))
        for spec in MEASURES
    )
    own = MeasureFacts("own", "My measure", "it measures", "phone", "v", "Me 2026, arXiv 1", (VARIANT,))
    references = cited(library, tables, replace(facts, measures=(*mine, own)))
    for spec in MEASURES:
        found = " ".join(r.text for r in references if f"measure:{spec.name}" in r.uses)
        assert found, spec.name
        for number in re.findall(r"\d{4}\.\d{5}", spec.source):
            assert number in found, spec.name
    assert (
        "Me 2026, arXiv 1" in parse_string(bibtex(references), "bibtex").entries["measure-own"].fields["note"]
    )


VARIANT = VariantFacts("v", "variant", "value", True, None)


def test_bibtex_parses_and_has_what_is_printed(tables, facts, library):
    references = cited(library, tables, facts)
    parsed = parse_string(bibtex(references), "bibtex").entries
    assert list(parsed) == [reference.key for reference in references]
    for reference in references:
        entry = parsed[reference.key]
        assert "usedfor" not in entry.fields
        assert entry.fields["year"] in reference.text and entry.fields["year"] in reference.label
        assert entry.persons["author"][0].last_names[0].strip("{}") in reference.text
    assert "Gröger" in bibtex(references)


def test_every_entry_says_what_it_is_for_and_can_be_printed(library):
    known = re.compile(
        r"always|analyses|permutations|tasks|measure:[\w-]+|aligner:[\w-]+|tool:[\w-]+|(model|corpus):.+"
    )
    for key, entry in parse_string(library.read_text(), "bibtex").entries.items():
        for word in entry.fields["usedfor"].split(","):
            assert known.fullmatch(word.strip()), key
        assert entry.fields["title"] and entry.fields["year"] and entry.persons["author"], key


def test_labels_alike_get_letters(tables, facts, library):
    model = facts.model("hubert-base")
    models = (replace(model, name="a", source="fastvgs:x"), replace(model, name="b", source="vghubert:y"))
    references = cited(library, tables, replace(facts, models=models))
    assert labels(references, "model:a") == ["Peng and Harwath, 2022a"]
    assert labels(references, "model:b") == ["Peng and Harwath, 2022b"]


def test_a_broken_library_is_named(tables, facts, tmp_path):
    with pytest.raises(ReportError, match=r"none\.bib"):
        cited(tmp_path / "none.bib", tables, facts)
    (tmp_path / "bad.bib").write_text("@article{x, title = {no end")
    with pytest.raises(ReportError, match=r"bad\.bib"):
        cited(tmp_path / "bad.bib", tables, facts)


def test_methods_name_models_data_and_software_in_both_forms(tables, facts, library):
    awkward = replace(facts, models=(replace(facts.models[0], source="a_b*c#d"), *facts.models[1:]))
    references = cited(library, tables, awkward)
    text = methods_markdown(tables, awkward, references)
    assert r"a\_b\*c\#d" in text and "## References" in text
    assert "Hsu et al., 2021" in text and "Phones and words were aligned by" in text
    tex = methods_latex(tables, awkward, references)
    assert r"a\_b*c\#d" in tex and r"\citealp{hsu2021hubert}" in tex
    assert r"\citet{pasad2023comparative}" in tex and r"\begin{equation}" in tex
    used = set(re.findall(r"\\cite\w*\{([\w-]+)\}", tex))
    assert used <= {reference.key for reference in references}
    plain = " ".join(words for words, _ in paragraphs(tables, awkward, references))
    # Whatever a sentence cites is in the list.
    for who, year in re.findall(r"([A-ZÄÖÜ][\w-]+(?: et al\.| and [A-Z]\w+)?),? \(?((?:19|20)\d\d)", plain):
        assert any(label.startswith(f"{who}, {year}") for label in (r.label for r in references)), who


@pytest.mark.skipif(not shutil.which("pdflatex"), reason="no LaTeX")
def test_methods_compile_with_natbib(tables, facts, library, tmp_path):
    references = cited(library, tables, facts)
    (tmp_path / "references.bib").write_text(bibtex(references))
    (tmp_path / "methods.tex").write_text(methods_latex(tables, facts, references))
    (tmp_path / "paper.tex").write_text(
        r"\documentclass{article}\usepackage[T1]{fontenc}\usepackage{natbib}\begin{document}"
        r"\input{methods}\bibliographystyle{plainnat}\bibliography{references}\end{document}"
    )
    for program in ("pdflatex", "bibtex", "pdflatex", "pdflatex"):
        options = ["-interaction=nonstopmode"] if program == "pdflatex" else []
        subprocess.run([program, *options, "paper"], cwd=tmp_path, check=True, capture_output=True)
    log = (tmp_path / "paper.log").read_text(errors="replace")
    assert "undefined" not in log and "! " not in log
