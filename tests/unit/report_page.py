"""A page to explore, made from synthetic tables with tiny pictures."""

import json
from dataclasses import fields, replace
from pathlib import Path

import numpy as np
import pandas as pd
import report_tables as synthetic
import soundfile

from layerwise import contracts
from layerwise.align.worst import worst_alignments, write_worst
from layerwise.contracts.alignment import WORST
from layerwise.options.style import StyleOptions
from layerwise.report.document import read_captions, report_content, write_html
from layerwise.report.figures.style import Style, panels, save_figure
from layerwise.report.names import figure_names
from layerwise.report.page.alignment import worst_utterances
from layerwise.report.page.downloads import read_job
from layerwise.report.page.more import more_figures
from layerwise.report.page.page import Assets, FigureFiles, page_parts
from layerwise.report.sections import captions_of

RECORD = {
    "rule": "figures",
    "artifacts": {},
    "inputs": {"tables": {"results/demo/tables/peaks.csv": "ef" * 32}},
    "params": {"script": "figures.py", "code": "12" * 32},
    "versions": {},
}
AROUND = {
    "command": "snakemake --cores 2",
    "ended": "2026-11-26T13:21:51+00:00",
    "started": "2026-11-26T13:21:28+00:00",
    "git": {"commit": "b7" * 20, "dirty": False},
}
SVG = "<svg xmlns='http://www.w3.org/2000/svg'/>"
PHONES = ["AA", "AE", "K", "S", "T"]


def decoded(facts, folder, seed=3):
    """Decodes of phone recognition for each model, all layers and the learned sum."""
    rng = np.random.default_rng(seed)
    rows = []
    for model in facts.models:
        for layer in [*(name for name, _ in synthetic.model_layers(model) if name[0] == "T"), "all"]:
            for number in range(4):
                right = rng.choice(PHONES, 6)
                said = list(np.where(rng.random(6) < 0.3, rng.choice(PHONES, 6), right))
                said = said[: rng.integers(4, 7)]
                key = (model.name, "pr", layer, 0, f"u{number}")
                rows.append((*key, " ".join(right), " ".join(said)))
    names = ["model", "task", "layer", "seed", "utt_id", "reference", "predicted"]
    return synthetic.write(
        pd.DataFrame(rows, columns=names), folder, names=("model", "task"), ending="decodes.csv"
    )


def worst_of(folder):
    """The worst alignments of three utterances of noise, with audio."""
    rng = np.random.default_rng(0)
    rows, marks, quality = [], [], []
    for number in range(3):
        path = folder / f"noise{number}.wav"
        soundfile.write(path, rng.normal(0, 0.05, 16000), 16000)
        rows.append(
            (f"noise{number}", "spk", "test", str(path), 16000, 16000, f"<b>word {number}</b>", "0" * 64)
        )
        marks += [
            (f"noise{number}", "word", 0.2, 0.8, "word", 0),
            (f"noise{number}", "phone", 0.2, 0.5, "W", 0),
            (f"noise{number}", "phone", 0.5, 0.8, "ER", 0),
        ]
        quality.append((f"noise{number}", "aligned", "", -1.5 * number, 1, 2))
    manifest = pd.DataFrame(
        rows, columns=["utt_id", "speaker", "split", "audio_path", "samples", "sample_rate", "text", "sha256"]
    )
    intervals = pd.DataFrame(marks, columns=["utt_id", "tier", "start", "end", "label", "word_index"])
    scored = pd.DataFrame(quality, columns=["utt_id", "status", "reason", "score", "words", "phones"])
    return manifest, intervals, scored


def tables_of(facts, folder: Path, *, tasks=True):
    """Tables of a synthetic run with decodes and scores of the alignment."""
    kinds = synthetic.TASKS if tasks else {}
    more = {"decodes": decoded(facts, folder / "decodes")} if tasks else {}
    made = synthetic.gathered(facts, folder / "run", tasks=kinds, **more)
    scores = np.random.default_rng(5).normal(-1.2, 0.3, len(made.utterances))
    scores[:3] = np.nan  # not aligned
    return replace(made, utterances=made.utterances.assign(score=scores))


def widened(tables, names):
    """Tables with every model once more under each name: a large run, at the cost of a small one."""
    made = {}
    for field in fields(tables):
        table = getattr(tables, field.name)
        if field.name in ("control_contrasts", "curve_contrasts", "task_contrasts"):  # they name other models
            table = table.iloc[:0]
        elif "model" in table:
            first = table[table["model"] == "hubert-tiny"]
            table = pd.concat([first.assign(model=name) for name in names], ignore_index=True)
        made[field.name] = table
    return replace(tables, **made)


def make_page(tables, facts, folder: Path, repository: Path, *, worst=True):
    """Write pictures and report.html; return the path of the page."""
    folder.mkdir(parents=True, exist_ok=True)
    pdf, png = save_figure(panels(3.4, 1, 1, 1, 1)[0], folder / "figure", Style(png_dpi=30))
    svg = folder / "figure.svg"
    svg.write_text(SVG)
    names = ["alignment", *figure_names(synthetic.ANALYSES, tables.tasks)]
    record = folder / "lineage/figures.json"
    (record.parent / "runs").mkdir(parents=True, exist_ok=True)
    record.write_text(json.dumps(RECORD))
    (record.parent / "runs/figures.json").write_text(json.dumps(AROUND))
    latex = folder / "choice.tex"
    latex.write_text("\\begin{tabular}{l}\\end{tabular}")
    drawn = read_job(record)
    assert drawn is not None
    jobs = {"": drawn, "tables": replace(drawn, rule="tables", script="scripts/tables.py")}
    files = FigureFiles(dict.fromkeys(names, pdf), dict.fromkeys(names, svg), {"choice": latex}, jobs)
    shown = []
    if worst:
        manifest, intervals, quality = worst_of(folder)
        contracts.write(WORST, found := worst_alignments(manifest, quality), folder / "worst.csv")
        write_worst(found, manifest, intervals, folder / "worst", audio=True)
        shown = worst_utterances(folder / "worst.csv", folder / "worst")
    report = repository / "report"
    written = read_captions(report)
    content = report_content(tables, facts, written)
    captions = captions_of(content)
    more = more_figures(names, captions, written, tables, facts, many=False)
    texts = {"methods.md": "## Methods\n\nPlain *text*.\n", "references.bib": "@misc{a,\n}\n"}
    page = page_parts(
        tables, facts, captions, files, StyleOptions(), Assets.below(report), shown, texts, more
    )
    write_html(content, report / "report.html.j2", dict.fromkeys(names, png), folder / "report.html", page)
    return folder / "report.html"
