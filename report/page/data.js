"use strict";
// The tables of the run as the page holds them, and small helpers that all parts use.

const PAGE = JSON.parse(document.getElementById("page-data").textContent);
const MODELS = new Map(PAGE.models.map((model) => [model.name, model]));
const MINUS = "\u2212";
const DASH = "\u2013";

const decoded = new Map();

/** Rows of a table as objects; a table without rows is empty. Numbers are as in the CSV, empty cells null. */
function rowsOf(name) {
  if (!decoded.has(name)) {
    const columns = (PAGE.tables[name] || []).map((column) => ({
      name: column.name,
      values: column.levels ? column.values.map((place) => column.levels[place]) : column.values,
    }));
    const rows = columns.length ? columns[0].values.map(() => ({})) : [];
    for (const column of columns) column.values.forEach((value, place) => { rows[place][column.name] = value; });
    decoded.set(name, rows);
  }
  return decoded.get(name);
}

/** Rows of a table whose columns have the given values. */
function rowsWhere(name, where) {
  const wanted = Object.entries(where);
  return rowsOf(name).filter((row) => wanted.every(([column, value]) => row[column] === value));
}

/** A table as CSV, with all its digits. */
function csvOf(name, where = {}) {
  const columns = PAGE.tables[name].map((column) => column.name);
  const cell = (value) => {
    const text = value === null ? "" : String(value);
    return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  };
  const lines = rowsWhere(name, where).map((row) => columns.map((column) => cell(row[column])).join(","));
  return [columns.join(","), ...lines, ""].join("\n");
}

/** A number for the eye. */
function shown(value, digits = 3) {
  if (value === null || value === undefined || value === "") return DASH;
  if (typeof value !== "number") return value.replace("inf", "\u221e").replace("-", MINUS);
  return value.toFixed(digits).replace("-", MINUS);
}

/** An interval for the eye, or nothing. */
function interval(low, high, digits = 3) {
  const missing = (limit) => limit === null || limit === undefined;
  return missing(low) || missing(high) ? "" : `[${shown(low, digits)}, ${shown(high, digits)}]`;
}

/** An element with attributes and children (text or elements). */
function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === false || value === null || value === undefined) continue;
    if (typeof value === "function") made.addEventListener(name, value);
    else if (name in made && typeof value === "boolean") made[name] = value;
    else made.setAttribute(name, value);
  }
  made.append(...children.flat().filter((child) => child !== null && child !== undefined));
  return made;
}

/** A table with a caption; the first cell of each row names it. */
function tableOf(caption, header, rows) {
  return element("table", {},
    element("caption", {}, caption),
    element("thead", {}, element("tr", {}, header.map((text) => element("th", { scope: "col" }, text)))),
    element("tbody", {}, rows.map((row) => element("tr", {}, row.map((text, place) =>
      place ? element("td", {}, text) : element("th", { scope: "row" }, text))))));
}

/** A box that scrolls sideways, also by keyboard. */
function scrolling(label, ...children) {
  return element("div", { class: "scroll", role: "region", "aria-label": label, tabindex: "0" }, ...children);
}

/** Say something to those who listen to the page. */
function announce(text) {
  document.getElementById("spoken").textContent = text;
}

// Of plots that are saved: as the page in light.
const PAPER_COLOURS = { ink: "#1d2024", soft: "#5f646b", line: "#e1e3e6", paper: "#ffffff", tint: "#f1f3f5",
  accent: "#0062a3", dark: false };

/** Colours of the page as it is now, light or dark. */
function colours() {
  const style = getComputedStyle(document.documentElement);
  const of = (name) => style.getPropertyValue(name).trim();
  return { ink: of("--ink"), soft: of("--soft"), line: of("--line"), paper: of("--paper"), tint: of("--tint"),
    accent: of("--accent"), dark: of("--dark") === "1" };
}

/** The colour of a model: as in the figures, a little lighter on dark ground. */
function colourOf(model, now) {
  if (!model.colour) return now.ink;
  if (!now.dark) return model.colour;
  const parts = [1, 3, 5].map((at) => parseInt(model.colour.slice(at, at + 2), 16));
  return `rgb(${parts.map((part) => Math.round(part + (255 - part) * 0.35)).join(",")})`;
}

/** What all plots have in common. */
function layoutOf(now, more) {
  const axis = { gridcolor: now.line, linecolor: now.soft, zerolinecolor: now.line, tickcolor: now.soft,
    automargin: true, title: { standoff: 8 } };
  return {
    font: { family: "system-ui, sans-serif", size: 13, color: now.ink },
    paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)", showlegend: false, hovermode: "closest",
    margin: { l: 56, r: 14, t: 12, b: 46 }, dragmode: false,
    hoverlabel: { align: "left", bgcolor: now.paper, bordercolor: now.soft, font: { color: now.ink, size: 13 } },
    ...more,
    xaxis: { ...axis, ...more.xaxis }, yaxis: { ...axis, ...more.yaxis },
  };
}

const PLOT_OPTIONS = { displaylogo: false, displayModeBar: false, responsive: true, showSendToCloud: false,
  topojsonURL: "", doubleClick: "reset" };
