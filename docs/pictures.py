"""Draw the pictures of docs/architecture.md: the rules of the workflow, and the rooms of the library.

    python docs/pictures.py

An arrow that follows from others is left out. Each SVG file holds the graph that it shows as its description;
a test compares that with the code.
"""

import ast
import json
import re
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[1]
FOLDER = ROOT / "docs/pictures"
# What the default run leaves out and a config can ask for.
OPTIONAL = {
    "inter": {"pairs": [["hubert-tiny", "wav2vec2-tiny"]]},
    "vectors": {"cca-features": {"file": "resources/phone-features.tsv", "unit": "phone"}},
    "alignment": {"compare": {"path": "resources/prompts"}},
}
Graph = dict[str, list[str]]  # each box, and those that it needs


def rule_graph() -> dict[str, Any]:
    """Return ``needs`` (each rule, and the rules whose files it reads) and ``optional`` rules."""
    config = yaml.safe_load((ROOT / "config.yaml").read_text(encoding="utf-8"))
    default = _planned_rules(config)
    hub = {
        "models": [*config["models"], {"name": "hub", "source": "facebook/hubert-base-ls960", "twin": False}]
    }
    more = {**OPTIONAL, "analyses": [*config["analyses"], "cca-features"], **hub}
    whole = _planned_rules({**config, **more})
    return {"needs": reduced(whole), "optional": sorted(whole.keys() - default.keys())}


def room_graph() -> dict[str, Any]:
    """Return ``needs`` (each room of the library, and the rooms that it imports from) and ``floors``."""
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"]
    layers = next(item["layers"] for item in contracts["contracts"] if item["type"] == "layers")
    floors = [[room.strip() for room in re.split(r"[|:]", layer)] for layer in layers]
    needs: dict[str, set[str]] = {room: set() for floor in floors for room in floor}
    for path in sorted((ROOT / "layerwise").rglob("*.py")):
        room = path.relative_to(ROOT / "layerwise").parts[0].removesuffix(".py")
        if room in needs:
            found = {name.split(".")[1] for name in _imports(path) if name.startswith("layerwise.")}
            needs[room] |= found & needs.keys() - {room}
    ground = set(floors[-1])  # which all rooms use
    graph = {room: sorted(found - ground) for room, found in needs.items() if room not in ground}
    return {"needs": reduced(graph), "floors": floors}


def read_graph(picture: Path) -> Any:
    """Return the graph that a picture shows."""
    text = re.search(
        r"<dc:description>(.*?)</dc:description>", picture.read_text(encoding="utf-8"), re.DOTALL
    )
    assert text, f"{picture} has no description"
    return json.loads(text[1].replace("&quot;", '"').replace("&amp;", "&"))


def _planned_rules(config: Mapping[str, Any]) -> Graph:
    """Each rule that a run of a config plans, and the rules that it needs."""
    with tempfile.NamedTemporaryFile("w", suffix=".yaml") as file:
        json.dump({**config, "run": "picture"}, file)
        file.flush()
        command = [sys.executable, "-m", "snakemake", "--rulegraph", f"--configfile={file.name}", "--cores=1"]
        dot = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    names = dict(re.findall(r'^\s*(\d+)\[label = "(\w+)"', dot, re.MULTILINE))
    graph: Graph = {name: [] for name in sorted(names.values())}
    for source, target in re.findall(r"^\s*(\d+) -> (\d+)", dot, re.MULTILINE):
        graph[names[target]].append(names[source])
    del graph["all"]
    return {name: sorted(needed) for name, needed in graph.items()}


def _imports(path: Path) -> Iterator[str]:
    """Names of all that a file imports when it runs."""
    package = ["layerwise", *path.relative_to(ROOT / "layerwise").parent.parts]
    queue: list[ast.AST] = [ast.parse(path.read_text(encoding="utf-8"))]
    while queue:
        node = queue.pop()
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else []
            yield from (".".join([*base, *filter(None, [node.module]), alias.name]) for alias in node.names)
        if isinstance(node, ast.If) and getattr(node.test, "id", "") == "TYPE_CHECKING":
            queue += node.orelse
        else:
            queue += ast.iter_child_nodes(node)


def reduced(graph: Graph) -> Graph:
    """Leave out what follows: an arrow where a longer way leads to the same box."""
    below = {box: _reached(graph, box) for box in graph}
    return {
        box: [other for other in needed if not any(other in below[between] for between in needed)]
        for box, needed in graph.items()
    }


def _reached(graph: Graph, box: str) -> set[str]:
    return {box_ for needed in graph[box] for box_ in {needed, *_reached(graph, needed)}}


def rows_by_need(graph: Graph) -> list[list[str]]:
    """Rows of boxes, from those that need nothing downwards: each is below all that it needs."""
    depth: dict[str, int] = {}

    def find(box: str) -> int:
        if box not in depth:
            depth[box] = max((find(needed) + 1 for needed in graph[box]), default=0)
        return depth[box]

    for box in graph:
        find(box)
    return [[box for box in graph if depth[box] == row] for row in range(max(depth.values()) + 1)]


Point = tuple[float, float]


def place(
    rows: list[list[str]], arrows: Iterable[tuple[str, str]]
) -> tuple[dict[str, Point], list[list[Point]]]:
    """Return where the boxes are, and the points that each arrow goes through, with few crossings.

    Rows count downwards. An arrow that passes a row takes a place in it, so that it passes beside the boxes.
    """
    row_of = {box: number for number, row in enumerate(rows) for box in row}
    ways, rows = [], [list(row) for row in rows]
    for start, end in arrows:
        step = 1 if row_of[start] < row_of[end] else -1
        between = [f"{start}>{end}>{row}" for row in range(row_of[start] + step, row_of[end], step)]
        for box in between:
            rows[int(box.rpartition(">")[2])].append(box)
        ways.append([start, *between, end])
    neighbours: dict[str, list[str]] = {box: [] for row in rows for box in row}
    for way in ways:
        for first, second in pairwise(way):
            neighbours[first].append(second)
            neighbours[second].append(first)
    width = {box: 0.45 if ">" in box else 1.0 for box in neighbours}
    x = {box: place for row in rows for box, place in _spread(row, width).items()}
    for _ in range(60):  # each box to the middle of its neighbours, then apart
        for row in (*rows, *reversed(rows)):
            wish = {
                box: sum(x[other] for other in neighbours[box]) / max(len(neighbours[box]), 1) for box in row
            }
            row.sort(key=lambda box: wish[box] if neighbours[box] else x[box])
            x |= _apart(row, wish, width)
    height = {box: -float(number) for number, row in enumerate(rows) for box in row}
    points = {box: (x[box], height[box]) for box in neighbours}
    return {box: points[box] for box in row_of}, [[points[box] for box in way] for way in ways]


def _spread(row: list[str], width: Mapping[str, float]) -> dict[str, float]:
    total, places = sum(width[box] for box in row), {}
    left = -total / 2
    for box in row:
        places[box] = left + width[box] / 2
        left += width[box]
    return places


def _apart(row: list[str], wish: Mapping[str, float], width: Mapping[str, float]) -> dict[str, float]:
    """Places as near to the wished ones as the widths allow (isotonic regression)."""
    offset = _spread(row, width)
    blocks: list[tuple[float, int]] = []  # mean of wish minus offset, size
    for box in row:
        mean, size = wish[box] - offset[box], 1
        while blocks and blocks[-1][0] > mean:
            other, more = blocks.pop()
            mean, size = (mean * size + other * more) / (size + more), size + more
        blocks.append((mean, size))
    means = [mean for mean, size in blocks for _ in range(size)]
    return {box: offset[box] + mean for box, mean in zip(row, means, strict=True)}


def draw(graph: dict[str, Any], target: Path) -> None:
    """Draw a graph into a file, whose suffix says in which format.

    A graph with ``floors`` is drawn floor by floor, arrows to what a box needs; one without, from what needs
    nothing downwards, arrows to what needs it. Boxes in ``optional`` are dashed.
    """
    import matplotlib
    import matplotlib.pyplot as plt
    from matplotlib.patches import FancyBboxPatch, PathPatch, Polygon
    from matplotlib.path import Path as Curve

    matplotlib.rcParams.update({"svg.hashsalt": target.stem, "font.family": "DejaVu Sans"})
    needs = graph["needs"]
    if "floors" in graph:
        *rows, ground = graph["floors"]  # the ground floor is one box without arrows
        arrows = [(box, other) for box, needed in needs.items() for other in needed]
    else:
        rows = rows_by_need(needs)
        arrows = [(other, box) for box, needed in needs.items() for other in needed]
    boxes, ways = place(rows, arrows)
    across = [x for x, _ in (*boxes.values(), *(point for way in ways for point in way))]
    left, right = min(across) - 0.6, max(across) + 0.6
    if "floors" in graph:
        boxes[" · ".join(ground)] = ((left + right) / 2, -float(len(rows)))
    bottom = min(y for _, y in boxes.values())
    figure = plt.figure(figsize=(1.75 * (right - left), 0.8 * (0.9 - bottom)))
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set_xlim(left, right)
    axes.set_ylim(bottom - 0.45, 0.45)
    axes.axis("off")
    half_width, half_height = 0.44, 0.24
    for way in ways:
        (x0, y0), (x1, y1) = way[0], way[-1]
        corners = [(x0, y0 - half_height), *way[1:-1], (x1, y1 + half_height)]
        vertices, codes = [corners[0]], [Curve.MOVETO]
        for (ax, ay), (bx, by) in pairwise(corners):
            vertices += [(ax, (ay + by) / 2), (bx, (ay + by) / 2), (bx, by)]
            codes += [Curve.CURVE4] * 3
        axes.add_patch(PathPatch(Curve(vertices, codes), fill=False, edgecolor="#5f6b76", linewidth=1.1))
        tip = y1 + half_height
        head = [(x1, tip), (x1 - 0.035, tip + 0.11), (x1 + 0.035, tip + 0.11)]
        axes.add_patch(Polygon(head, closed=True, color="#5f6b76", linewidth=0))
    for box, (x, y) in boxes.items():
        wide = half_width if box in needs else (right - left) / 2 - 0.16
        optional = box in graph.get("optional", ())
        patch = FancyBboxPatch(
            (x - wide, y - half_height),
            2 * wide,
            2 * half_height,
            boxstyle="round,pad=0,rounding_size=0.06",
            facecolor="white" if optional else "#e3edf5",
            edgecolor="#27496d",
            linewidth=1.2,
            linestyle="--" if optional else "-",
        )
        axes.add_patch(patch)
        axes.text(x, y, box.replace("alignment_", "alignment_\n"), ha="center", va="center", fontsize=10)
    target.parent.mkdir(exist_ok=True)
    about = (
        {"Date": None, "Creator": None, "Description": json.dumps(graph)} if target.suffix == ".svg" else {}
    )
    figure.savefig(target, metadata=about)
    plt.close(figure)


if __name__ == "__main__":
    draw(rule_graph(), FOLDER / "rules.svg")
    draw(room_graph(), FOLDER / "rooms.svg")
