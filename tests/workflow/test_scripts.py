"""Speech in scripts of the world, from TextGrids to the report."""

import re
import unicodedata
from pathlib import Path

import pandas as pd
import pytest
import yaml
from running import Workflow
from world import World, write_world

RUN = "results/world"


def config(world: World) -> dict:
    folder = f"data/{world.script}"
    return {
        "run": "world",
        "corpus": {"path": f"{folder}/prompts.tsv", "description": f"Made up: {' '.join(world.words)}."},
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
        "analyses": ["cca-phone", "cca-word", "vectors"],
        "tasks": [
            "asr",
            {"task": "pr", "label": "alignment"},
            {"task": "classification", "label": world.column},
        ],
        "cca": {"parts": 4, "epsilons": [0.1], "permutations": 0},
        "downstream": {"learning_rates": [0.01], "epochs": 1, "seeds": 1, "bootstrap": 10},
    }


@pytest.mark.parametrize("script", ["Devanagari", "Arabic", "Thai"])
def test_a_corpus_of_another_script_gets_its_report(fresh: Workflow, script: str) -> None:
    world = write_world(script, fresh.path(f"data/{script}"))
    fresh.path("world.yaml").write_text(yaml.safe_dump(config(world)), encoding="utf-8")
    fresh.config = "world.yaml"
    ran = fresh.snakemake()
    print(ran.output[-3000:])
