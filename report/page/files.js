"use strict";
// What can be taken from the page: everything comes out of the file itself.

function save(name, content, type) {
  const url = URL.createObjectURL(content instanceof Blob ? content : new Blob([content], { type }));
  element("a", { href: url, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(url), 1000);
  announce(`${name} saved`);
}

function saveTable(name, where = {}, as = name) {
  save(`${as}.csv`, csvOf(name, where), "text/csv");
}

async function figureSvg(name) {
  const packed = JSON.parse(document.getElementById("page-svg").textContent)[name];
  const bytes = Uint8Array.from(atob(packed), (letter) => letter.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  return new Response(stream).text();
}

async function saveSvg(name) {
  save(name, await figureSvg(name), "image/svg+xml");
}

/** More figures of a section are drawn when a reader opens them. */
async function showFigures(details) {
  for (const place of details.querySelectorAll(".drawn:empty")) {
    const svg = await figureSvg(place.dataset.name);
    const url = URL.createObjectURL(new Blob([svg], { type: "image/svg+xml" }));
    place.replaceChildren(element("img", { src: url, alt: place.dataset.alt }));
  }
}

for (const details of document.querySelectorAll("details.more")) {
  details.addEventListener("toggle", () => { if (details.open) showFigures(details); });
}

/** Copy text, also where the page is a local file and the browser keeps its clipboard to itself. */
async function copyText(text, button) {
  let done = true;
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    const area = element("textarea", { "aria-hidden": "true", style: "position:fixed;opacity:0" });
    area.value = text;
    document.body.append(area);
    area.select();
    done = document.execCommand("copy");
    area.remove();
    button.focus();
  }
  const before = button.textContent;
  button.textContent = done ? "Copied" : "Not copied";
  announce(button.textContent);
  setTimeout(() => { button.textContent = before; }, 1500);
}

document.addEventListener("click", (event) => {
  const button = event.target.closest("button[data-do]");
  if (!button) return;
  const { do: what, name } = button.dataset;
  if (what === "table") saveTable(name);
  if (what === "svg") saveSvg(name);
  if (what === "copy") {
    const text = document.getElementById(name).textContent;
    copyText(button.dataset.lines ? text : text.trim().replace(/\s+/g, " "), button);
  }
  if (what === "text") save(button.dataset.file, document.getElementById(name).textContent, "text/plain");
});
