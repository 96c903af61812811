"""Speech in scripts of the world, from TextGrids to the report."""

import re
import unicodedata
from typing import Any

import pandas as pd
import pypdfium2
import pytest
import yaml
from running import Workflow
from world import World, write_world

RUN = "results/world"


def config(world: World) -> dict[str, Any]:
    folder = f"data/{world.script}"
    return {
        "run": "world",
        "corpus": {
            "path": f"{folder}/prompts.tsv",
            "description": f"Made-up words: {', '.join(world.words)}; one seed.",
        },
        "aligner": "textgrid",
        "alignment": {"textgrid": {"path": f"{folder}/grids", "phone_set": "keep"}},
        "samples": {
            "number": 1,
            "frame_utterances": 12,
            "phones_per_label": 20,
            "words": 12,
            "tokens_per_word": 15,
        },
        "models": [{"name": "hubert-tiny", "source": "resources/models/hubert-tiny", "twin": False}],
        "vectors": {"vectors": {"file": f"{folder}/vectors.txt"}},
        "analyses": ["cca-phone", "vectors"],
        "tasks": ["asr", {"task": "classification", "label": world.column}],
        "cca": {"parts": 4, "epsilons": [0.1], "permutations": 0},
        "downstream": {"learning_rates": [0.01], "epochs": 1, "seeds": 1, "bootstrap": 10},
    }


def made(fresh: Workflow, script: str) -> World:
    world = write_world(script, fresh.path(f"data/{script}"))
    fresh.path("world.yaml").write_text(yaml.safe_dump(config(world)), encoding="utf-8")
    fresh.config = "world.yaml"
    return world


def read(fresh: Workflow, name: str) -> pd.DataFrame:
    return pd.read_csv(fresh.path(f"{RUN}/{name}"), keep_default_na=False)


@pytest.mark.parametrize("script", ["Devanagari", "Arabic"])
def test_labels_of_another_script_are_whole_from_textgrid_to_report(fresh: Workflow, script: str) -> None:
    world = made(fresh, script)
    if script == "Arabic":  # less of a run, with phone recognition of labels that are kept
        less = {"models": ["logmel"], "analyses": ["vectors"]}
        changed = config(world) | less | {"tasks": ["asr", {"task": "pr", "label": "alignment"}]}
        fresh.path("world.yaml").write_text(yaml.safe_dump(changed), encoding="utf-8")
    fresh.snakemake()
    words = {unicodedata.normalize("NFC", word): phones for word, phones in world.words.items()}
    phones = {unicodedata.normalize("NFC", phone) for some in words.values() for phone in some}

    assert set(read(fresh, "alignment/quality.csv")["status"]) == {"aligned"}
    segments = read(fresh, "tables/segments.csv").groupby("tier")["label"].apply(set)
    assert segments["word"] == set(words) and segments["phone"] == phones
    manifest = pd.read_parquet(fresh.path(f"{RUN}/corpus/manifest.parquet"))
    assert {word for text in manifest["text"] for word in text.split(" ")} == set(words)
    grids = [path.read_text(encoding="utf-8") for path in fresh.path(f"{RUN}/alignment/textgrids").iterdir()]
    assert set(re.findall(r'text = "(.+?)"', "".join(grids))) == set(words) | phones
    texts = dict(zip(manifest["utt_id"], manifest["text"], strict=True))
    decodes = read(fresh, "downstream/logmel/asr.decodes.csv")
    assert all(texts[row.utt_id] == row.reference for row in decodes.itertuples())

    last = list(words)[-1]
    (missing,) = read(fresh, "tables/exclusions.csv").query("stage == 'vectors vectors'")["item"]
    assert missing == last
    page = fresh.path(f"{RUN}/report/report.html").read_text(encoding="utf-8")
    text = "".join(pdf_pages(fresh, "report/report.pdf"))
    if script == "Devanagari":
        assert f"<td>{last}</td>" in page and all(word in page for word in words)
        assert all(word in text for word in ("मैंगो", "घी", world.column))
        latex = fresh.path(f"{RUN}/tables/column/classification-{world.column}.tex").read_text(
            encoding="utf-8"
        )
        assert latex.startswith("% Letters that pdfLaTeX does not know")
        assert rf"\caption{{Classification ({world.column})" in latex
        assert b"NotoSansDevanagari" in fresh.path(f"{RUN}/figures/alignment.pdf").read_bytes()
    else:
        assert f"<td>\u2068{last}\u2069</td>" in page
        assert all(f"\u2068{word}\u2069, " in page for word in list(words)[:-1])
    logs = [path.read_text(encoding="utf-8") for path in fresh.path(f"{RUN}/logs").rglob("*.log")]
    assert not [log for log in logs if "missing from" in log or "in no installed font" in log]
    assert not fresh.planned()


# Texts as people have them, and their words; with digits kept, and read in English.
TEXTS = {
    "marks": ("में मैं हिन्दी நன்றி", "में मैं हिन्दी நன்றி", None),
    "tags": ("by the pound key [laughter] <unk> (coughs)", "by the pound key", None),
    "edges": ("goin' home with 'em", "goin' home with 'em", None),
    "digits": (
        "the 2nd of 1,234",
        "the 2nd of 1 234",
        "the second of one thousand two hundred and thirty four",
    ),
}


def test_texts_of_the_analysed_corpus_and_those_of_tasks_are_read_alike(fresh: Workflow) -> None:
    table = "utt_id\taudio_path\tspeaker\tsplit\ttext\n"
    audio = next(fresh.path("resources/prompts/audio").iterdir())
    table += "".join(f"{name}\t{audio}\ts\ttrain\t{text}\n" for name, (text, _, _) in TEXTS.items())
    fresh.path("texts.tsv").write_text(table, encoding="utf-8")
    corpus = {"path": "texts.tsv"}
    spoken = {**corpus, "numbers": "english"}
    values: dict[str, Any] = {"run": "world", "corpus": corpus, "corpora": {"spoken": spoken}}
    values |= {"tasks": [{"task": "asr", "corpus": "spoken"}], "models": ["resources/models/hubert-tiny"]}
    fresh.path("world.yaml").write_text(yaml.safe_dump(values), encoding="utf-8")
    fresh.config = "world.yaml"
    kept, read_aloud = f"{RUN}/corpus/manifest.parquet", f"{RUN}/corpora/spoken/manifest.parquet"
    fresh.snakemake(kept, read_aloud)
    found = [pd.read_parquet(fresh.path(path)).set_index("utt_id")["text"] for path in (kept, read_aloud)]
    assert found[0].to_dict() == {name: words for name, (_, words, _) in TEXTS.items()}
    assert found[1].to_dict() == {name: english or words for name, (_, words, english) in TEXTS.items()}
    assert read(fresh, "corpus/warnings.csv").query("utt_id == 'tags'")["warning"].tolist() == [
        "no words: [laughter], <unk>, (coughs)"
    ]
    listed = read(fresh, "corpora/spoken/warnings.csv").query("utt_id == 'digits'")["warning"].tolist()
    assert listed == [f"numbers read in English: {TEXTS['digits'][2]}"]


def pdf_pages(fresh: Workflow, name: str) -> list[str]:
    document = pypdfium2.PdfDocument(fresh.path(f"{RUN}/{name}"))
    return [page.get_textpage().get_text_range() for page in document]


def test_thai_is_aligned_although_its_transcripts_have_no_spaces(fresh: Workflow) -> None:
    world = made(fresh, "Thai")
    fresh.snakemake(f"{RUN}/alignment/quality.csv")
    quality = read(fresh, "alignment/quality.csv")
    assert set(quality["status"]) == {"aligned"} and set(quality["words"]) == {5}
    assert set(quality["reason"]) == {"words are divided otherwise than in the transcript"}
    intervals = pd.read_parquet(fresh.path(f"{RUN}/alignment/intervals.parquet"))
    assert set(intervals.loc[intervals["tier"] == "word", "label"]) == set(world.words)
