"use strict";
// Draws each plot of the page where it stands. Colours are CSS variables: dark and print follow.
const config = {
  background: "transparent",
  font: "system-ui, -apple-system, 'Segoe UI', Roboto, 'DejaVu Sans', sans-serif",
  view: { stroke: "transparent" },
  axis: {
    labelColor: "var(--soft)", titleColor: "var(--soft)", gridColor: "var(--line)", domainColor: "var(--line)",
    tickColor: "var(--line)", labelFontSize: 12, titleFontSize: 12, titleFontWeight: "normal", labelLimit: 130,
  },
  legend: { labelColor: "var(--ink)", orient: "bottom", labelFontSize: 12, symbolSize: 90, columns: 2, labelLimit: 150 },
  text: { color: "var(--ink)", fontSize: 12 },
  style: { cell: { stroke: "transparent" } },
};
const tooltip = { disableDefaultStyle: true };
const size = { width: "container", autosize: { type: "fit-x", contains: "padding" } };
for (const place of document.querySelectorAll(".plot")) {
  const spec = JSON.parse(place.querySelector("script").textContent);
  const chart = place.querySelector(".chart");
  vegaEmbed(chart, { ...size, ...spec }, { config, tooltip, actions: false, defaultStyle: false, renderer: "svg", ast: true });
}
const folded = document.querySelectorAll("details:not([open])");
addEventListener("beforeprint", () => folded.forEach((each) => { each.open = true; }));
addEventListener("afterprint", () => folded.forEach((each) => { each.open = false; }));
