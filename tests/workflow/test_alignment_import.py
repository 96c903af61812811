"""Alignments of others in a run: the rules that read them, and the download of a missing archive."""

import zipfile

import pandas as pd
import soundfile

ALIGNER = "aligner=librispeech-alignments"
ARCHIVE = "data/librispeech_alignments.zip"
AGREEMENT = "results/ci/tables/alignment_agreement.csv"
REPORT = "results/ci/report/report.pdf"


def textgrid(text, seconds):
    """A TextGrid in which the words share the time, each with a single phone."""
    words = text.split()
    edges = [round(seconds * number / len(words), 3) for number in range(len(words))] + [seconds]
    lines = ['File type = "ooTextFile"', 'Object class = "TextGrid"', "", "0", f"{seconds}", "<exists>", "2"]
    for name, labels in (("words", words), ("phones", ["AH1"] * len(words))):
        lines += ['"IntervalTier"', f'"{name}"', "0", f"{seconds}", f"{len(words)}"]
        for start, end, label in zip(edges, edges[1:], labels, strict=False):
            lines += [f"{start}", f"{end}", f'"{label}"']
    return "\n".join(lines) + "\n"


def test_published_alignments_are_read_and_fetched_only_where_missing(fresh):
    quality = "results/ci/alignment/quality.csv"
    run = (quality, "--config", ALIGNER)
    assert fresh.planned(*run)["download_alignments"] == 1
    prompts = fresh.path("resources/prompts")
    table = pd.read_csv(prompts / "prompts.tsv", sep="\t")
    fresh.path("data").mkdir()
    with zipfile.ZipFile(fresh.path(ARCHIVE), "w") as bundle:
        for row in table.iloc[1:].itertuples():
            seconds = soundfile.info(prompts / row.audio_path).duration
            bundle.writestr(f"LibriSpeech/x/{row.utt_id}.TextGrid", textgrid(row.text, seconds))
    fresh.snakemake(*run)
    listed = pd.read_csv(fresh.path(quality), keep_default_na=False)
    assert (listed["status"] == "aligned").mean() > 0.9

    with zipfile.ZipFile(fresh.path(ARCHIVE)) as bundle:
        bundle.extractall(fresh.path("data/second"))
    compare = ("--config", ALIGNER, "alignment={compare: {path: data/second}}")
    assert fresh.planned(REPORT, *compare)["alignment_agreement"] == 1
    fresh.snakemake(AGREEMENT, *compare)
    table = pd.read_csv(fresh.path(AGREEMENT)).query("tier == 'word' and boundary == 'both'")
    assert (table["compared"] == table["boundaries"]).all() and (table["median_ms"] == 0).all()
    assert not fresh.planned(AGREEMENT, *compare)

    with zipfile.ZipFile(fresh.path(ARCHIVE), "a") as bundle:
        bundle.writestr("LibriSpeech/another.txt", "changed")
    assert set(fresh.planned(*run)) == {"align"}


def test_download_fetches_the_alignments_of_the_paper(fresh):
    fresh.config = "configs/paper.yaml"
    planned = {"download": 1, "download_corpus": 5, "download_alignments": 1, "hub_model": 7}
    assert fresh.planned("download") == planned
