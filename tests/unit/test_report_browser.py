"""The page in a browser: what it draws, and what clicks and keys make of it. Any request fails a test."""

import io
import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import report_page
import report_tables as synthetic

from layerwise.report.run_tables import of

sync_api = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed")
CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome")
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium: run tests/install_browser.sh")

WIDTHS = (1400, 800, 390)
MINUS = "\N{MINUS SIGN}"
LINES = "document.getElementById('curves-plot').data.filter((trace) => trace.customdata)"
DRAWN = f"""{LINES}.map((trace) => {{
  const kept = (values) => values.filter((_, place) => trace.customdata[place]);
  const layers = kept(trace.customdata).map((at) => at[1]);
  return {{ model: trace.meta.model, x: kept(trace.x), y: kept(trace.y), layers }};
}})"""
RULES = Path(__file__).with_name("page_rules.js").read_text()


@pytest.fixture(scope="module")
def address(page_file):
    return page_file.as_uri()


@pytest.fixture(scope="module")
def browser():
    with sync_api.sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield started
        started.close()


@pytest.fixture
def opened(browser, address) -> Iterator:
    """Open the page at a width; at the end, no request and no error may have happened."""
    told, contexts = [], []

    def open_page(width=1400, **options):
        context = browser.new_context(viewport={"width": width, "height": 900}, offline=True, **options)
        contexts.append(context)
        page = context.new_page()
        page.on("request", lambda asked: told.append(asked.url) if _outside(asked.url, address) else None)
        page.on("pageerror", lambda error: told.append(str(error)))
        page.on("console", lambda said: told.append(said.text) if said.type == "error" else None)
        page.goto(address)
        page.set_default_timeout(5000)
        if options.get("java_script_enabled", True):
            page.wait_for_selector("html.js", state="attached")
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert told == []


def _outside(url, address):
    return not url.startswith(("data:", "blob:")) and url.split("#")[0] != address


def choose(page, title):
    page.select_option("#curves-what", label=title)


def drawn(page):
    return {line["model"]: line for line in page.evaluate(DRAWN)}


@pytest.mark.parametrize("width", WIDTHS)
def test_nothing_is_wider_than_the_screen_and_the_controls_are_there(opened, width):
    page = opened(width)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    for control in ("#curves-what", "#theme", "#layer-model", "[data-plot=curves-plot][data-take=pdf]"):
        page.locator(control).scroll_into_view_if_needed()
        box = page.locator(control).bounding_box()
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= width
    assert page.locator("#curves-plot .trace").count() > 0


def test_every_plotted_point_is_its_cell(opened, page_tables):
    page = opened()
    kinds = page.evaluate("PAGE.curves")
    assert len(kinds) == len(synthetic.ANALYSES) + 2 * len(synthetic.TASKS)
    for kind in kinds:
        choose(page, kind["title"])
        table = getattr(page_tables, kind["table"])
        for column, value in kind["where"].items():
            table = table[table[column] == value]
        if kind["each"]:
            table = table.groupby(["model", "layer"])[kind["value"]].mean().reset_index()
        for model, line in drawn(page).items():
            cells = (
                table[table["model"] == model].set_index("layer")[kind["value"]].drop("all", errors="ignore")
            )
            assert set(line["layers"]) == set(cells.dropna().index), (kind["title"], model)
            exact = 1e-15 if kind["each"] else 0
            wanted = [cells[layer] * kind["factor"] for layer in line["layers"]]
            np.testing.assert_allclose(line["y"], wanted, rtol=exact)
        assert set(drawn(page)) == set(table["model"])


def test_values_can_be_centred_and_stretched(opened, page_tables):
    page = opened()
    choose(page, "CCA-phone (phone identity)")
    table = page_tables.layer_summary.query("analysis == 'cca-phone' and model == 'hubert-tiny'").set_index(
        "layer"
    )
    scores = table["score"]
    blocks = scores[[layer.startswith("T") for layer in scores.index]]
    page.get_by_label("centred").check()
    line = drawn(page)["hubert-tiny"]
    np.testing.assert_allclose(line["y"], scores[line["layers"]] - blocks.mean(), atol=1e-12)
    page.get_by_label("min\N{EN DASH}max").check()
    line = drawn(page)["hubert-tiny"]
    wanted = (scores[line["layers"]] - blocks.min()) / (blocks.max() - blocks.min())
    np.testing.assert_allclose(line["y"], wanted, atol=1e-12)
    page.get_by_label("relative").check()
    line = drawn(page)["hubert-tiny"]
    np.testing.assert_allclose(line["x"], table["layer_index"][line["layers"]] / 6, atol=1e-12)


def test_models_families_twins_and_conv_layers_switch(opened):
    page = opened()
    assert {"hubert-tiny", "random-hubert-tiny", "logmel"} <= set(drawn(page))
    page.locator("input[name=model][value=hubert-tiny]").uncheck()
    assert "hubert-tiny" not in drawn(page)
    page.locator("input[name=family][value='masked cluster prediction']").check()
    assert "hubert-tiny" in drawn(page)
    page.get_by_label("random twins and baselines").uncheck()
    assert set(drawn(page)) == {"hubert-tiny", "wav2vec2-tiny"}
    page.locator("input[name=family][value='masked contrastive prediction']").uncheck()
    assert set(drawn(page)) == {"hubert-tiny"}
    assert "C1" in drawn(page)["hubert-tiny"]["layers"]
    page.get_by_label("conv layers").uncheck()
    assert not [layer for layer in drawn(page)["hubert-tiny"]["layers"] if layer.startswith("C")]


def point_of(page, model, layer):
    """Where a point is on the screen."""
    return page.evaluate(
        """([model, layer]) => {
          const plot = document.getElementById("curves-plot");
          plot.scrollIntoView({block: "center", behavior: "instant"});
          const trace = plot.data.find((each) => each.customdata && each.meta.model === model);
          const at = trace.customdata.findIndex((each) => each && each[1] === layer);
          const box = plot.getBoundingClientRect();
          const { xaxis, yaxis } = plot._fullLayout;
          const [x, y] = [xaxis.d2p(trace.x[at]), yaxis.d2p(trace.y[at])];
          return [box.left + xaxis._offset + x, box.top + yaxis._offset + y];
        }""",
        [model, layer],
    )


def test_a_hover_tells_value_interval_n_and_chance(opened, page_tables):
    page = opened()
    choose(page, "CCA-phone (phone identity)")
    page.mouse.move(*point_of(page, "hubert-tiny", "T5"))
    page.wait_for_selector("#curves-plot .hoverlayer text")
    said = page.locator("#curves-plot .hoverlayer").text_content()
    row = page_tables.layer_summary.query(
        "analysis == 'cca-phone' and model == 'hubert-tiny' and layer == 'T5'"
    ).iloc[0]
    for text in (
        *("hubert-tiny T5", f"PWCCA score: {row['score']:.3f}", f"n = {row['n_units']}"),
        *(f"[{row['low']:.3f}, {row['high']:.3f}]", f"permuted targets: {row['null']:.3f}"),
    ):
        assert text.replace("-0", f"{MINUS}0") in said


def test_a_click_on_a_point_opens_its_layer(opened, page_tables):
    page = opened()
    choose(page, "CCA-phone (phone identity)")
    page.mouse.click(*point_of(page, "hubert-tiny", "T2"))
    assert page.locator("#layer-title").text_content() == "Layer T2 of hubert-tiny"
    told = page.locator("#layer-tables").text_content()
    row = page_tables.downstream_summary.query(
        "model == 'hubert-tiny' and layer == 'T2' and metric == 'per'"
    ).iloc[0]
    assert f"{row['value']:.3f}" in told
    page.select_option("#layer-task", value="pr")
    errors = page_tables.label_errors.query(
        "model == 'hubert-tiny' and layer == 'T2' and task == 'pr' and n > 0"
    )
    rates = sorted((errors["substituted"] + errors["deleted"]) / errors["n"], reverse=True)
    np.testing.assert_allclose(page.evaluate("document.getElementById('layer-labels').data[0].y"), rates)
    heads = page.locator("#layer-head option").evaluate_all("(all) => all.map((one) => one.value)")
    assert set(heads) == set(page_tables.confusions.query("model == 'hubert-tiny' and task == 'pr'")["layer"])
    page.locator("#layer-after").click()
    assert page.locator("#layer-title").text_content() == "Layer T3 of hubert-tiny"


def saved(page, click):
    with page.expect_download() as waiting:
        click()
    return waiting.value.suggested_filename, waiting.value.path().read_bytes()


def test_what_is_saved_is_what_the_run_has(opened, page_tables):
    page = opened()
    figure = page.locator("#figure-layers")
    name, content = saved(page, lambda: figure.get_by_role("button", name="CSV: layer_summary").click())
    assert name == "layer_summary.csv"
    again = pd.read_csv(
        io.BytesIO(content),
        dtype=page_tables.layer_summary.dtypes.to_dict(),
        keep_default_na=False,
        na_values={name: [""] for name in page_tables.layer_summary.select_dtypes("number")},
    )
    pd.testing.assert_frame_equal(again, page_tables.layer_summary.reset_index(drop=True), check_exact=True)
    name, content = saved(page, lambda: figure.get_by_role("button", name="SVG").click())
    assert (name, content.decode()) == ("layers.svg", report_page.SVG)
    name, content = saved(page, lambda: figure.get_by_role("link", name="PDF").click())
    assert name == "layers.pdf"
    assert content.startswith(b"%PDF")
    name, content = saved(page, lambda: page.get_by_role("link", name="TeX: choice.tex").click())
    assert b"tabular" in content
    name, content = saved(page, lambda: page.get_by_role("button", name="SVG of the curves").click())
    assert b"<svg" in content
    name, content = saved(page, lambda: page.get_by_role("link", name="TextGrid").first.click())
    assert b"ooTextFile" in content


PLOTS = ("curves-plot", "layer-weights", "layer-labels", "layer-confusion", "alignment-scores")


def number(value, digits=3):
    return f"{value:.{digits}f}".replace("-", MINUS)


PANELS = """() => Object.entries(PAGE.layers).flatMap(([model, layers]) =>
  Object.keys(layers).map((layer) => {
    chooseLayer(model, layer);
    const texts = (row) => [...row.cells].map((cell) => cell.textContent);
    const tables = [...document.querySelectorAll("#layer-tables table")];
    const told = tables.map((table) => [table.caption.textContent, [...table.tBodies[0].rows].map(texts)]);
    return { model, layer, told: Object.fromEntries(told) };
  }))"""


def test_every_number_of_every_layer_is_its_cell(opened, page_tables, page_facts):
    panels = opened().evaluate(PANELS)
    summary = page_tables.layer_summary.set_index(["model", "layer"])
    assert {(panel["model"], panel["layer"]) for panel in panels} >= set(summary.index)
    for panel in panels:
        where = {"model": panel["model"], "layer": panel["layer"]}
        own = of(page_tables.layer_summary, **where)
        rows = {row[0]: row for row in panel["told"].get("Layer analyses", [])}
        assert len(rows) == len(own)
        for row in own.itertuples():
            cells = rows[page_facts.analysis(row.analysis).title]
            assert cells[1] == number(row.score)
            assert cells[2] == f"[{number(row.low)}, {number(row.high)}]"
            assert cells[3] == number(row.null)
            assert cells[9] == row.tie
            chosen = of(page_tables.regularisers, **where, analysis=str(row.analysis))
            assert all(f"({times}\N{MULTIPLICATION SIGN})" in cells[10] for times in chosen["times"])
        own = of(page_tables.downstream_summary, **where)
        rows = {row[0]: row for row in panel["told"].get("Tasks", [])}
        assert len(rows) == len(own)
        for row in own.itertuples():
            task = page_facts.task(row.task)
            (metric,) = [each for each in task.metrics if each.name == row.metric]
            cells = rows[f"{task.title}: {metric.title}"]
            assert cells[1:3] == [number(row.value), f"[{number(row.low)}, {number(row.high)}]"]
            weights = of(page_tables.weights, **where, task=str(row.task))["weight"]
            assert weights.empty or cells[5] == number(weights.mean())


def test_bars_and_confusions_are_their_cells(opened, page_tables):
    page = opened()
    page.evaluate("chooseLayer('hubert-tiny', 'T2')")
    page.select_option("#layer-task", value="pr")
    drawn_bars = "(id) => { const { x, y } = document.getElementById(id).data[0]; return { x, y }; }"
    bars = page.evaluate(drawn_bars, "layer-weights")
    weights = page_tables.weights.query("model == 'hubert-tiny' and task == 'pr'").groupby("layer")["weight"]
    np.testing.assert_allclose(bars["y"], weights.mean()[bars["x"]], rtol=1e-15)
    assert set(bars["x"]) == set(weights.groups)
    for head in ("all", page.locator("#layer-head").input_value()):
        page.select_option("#layer-head", value=head)
        shown = page.evaluate("document.getElementById('layer-confusion').data[0]")
        rows = page_tables.confusions.query("model == 'hubert-tiny' and task == 'pr' and layer == @head")
        totals = rows.groupby("reference")["times"].sum()
        cells = sum(value is not None for row in shown["z"] for value in row)
        assert cells == len(rows)
        for row in rows.itertuples():
            said = (("y", row.reference), ("x", row.predicted))
            y, x = (shown[axis].index(label or "\N{EMPTY SET}") for axis, label in said)
            assert shown["z"][y][x] == row.times / totals[row.reference]


def test_the_histogram_counts_all_scores(opened, page_tables):
    page = opened()
    scores = page_tables.utterances["score"].dropna()
    bars = page.evaluate("document.getElementById('alignment-scores').data[0]")
    edges = [x - width / 2 for x, width in zip(bars["x"], bars["width"], strict=True)]
    counts, _ = np.histogram(scores, [*edges, bars["x"][-1] + bars["width"][-1] / 2])
    assert bars["y"] == counts.tolist()
    assert sum(bars["y"]) == len(scores)
    page.locator("#alignment summary", has_text="These numbers").click()
    told = page.locator("#alignment-scores-table td:last-child").all_text_contents()
    assert sum(map(int, told)) == len(scores)


@pytest.mark.parametrize("plot", PLOTS)
def test_files_and_origin_of_each_plot(opened, plot):
    page = opened(color_scheme="dark", reduced_motion="reduce")
    page.select_option("#layer-task", value="pr")
    files = {}
    for what in ("svg", "csv", "tex"):
        button = page.locator(f"[data-plot={plot}][data-take={what}]")
        name, content = saved(page, button.click)
        assert name.endswith(f".{what}")
        files[what] = content.decode()
    for colour in ("255, 255, 255", "29, 32, 36"):  # for paper, also from a dark page
        assert f"fill: rgb({colour})" in files["svg"]
    assert ("hubert-tiny" in files["svg"]) == (plot == "curves-plot")  # a key to its lines
    assert files["csv"].count("\n") > 3
    rows = [line for line in files["tex"].splitlines() if " & " in line]
    assert len({row.count("&") for row in rows}) == 1
    assert len(rows) > 3
    made = page.locator(f"details[data-made={plot}]")
    made.locator("summary").click()
    for text in ("scripts/tables.py", "b7" * 20, "23 s", "ef" * 32, "tables/"):
        made.get_by_text(text).first.wait_for()
    assert page.locator(f"#{plot}-caption").text_content().endswith("Run demo.")


def test_a_plot_is_printed_alone(opened):
    page = opened()
    page.evaluate("window.print = () => {}")
    page.get_by_role("button", name="PDF (print) of the curves").click()
    page.wait_for_selector("#sheet svg", state="attached")
    page.emulate_media(media="print")
    assert page.locator("#sheet").is_visible()
    assert not page.locator("main").is_visible()
    page.evaluate("dispatchEvent(new Event('afterprint'))")
    assert page.locator("#sheet").count() == 0
    assert page.locator("main").is_visible()


def test_more_figures_are_drawn_when_they_are_opened(opened):
    page = opened()
    more = page.locator("details.more", has_text="label-errors")
    assert more.locator("img").count() == 0
    more.locator("> summary").click()
    figure = page.locator("#figure-label-errors img")
    figure.wait_for()
    assert figure.get_attribute("alt").startswith("Errors by label")
    assert page.locator("#figure-label-errors").get_by_role("link", name="PDF").is_visible()


def test_conv_layers_have_one_name_each(opened):
    ticks = opened().evaluate(
        """() => { const kind = (model, names) => ({ model: { name: model, kind: "trained" },
          points: names.map((layer, place) => ({ layer, place: place - names.length + 1 })) });
          const axis = axisOf([kind("a", ["C1", "C2", "C3", "T0"]), kind("b", ["C1", "C2", "T0"])]);
          return axis.ticktext; }"""
    )
    assert ticks == ["C1", "C2<br>C1", "C3<br>C2", "T0"]


def test_captions_and_texts_are_copied(opened):
    page = opened(permissions=["clipboard-read", "clipboard-write"])
    page.locator("#figure-layers").get_by_role("button", name="Copy caption").click()
    page.get_by_text("Copied").first.wait_for()
    caption = " ".join(page.locator("#caption-layers").text_content().split())
    assert page.evaluate("navigator.clipboard.readText()") == caption
    page.get_by_text("methods.md", exact=True).click()
    page.locator("details", has_text="methods.md").get_by_role("button", name="Copy", exact=True).click()
    page.get_by_text("Copied").first.wait_for()
    assert page.evaluate("navigator.clipboard.readText()") == "## Methods\n\nPlain *text*.\n"


def test_how_a_figure_was_made_is_told(opened):
    page = opened()
    figure = page.locator("#figure-layers")
    figure.get_by_text("How was this made?").click()
    told = figure.locator("details").text_content()
    for text in ("scripts/figures.py", "b7" * 20, "23 s", "ef" * 32, "12" * 32):
        assert text in told


def test_the_overview_sorts(opened, page_tables):
    page = opened()
    heading = page.locator("#overview-table th", has_text="PER: single").last
    cells = "[...document.querySelectorAll('#overview-table tbody tr')].map((row) => row.dataset.model)"
    before = page.evaluate(cells)
    heading.get_by_role("button").press("Enter")
    assert heading.get_attribute("aria-sort") == "ascending"
    paired = page_tables.single_weighted.query("metric == 'per'").sort_values("difference")
    assert page.evaluate(cells)[: len(paired)] == paired["model"].tolist()
    heading.get_by_role("button").press(" ")
    assert page.evaluate(cells)[: len(paired)] == paired["model"].tolist()[::-1]
    heading.get_by_role("button").click()
    assert page.evaluate(cells) == before


def test_keys_are_enough(opened):
    page = opened()
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"
    page.locator("#curves-plot").focus()
    page.keyboard.press("ArrowRight")
    first = page.locator("#spoken").text_content()
    page.keyboard.press("ArrowRight")
    assert "PWCCA score" in first
    assert page.locator("#spoken").text_content() != first
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "layer-title"
    outline = "getComputedStyle(document.activeElement).outlineStyle"
    page.keyboard.press("Tab")
    assert page.evaluate(outline) == "solid"


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_who_listens_or_sees_little_can_use_it(opened, scheme):
    page = opened(800, color_scheme=scheme)
    assert page.evaluate(RULES) == {rule: [] for rule in ("nameless", "doubled", "jumps", "faint")}
    assert page.locator("img:not([alt])").count() == 0
    assert page.locator("th:not([scope])").count() == 0


def test_dark_and_light_switch(opened):
    page = opened(color_scheme="dark", reduced_motion="reduce")
    ground = "getComputedStyle(document.body).backgroundColor"
    dark = page.evaluate(ground)
    assert page.locator("#theme").get_attribute("aria-pressed") == "true"
    page.locator("#theme").click()
    assert page.evaluate(ground) == "rgb(255, 255, 255)" != dark
    assert page.locator("#theme").get_attribute("aria-pressed") == "false"
    assert page.evaluate("getComputedStyle(document.documentElement).scrollBehavior") == "auto"


@pytest.mark.parametrize("width", [1400, 390])
def test_without_javascript_all_is_readable(opened, width):
    page = opened(width, java_script_enabled=False)
    assert page.locator("#overview-table").is_visible()
    assert page.locator("#figure-layers img").is_visible()
    assert page.locator("#figure-layers").get_by_role("link", name="PDF").is_visible()
    assert page.locator(".worst audio").first.is_visible()
    for name in ("#curves", "#layer", "#theme"):
        assert not page.locator(name).is_visible()
    assert page.locator("button:visible").count() == 0


def test_audio_can_be_heard(opened):
    page = opened()
    seconds = page.locator(".worst audio").first.evaluate(
        """(audio) => new Promise((done, failed) => { audio.onloadedmetadata = () => done(audio.duration);
        audio.onerror = () => failed(new Error("no audio")); audio.preload = "metadata"; audio.load(); })"""
    )
    assert seconds == pytest.approx(1.0, abs=0.01)
    assert page.locator(".worst li").first.locator(".tier span").first.text_content() == "word"


def test_a_reader_can_print_it(opened):
    page = opened()
    page.emulate_media(media="print")
    assert not page.locator("#curves").is_visible()
    assert page.locator("#overview-table").is_visible()


def test_among_many_lines_one_stands_out(browser, page_tables, tmp_path, repository):
    names = tuple(f"model-{place:02d}" for place in range(11))
    facts = synthetic.run_facts(names, twins=False, baseline=False)
    wide = report_page.widened(page_tables, names)
    path = report_page.make_page(wide, facts, tmp_path, repository, worst=False)
    page = browser.new_page(offline=True)
    page.goto(path.as_uri())
    page.wait_for_selector("html.js", state="attached")
    assert not page.get_by_label("95% intervals").is_checked()
    assert "11 models" in page.locator("#curves-plot-caption").text_content()
    page.locator("input[name=model][value=model-03]").focus()
    seen = f"{LINES}.map((trace) => [trace.meta.model, trace.opacity])"
    assert [model for model, opacity in page.evaluate(seen) if opacity == 1] == ["model-03"]
    page.locator("#curves-what").focus()
    assert {opacity for _, opacity in page.evaluate(seen)} == {1}
    page.close()
