"use strict";
// Tables that can be sorted: a click on a heading, or Enter and Space on it.

function makeSortable(table) {
  const headings = [...table.tHead.rows[0].cells];
  const order = [...table.tBodies[0].rows];
  headings.forEach((heading, place) => {
    const button = element("button", { type: "button", click: () => sortBy(table, headings, place, order) }, ...heading.childNodes);
    heading.replaceChildren(button);
    heading.setAttribute("aria-sort", "none");
  });
}

/** Up, down, then as it was; cells without a key come last. */
function sortBy(table, headings, place, order) {
  const next = { none: "ascending", ascending: "descending", descending: "none" }[headings[place].ariaSort || "none"];
  headings.forEach((heading) => heading.setAttribute("aria-sort", "none"));
  headings[place].setAttribute("aria-sort", next);
  const sign = next === "descending" ? -1 : 1;
  const key = (row) => row.cells[place].dataset.key;
  const compare = (a, b) => {
    const [x, y] = [key(a), key(b)];
    if (x === undefined || y === undefined) return (x === undefined) - (y === undefined);
    const numbers = [Number(x), Number(y)];
    return sign * (numbers.some(Number.isNaN) ? x.localeCompare(y) : numbers[0] - numbers[1]);
  };
  const rows = next === "none" ? order : [...order].sort(compare);
  table.tBodies[0].append(...rows);
  announce(next === "none" ? "In the order of the config" : `Sorted by ${headings[place].textContent.trim()}, ${next}`);
}

/** A click on a model of the overview opens the layer where its first analysis peaks. */
function linkModels(table) {
  for (const row of table.tBodies[0].rows) {
    const model = row.dataset.model;
    if (!PAGE.layers[model]) continue;
    const name = row.cells[0];
    const button = element("button", { type: "button", class: "link", click: () => chooseLayer(model, peakOf(model), { move: true }) },
      ...name.childNodes);
    name.replaceChildren(button);
  }
}

function peakOf(model) {
  const [peak] = [...rowsWhere("peaks", { model }), ...rowsWhere("task_peaks", { model })];
  return peak ? peak.layer : undefined;
}
