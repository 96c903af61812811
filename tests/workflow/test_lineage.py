"""What a finished run makes of replaced, edited and deleted files: real runs, and the jobs that they start."""

import os
import re
import shutil
import signal
import time
from pathlib import Path

import pytest
from running import Workflow

RUN = "results/ci"
CSV = f"{RUN}/tables/layer_scores.csv"
PLANNED_ANEW = {"manifest", "align", "samples", "selection"}


def jobs_done(workflow: Workflow, *arguments: str) -> list[str]:
    """Run snakemake to its end; return the rules of the jobs that it ran."""
    output = workflow.snakemake(*arguments).output
    done = re.findall(r"^Finished jobid: \d+ \(Rule: (\w+)\)", output, re.MULTILINE)
    return sorted(set(done) - {"all"})


def replace_by_older(path: Path, content: bytes) -> None:
    """What `mv`, `cp -p`, `tar` and `rsync -a` do: another file in the same place, older than all results."""
    aside = path.with_name(f"{path.name}.aside")
    aside.write_bytes(content)
    shutil.copymode(path, aside)
    long_ago = time.time() - 1e7
    os.utime(aside, (long_ago, long_ago))
    aside.replace(path)


def audio_of(workflow: Workflow) -> list[Path]:
    return sorted(workflow.path("resources/prompts/audio").glob("*.ogg"))


@pytest.mark.parametrize(
    ("name", "rule"),
    [
        ("resources/prompts/prompts.tsv", "manifest"),
        ("resources/prompts/lexicon.txt", "align"),
        ("resources/models/hubert-tiny/config.json", "extract"),
        ("report/template.typ", "report"),
    ],
)
def test_an_older_file_in_the_same_place_is_seen(finished: Workflow, name: str, rule: str) -> None:
    path = finished.path(name)
    before = path.read_bytes()
    try:
        replace_by_older(path, before.replace(b"a", b"b", 1))
        assert rule in finished.planned()
        replace_by_older(path, before)
        assert not finished.planned(), "the same bytes, whatever the times"
    finally:
        path.write_bytes(before)


def test_older_audio_of_the_same_size_is_seen(finished: Workflow) -> None:
    path = audio_of(finished)[0]
    before = path.read_bytes()
    try:
        replace_by_older(path, before[:-1] + bytes([before[-1] ^ 1]))
        assert path.stat().st_size == len(before)
        assert "manifest" in finished.planned()
    finally:
        path.write_bytes(before)


def test_a_wave_ends_where_the_bytes_are_the_same(clone: Workflow) -> None:
    assert jobs_done(clone, "--forcerun", "manifest") == ["manifest"]
    assert not clone.planned()

    table = clone.path("resources/prompts/prompts.tsv")
    head, *rows = table.read_text().splitlines(keepends=True)
    table.write_text("".join([head, *reversed(rows)]))
    assert jobs_done(clone) == ["manifest"]
    assert not clone.planned()


def test_audio_that_no_sample_has_encodes_nothing_anew(clone: Workflow) -> None:
    """One utterance of a run without tasks changes: it is checked and aligned, and that is all but the text."""
    for path in (clone.path(f"{RUN}/samples"), clone.path(f"{RUN}/features")):
        shutil.rmtree(path)  # that of the run with tasks, which encodes everyone
    for record in clone.path(f"{RUN}/lineage").glob("*.json"):
        if record.name.startswith(("samples", "features")):
            record.unlink()
    clone.snakemake("--config", "tasks=[]")
    import pandas as pd

    manifest = pd.read_parquet(clone.path(f"{RUN}/corpus/manifest.parquet"))
    selection = pd.read_parquet(clone.path(f"{RUN}/samples/selection.parquet"))
    unused = manifest[~manifest.utt_id.isin(selection.utt_id)]
    assert 0 < len(unused) < len(manifest)
    changed = clone.path(unused.audio_path.iloc[0])
    changed.write_bytes(changed.read_bytes() + b"\0")
    done = set(jobs_done(clone, "--config", "tasks=[]"))
    assert {"manifest", "selection"} <= done
    assert not done & {"extract", "cca", "downstream"}, done
