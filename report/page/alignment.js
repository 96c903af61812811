"use strict";
// How well the utterances were aligned.

const scoredRows = () => rowsOf("utterances").filter((row) => typeof row.score === "number");

/** Bins of equal width, at round numbers, about thirty of them: from, to (not in it) and how many. */
function binsOf(values) {
  const [low, high] = [Math.min(...values), Math.max(...values)];
  const wanted = (high - low || 1) / 30;
  const ten = 10 ** Math.floor(Math.log10(wanted));
  const step = ten * [1, 2, 5, 10].find((times) => times * ten >= wanted);
  const first = Math.floor(low / step);
  const bins = Array.from({ length: Math.floor(high / step) - first + 1 }, (_, place) => ({
    from: (first + place) * step, to: (first + place + 1) * step, count: 0,
  }));
  for (const value of values) bins[Math.floor(value / step) - first].count += 1;
  return bins;
}

function scoresSpec(now) {
  const bins = binsOf(scoredRows().map((row) => row.score));
  const range = (bin) => `${shown(bin.from, 2)} to ${shown(bin.to, 2)}`;
  return {
    data: [{ type: "bar", x: bins.map((bin) => (bin.from + bin.to) / 2), y: bins.map((bin) => bin.count),
      width: bins.map((bin) => bin.to - bin.from), marker: { color: now.accent, line: { color: now.paper, width: 1 } },
      text: bins.map((bin) => `score ${range(bin)}: <b>${bin.count}</b> utterances`), textposition: "none",
      hovertemplate: "%{text}<extra></extra>" }],
    layout: layoutOf(now, { xaxis: { title: { text: "mean acoustic log score per frame" }, showgrid: false },
      yaxis: { title: { text: "utterances" } }, height: 260 }),
  };
}

function startScores() {
  const id = "alignment-scores";
  if (!document.getElementById(id)) return;
  PLOTS.set(id, { spec: scoresSpec, name: () => "alignment-scores", table: () => "utterances", where: () => ({}) });
  const sorted = scoredRows().map((row) => row.score).sort((a, b) => a - b);
  const at = (share) => shown(sorted[Math.round(share * (sorted.length - 1))], 2);
  const bins = binsOf(sorted).filter((bin) => bin.count);
  tellPlot(id, tableOf("Utterances by score", ["From", "To", "Utterances"],
    bins.map((bin) => [shown(bin.from, 2), shown(bin.to, 2), String(bin.count)])),
  `Mean acoustic log score per frame of ${sorted.length} aligned utterances: median ${at(0.5)}, 5% below ${at(0.05)}. `
    + `Comparable within one aligner only. Run ${PAGE.run}.`);
  drawPlot(id);
}
