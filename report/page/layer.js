"use strict";
// One layer: its scores, what tasks get from it, its weight, its phones.

const chosen = { model: null, layer: null, task: null, head: null };

function chooseLayer(model, layer, { move = false } = {}) {
  const layers = Object.keys(PAGE.layers[model] || {});
  if (!layers.length) return;
  chosen.model = model;
  chosen.layer = layers.includes(layer) ? layer : layers[layers.length - 1];
  drawLayer();
  announce(`${MODELS.get(model).label}, ${chosen.layer}`);
  if (move) {
    const heading = document.getElementById("layer-title");
    heading.scrollIntoView({ block: "start" });
    heading.focus({ preventScroll: true });
  }
}

function stepLayer(by) {
  const layers = Object.keys(PAGE.layers[chosen.model]);
  const place = layers.indexOf(chosen.layer) + by;
  if (place >= 0 && place < layers.length) chooseLayer(chosen.model, layers[place]);
}

function drawLayer() {
  const { model, layer } = chosen;
  const layers = Object.keys(PAGE.layers[model]);
  document.getElementById("layer-title").textContent = `Layer ${layer} of ${MODELS.get(model).label}`;
  document.getElementById("layer-model").value = model;
  const select = document.getElementById("layer-layer");
  select.replaceChildren(...layers.map((name) => element("option", { value: name }, name)));
  select.value = layer;
  document.getElementById("layer-before").disabled = layer === layers[0];
  document.getElementById("layer-after").disabled = layer === layers[layers.length - 1];
  document.getElementById("layer-tables").replaceChildren(
    ...[analysesTable(), measuresTable(), tasksTable()].filter(Boolean).map((table) =>
      scrolling(table.caption.textContent, table)));
  drawBars();
}

function analysesTable() {
  const rows = rowsWhere("layer_summary", { model: chosen.model, layer: chosen.layer });
  if (!rows.length) return null;
  const titles = new Map(PAGE.analyses.map((analysis) => [analysis.name, analysis.title]));
  const header = ["Analysis", "Score", "95% interval", "Permuted", "Calibrated", "p", "n", "Left out", "Effective rank",
    "Tie set", "Regularisers"];
  return tableOf("Layer analyses", header, rows.map((row) => [
    titles.get(row.analysis), shown(row.score), interval(row.low, row.high), shown(row.null), shown(row.calibrated),
    shown(row.p), row.n_units || `${row.n} trials`, row.excluded, shown(row.effective_rank, 1), row.tie, regularisersOf(row.analysis),
  ].map(String)));
}

/** The ridges that dev chose for this layer, and how often. */
function regularisersOf(analysis) {
  const rows = rowsWhere("regularisers", { model: chosen.model, layer: chosen.layer, analysis });
  const pairs = rows.map((row) => `${row.epsilon_x}, ${row.epsilon_y} (${row.times}\u00d7)`);
  return pairs.join("; ") || DASH;
}

function measuresTable() {
  const rows = rowsWhere("measures", { model: chosen.model, layer: chosen.layer });
  if (!rows.length) return null;
  const kinds = PAGE.curves.filter((curves) => curves.table === "measures");
  return tableOf("Measures", ["Measure", "Value", "95% interval", "n"], rows.map((row) => {
    const kind = kinds.find((each) => each.where.measure === row.measure && each.where.variant === row.variant);
    const [title, factor] = kind ? [`${kind.title} (${kind.axis})`, kind.factor] : [`${row.measure}: ${row.variant}`, 1];
    const digits = factor === 100 ? 1 : 3;
    const scaled = (value) => (typeof value === "number" ? value * factor : value);
    return [title, shown(scaled(row.value), digits), interval(scaled(row.low), scaled(row.high), digits), String(row.n)];
  }));
}

function tasksTable() {
  const rows = rowsWhere("downstream_summary", { model: chosen.model, layer: chosen.layer });
  if (!rows.length) return null;
  const header = ["Task", "Value on test", "95% interval", "Tie set", "Chosen on dev", "Weight in the sum", "Learned sum"];
  return tableOf("Tasks", header, rows.map((row) => {
    const where = { model: chosen.model, task: row.task, metric: row.metric };
    const task = PAGE.tasks.find((each) => each.name === row.task);
    const metric = [task.metric, ...task.also].find((each) => each.name === row.metric);
    const [peak] = rowsWhere("task_peaks", where);
    const [sum] = rowsWhere("single_weighted", where);
    return [`${task.title}: ${metric.title}`, shown(row.value), interval(row.low, row.high),
      peak && peak.tie.split(" ").includes(chosen.layer) ? "yes" : "no",
      sum && sum.layer === chosen.layer ? "yes" : "no", shown(weightOf(row.task, chosen.layer)), sum ? shown(sum.all) : DASH];
  }));
}

function weightOf(task, layer) {
  const rows = rowsWhere("weights", { model: chosen.model, task, layer });
  return rows.length ? rows.reduce((sum, row) => sum + row.weight, 0) / rows.length : null;
}

/** The lower half: weights, errors by label and confusions of one task. */
function drawBars() {
  const now = colours();
  const tasks = PAGE.tasks.filter((task) => rowsWhere("downstream_summary", { model: chosen.model, task: task.name }).length);
  const select = document.getElementById("layer-task");
  select.closest(".controls").hidden = !tasks.length;
  if (!tasks.some((task) => task.name === chosen.task)) {
    const told = tasks.find((task) => rowsWhere("label_errors", { task: task.name }).length) || tasks[0];
    chosen.task = told ? told.name : null;
  }
  select.replaceChildren(...tasks.map((task) => element("option", { value: task.name }, task.title)));
  select.value = chosen.task;
  drawWeights(now);
  drawLabels(now);
  drawConfusion(now);
}

function drawWeights(now) {
  const rows = rowsWhere("weights", { model: chosen.model, task: chosen.task });
  document.getElementById("layer-weights-box").hidden = !rows.length;
  if (!rows.length) return;
  const layers = Object.keys(PAGE.layers[chosen.model]).filter((layer) => rows.some((row) => row.layer === layer));
  const notes = layers.map((layer) => `seeds: ${rows.filter((row) => row.layer === layer).map((row) => shown(row.weight)).join(", ")}`);
  bars("layer-weights", now, layers, layers.map((layer) => weightOf(chosen.task, layer)), {
    marked: layers.indexOf(chosen.layer), title: "weight", digits: 3, notes,
    clicked: (layer) => chooseLayer(chosen.model, layer),
  });
}

function bars(id, now, names, values, { marked = -1, title, digits, clicked, notes }) {
  const plot = document.getElementById(id);
  const hover = names.map((name, place) => `<b>${escaped(name)}</b>: ${shown(values[place], digits)}${notes ? `<br>${notes[place]}` : ""}`);
  Plotly.react(plot, [{ type: "bar", x: names, y: values, text: hover, textposition: "none", hovertemplate: "%{text}<extra></extra>",
    marker: { color: names.map((_, place) => (place === marked || marked < 0 ? now.accent : now.soft)) } }],
  layoutOf(now, { yaxis: { title: { text: title }, rangemode: "tozero" },
    xaxis: { type: "category", tickangle: names.length > 20 ? -90 : 0 }, height: 240 }), PLOT_OPTIONS);
  plot.removeAllListeners("plotly_click");
  if (clicked) plot.on("plotly_click", (event) => clicked(event.points[0].x));
}

/** Errors by phone or class, the worst first. */
function drawLabels(now) {
  const rows = rowsWhere("label_errors", { model: chosen.model, task: chosen.task, layer: chosen.layer }).filter((row) => row.n);
  document.getElementById("layer-labels-box").hidden = !rows.length;
  if (!rows.length) return;
  const rate = (row) => (row.substituted + row.deleted) / row.n;
  const sorted = [...rows].sort((a, b) => rate(b) - rate(a));
  document.getElementById("layer-labels-note").textContent =
    `Layer ${chosen.layer}, test, all seeds: share of each label that is taken for another or left out.`;
  bars("layer-labels", now, sorted.map((row) => row.label), sorted.map(rate), {
    title: "error rate", digits: 3,
    notes: sorted.map((row) => `${row.substituted} substituted, ${row.deleted} deleted of ${row.n}; ${row.inserted} inserted`),
  });
  document.getElementById("layer-labels-table").replaceChildren(tableOf(`Errors by label, layer ${chosen.layer}`,
    ["Label", "n", "Substituted", "Deleted", "Inserted", "Error rate"],
    sorted.map((row) => [row.label, row.n, row.substituted, row.deleted, row.inserted, shown(rate(row))].map(String))));
}

const NOTHING = "\u2205";

/** Which label was taken for which, by the learned sum or the layer that dev chose. */
function drawConfusion(now) {
  const all = rowsWhere("confusions", { model: chosen.model, task: chosen.task });
  document.getElementById("layer-confusion-box").hidden = !all.length;
  if (!all.length) return;
  const heads = [...new Set(all.map((row) => row.layer))];
  if (!heads.includes(chosen.head)) chosen.head = heads.includes(chosen.layer) ? chosen.layer : heads[0];
  const select = document.getElementById("layer-head");
  select.replaceChildren(...heads.map((head) =>
    element("option", { value: head }, head === "all" ? "the learned sum" : `${head} (chosen on dev)`)));
  select.value = chosen.head;
  const rows = all.filter((row) => row.layer === chosen.head);
  const named = (text) => text || NOTHING;
  const labels = [...new Set(rows.flatMap((row) => [named(row.reference), named(row.predicted)]))].filter((name) => name !== NOTHING).sort();
  const names = [...labels, NOTHING];
  const totals = new Map();
  for (const row of rows) totals.set(row.reference, (totals.get(row.reference) || 0) + row.times);
  const z = names.map(() => names.map(() => null));
  const text = names.map(() => names.map(() => ""));
  for (const row of rows) {
    const [y, x] = [names.indexOf(named(row.reference)), names.indexOf(named(row.predicted))];
    z[y][x] = row.times / totals.get(row.reference);
    text[y][x] = `<b>${escaped(named(row.reference))}</b> heard as <b>${escaped(named(row.predicted))}</b><br>${row.times} of ${totals.get(row.reference)}`;
  }
  Plotly.react(document.getElementById("layer-confusion"), [{ type: "heatmap", x: names, y: names, z, text,
    hovertemplate: "%{text}<extra></extra>", hoverongaps: false, zmin: 0, zmax: 1, xgap: 1, ygap: 1,
    colorscale: [[0, now.tint], [0.25, now.dark ? "#2c5f85" : "#9cc4e0"], [1, now.accent]],
    showscale: window.innerWidth > 600, colorbar: { title: { text: "share" }, thickness: 10, outlinewidth: 0 } }],
  layoutOf(now, { xaxis: { type: "category", title: { text: `predicted (${NOTHING}: left out)` }, tickangle: -90, dtick: 1, tickfont: { size: 10 } },
    yaxis: { type: "category", title: { text: `reference (${NOTHING}: put in)` }, autorange: "reversed", dtick: 1, tickfont: { size: 10 } } }), PLOT_OPTIONS);
  const wrong = rows.filter((row) => row.reference !== row.predicted).sort((a, b) => b.times - a.times).slice(0, 10);
  document.getElementById("layer-confusion-table").replaceChildren(tableOf("The ten most frequent",
    ["Reference", "Predicted", "Times", "Of"],
    wrong.map((row) => [named(row.reference), named(row.predicted), String(row.times), String(totals.get(row.reference))])));
}
