"""Our values beside published ones: the path of `make reference`, with stand-ins for all that is fetched."""

import pandas as pd
import yaml
from running import Workflow

PUBLISHED = """model,corpus,measure,variant,layer,value,tolerance,source,commit
resources/models/hubert-tiny,Prompts,word-map,tool,T1,0.4,1.0,a paper,12ab
resources/models/hubert-tiny,Prompts,word-map,tool,T2,5.0,0.01,a paper,12ab
resources/models/hubert-tiny,Others,word-map,tool,T1,0.4,0.01,a paper,12ab
"""


def test_published_values_are_in_tables_and_report(clone: Workflow) -> None:
    config = yaml.safe_load(clone.path("configs/ci.yaml").read_text())
    compared = {"files": ["data/published.csv"], "corpora": ["Prompts"]}
    config |= {"measures": ["word-map"], "report": {"published": compared}}
    clone.path("mine.yaml").write_text(yaml.safe_dump(config))
    clone.config = "mine.yaml"
    clone.path("data").mkdir(exist_ok=True)
    clone.path("data/published.csv").write_text(PUBLISHED)
    clone.snakemake()
    run = clone.path("results/ci")
    measures = pd.read_csv(run / "tables/measures.csv").set_index(["model", "layer", "variant"])["value"]
    table = pd.read_csv(run / "tables/published.csv")
    assert table[["layer", "corpus", "within"]].to_numpy().tolist() == [
        ["T1", "Prompts", "yes"],
        ["T2", "Prompts", "no"],
    ]
    assert table["value"].tolist() == [measures["hubert-tiny", layer, "tool"] for layer in ("T1", "T2")]
    assert "Beside published values" in (run / "report/report.html").read_text()
    assert not clone.planned()
    clone.path("data/published.csv").write_text(PUBLISHED.replace("5.0", "0.5"))
    assert set(clone.planned()) == {"tables", "views", "figures", "report"}


def test_both_parts_of_the_reference_are_planned(fresh: Workflow) -> None:
    for files, part in ((1, "dev-clean"), (2, "dev-other")):
        configs = ["configs/reference.yaml", "configs/reference-other.yaml"][:files]
        output = fresh.snakemake("--dry-run", "--configfile", *configs, "--until", "download_corpus").output
        assert f"data/LibriSpeech/{part}" in output
