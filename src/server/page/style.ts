/** The page's look: light and dark as the visitor's system is. Text stands out from its ground by 4.5:1 or more. */
export const PAGE_STYLE = `:root {
  color-scheme: light dark;
  --ground: #f4f5f7;
  --card: #ffffff;
  --text: #1c2430;
  --soft: #566070;
  --line: #d5dae2;
  --edge: #7d8796;
  --accent: #2a5db0;
  --on-accent: #ffffff;
  --chosen: #e3ecfa;
  --bad: #9c1c1c;
  --bad-ground: #fdeeee;
  --stage: #e6e9ee;
}
@media (prefers-color-scheme: dark) {
  :root {
    --ground: #12161c;
    --card: #1a2029;
    --text: #e4e8ee;
    --soft: #a3adbb;
    --line: #323b48;
    --edge: #77839a;
    --accent: #86b1f7;
    --on-accent: #0d1a30;
    --chosen: #24344f;
    --bad: #ffb3ad;
    --bad-ground: #3a1d1d;
    --stage: #0c0f14;
  }
}
*, ::before, ::after { box-sizing: border-box; }
[hidden] { display: none !important; }
body { margin: 0; background: var(--ground); color: var(--text); font: 15px/1.5 system-ui, sans-serif; }
h1, h2, p { margin: 0; }
h1 { font-size: 1.15rem; letter-spacing: -0.01em; }
h2 { font-size: 0.95rem; margin-bottom: 0.5rem; }
a { color: var(--accent); }
code, textarea { font-family: ui-monospace, monospace; font-size: 0.8125rem; }
header, main { max-width: 84rem; margin: 0 auto; padding: 0 1.25rem; }
header { display: flex; flex-wrap: wrap; align-items: baseline; gap: 0.25rem 1rem; padding-block: 1rem; }
header a { margin-left: auto; }
#model, #timing, #name, .hint, small { color: var(--soft); font-size: 0.8125rem; }
#model, #name { overflow-wrap: anywhere; }
.card { background: var(--card); border: 1px solid var(--line); border-radius: 10px; padding: 1rem; }
.intake { display: flex; flex-wrap: wrap; align-items: center; justify-content: space-between; gap: 0.75rem 2rem; }
.choose { display: flex; flex-wrap: wrap; align-items: center; gap: 0.75rem; position: relative; }
#url-form { display: flex; flex: 1 1 20rem; align-items: center; gap: 0.5rem; min-width: 0; max-width: 36rem; }
#url-form label { white-space: nowrap; }
#url { flex: 1; min-width: 0; }
button, .button, input, textarea { font: inherit; color: inherit; }
button, .button {
  display: inline-block; border: 1px solid var(--edge); border-radius: 7px; background: var(--card);
  padding: 0.35rem 0.85rem; cursor: pointer; white-space: nowrap;
}
button:hover, .button:hover { border-color: var(--accent); }
button:disabled { color: var(--soft); border-color: var(--line); cursor: default; }
.primary { background: var(--accent); border-color: var(--accent); color: var(--on-accent); font-weight: 600; }
input:not([type='range'], [type='radio'], [type='file']), textarea {
  border: 1px solid var(--edge); border-radius: 7px; background: var(--card); padding: 0.35rem 0.6rem;
}
::placeholder { color: var(--soft); opacity: 1; }
textarea {
  display: block; width: 100%; resize: vertical; font-family: ui-monospace, monospace; font-size: 0.8125rem;
}
:focus-visible, .unseen:focus-visible + .button { outline: 3px solid var(--accent); outline-offset: 2px; }
.unseen { position: absolute; width: 1px; height: 1px; margin: -1px; overflow: hidden; clip-path: inset(50%); }
.row { display: flex; flex-wrap: wrap; align-items: center; gap: 0.5rem; margin-top: 0.6rem; }
.progress {
  display: flex; flex-wrap: wrap; align-items: center; gap: 0.25rem 0.75rem; min-height: 3rem; padding: 0.25rem;
}
#timing { margin-left: auto; }
.spinner {
  display: none; width: 1rem; height: 1rem; border: 2px solid var(--line); border-top-color: var(--accent);
  border-radius: 50%;
}
.busy .spinner { display: block; animation: turn 0.9s linear infinite; }
@keyframes turn { to { transform: rotate(1turn); } }
.problem {
  background: var(--bad-ground); color: var(--bad); border-radius: 10px; padding: 0.75rem 1rem;
  margin-bottom: 0.75rem; overflow-wrap: anywhere;
}
.complaint { color: var(--bad); }
.columns {
  display: grid; grid-template-columns: minmax(0, 1fr) minmax(20rem, 26rem); align-items: start; gap: 1rem;
  padding-bottom: 2rem;
}
.side { display: grid; gap: 1rem; min-width: 0; }
.picture { position: sticky; top: 1rem; }
.picture h2 { display: inline-block; margin-right: 0.5rem; }
#name { display: inline; }
.welcome {
  border: 2px dashed var(--line); border-radius: 8px; padding: 5rem 1rem; text-align: center; color: var(--soft);
}
.dropping { outline: 4px dashed var(--accent); outline-offset: -8px; min-height: 100vh; }
.dropping .welcome { border-color: var(--accent); }
.stage {
  position: relative; width: fit-content; margin: 0 auto; background: var(--stage); overflow: hidden;
  border-radius: 4px;
}
.stage img { display: block; max-width: 100%; max-height: 75vh; min-height: 4rem; }
.overlay { position: absolute; inset: 0; width: 100%; height: 100%; }
.overlay rect { fill: none; vector-effect: non-scaling-stroke; pointer-events: none; }
.halo { stroke: #000000; stroke-opacity: 0.45; stroke-width: 4; }
.line { stroke-width: 2; }
.overlay .halo { pointer-events: all; cursor: pointer; }
.labels { position: absolute; inset: 0; pointer-events: none; }
.label {
  position: absolute; transform: translateY(-100%); padding: 0 0.35rem; border-radius: 3px 3px 3px 0;
  font-size: 0.75rem; line-height: 1.4; font-weight: 600; white-space: nowrap;
}
.label.inside { transform: none; }
.box.selected .line { stroke-width: 4; }
.box.selected .halo { stroke-width: 8; stroke: #ffffff; stroke-opacity: 0.85; }
.has-selection .box:not(.selected) { opacity: 0.35; }
.has-selection .label:not(.selected) { display: none; }
.busy .overlay, .busy .labels { opacity: 0.3; }
.count {
  display: inline-block; min-width: 1.6rem; padding: 0 0.4rem; border-radius: 1rem; background: var(--chosen);
  text-align: center; font-size: 0.8125rem;
}
.slider { display: flex; align-items: center; gap: 0.75rem; }
.slider input { flex: 1; min-width: 0; accent-color: var(--accent); }
.slider output { font-variant-numeric: tabular-nums; }
.boxes {
  max-height: 17rem; min-height: 2.5rem; overflow: auto; margin: 0.6rem 0 0.4rem; border: 1px solid var(--line);
  border-radius: 7px;
}
.option {
  display: flex; align-items: baseline; gap: 0.6rem; padding: 0.3rem 0.6rem; cursor: pointer;
  border-left: 3px solid transparent;
}
.option[aria-selected='true'] { background: var(--chosen); border-left-color: var(--accent); }
.option[aria-selected='true'] small { color: var(--text); }
.words { flex: 1; min-width: 0; overflow-wrap: anywhere; }
.numbers { text-align: right; font-variant-numeric: tabular-nums; }
.words small, .numbers small { display: block; }
.swatch { width: 0.75rem; height: 0.75rem; border-radius: 3px; align-self: center; flex: none; }
fieldset { display: flex; flex-wrap: wrap; gap: 0.25rem 1rem; border: 0; margin: 0 0 0.6rem; padding: 0; }
#prompts-form > label { display: block; margin-bottom: 0.4rem; color: var(--soft); font-size: 0.8125rem; }
dialog {
  border: 1px solid var(--line); border-radius: 12px; padding: 1.5rem; max-width: min(26rem, 92vw);
  background: var(--card); color: var(--text);
}
dialog::backdrop { background: rgb(0 0 0 / 0.5); }
#key { display: block; width: 100%; margin: 0.25rem 0 0.4rem; }
@media (max-width: 60rem) {
  header, main { padding-inline: 0.75rem; }
  .columns { grid-template-columns: minmax(0, 1fr); }
  .picture { position: static; }
  .stage img { max-height: 60vh; }
  #timing { margin-left: 0; }
  #url-form { flex-wrap: wrap; flex-basis: 100%; max-width: none; }
  #url-form label { flex-basis: 100%; }
}
@media (prefers-reduced-motion: reduce) {
  .busy .spinner { animation: none; border-color: var(--accent); }
}
`;
