"use strict";
// One layer: its scores, what tasks get from it, its weight.

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
