"""How the page looks: system fonts, one accent, light and dark, and on paper (A4)."""

STYLE = """
:root {
  color-scheme: light dark;
  --ground: #ffffff; --raised: #f4f6f7; --ink: #1c2228; --soft: #56606a; --line: #dce1e5;
  --accent: #0b6b74; --tint: #e3f1f2; --grey: #848e97;
}
@media screen and (prefers-color-scheme: dark) {
  :root {
    --ground: #14181b; --raised: #1d2327; --ink: #e6eaed; --soft: #a3adb5; --line: #343c42;
    --accent: #5fc4cd; --tint: #17363a; --grey: #78838c;
  }
}
* { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; text-size-adjust: 100%; }
body {
  margin: 0 auto; padding: 2.5rem 1.25rem 4rem; max-width: 50rem;
  background: var(--ground); color: var(--ink);
  font: 1rem/1.55 system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", "Liberation Sans",
    "DejaVu Sans", sans-serif;
  overflow-wrap: break-word;
}
bdi { overflow-wrap: anywhere; }
h1 { margin: 0 0 .25rem; font-size: 1.9rem; line-height: 1.2; letter-spacing: -.01em; }
h2 { margin: 0 0 .75rem; font-size: 1.3rem; line-height: 1.3; }
h3 { margin: 1.75rem 0 .5rem; font-size: 1rem; }
p { margin: 0 0 .75rem; max-width: 42rem; }
a { color: var(--accent); text-underline-offset: .15em; }
:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; border-radius: 2px; }
section { margin-top: 3rem; padding-top: 1.5rem; border-top: 1px solid var(--line); }
.kicker, .about, .note, figcaption, footer { color: var(--soft); font-size: .9rem; }
.kicker { margin: 0 0 .25rem; }
.lead { margin: 1.5rem 0 0; padding: 1rem 1.25rem; background: var(--tint); border-radius: 6px;
  font-size: 1.2rem; line-height: 1.45; max-width: none; }
.lead + p { margin-top: .9rem; }
.about { max-width: none; }
nav { margin-top: 1.25rem; font-size: .9rem; }
nav ul { display: flex; flex-wrap: wrap; gap: .3rem 1.1rem; margin: 0; padding: 0;
  list-style: none; }
.frame { overflow-x: auto; }
table { width: 100%; margin: 1rem 0 1.5rem; border-collapse: collapse; font-size: .925rem; }
caption { padding: 0 0 .4rem; text-align: start; color: var(--soft); font-size: .9rem; }
th, td { padding: .35rem .75rem .35rem 0; border-bottom: 1px solid var(--line); text-align: start;
  vertical-align: baseline; font-weight: 400; }
th:last-child, td:last-child { padding-right: 0; }
thead th { color: var(--soft); font-size: .85rem; vertical-align: bottom; }
thead th, thead td { border-bottom-color: var(--grey); }
th .note, td .note { display: block; }
td:has(> bdi) { min-width: 7rem; }
td.drawn { width: 7rem; }
td.number, th.number { text-align: right; white-space: nowrap; font-variant-numeric: tabular-nums;
  overflow-wrap: normal; }
thead th.number { white-space: normal; min-width: 4.2rem; }
tr.marked th, tr.marked td { background: var(--tint); font-weight: 600; }
dl { display: grid; grid-template-columns: minmax(8rem, 13rem) 1fr; gap: .35rem 1rem; margin: 0;
  font-size: .925rem; }
dt { color: var(--soft); }
dd { margin: 0; }
figure { margin: 1rem 0; }
figcaption { display: flex; flex-wrap: wrap; gap: .25rem 1.25rem; margin-bottom: .25rem; }
svg { display: block; }
.chart { overflow: visible; }
.swatch { display: inline-block; width: 1.1rem; height: 10px; margin-right: .4rem; }
.bar { width: 6rem; }
.ground { fill: var(--line); }
.results { fill: var(--accent); }
.suggestions { fill: var(--grey); }
polyline, .coverage-line, .precision-line { fill: none; stroke-width: 2; }
.coverage-line { stroke: var(--accent); }
.precision-line { stroke: var(--ink); stroke-dasharray: 5 4; }
.grid { stroke: var(--line); }
line.mark { stroke: var(--grey); stroke-dasharray: 2 3; }
circle.mark { fill: var(--ground); stroke: var(--ink); stroke-width: 2; }
.chart text { fill: var(--soft); font-size: 12px; font-variant-numeric: tabular-nums;
  paint-order: stroke; stroke: var(--ground); stroke-width: 4px; stroke-linejoin: round; }
.chart text.mark { fill: var(--ink); font-size: 13px; }
details { margin: .5rem 0; }
summary { color: var(--accent); cursor: pointer; font-size: .925rem; padding: .2rem 0; }
ol.rows { display: flex; flex-wrap: wrap; gap: .2rem .9rem; margin: 0 0 .75rem; padding: 0;
  list-style: none; font-variant-numeric: tabular-nums; font-size: .925rem; }
footer { margin-top: 3rem; padding-top: 1rem; border-top: 1px solid var(--line); }
@media (max-width: 34rem) {
  body { padding: 1.5rem 1rem 3rem; }
  h1 { font-size: 1.5rem; }
  .lead { font-size: 1.075rem; padding: .85rem 1rem; }
  dl { grid-template-columns: 1fr; gap: 0; }
  dd { margin-bottom: .6rem; }
  .drawn, thead td { display: none; }
  th, td { padding-right: .6rem; }
  thead th.number { min-width: 0; }
}
@page { size: A4; margin: 16mm 15mm; }
@media print {
  html { font-size: 10pt; }
  body { max-width: none; padding: 0; }
  nav { display: none; }
  section { margin-top: 1.5rem; padding-top: 1rem; }
  h2, h3, caption { break-after: avoid; }
  tr, figure, .lead { break-inside: avoid; }
  .frame { overflow: visible; }
  details:not([open]) { display: none; }
  a { color: inherit; text-decoration: none; }
  * { print-color-adjust: exact; -webkit-print-color-adjust: exact; }
}
"""
