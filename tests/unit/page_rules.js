// What of the page fails those who listen to it or see little; each rule gives what breaks it.
(() => {
  const start = (each) => each.outerHTML.slice(0, 80);
  const all = (selector) => [...document.querySelectorAll(selector)];
  const shown = (each) => each.offsetParent;

  const named = (each) => each.getAttribute("aria-label") || each.getAttribute("aria-labelledby")
    || each.textContent.trim() || each.caption
    || (each.labels && [...each.labels].some((label) => label.textContent.trim()));
  const named_ones = "a, button, select, input, audio, table, [role=region], [role=img], [role=application]";

  const ids = all("body [id]:not(svg *)").map((each) => each.id);
  const levels = all("h1, h2, h3, h4").map((each) => Number(each.tagName[1]));

  // Contrast of text as WCAG 2 defines it: at least 4.5.
  const channel = (value) => (value <= 0.03928 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4);
  const light = (colour) => {
    const [red, green, blue] = colour.match(/[\d.]+/g).slice(0, 3).map((part) => channel(Number(part) / 255));
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  };
  const ground = (each) => {
    for (let at = each; at; at = at.parentElement) {
      const own = getComputedStyle(at).backgroundColor;
      if (!/, 0\)$|transparent/.test(own)) return own;
    }
    return "rgb(255, 255, 255)";
  };
  const contrast = (each) => {
    const pair = [light(getComputedStyle(each).color), light(ground(each))].sort((a, b) => b - a);
    return (pair[0] + 0.05) / (pair[1] + 0.05);
  };
  const texts = all("p, a, td, th, button, label, legend, figcaption, summary, li, dd, caption, small");

  return {
    nameless: all(named_ones).filter(shown).filter((each) => !named(each)).map(start),
    doubled: ids.filter((id, place) => ids.indexOf(id) !== place),
    jumps: levels.filter((level, place) => place && level > levels[place - 1] + 1),
    faint: texts.filter((each) => shown(each) && !each.disabled && each.textContent.trim())
      .filter((each) => contrast(each) < 4.5).map(start),
  };
})()
