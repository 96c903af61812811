"""Models that are their authors' files: these are inputs of extraction, and a missing one is named."""

from running import Workflow

MODELS = """models:
  - avhubert:data/av.pt
  - {name: fast, source: "fastvgs:data/fast vgs"}
"""


def test_checkpoint_files_are_inputs_and_a_missing_one_is_named(fresh: Workflow) -> None:
    config = fresh.path("configs/ci.yaml")
    text = config.read_text()
    config.write_text(text.replace("models:\n", MODELS))
    missing = fresh.snakemake("--dry-run", "results/ci/features/random-av.pt.digest.json", check=False)
    assert missing.returncode != 0
    assert "model `random-av.pt`: data/av.pt does not exist; put the authors' file there" in missing.output

    files = ["data/av.pt", "data/fast vgs/best_bundle.pth", "data/fast vgs/args.pkl"]
    for file in files:
        fresh.path(file).parent.mkdir(parents=True, exist_ok=True)
        fresh.path(file).touch()
    rules = fresh.path("rules/features.smk")
    message = '    message:\n        "Encoding the corpus with {wildcards.model}"\n'
    assert message in rules.read_text()
    rules.write_text(rules.read_text().replace(message, ""))  # a job with a message does not print its inputs
    stores = [f"results/ci/features/{name}.digest.json" for name in ("av.pt", "fast", "random-fast")]
    planned = fresh.snakemake("--dry-run", *stores).output
    inputs = [line for line in planned.splitlines() if line.strip().startswith("input:")]
    assert [sum(file in line for line in inputs) for file in files] == [1, 2, 2]
