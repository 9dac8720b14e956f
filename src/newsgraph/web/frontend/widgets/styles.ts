/**
 * How the widgets look. They take colour scheme, font and size from the page; custom properties and parts change the
 * rest (docs/embedding.md). Every pair of colours has a contrast of at least 4.5 to 1 (WCAG 2.2, 1.4.3).
 */

export const BASE = `
:host {
  display: block;
  /* Names of our own: a page may well have an --accent, and say --newsgraph-accent: var(--accent). */
  --_accent: var(--newsgraph-accent, light-dark(#0b57c4, #8ab8ff));
  --_on-accent: var(--newsgraph-on-accent, light-dark(#fff, #0b1a30));
  --_text: var(--newsgraph-text, light-dark(#1b1c1e, #e9e9ea));
  --_muted: var(--newsgraph-muted, light-dark(#5b5f66, #a9adb5));
  --_surface: var(--newsgraph-surface, light-dark(#fff, #17181a));
  --_raised: var(--newsgraph-raised, light-dark(#f4f5f7, #222428));
  --_rule: var(--newsgraph-line, light-dark(#dcdfe4, #3a3d43));
  --_edge: var(--newsgraph-edge, light-dark(#80858e, #80858e));
  --_danger: var(--newsgraph-danger, light-dark(#b3261e, #ffb4ab));
  --_radius: var(--newsgraph-radius, 6px);
  --_gap: var(--newsgraph-gap, 1rem);
  color: var(--_text);
  font: inherit;
  font-family: var(--newsgraph-font, inherit);
  line-height: 1.5;
}
:host([hidden]), [hidden] { display: none !important; }
:host([theme="light"]) { color-scheme: light; }
:host([theme="dark"]) { color-scheme: dark; }
:host([theme="auto"]) { color-scheme: light dark; }
*, *::before, *::after { box-sizing: border-box; }
ul, ol { list-style: none; margin: 0; padding: 0; }
p { margin: 0; }
a { color: inherit; text-underline-offset: 0.15em; }
button, select, textarea { font: inherit; color: inherit; }
button { cursor: pointer; }
button:disabled { cursor: default; }
:focus-visible { outline: 2px solid var(--_accent); outline-offset: 2px; border-radius: 3px; }
.title { margin: 0; font-family: var(--newsgraph-heading-font, inherit); font-size: 1.25em; line-height: 1.25; }
.empty { color: var(--_muted); }
.unseen {
  position: absolute; inline-size: 1px; block-size: 1px; margin: -1px; overflow: hidden;
  clip-path: inset(50%); white-space: nowrap;
}
/* Browsers of before 2024 do not know of which scheme the page is: most pages are light. */
@supports not (color: light-dark(#000, #fff)) {
  :host {
    --_accent: var(--newsgraph-accent, #0b57c4); --_on-accent: var(--newsgraph-on-accent, #fff);
    --_text: var(--newsgraph-text, #1b1c1e); --_muted: var(--newsgraph-muted, #5b5f66);
    --_surface: var(--newsgraph-surface, #fff); --_raised: var(--newsgraph-raised, #f4f5f7);
    --_rule: var(--newsgraph-line, #dcdfe4); --_edge: var(--newsgraph-edge, #80858e);
    --_danger: var(--newsgraph-danger, #b3261e);
  }
}
@media (forced-colors: active) { button, .field { border: 1px solid !important; } }
`;

export const COMMENTS = `
.root { outline: none; }
.head { display: flex; flex-wrap: wrap; gap: 0.5rem 1rem; align-items: baseline; justify-content: space-between; margin-block-end: var(--_gap); }
.count { color: var(--_muted); font-weight: 400; font-variant-numeric: tabular-nums; }
.sort { display: inline-flex; gap: 0.5em; align-items: baseline; font-size: 0.875em; color: var(--_muted); }
.notice { padding: 0.6em 0.9em; margin-block-end: var(--_gap); background: var(--_raised); border-radius: var(--_radius); font-size: 0.9375em; }
.line { border-inline-start: 3px solid var(--_danger); }
.place { margin-block-end: calc(var(--_gap) * 1.5); }
.place:empty { margin: 0; }
.gate { display: flex; flex-wrap: wrap; gap: 0.75rem; align-items: center; justify-content: space-between; padding: 0.9em 1em; background: var(--_raised); border-radius: var(--_radius); }

.label { display: block; margin-block-end: 0.35em; font-size: 0.875em; font-weight: 600; }
.field { background: var(--_surface); border: 1px solid var(--_edge); border-radius: var(--_radius); padding: 0.4em 0.5em; max-inline-size: 100%; }
textarea.field { display: block; inline-size: 100%; min-block-size: 4.5em; max-block-size: 24em; padding: 0.6em 0.75em; line-height: 1.5; resize: vertical; field-sizing: content; overflow-wrap: anywhere; }
textarea[aria-invalid] { border-color: var(--_danger); }
.form select, .form .label + .field { margin-block-end: 0.75em; }
.row { display: flex; flex-wrap: wrap; gap: 0.5rem; align-items: center; justify-content: flex-end; margin-block-start: 0.5em; }
.counter { margin-inline-end: auto; color: var(--_muted); font-size: 0.875em; font-variant-numeric: tabular-nums; }
.counter.wrong, .error { color: var(--_danger); }
.error { margin-block-start: 0.4em; font-size: 0.9375em; }

.submit, .sign-in, .danger, .arrivals { min-block-size: 2.5rem; padding: 0.4em 1.1em; border: 0; border-radius: var(--_radius); background: var(--_accent); color: var(--_on-accent); font-weight: 600; }
.danger { background: transparent; color: var(--_danger); box-shadow: inset 0 0 0 1px currentColor; }
.cancel { min-block-size: 2.5rem; padding: 0.4em 0.9em; border: 0; border-radius: var(--_radius); background: transparent; color: var(--_text); }
.submit:hover, .sign-in:hover, .arrivals:hover { filter: brightness(1.08); }
.cancel:hover, .danger:hover, .more:hover { background: var(--_raised); }

.arrivals { display: block; position: sticky; inset-block-start: var(--newsgraph-sticky-top, 0.5rem); z-index: 1; margin: 0 auto var(--_gap); border-radius: 999px; box-shadow: 0 2px 8px rgb(0 0 0 / 0.25); font-variant-numeric: tabular-nums; }
.more { display: block; inline-size: 100%; min-block-size: 2.5rem; margin-block-start: 0.5rem; padding: 0.4em 1em; border: 1px solid var(--_rule); border-radius: var(--_radius); background: transparent; color: var(--_accent); font-weight: 600; }
.more:has(+ .arrivals) { margin-block: 0 var(--gap); }
.item > .more { inline-size: auto; border: 0; padding-inline: 0.5em; margin-inline-start: calc(var(--_gap) - 0.5em); }

.item { padding-block: var(--_gap); outline-offset: 4px; scroll-margin-block: 5rem; }
.list > .item + .item { border-block-start: 1px solid var(--_rule); }
.list > .item:first-child { padding-block-start: 0.25rem; }
.replies { margin-block-start: 0.75rem; padding-inline-start: var(--_gap); border-inline-start: 2px solid var(--_rule); }
.replies > .item { padding-block: 0.6rem; }
.replies > .item:first-child { padding-block-start: 0.1rem; }
.replies > .item:last-child { padding-block-end: 0.1rem; }
.focused > .comment { background: color-mix(in srgb, var(--_accent) 10%, transparent); box-shadow: 0 0 0 0.5rem color-mix(in srgb, var(--_accent) 10%, transparent); border-radius: 2px; }
.item:focus:not(:focus-visible) { outline: none; }

.by { display: flex; flex-wrap: wrap; gap: 0.1em 0.6em; align-items: baseline; font-size: 0.9375em; }
.author { font-weight: 600; overflow-wrap: anywhere; }
.badges:empty { display: none; }
.badges { display: inline-flex; gap: 0.35em; }
.badge, .featured { padding: 0 0.5em; border: 1px solid currentColor; border-radius: 999px; color: var(--_accent); font-size: 0.8125em; font-weight: 600; }
.time, .edited, .state, .message { color: var(--_muted); font-size: 0.875em; }
.time { text-decoration: none; }
.time:hover { text-decoration: underline; }
.body { margin-block: 0.35em 0.3em; white-space: pre-wrap; overflow-wrap: anywhere; unicode-bidi: plaintext; text-align: start; }
.gone > .comment > .body { color: var(--_muted); font-style: italic; }
.gone > .comment > .by { display: none; }
.draft, .held { opacity: 1; }
.draft > .body, .held > .body { color: var(--_muted); }
.held { border-inline-start: 3px solid var(--_accent); padding-inline-start: var(--_gap); }

.actions { display: flex; flex-wrap: wrap; gap: 0.1em 0.25em; align-items: baseline; margin-inline-start: -0.5em; font-size: 0.875em; }
.action, .reaction { min-block-size: 2rem; min-inline-size: 2rem; padding: 0.15em 0.5em; border: 0; border-radius: var(--_radius); background: transparent; color: var(--_muted); }
.action:hover, .reaction:hover:enabled { background: var(--_raised); color: var(--_text); }
.reaction[aria-pressed="true"] { color: var(--_accent); font-weight: 600; }
.action[aria-expanded="true"] { background: var(--_raised); color: var(--_text); }
.number { font-variant-numeric: tabular-nums; }
.number:empty { display: none; }
.state { margin-inline-start: 0.5em; }
.message { margin-block-start: 0.25em; }
.panel:not(:empty) { margin-block: 0.75rem; padding: 0.9em; background: var(--_raised); border-radius: var(--_radius); }
.problem { display: flex; flex-wrap: wrap; gap: 0.75rem; align-items: center; padding: 0.9em 1em; background: var(--_raised); border-radius: var(--_radius); }

@media (pointer: coarse) { .action, .reaction { min-block-size: 2.75rem; } }
@media (prefers-reduced-motion: no-preference) {
  .focused > .comment { transition: background-color 0.4s; }
}
`;

export const LIST = `
.title { margin-block-end: 0.6em; overflow-wrap: anywhere; }
.row { display: flex; gap: 0.75em; align-items: baseline; padding-block: 0.55em; }
.row + .row { border-block-start: 1px solid var(--_rule); }
.rank { flex: none; min-inline-size: 1.1em; color: var(--_accent); font-size: 1.25em; font-weight: 700; line-height: 1.2; font-variant-numeric: tabular-nums; }
.text { min-inline-size: 0; }
.label { display: block; color: var(--_muted); font-size: 0.75em; font-weight: 600; letter-spacing: 0.04em; }
.link { color: inherit; font-weight: 600; text-decoration: none; overflow-wrap: anywhere; line-height: 1.35; unicode-bidi: plaintext; }
.link:hover { text-decoration: underline; }
`;

export const COUNT = `
:host { display: inline; color: inherit; }
span { font-variant-numeric: tabular-nums; }
`;
