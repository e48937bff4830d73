"""How a report looks: on a desk, on a telephone, and in print. Everything is in the document; nothing is fetched."""

STYLESHEET = """
:root { color-scheme: light; }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 1320px; padding: 1rem 1.25rem 4rem; background: #fff; color: #1a1a1a;
  font: 16px/1.5 system-ui, -apple-system, "Segoe UI", Arial, sans-serif; overflow-wrap: anywhere; }
h1 { font-size: 1.7rem; line-height: 1.2; margin: .6rem 0 .2rem; }
h2 { font-size: 1.3rem; margin: 2rem 0 .4rem; border-bottom: 2px solid #0072b2; padding-bottom: .15rem; }
h3 { font-size: 1.1rem; margin: 1.5rem 0 .3rem; }
h4 { font-size: 1rem; margin: 1.2rem 0 .2rem; }
p, ul { margin: .4rem 0; max-width: 100ch; }
ul { padding-left: 1.2rem; }
a { color: #00548a; }
.under, .none, figcaption { color: #4a4a4a; font-size: .875rem; }
.banners { display: grid; gap: 0 1rem; grid-template-columns: repeat(auto-fit, minmax(min(100%, 24rem), 1fr)); }
.banner { max-width: none; font-size: .9rem; border: 2px solid #a33d00; border-left-width: 12px; background: #fff4ec;
  padding: .35rem .8rem; }
.banner strong { font-size: 1.05rem; text-transform: uppercase; letter-spacing: .03em; margin-right: .5rem; }
nav { background: #f3f6f8; padding: .5rem .8rem; margin: 1rem 0; }
nav ul { columns: 3 14rem; margin: 0; padding-left: 1.2rem; max-width: none; }
.scroll { overflow-x: auto; margin: .8rem 0; }
table { border-collapse: collapse; font-size: .875rem; font-variant-numeric: tabular-nums; }
caption { text-align: left; font-weight: 600; padding: .2rem 0; }
th, td { padding: .25rem .7rem .25rem 0; border-bottom: 1px solid #d5d5d5; text-align: left; vertical-align: top;
  overflow-wrap: normal; }
thead th { border-bottom: 2px solid #777; }
td { white-space: nowrap; }
table.prose td { white-space: normal; }
tbody th { font-weight: 500; min-width: 8rem; }
table.prose { min-width: 56rem; }
table.prose td { overflow-wrap: break-word; }
.beside { display: grid; gap: 0 2rem; }
@media (min-width: 60rem) {
  .beside { grid-template-columns: minmax(0, 1fr) minmax(0, 1fr); }
  .beside.table { grid-template-columns: minmax(0, 1fr) minmax(0, 2.9fr); }
}
.beside > * { min-width: 0; }
.beside .scroll { margin: 0; }
.beside th, .beside td { font-size: .8rem; padding: .15rem .45rem .15rem 0; }
.beside tbody th { min-width: 5rem; white-space: nowrap; }
.beside h2 { margin-top: .8rem; }
.beside h3 { margin-top: .5rem; font-size: 1rem; }
.beside ul, .beside p { font-size: .9rem; line-height: 1.4; }
.tables { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 35rem), 1fr)); gap: 0 2rem; }
.tables > * { min-width: 0; }
.figures { columns: 2 24rem; column-gap: 2rem; }
figure { margin: 0; padding: .6rem 0; max-width: 34rem; break-inside: avoid; }
figure svg { display: block; width: 100%; height: auto; }
.status { font-weight: 600; white-space: nowrap; }
@media (max-width: 30rem) { body { padding: .6rem .8rem 3rem; font-size: 15px; } h1 { font-size: 1.4rem; } }
@media print {
  @page { margin: 15mm; }
  body { max-width: none; padding: 0; font-size: 10pt; }
  nav { display: none; }
  a { color: inherit; text-decoration: none; }
  .scroll { overflow: visible; }
  table { font-size: 7pt; }
  table.prose { min-width: 0; font-size: 8pt; }
  th, td { padding-right: .4rem; }
  tbody th { min-width: 4rem; }
  thead th { overflow-wrap: normal; }
  thead { display: table-header-group; break-after: avoid; }
  .beside, .banners, .tables { display: block; }
  .beside th, .beside td { font-size: 7pt; }
  figure, tr, .banner, table.short { break-inside: avoid; }
  h1, h2, h3, h4, h3 + p, caption { break-after: avoid; }
  figcaption { font-size: 8pt; }
  .landmark { break-before: page; }
  .figures { columns: 2; }
}
"""
