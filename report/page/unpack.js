"use strict";
// Data and programs of the page are compressed (a third of the bytes): this brings them back, in order.

(async () => {
  const unpacked = async (element) => {
    const bytes = Uint8Array.from(atob(element.textContent), (letter) => letter.charCodeAt(0));
    return new Response(new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"))).text();
  };
  const data = document.getElementById("page-data");
  const packed = [...document.querySelectorAll("script[data-packed]")];
  try {
    const [told, ...programs] = await Promise.all([data, ...packed].map(unpacked));
    data.textContent = told;
    programs.forEach((program, place) => {
      const script = document.createElement("script");
      script.textContent = program; // runs at once; the policy of the page knows its digest
      packed[place].replaceWith(script);
    });
  } catch (error) {
    document.getElementById("old-browser").hidden = false; // it reads on as without scripts
    throw error;
  }
})();
