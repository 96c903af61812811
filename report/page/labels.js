"use strict";
// One layer and one task: weights of the learned sum, errors by label, and which label is taken for which.

const NOTHING = "\u2205";
const named = (text) => text || NOTHING;
/** Every how many names there is room for on a horizontal axis. */
const everyName = (names) => Math.ceil((names.length * 12) / (Math.min(window.innerWidth, 1000) - 90));
const taskTitle = () => PAGE.tasks.find((task) => task.name === chosen.task).title;
const ofModel = () => MODELS.get(chosen.model).label;

function drawBars() {
  const tasks = PAGE.tasks.filter((task) => rowsWhere("downstream_summary", { model: chosen.model, task: task.name }).length);
  const select = document.getElementById("layer-task");
  select.closest(".controls").hidden = !tasks.length;
  if (!tasks.some((task) => task.name === chosen.task)) {
    const told = tasks.find((task) => rowsWhere("label_errors", { task: task.name }).length) || tasks[0];
    chosen.task = told ? told.name : null;
  }
  select.replaceChildren(...tasks.map((task) => element("option", { value: task.name }, task.title)));
  select.value = chosen.task;
  ["layer-weights", "layer-labels", "layer-confusion"].forEach(drawPlot);
}

function barSpec(now, names, values, hover, { title, marked = -1 }) {
  return {
    data: [{ type: "bar", x: names, y: values, text: hover, textposition: "none", hovertemplate: "%{text}<extra></extra>",
      marker: { color: names.map((_, place) => (place === marked || marked < 0 ? now.accent : now.soft)) } }],
    layout: layoutOf(now, { yaxis: { title: { text: title }, rangemode: "tozero" }, height: 240,
      xaxis: { type: "category", dtick: everyName(names), showgrid: false, tickangle: names.length > 12 ? -90 : 0,
        tickfont: { size: names.length > 30 ? 10 : 12 } } }),
  };
}

function weightsSpec(now) {
  const rows = rowsWhere("weights", { model: chosen.model, task: chosen.task });
  if (!rows.length) return null;
  const layers = Object.keys(PAGE.layers[chosen.model]).filter((layer) => rows.some((row) => row.layer === layer));
  const seeds = layers.map((layer) => rows.filter((row) => row.layer === layer).map((row) => shown(row.weight)).join(", "));
  const means = layers.map((layer) => weightOf(chosen.task, layer));
  tellPlot("layer-weights", tableOf("Weights of the learned sum", ["Layer", "Mean", "Of each seed"],
    layers.map((layer, place) => [layer, shown(means[place]), seeds[place]])),
  `${taskTitle()}: weight of each layer of ${ofModel()} in the learned sum, mean over seeds. Layer ${chosen.layer} is marked. Run ${PAGE.run}.`);
  const hover = layers.map((layer, place) => `<b>${escaped(layer)}</b>: ${shown(means[place])}<br>seeds: ${seeds[place]}`);
  return barSpec(now, layers, means, hover, { title: "weight", marked: layers.indexOf(chosen.layer) });
}

/** Errors by phone or class, the worst first. */
function labelsSpec(now) {
  const where = { model: chosen.model, task: chosen.task, layer: chosen.layer };
  const rows = rowsWhere("label_errors", where).filter((row) => row.n);
  if (!rows.length) return null;
  const rate = (row) => (row.substituted + row.deleted) / row.n;
  const sorted = [...rows].sort((a, b) => rate(b) - rate(a));
  tellPlot("layer-labels", tableOf(`Errors by label, layer ${chosen.layer}`,
    ["Label", "n", "Substituted", "Deleted", "Inserted", "Error rate"],
    sorted.map((row) => [row.label, row.n, row.substituted, row.deleted, row.inserted, shown(rate(row))].map(String))),
  `${taskTitle()}, layer ${chosen.layer} of ${ofModel()}, test, all seeds: share of each label that is taken for another or left out, `
    + `the worst first. Run ${PAGE.run}.`);
  const hover = sorted.map((row) => `<b>${escaped(row.label)}</b>: ${shown(rate(row))}<br>${row.substituted} substituted, `
    + `${row.deleted} deleted of ${row.n}; ${row.inserted} inserted`);
  return barSpec(now, sorted.map((row) => row.label), sorted.map(rate), hover, { title: "error rate" });
}

/** The learned sum and the layer that dev chose are told; the one that a reader wants, if it is there. */
function confusionHead(rows) {
  const heads = [...new Set(rows.map((row) => row.layer))];
  if (!heads.includes(chosen.head)) chosen.head = heads.includes(chosen.layer) ? chosen.layer : heads[0];
  const select = document.getElementById("layer-head");
  select.replaceChildren(...heads.map((head) =>
    element("option", { value: head }, head === "all" ? "the learned sum" : `${head} (chosen on dev)`)));
  select.value = chosen.head;
  return chosen.head;
}

function confusionSpec(now) {
  const all = rowsWhere("confusions", { model: chosen.model, task: chosen.task });
  if (!all.length) return null;
  const head = confusionHead(all);
  const rows = all.filter((row) => row.layer === head);
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
  tellConfusion(rows, totals, head);
  const axis = { type: "category", dtick: 1, showgrid: false, tickfont: { size: names.length > 20 ? 10 : 12 } };
  return {
    data: [{ type: "heatmap", x: names, y: names, z, text, hovertemplate: "%{text}<extra></extra>", hoverongaps: false,
      zmin: 0, zmax: 1, xgap: 1, ygap: 1, colorscale: [[0, now.tint], [0.25, now.dark ? "#2c5f85" : "#9cc4e0"], [1, now.accent]],
      showscale: window.innerWidth > 600, colorbar: { title: { text: "share" }, thickness: 10, outlinewidth: 0 } }],
    layout: layoutOf(now, { height: names.length > 20 ? 640 : 380,
      xaxis: { ...axis, dtick: everyName(names), title: { text: `predicted (${NOTHING}: left out)` }, tickangle: names.length > 12 ? -90 : 0 },
      yaxis: { ...axis, title: { text: `reference (${NOTHING}: put in)` }, autorange: "reversed" } }),
  };
}

function tellConfusion(rows, totals, head) {
  const wrong = rows.filter((row) => row.reference !== row.predicted).sort((a, b) => b.times - a.times).slice(0, 20);
  tellPlot("layer-confusion", tableOf("The most frequent confusions", ["Reference", "Predicted", "Times", "Of"],
    wrong.map((row) => [named(row.reference), named(row.predicted), String(row.times), String(totals.get(row.reference))])),
  `${taskTitle()}, ${head === "all" ? "the learned sum" : `layer ${head}`} of ${ofModel()}: what is taken for what in test, all seeds, as a `
    + `share of the label said. ${NOTHING} as predicted: left out; as reference: put in. Run ${PAGE.run}.`);
}

function startBars() {
  const own = (table, where) => ({ table: () => table, where });
  const task = () => ({ model: chosen.model, task: chosen.task });
  const name = (what) => () => [what, chosen.task, chosen.model].join("-");
  PLOTS.set("layer-weights", { spec: weightsSpec, name: name("weights"), ...own("weights", task) });
  PLOTS.set("layer-labels", { spec: labelsSpec, name: () => [name("label-errors")(), chosen.layer].join("-"),
    ...own("label_errors", () => ({ ...task(), layer: chosen.layer })) });
  PLOTS.set("layer-confusion", { spec: confusionSpec, name: () => [name("confusions")(), chosen.head].join("-"),
    ...own("confusions", () => ({ ...task(), layer: chosen.head })) });
  document.getElementById("layer-task").addEventListener("change", (event) => { chosen.task = event.target.value; drawBars(); });
  document.getElementById("layer-head").addEventListener("change", (event) => { chosen.head = event.target.value; drawPlot("layer-confusion"); });
}
