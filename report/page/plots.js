"use strict";
// What all plots share: they are drawn from a description, and under each stands what can be taken of it.

// By id of the element: spec(now) gives { data, layout } for the colours `now`, or null; name() that of files;
// table and where() choose the rows behind it.
const PLOTS = new Map();
const PAPER = { width: 720, height: 440 }; // px, of files

/** Draw a plot, or hide its box where it has nothing. */
function drawPlot(id) {
  const spec = PLOTS.get(id).spec(colours());
  const box = document.getElementById(`${id}-box`);
  if (box) box.hidden = !spec;
  if (!spec) return;
  if (spec.layout.height) document.getElementById(id).style.height = `${spec.layout.height}px`;
  Plotly.react(id, spec.data, spec.layout, PLOT_OPTIONS);
}

/** The plot for paper: black on white whatever the page is like, with a key where lines have names. */
async function paperPlot(id) {
  const { data, layout } = PLOTS.get(id).spec(PAPER_COLOURS);
  const named = data.filter((trace) => trace.showlegend).length > 1;
  const size = { ...PAPER, height: layout.height || PAPER.height };
  const key = named ? { showlegend: true, legend: { orientation: "h", yanchor: "top", y: -0.2 } } : {};
  const rows = named ? Math.ceil(data.filter((trace) => trace.showlegend).length / 3) : 0;
  const figure = { data, layout: { ...layout, ...key, paper_bgcolor: "#ffffff", height: size.height + 22 * rows } };
  const url = await Plotly.toImage(figure, { format: "svg", width: size.width, height: figure.layout.height });
  return { svg: decodeURIComponent(url.slice(url.indexOf(",") + 1)), width: size.width, height: figure.layout.height };
}

/** Print the plot alone, on paper of its size: "Save as PDF" of the browser keeps it sharp. */
async function printPlot(id, name) {
  const { svg, width, height } = await paperPlot(id);
  const size = element("style", {}, `@page { size: ${width}px ${height}px; margin: 0; }`);
  const sheet = element("div", { id: "sheet" });
  sheet.innerHTML = svg;
  const title = document.title;
  document.head.append(size);
  document.body.append(sheet);
  document.body.classList.add("sheet");
  document.title = name;
  addEventListener("afterprint", () => {
    size.remove();
    sheet.remove();
    document.body.classList.remove("sheet");
    document.title = title;
  }, { once: true });
  print();
}

const TEX = { "\\": "\\textbackslash{}", "{": "\\{", "}": "\\}", $: "\\$", "&": "\\&", "%": "\\%", "#": "\\#", _: "\\_",
  "~": "\\textasciitilde{}", "^": "\\textasciicircum{}", [MINUS]: "$-$", [DASH]: "--", "\u00d7": "$\\times$",
  "\u2205": "$\\emptyset$", "\u221e": "$\\infty$" };
const texOf = (text) => [...text].map((letter) => TEX[letter] || letter).join("");

/** A table of the page for \input: packages booktabs and longtable; letters beyond Latin want XeLaTeX or LuaLaTeX. */
function latexOf(table, caption, label) {
  const cells = (row) => `${[...row.cells].map((cell) => texOf(cell.textContent.trim())).join(" & ")} \\\\`;
  const columns = table.tHead.rows[0].cells.length;
  return [
    "% needs \\usepackage{booktabs,longtable}", "{\\footnotesize\\setlength{\\tabcolsep}{3pt}", `\\begin{longtable}{l${"r".repeat(columns - 1)}}`,
    `\\caption{${texOf(caption)}}\\label{tab:${label}}\\\\`, "\\toprule", cells(table.tHead.rows[0]), "\\midrule", "\\endfirsthead",
    "\\toprule", cells(table.tHead.rows[0]), "\\midrule", "\\endhead", "\\bottomrule", "\\endfoot",
    ...[...table.tBodies[0].rows].map(cells), "\\end{longtable}}", "",
  ].join("\n");
}

/** The numbers of a plot as a table, and its caption. */
function tellPlot(id, table, caption) {
  document.getElementById(`${id}-table`).replaceChildren(table);
  document.getElementById(`${id}-caption`).textContent = caption;
}

async function take(id, what) {
  const plot = PLOTS.get(id);
  const name = plot.name();
  if (what === "svg") save(`${name}.svg`, (await paperPlot(id)).svg, "image/svg+xml");
  if (what === "pdf") await printPlot(id, name);
  if (what === "csv") saveTable(plot.table(), plot.where(), name);
  if (what === "tex") {
    const caption = document.getElementById(`${id}-caption`).textContent;
    save(`${name}.tex`, latexOf(document.querySelector(`#${CSS.escape(id)}-table table`), caption, name), "text/x-tex");
  }
}

document.addEventListener("click", (event) => {
  const button = event.target.closest("button[data-take]");
  if (button) take(button.dataset.plot, button.dataset.take);
});

/** How the table behind a plot was made. */
function howMade(id) {
  const table = PLOTS.get(id).table();
  const job = PAGE.job;
  const code = (text) => element("dd", {}, element("code", {}, text));
  const parts = [element("dt", {}, "Drawn from"), code(`tables/${table}.csv ${PAGE.digests[table] || ""}`)];
  if (PAGE.digits) parts.push(element("dt", {}, "Digits"), element("dd", {}, `This page holds ${PAGE.digits} significant ones; the table has all.`));
  if (job) {
    parts.push(element("dt", {}, "Rule and script"), code(`${job.rule}, ${job.script}`));
    if (job.commit) parts.push(element("dt", {}, "Commit"), code(job.commit));
    if (job.command) parts.push(element("dt", {}, "Command"), code(job.command));
    if (job.ended) parts.push(element("dt", {}, "When"), element("dd", {}, `${job.ended}, in ${job.seconds.toFixed(0)} s`));
    parts.push(element("dt", {}, "Digest of its code"), code(job.code));
    const inputs = Object.entries(job.inputs);
    parts.push(element("dt", {}, `SHA-256 of its ${inputs.length} inputs`), ...inputs.map(([path, digest]) => code(`${path} ${digest}`)));
  }
  return element("dl", {}, parts);
}

for (const details of document.querySelectorAll("details[data-made]")) {
  details.addEventListener("toggle", () => {
    if (details.open) details.lastElementChild.replaceChildren(howMade(details.dataset.made));
  });
}
