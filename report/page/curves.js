"use strict";
// Curves over layers: one line for each model, of what the reader chooses.

const SCALES = { raw: "as measured", centred: "minus its mean over blocks", minmax: "0 to 1 over its blocks" };
const MANY = 8; // models whose lines and intervals one panel holds
const view = { curves: 0, scale: "raw", depth: "layer", conv: true, twins: true, ranges: PAGE.models.length <= MANY, off: new Set() };

const onCurve = (layer) => /^T\d+(\+ln)?$/.test(layer);

/** Layers of a model in a kind of curves: value, interval, n, floor and place of each. */
function pointsOf(curves, model) {
  let rows = rowsWhere(curves.table, { ...curves.where, model: model.name }).filter((row) => row.layer !== "all");
  if (curves.each) rows = averaged(rows, curves);
  const ties = tieSet(curves, model, rows);
  const level = curves.table === "downstream_summary" ? testUnits(curves, model) : null;
  return rows
    .map((row) => ({
      layer: row.layer,
      place: PAGE.layers[model.name][row.layer],
      value: row[curves.value],
      low: curves.low ? row[curves.low] : null,
      high: curves.high ? row[curves.high] : null,
      n: curves.n ? row[curves.n] : level,
      scores: row.n,
      floor: curves.floor ? row[curves.floor] : curves.level,
      tie: ties.has(row.layer),
      seeds: row.seeds,
    }))
    .filter((point) => point.value !== null)
    .sort((a, b) => a.place - b.place);
}

/** Mean over seeds of each layer. */
function averaged(rows, curves) {
  const of = new Map();
  for (const row of rows) of.set(row.layer, [...(of.get(row.layer) || []), row[curves.value]]);
  return [...of].map(([layer, values]) => ({
    layer, seeds: values, [curves.value]: values.reduce((sum, value) => sum + value, 0) / values.length,
  }));
}

function tieSet(curves, model, rows) {
  if (curves.tie) return new Set(rows.filter((row) => row[curves.tie] === "yes").map((row) => row.layer));
  if (curves.table !== "downstream_summary") return new Set();
  const [peak] = rowsWhere("task_peaks", { ...curves.where, model: model.name });
  return new Set(peak ? peak.tie.split(" ") : []);
}

function testUnits(curves, model) {
  const [peak] = rowsWhere("task_peaks", { ...curves.where, model: model.name });
  return peak ? peak.n : null;
}

/** How values are moved and stretched for display: v -> (v - shift) * factor, from the blocks of the curve. */
function scaling(points, curves) {
  const values = points.filter((point) => onCurve(point.layer)).map((point) => point.value);
  const raw = { shift: 0, factor: curves.factor };
  if (view.scale === "raw" || !values.length) return raw;
  if (view.scale === "centred") {
    return { shift: values.reduce((sum, value) => sum + value, 0) / values.length, factor: curves.factor };
  }
  const [low, high] = [Math.min(...values), Math.max(...values)];
  return { shift: low, factor: high > low ? 1 / (high - low) : 0 };
}

function lastBlock(model) {
  return Math.max(1, ...Object.values(PAGE.layers[model.name] || {}).map(Math.floor));
}

function xOf(point, model) {
  return view.depth === "layer" ? point.place : point.place / lastBlock(model);
}

const digitsOf = (curves) => (curves.factor === 100 ? 1 : 3);

function hoverOf(point, model, curves) {
  const digits = digitsOf(curves);
  const scaled = (value) => (typeof value === "number" ? value * curves.factor : value);
  const lines = [`<b>${escaped(model.label)}</b> ${point.layer}`,
    `${escaped(curves.axis)}: <b>${shown(scaled(point.value), digits)}</b>`];
  const range = interval(scaled(point.low), scaled(point.high), digits);
  if (range) lines.push(`95% interval ${range}`);
  if (point.n) lines.push(`n = ${point.n}`);
  else if (point.scores) lines.push(`n = ${point.scores} trials`);
  if (typeof point.floor === "number") lines.push(`${curves.floor_name}: ${shown(scaled(point.floor), digits)}`);
  if (point.seeds) lines.push(`${point.seeds.length === 1 ? "1 seed" : `mean of ${point.seeds.length} seeds`}`);
  if (point.tie) lines.push("in the tie set of the best layer");
  return lines.join("<br>");
}

const escaped = (text) => text.replaceAll("&", "&amp;").replaceAll("<", "&lt;");

/** Models with a line now, each with its points as drawn. */
function drawnLines(curves) {
  return PAGE.models
    .filter((model) => !view.off.has(model.name) && (view.twins || model.kind === "trained"))
    .map((model) => {
      const all = pointsOf(curves, model);
      const points = view.conv ? all : all.filter((point) => point.place >= 0 || point.layer.startsWith("T"));
      return { model, points, ...scaling(all, curves) };
    })
    .filter((line) => line.points.length && !(line.model.kind === "baseline" && view.scale !== "raw"));
}

function tracesOf(line, curves, now, span) {
  const { model, points, shift, factor } = line;
  const colour = colourOf(model, now);
  const scaled = (value) => (typeof value === "number" ? (value - shift) * factor : null);
  const level = model.kind === "baseline" && points.length === 1;
  const traces = [];
  const parts = level ? [[points[0]]] : runsOf(points);
  if (view.ranges) {
    for (const part of parts) {
      const ranged = part.filter((point) => typeof point.low === "number" && typeof point.high === "number");
      if (!ranged.length || (ranged.length === 1 && !level)) continue;
      const x = level ? span : ranged.map((point) => xOf(point, model));
      const of = (name) => (level ? [scaled(points[0][name]), scaled(points[0][name])] : ranged.map((p) => scaled(p[name])));
      traces.push({ x: [...x, ...[...x].reverse()], y: [...of("high"), ...of("low").reverse()], fill: "toself",
        fillcolor: colour, opacity: 0.14, line: { width: 0 }, mode: "lines", hoverinfo: "skip", type: "scatter", showlegend: false });
    }
  }
  const joined = level
    ? { x: span, y: [scaled(points[0].value), scaled(points[0].value)], points: [points[0], points[0]] }
    : joinedOf(parts, model, scaled);
  traces.push({
    type: "scatter", name: model.label, x: joined.x, y: joined.y, mode: level ? "lines" : "lines+markers",
    line: { color: colour, width: model.kind === "trained" ? 2 : 1.4, dash: model.dash },
    marker: { color: colour, opacity: 1, size: joined.points.map((point) => (point && point.tie ? 9 : 7)), line: { width: 1.4, color: colour },
      symbol: joined.points.map((point) => (point && point.tie && model.kind === "trained" ? model.symbol : `${model.symbol}-open`)) },
    text: joined.points.map((point) => (point ? hoverOf(point, model, curves) : "")), hovertemplate: "%{text}<extra></extra>",
    customdata: joined.points.map((point) => (point ? [model.name, point.layer] : null)), connectgaps: false,
    meta: { model: model.name }, showlegend: true,
  });
  return traces;
}

/** What is joined by a line: conv layers and blocks; T0-pos and TL+ln stand alone. */
function runsOf(points) {
  const plain = points.filter((point) => Number.isInteger(point.place));
  const alone = points.filter((point) => !Number.isInteger(point.place));
  return [plain, ...alone.map((point) => [point])].filter((part) => part.length);
}

function joinedOf(parts, model, scaled) {
  const made = { x: [], y: [], points: [] };
  for (const part of parts) {
    if (made.x.length) { made.x.push(null); made.y.push(null); made.points.push(null); }
    for (const point of part) {
      made.x.push(xOf(point, model));
      made.y.push(scaled(point.value));
      made.points.push(point);
    }
  }
  return made;
}

/** Chance, as a grey band from the lowest to the highest floor of the lines drawn. */
function floorTraces(lines, curves, now) {
  if (view.scale !== "raw") return [];
  const at = new Map();
  for (const line of lines.filter((each) => each.model.kind !== "baseline")) {
    for (const point of line.points.filter((each) => typeof each.floor === "number" && Number.isInteger(each.place))) {
      const x = xOf(point, line.model);
      at.set(x, [...(at.get(x) || []), point.floor * curves.factor]);
    }
  }
  const places = [...at.keys()].sort((a, b) => a - b);
  if (!places.length) return [];
  const low = places.map((x) => Math.min(...at.get(x)));
  const high = places.map((x) => Math.max(...at.get(x)));
  const common = { type: "scatter", mode: "lines", hoverinfo: "skip", showlegend: false };
  return [
    { ...common, x: [...places, ...[...places].reverse()], y: [...high, ...low.reverse()], fill: "toself",
      fillcolor: now.soft, opacity: 0.3, line: { width: 0 } },
    { ...common, x: places, y: high, line: { color: now.soft, width: 1.2, dash: "dot" } },
  ];
}

/** Among many lines, the one that is pointed at stands out; null: all are alike again. */
function standOut(plot, model) {
  const lines = plot.data.map((trace, place) => ({ trace, place })).filter(({ trace }) => trace.customdata);
  if (lines.length <= MANY) return;
  const opacity = lines.map(({ trace }) => (!model || trace.meta.model === model ? 1 : 0.12));
  Plotly.restyle(plot, { opacity }, lines.map(({ place }) => place));
}

function axisOf(lines) {
  if (view.depth !== "layer") return { title: { text: "relative depth (0: input of the first block, 1: last block)" } };
  const names = new Map(); // models with other numbers of conv layers have other names for a place
  for (const { points } of lines.filter((line) => line.model.kind !== "baseline")) {
    for (const point of points.filter((each) => Number.isInteger(each.place))) {
      names.set(point.place, new Set([...(names.get(point.place) || []), point.layer]));
    }
  }
  const ticks = [...names.keys()].sort((a, b) => a - b);
  const step = Math.ceil(ticks.length / (window.innerWidth < 600 ? 8 : 20));
  const kept = ticks.filter((place) => place % step === 0);
  const aligned = [...names.values()].some((each) => each.size > 1) ? "layer (conv layers aligned at the last)" : "layer";
  return { title: { text: aligned }, tickvals: kept, ticktext: kept.map((place) => [...names.get(place)].sort().reverse().join("<br>")) };
}

function curvesSpec(now) {
  const curves = PAGE.curves[view.curves];
  const lines = drawnLines(curves);
  const span = spanOf(lines);
  const better = curves.higher_is_better ? "" : " (lower is better)";
  const unit = { raw: curves.axis + better, centred: `${curves.axis}, centred${better}`, minmax: `${curves.axis}, 0 to 1${better}` };
  const convs = lines.flatMap((line) => line.points.filter((point) => point.place <= -1).map((point) => xOf(point, line.model)));
  const edge = view.depth === "layer" ? -0.6 : -0.02;
  const shapes = convs.length ? [{ type: "rect", xref: "x", yref: "paper", x0: span[0], x1: edge, y0: 0, y1: 1,
    fillcolor: now.tint, line: { width: 0 }, layer: "below" }] : [];
  return {
    data: [...floorTraces(lines, curves, now), ...lines.flatMap((line) => tracesOf(line, curves, now, span))],
    layout: layoutOf(now, {
      xaxis: { ...axisOf(lines), zeroline: false, range: span, showgrid: false },
      yaxis: { title: { text: unit[view.scale] }, rangemode: view.scale === "raw" ? "tozero" : "normal" },
      shapes, uirevision: `${view.curves} ${view.scale} ${view.depth}`,
    }),
  };
}

function drawCurves() {
  drawPlot("curves-plot");
  const curves = PAGE.curves[view.curves];
  listCurves(curves, drawnLines(curves));
}

/** From the first to the last layer drawn, with a margin. */
function spanOf(lines) {
  const x = lines.filter((line) => line.model.kind !== "baseline")
    .flatMap((line) => line.points.map((point) => xOf(point, line.model)));
  if (!x.length) return [-0.5, 0.5];
  const [low, high] = [Math.min(...x), Math.max(...x)];
  const margin = 0.03 * Math.max(high - low, view.depth === "layer" ? 1 : 0.1);
  return [low - margin, high + margin];
}

/** The same numbers as a table, for those who do not see the plot. */
function listCurves(curves, lines) {
  const digits = digitsOf(curves);
  const rows = lines.flatMap(({ model, points, shift, factor }) => points.map((point) => {
    const scaled = (value) => (typeof value === "number" ? (value - shift) * factor : value);
    const floor = view.scale === "raw" && typeof point.floor === "number" ? shown(point.floor * curves.factor, digits) : "";
    return [model.label, point.layer, shown(scaled(point.value), digits),
      interval(scaled(point.low), scaled(point.high), digits), point.n || "", floor, point.tie ? "yes" : ""];
  }));
  const header = ["Model", "Layer", curves.axis, "95% interval", "n", curves.floor_name || "Floor", "Tie set"];
  tellPlot("curves-plot", tableOf(`${curves.title}, ${SCALES[view.scale]}`, header, rows.map((row) => row.map(String))),
    captionOf(curves, lines));
}

function captionOf(curves, lines) {
  const names = lines.length > MANY ? `${lines.length} models` : lines.map((line) => line.model.label).join(", ");
  const parts = [`${curves.title}: ${curves.axis} over layers of ${names}`];
  if (view.scale !== "raw") parts[0] += `, ${SCALES[view.scale]}`;
  const ranged = lines.some((line) => line.points.some((point) => typeof point.low === "number"));
  if (view.ranges && ranged) parts.push("Bands: 95% intervals");
  if (lines.some((line) => line.points.some((point) => point.tie))) parts.push("Filled markers: tie set of the best layer");
  if (view.scale === "raw" && lines.some((line) => line.points.some((point) => typeof point.floor === "number"))) {
    parts.push(`Grey: ${curves.floor_name}`);
  }
  if (!curves.higher_is_better) parts.push("Lower is better");
  return `${parts.join(". ")}. Run ${PAGE.run}.`;
}
