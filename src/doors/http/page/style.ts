/** How the page looks: ink on paper, one red; by the reader's choice light or dark. */
export const pageStyle = `:root {
  color-scheme: light dark;
  --paper: #faf8f3; --card: #fff; --ink: #211d18; --faint: #6a6258; --line: #e3ddd2;
  --red: #a12a2f; --good: #22683a; --warn: #8a5a00; --code: #f3efe7;
}
@media (prefers-color-scheme: dark) {
  :root {
    --paper: #171512; --card: #211e1a; --ink: #ece6db; --faint: #a89f92; --line: #39342d;
    --red: #f08c85; --good: #7fc796; --warn: #e0b25a; --code: #1d1a16;
  }
}
* { box-sizing: border-box }
body { margin: 0; background: var(--paper); color: var(--ink); font: 15px/1.5 system-ui, sans-serif }
header, main, footer { max-width: 68rem; margin: 0 auto; padding: 0 1.25rem }
header { display: flex; flex-wrap: wrap; align-items: center; justify-content: space-between; gap: .25rem 2rem; padding-top: 1.25rem }
h1 { display: flex; align-items: center; gap: .6rem; margin: 0; font-size: 1.5rem; letter-spacing: -.01em }
h2 { margin: 2rem 0 .6rem; font-size: .8rem; font-weight: 600; letter-spacing: .08em; text-transform: uppercase; color: var(--faint) }
p { margin: .25rem 0 }
a { color: var(--red) }
footer { margin: 2.5rem auto 2rem; color: var(--faint); font-size: .875rem }
code, pre, .tail, .id { font-family: ui-monospace, "SF Mono", Menlo, Consolas, monospace; font-size: .8125rem }
button, select {
  font: inherit; color: inherit; background: var(--card); border: 1px solid var(--line); border-radius: 6px; padding: .25rem .7rem;
}
button { cursor: pointer }
button:hover { border-color: var(--faint) }
button[type=submit] { background: var(--red); border-color: var(--red); color: var(--paper); font-weight: 600 }
:focus-visible { outline: 2px solid var(--red); outline-offset: 2px }
#fault { border: 1px solid var(--red); border-radius: 8px; padding: .5rem .9rem; margin-top: 1rem; color: var(--red) }
.cards { list-style: none; margin: 0; padding: 0; display: grid; gap: .75rem; grid-template-columns: repeat(auto-fit, minmax(15rem, 1fr)) }
.cards li, .scroll, pre, .tail { background: var(--card); border: 1px solid var(--line); border-radius: 10px }
.cards li { padding: .75rem 1rem }
.cards b { display: flex; justify-content: space-between; align-items: center; gap: .5rem }
.cards p { color: var(--faint); font-size: .875rem; overflow-wrap: anywhere }
.state { font-size: .75rem; font-weight: 600; border: 1px solid currentcolor; border-radius: 99px; padding: 0 .55rem }
.good { color: var(--good) } .warn { color: var(--warn) } .bad { color: var(--red) }
.stale .cards, .stale .scroll { opacity: .5 }
.scroll { overflow-x: auto }
table { border-collapse: collapse; width: 100% }
th, td { text-align: left; padding: .45rem 1rem; border-bottom: 1px solid var(--line); vertical-align: middle }
tbody tr:last-child > * { border-bottom: 0 }
thead th { font-size: .8125rem; font-weight: 500; color: var(--faint); white-space: nowrap }
tbody th { font-weight: 600; min-width: 9rem; overflow-wrap: anywhere }
.number { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap }
.spark { display: block; color: var(--red) }
.lags { display: flex; flex-wrap: wrap; gap: .1rem .9rem; font-size: .8125rem }
.faint { color: var(--faint) }
form { display: flex; flex-wrap: wrap; align-items: center; gap: .6rem 1rem; margin-bottom: .6rem }
form select { margin-left: .3rem; max-width: 16rem }
#tail-state, #tail-count { color: var(--faint); font-size: .875rem }
.tail { list-style: none; margin: 0; padding: .4rem 0; height: 17rem; overflow-y: auto }
.tail li { display: flex; gap: .9rem; padding: .1rem 1rem }
.tail li:hover { background: var(--code) }
.tail .at { color: var(--faint); white-space: nowrap; min-width: 4rem }
.tail .key { color: var(--red); white-space: pre-wrap; overflow-wrap: anywhere; flex: none; min-width: 5rem; max-width: 40% }
.tail .value { white-space: pre-wrap; overflow-wrap: anywhere; min-width: 0 }
@media (max-width: 40rem) { .tail li { flex-wrap: wrap; gap: 0 .9rem; padding-bottom: .3rem } .tail .value { flex-basis: 100% } }
.tail:empty::before { content: "Nothing followed yet."; color: var(--faint); padding: .1rem 1rem; font-family: system-ui, sans-serif }
.columns { display: grid; gap: 1rem; grid-template-columns: repeat(auto-fit, minmax(min(100%, 26rem), 1fr)) }
figure { margin: 0; min-width: 0; display: flex; flex-direction: column }
figure pre { flex: 1 }
figcaption { display: flex; justify-content: space-between; align-items: center; margin-bottom: .4rem }
pre { margin: 0; padding: .8rem 1rem; overflow-x: auto; background: var(--code); tab-size: 2 }
`;

/** A board with three notes, one of them red. */
export const pageIcon = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><rect x="1" y="1" width="30" height="30" rx="6" fill="#7a4a2b"/>
<rect x="4" y="4" width="24" height="24" rx="3" fill="#c99a6b"/><rect x="7" y="7" width="8" height="10" fill="#fffdf7"/>
<rect x="17" y="7" width="8" height="6" fill="#a12a2f"/><rect x="17" y="15" width="8" height="10" fill="#fffdf7"/></svg>
`;
