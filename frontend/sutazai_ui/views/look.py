"""How the dashboard looks beyond Streamlit's theme: one sheet of style, for light and for dark."""

import streamlit as st

# `light-dark` follows the colour scheme that Streamlit gives the page. Each pair has a contrast of
# 4.5 to 1 at least on both grounds of its theme (WCAG 2.2, 1.4.3).
_STYLE = """<style>
.stApp {
  --sz-muted: light-dark(#52605d, #a7b5b1); --sz-line: light-dark(#d3dcda, #33413e);
  --sz-card: light-dark(#f6f9f8, #18211f); --sz-accent: light-dark(#0b6e5f, #41c2ab);
  --sz-ok: light-dark(#146c41, #63d597); --sz-busy: light-dark(#0a58a8, #84bdff);
  --sz-wait: light-dark(#7a5000, #e6b94f); --sz-bad: light-dark(#b3261e, #ff9088);
  --sz-mark: light-dark(#ffe08a, #7a5c00);
}
.sz-only { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%);
  white-space: nowrap; }
.sz-text, .sz-passage { white-space: pre-wrap; overflow-wrap: anywhere; line-height: 1.6; }
.sz-small { font-size: 0.875rem; color: var(--sz-muted); overflow-wrap: anywhere; }
.stApp [data-testid="stCaptionContainer"] { opacity: 1; color: var(--sz-muted); }
.stApp [data-testid="stCaptionContainer"] code { font-size: 0.8rem; }
.stApp [data-testid="stCaptionContainer"] p { color: var(--sz-muted); }
.sz-quote { border-left: 3px solid var(--sz-accent); padding-left: 0.75rem; white-space: pre-wrap;
  overflow-wrap: anywhere; }
.sz-passage { max-height: 22rem; overflow-y: auto; font-size: 0.9rem; padding: 0.75rem 1rem;
  border: 1px solid var(--sz-line); border-radius: 0.5rem; background: var(--sz-card); }
.sz-passage.whole { max-height: none; font-size: 1rem; }
.sz-passage.sz-listing { max-height: 16rem; font-family: ui-monospace, monospace;
  font-size: 0.8rem; margin: 0; }
.sz-passage mark { scroll-initial-target: nearest; }
.sz-text mark, .sz-passage mark { background: var(--sz-mark); color: inherit; padding: 0.1em 0;
  border-radius: 2px; box-decoration-break: clone; }
.sz-ok { color: var(--sz-ok); } .sz-busy { color: var(--sz-busy); }
.sz-wait { color: var(--sz-wait); } .sz-bad { color: var(--sz-bad); }
.sz-chip { display: inline-block; white-space: nowrap; font-size: 0.8rem; font-weight: 600;
  padding: 0.05rem 0.5rem; border: 1px solid currentColor; border-radius: 1rem; }
.stHtml .sz-facts { display: grid; grid-template-columns: max-content 1fr; gap: 0.25rem 1rem;
  margin: 0.6rem 0 0; padding: 0; font-size: 0.9rem; }
.stHtml .sz-facts dt { color: var(--sz-muted); }
.stHtml .sz-facts dd { margin: 0; overflow-wrap: anywhere; }
.sz-table { width: 100%; border-collapse: collapse; font-size: 0.9rem; }
.sz-table caption { text-align: left; color: var(--sz-muted); padding-bottom: 0.25rem; }
.sz-table th { text-align: left; font-weight: 600; color: var(--sz-muted); }
.sz-table th, .sz-table td { padding: 0.35rem 0.75rem 0.35rem 0; vertical-align: top;
  border-bottom: 1px solid var(--sz-line); overflow-wrap: break-word; }
.sz-table th { white-space: nowrap; }
.sz-table .number { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
.sz-wide { overflow-x: auto; }
.stHtml .sz-cards { display: grid; gap: 0.75rem; padding: 0; margin: 0; list-style: none;
  grid-template-columns: repeat(auto-fill, minmax(min(100%, 19rem), 1fr)); }
.stHtml .sz-cards > li { border: 1px solid var(--sz-line); border-radius: 0.6rem;
  padding: 0.9rem 1rem; margin: 0; background: var(--sz-card); display: flex;
  flex-direction: column; gap: 0.5rem; }
.sz-head { display: flex; justify-content: space-between; gap: 0.5rem; align-items: baseline;
  flex-wrap: wrap; }
.sz-name { font-weight: 600; overflow-wrap: anywhere; }
.sz-tags { display: flex; flex-wrap: wrap; gap: 0.3rem; }
.sz-tag { font-size: 0.78rem; padding: 0 0.45rem; border-radius: 0.3rem;
  border: 1px solid var(--sz-line); color: var(--sz-muted); }
.sz-graph { overflow-x: auto; padding: 0.25rem 0; }
.sz-graph.tall { display: none; }
.stHtml .sz-graph ol { list-style: none; margin: 0; padding: 0; }
.stHtml .sz-node { position: absolute; box-sizing: border-box; border: 2px solid var(--sz-line);
  border-radius: 0.6rem; background: var(--sz-card); padding: 0.35rem 0.7rem; margin: 0;
  overflow: hidden; line-height: 1.35; }
.sz-node div { overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
.sz-node .who { font-size: 0.78rem; color: var(--sz-muted); }
.sz-node .how { font-size: 0.78rem; font-weight: 600; }
.sz-node.ok { border-color: var(--sz-ok); } .sz-node.bad { border-color: var(--sz-bad); }
.sz-node.wait { border-color: var(--sz-wait); border-style: dashed; }
.sz-node.busy { border-color: var(--sz-busy); animation: sz-breathe 1.4s ease-in-out infinite; }
@keyframes sz-breathe { 50% { box-shadow: 0 0 0 4px
  color-mix(in srgb, var(--sz-busy) 25%, transparent); } }
.sz-edge { position: absolute; background: var(--sz-line); }
.sz-edge.done { background: var(--sz-ok); }
.stHtml .sz-lanes { list-style: none; margin: 0; padding: 0; font-size: 0.85rem; }
.stHtml .sz-lanes li { display: grid; grid-template-columns: 11rem 1fr; gap: 0.75rem; margin: 0;
  align-items: center; padding: 0.15rem 0; }
.sz-lane { position: relative; height: 1.25rem; border-radius: 0.25rem;
  background: var(--sz-card); border: 1px solid var(--sz-line); }
.sz-bar { position: absolute; top: 1px; bottom: 1px; min-width: 3px; border-radius: 0.2rem;
  background: currentColor; }
.sz-axis { display: flex; justify-content: space-between; margin-left: 11.75rem; }
a.sz-button { display: inline-block; padding: 0.4rem 1rem; border-radius: 0.5rem;
  background: #0b6e5f; color: #ffffff; text-decoration: none; }
a.sz-button:focus-visible { outline: 3px solid var(--sz-busy); outline-offset: 2px; }
.sz-graph:focus-visible, .sz-passage:focus-visible { outline: 2px solid var(--sz-accent); }
.st-key-rows .stPageLink a { width: 100%; background: none; border-radius: 0;
  border-bottom: 1px solid var(--sz-line); align-items: baseline; }
.st-key-rows .stPageLink a:hover, .st-key-talks .stPageLink a:hover { background: var(--sz-card); }
.st-key-rows .stPageLink p, .st-key-talks .stPageLink p { font-weight: 400; white-space: normal; }
.st-key-rows .stPageLink strong { font-weight: 600; }
.st-key-rows .stPageLink p > span:last-child { color: var(--sz-muted); display: block; }
.st-key-rows .stPageLink a > span:first-child { align-self: center; }
.st-key-talks .stPageLink a { background: none; }
.st-key-picture-frame { container-type: inline-size; margin: 0.5rem 0; }
[class*="st-key-picture-"]:not(.st-key-picture-frame) { position: relative; margin: 0 auto; }
.st-key-picture-star > .stElementContainer, .st-key-picture-ring > .stElementContainer,
.st-key-picture-list > .stElementContainer { position: absolute; inset: 0; width: 100%; }
.sz-lines { display: none; } .sz-line { position: absolute; transform-origin: 0 50%;
  background: var(--sz-line); }
.sz-line.to::after { content: ""; position: absolute; left: 50%; top: 50%; translate: -50% -50%;
  border: 6px solid transparent; border-left: 11px solid var(--sz-muted); border-right: 0; }
.sz-number { position: absolute; translate: -50% -50%; font-size: 0.8rem; font-weight: 600;
  padding: 0 0.35rem; border-radius: 1rem; border: 1px solid var(--sz-line);
  color: var(--sz-muted); background: var(--sz-card); }
[class*="st-key-box-"], [class*="st-key-row-"] { min-width: 0; flex: none; }
[class*="st-key-box-"] .stElementContainer { flex: none; margin: 0; }
.sz-middle { border: 2px solid var(--sz-accent); border-radius: 0.6rem; padding: 0.3rem 0.5rem;
  background: var(--sz-card); text-align: center; font-size: 0.85rem; line-height: 1.25;
  overflow: hidden; }
.sz-middle .who { font-size: 0.75rem; color: var(--sz-muted); }
[class*="st-key-box-"] .stPageLink a, [class*="st-key-row-"] .stPageLink a { width: 100%;
  margin: 0; padding: 0.15rem 0.5rem; border: 1px solid var(--sz-line);
  border-radius: 0.6rem; background: var(--sz-card); align-items: center; overflow: hidden; }
[class*="st-key-box-"] .stPageLink a:hover, [class*="st-key-row-"] .stPageLink a:hover {
  border-color: var(--sz-accent); background: var(--sz-card); }
[class*="st-key-box-"] .stPageLink p, [class*="st-key-row-"] .stPageLink p { font-size: 0.8rem;
  line-height: 1.2; font-weight: 600; white-space: normal; overflow-wrap: anywhere;
  display: -webkit-box; -webkit-box-orient: vertical; -webkit-line-clamp: 3; }
[class*="st-key-box-"] .stPageLink p > span:last-child, [class*="st-key-row-"] .stPageLink p >
  span:last-child { display: block; font-weight: 400; font-size: 0.75rem; color: var(--sz-muted); }
.sz-between { font-size: 0.85rem; color: var(--sz-muted); white-space: nowrap; }
@container (min-width: 700px) {
  .sz-lines.wide { display: block; }
}
@container (max-width: 699.98px) {
  .sz-lines.narrow { display: block; }
  .st-key-picture-star, .st-key-picture-list { display: grid; grid-template-columns: 1fr 1fr;
    gap: 0.5rem 1.25rem; }
  .st-key-picture-star > [data-testid="stLayoutWrapper"]:nth-child(2) { grid-column: 1 / -1;
    z-index: 1; }
  .st-key-picture-star::before { content: ""; position: absolute; left: calc(50% - 1px); width: 2px;
    top: 1rem; bottom: 1.25rem; background: var(--sz-line); }
  .st-key-picture-star > [data-testid="stLayoutWrapper"] { position: relative; }
  .st-key-picture-star > [data-testid="stLayoutWrapper"]:nth-child(n + 3)::before { content: "";
    position: absolute; top: 1.25rem; right: 100%; width: 0.625rem; height: 2px;
    background: var(--sz-line); }
  .st-key-picture-star > [data-testid="stLayoutWrapper"]:nth-child(2n + 3)::before { right: auto;
    left: 100%; }
}
.stMainBlockContainer { padding-top: 3.5rem; }
/* White on the theme's own colour is too faint in the dark; what opens over a page lies outside
   .stApp and knows no scheme, so that these are the same in both. */
[data-testid^="stBaseButton-primary"]:enabled { background: #14806d; border-color: #14806d;
  color: #ffffff; }
[data-testid^="stBaseButton-primary"]:enabled:is(:hover, :focus-visible, :active) {
  background: #0f6a5a; border-color: #0f6a5a; color: #ffffff; }
[class*="st-key-renews-"] [data-stale="true"] { opacity: 1; transition: none; }
@media (max-width: 640px) {
  .stMainBlockContainer { padding-top: 4rem; }
  .st-key-picture-row { flex-direction: column; align-items: stretch; gap: 0.25rem; }
  .st-key-picture-row .sz-between { text-align: center; }
  .st-key-picture-row > * { flex: none; }
  .sz-graph.wide { display: none; } .sz-graph.tall { display: block; }
  .stHtml .sz-lanes li { grid-template-columns: 1fr; gap: 0.1rem; } .sz-axis { margin-left: 0; }
}
@media (prefers-reduced-motion: reduce) { .sz-node.busy { animation: none; } }
</style>"""
# The state of a run, a step, a document or a part: the class that colours it, a sign that says the
# same without colour, and words.
STATES: dict[str, tuple[str, str, str]] = {
    "succeeded": ("ok", "✓", "done"),
    "indexed": ("ok", "✓", "ready"),
    "idle": ("ok", "○", "idle"),
    "well": ("ok", "✓", "well"),
    "running": ("busy", "▶", "running"),
    "claimed": ("busy", "▶", "at work"),
    "busy": ("busy", "▶", "busy"),
    "indexing": ("busy", "▶", "being read"),
    "pending": ("wait", "…", "waits"),
    "waiting": ("wait", "…", "waits"),
    "ready": ("wait", "…", "waits for an agent"),
    "cancelled": ("wait", "■", "stopped"),
    "failed": ("bad", "✗", "failed"),
    "dead": ("bad", "✗", "given up"),
    "down": ("bad", "✗", "away"),
    "unwell": ("bad", "✗", "unwell"),
}


def style() -> None:
    """Say once for a page how all this looks."""
    st.html(_STYLE)


def kind(state: str) -> str:
    """Give the class of a state."""
    return STATES.get(state, ("wait", "", ""))[0]


def said(state: str) -> str:
    """Say a state: its sign and its words, which both stand for themselves."""
    _, sign, words = STATES.get(state, ("wait", "·", state))
    return f"{sign} {words}"
