"use strict";
// Controls, and what they do.

function radios(name, texts, current, changed) {
  return Object.entries(texts).map(([value, text]) => element("label", {},
    element("input", { type: "radio", name, value, checked: value === current, change: () => changed(value) }), text));
}

function switches(texts) {
  return Object.entries(texts).map(([name, text]) => element("label", {},
    element("input", { type: "checkbox", name: `show-${name}`, checked: view[name],
      change: (event) => { view[name] = event.target.checked; drawCurves(); } }), text));
}

// Shapes of Plotly's markers, for keys: around 0, 0, about 8 px wide.
const SHAPES = { square: "-3.5,-3.5 3.5,-3.5 3.5,3.5 -3.5,3.5", diamond: "0,-5 5,0 0,5 -5,0",
  "triangle-up": "0,-4.5 4.5,3.5 -4.5,3.5", "triangle-down": "0,4.5 4.5,-3.5 -4.5,-3.5", "triangle-left": "-4.5,0 3.5,-4.5 3.5,4.5",
  "triangle-right": "4.5,0 -3.5,-4.5 -3.5,4.5", pentagon: "0,-4.5 4.3,-1.4 2.6,3.6 -2.6,3.6 -4.3,-1.4",
  hexagon: "-4,-2.3 0,-4.6 4,-2.3 4,2.3 0,4.6 -4,2.3",
  cross: "-1.5,-4.5 1.5,-4.5 1.5,-1.5 4.5,-1.5 4.5,1.5 1.5,1.5 1.5,4.5 -1.5,4.5 -1.5,1.5 -4.5,1.5 -4.5,-1.5 -1.5,-1.5",
  x: "-4.2,-2.1 -2.1,-4.2 0,-2.1 2.1,-4.2 4.2,-2.1 2.1,0 4.2,2.1 2.1,4.2 0,2.1 -2.1,4.2 -4.2,2.1 -2.1,0" };

function swatch(model) {
  const now = colours();
  const colour = colourOf(model, now);
  const dash = model.dash === "solid" ? "" : model.dash.replaceAll("px", "");
  const look = `fill="${model.kind === "trained" ? colour : now.paper}" stroke="${colour}" stroke-width="1.3"`;
  const shape = SHAPES[model.symbol]
    ? `<polygon points="${SHAPES[model.symbol]}" transform="translate(15,6)" ${look}/>` : `<circle cx="15" cy="6" r="3.8" ${look}/>`;
  const marker = model.kind === "baseline" ? "" : shape;
  const box = document.createElement("span");
  box.className = "swatch";
  box.setAttribute("aria-hidden", "true");
  box.innerHTML = `<svg width="30" height="12" viewBox="0 0 30 12"><line x1="0" y1="6" x2="30" y2="6" stroke="${colour}" `
    + `stroke-width="2" stroke-dasharray="${dash}"/>${marker}</svg>`;
  return box;
}

/** A switch for each family, and below it one for each of its models. */
function modelSwitches() {
  const families = new Map();
  for (const model of PAGE.models) families.set(model.family, [...(families.get(model.family) || []), model]);
  return [...families].map(([family, models]) => {
    const boxes = models.map((model) => element("input", { type: "checkbox", name: "model", value: model.name, checked: !view.off.has(model.name) }));
    const all = element("input", { type: "checkbox", name: "family", value: family, checked: true });
    const settle = () => {
      models.forEach((model, place) => (boxes[place].checked ? view.off.delete(model.name) : view.off.add(model.name)));
      const on = boxes.filter((box) => box.checked).length;
      all.checked = on === boxes.length;
      all.indeterminate = on > 0 && on < boxes.length;
      drawCurves();
    };
    all.addEventListener("change", () => { boxes.forEach((box) => { box.checked = all.checked; }); settle(); });
    boxes.forEach((box) => {
      box.addEventListener("change", settle);
      box.addEventListener("focus", () => standOut(document.getElementById("curves-plot"), box.value));
      box.addEventListener("blur", () => standOut(document.getElementById("curves-plot"), null));
    });
    return element("fieldset", {},
      element("legend", {}, element("label", {}, all, family)),
      models.map((model, place) => element("label", {}, boxes[place], swatch(model), model.label)));
  });
}

function drawModelSwitches() {
  document.getElementById("curves-models").replaceChildren(...modelSwitches());
}

function curveSelect() {
  const select = document.getElementById("curves-what");
  const groups = new Map();
  PAGE.curves.forEach((curves, place) => groups.set(curves.group, [...(groups.get(curves.group) || []), place]));
  select.replaceChildren(...[...groups].map(([group, places]) => element("optgroup", { label: group },
    places.map((place) => element("option", { value: String(place) }, PAGE.curves[place].title)))));
  const phones = PAGE.curves.findIndex((curves) => curves.where.analysis === "cca-phone");
  view.curves = Math.max(phones, 0);
  select.value = String(view.curves);
  select.addEventListener("change", () => { view.curves = Number(select.value); drawCurves(); });
}

/** Arrow keys walk over the points of the plot: left and right along a line, up and down between lines. */
function walkPlot(plot) {
  const at = { line: 0, point: 0 };
  plot.addEventListener("keydown", (event) => {
    const steps = { ArrowRight: [0, 1], ArrowLeft: [0, -1], ArrowDown: [1, 0], ArrowUp: [-1, 0] };
    const lines = plot.data.map((trace, place) => ({ trace, place })).filter(({ trace }) => trace.customdata);
    if (!lines.length) return;
    at.line = Math.min(at.line, lines.length - 1);
    if (event.key === "Enter") {
      const { trace } = lines[at.line];
      const [model, layer] = trace.customdata[at.point];
      chooseLayer(model, layer, { move: true });
      return;
    }
    if (!steps[event.key]) return;
    event.preventDefault();
    const [down, along] = steps[event.key];
    at.line = (at.line + down + lines.length) % lines.length;
    const { trace, place } = lines[at.line];
    const whole = trace.customdata.map((_, number) => number).filter((number) => trace.customdata[number]);
    const here = whole.indexOf(at.point);
    at.point = whole[Math.max(0, Math.min(whole.length - 1, (here < 0 ? 0 : here) + along))];
    Plotly.Fx.hover(plot, [{ curveNumber: place, pointNumber: at.point }]);
    standOut(plot, trace.meta.model);
    announce(trace.text[at.point].replace(/<br>/g, ", ").replace(/<[^>]*>/g, ""));
  });
}

function startCurves() {
  const curves = () => PAGE.curves[view.curves];
  PLOTS.set("curves-plot", { spec: curvesSpec, name: nameOfView, table: () => curves().table, where: () => curves().where });
  curveSelect();
  document.getElementById("curves-scale").append(...radios("scale", { raw: "raw", centred: "centred", minmax: "min\u2013max" },
    view.scale, (value) => { view.scale = value; drawCurves(); }));
  document.getElementById("curves-depth").append(...radios("depth", { layer: "layer", relative: "relative" },
    view.depth, (value) => { view.depth = value; drawCurves(); }));
  document.getElementById("curves-show").append(
    ...switches({ conv: "conv layers", twins: "random twins and baselines", ranges: "95% intervals" }));
  drawModelSwitches();
  drawCurves();
  const plot = document.getElementById("curves-plot");
  plot.on("plotly_click", (event) => {
    const point = event.points.find((each) => each.customdata);
    if (point) chooseLayer(...point.customdata, { move: true });
  });
  plot.on("plotly_hover", (event) => {
    const point = event.points.find((each) => each.customdata);
    if (point) standOut(plot, point.customdata[0]);
  });
  plot.on("plotly_unhover", () => standOut(plot, null));
  walkPlot(plot);
}

function nameOfView() {
  const curves = PAGE.curves[view.curves];
  return [curves.table, ...Object.values(curves.where)].join("-");
}

function startLayer() {
  const select = document.getElementById("layer-model");
  const models = PAGE.models.filter((model) => PAGE.layers[model.name]);
  select.replaceChildren(...models.map((model) => element("option", { value: model.name }, model.label)));
  select.addEventListener("change", () => chooseLayer(select.value, chosen.layer));
  document.getElementById("layer-layer").addEventListener("change", (event) => chooseLayer(chosen.model, event.target.value));
  document.getElementById("layer-before").addEventListener("click", () => stepLayer(-1));
  document.getElementById("layer-after").addEventListener("click", () => stepLayer(1));
  startBars();
  if (models.length) chooseLayer(models[0].name, peakOf(models[0].name));
  document.getElementById("layer-weights").on("plotly_click", (event) => chooseLayer(chosen.model, event.points[0].x));
}

/** Light or dark: as the system says until the reader chooses. */
function startTheme() {
  const button = document.getElementById("theme");
  const system = matchMedia("(prefers-color-scheme: dark)");
  const redraw = () => {
    button.setAttribute("aria-pressed", String(colours().dark));
    if (PAGE.curves.length) { drawModelSwitches(); drawCurves(); }
    if (chosen.model) drawBars();
    if (PLOTS.has("alignment-scores")) drawPlot("alignment-scores");
  };
  button.addEventListener("click", () => {
    document.documentElement.dataset.theme = colours().dark ? "light" : "dark";
    redraw();
  });
  system.addEventListener("change", redraw);
  button.setAttribute("aria-pressed", String(colours().dark));
}

document.documentElement.classList.add("js");
for (const table of document.querySelectorAll("table.sortable")) {
  makeSortable(table);
  if (table.id === "overview-table") linkModels(table);
}
if (PAGE.curves.length) startCurves();
else document.getElementById("curves").remove();
if (Object.keys(PAGE.layers).length) startLayer();
else document.getElementById("layer").remove();
startScores();
startTheme();
if (location.hash) document.getElementById(decodeURIComponent(location.hash.slice(1)))?.scrollIntoView();
