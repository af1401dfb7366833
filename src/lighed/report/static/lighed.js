// Draws the charts of a page in place of their still pictures. Without this script the page has everything too.
const locales = {
  da: { decimal: ",", thousands: ".", grouping: [3], currency: ["", " kr."], minus: "−" },
  en: { decimal: ".", thousands: ",", grouping: [3], currency: ["£", ""], minus: "−" },
};

const NARROW = 420; // pixels below which the names of groups do not fit beside each other

async function draw() {
  const canvases = [...document.querySelectorAll("[data-chart]")];
  if (canvases.length === 0) return;
  await import("/static/vendor/vega.js");
  const formatLocale = locales[document.documentElement.lang];
  for (const canvas of canvases) {
    const spec = JSON.parse(document.getElementById(`chart-${canvas.dataset.chart}`).textContent);
    if (canvas.clientWidth < NARROW) spec.config.legend.columns = 1;
    // Their own style sheets would be written into the page, which its guards forbid; lighed.css has what is needed.
    const look = { actions: false, renderer: "svg", defaultStyle: false, tooltip: { disableDefaultStyle: true } };
    await window.vegaEmbed(canvas, spec, { ...look, ast: true, logLevel: 1, formatLocale });
    canvas.dataset.drawn = "true";
  }
}

draw();
