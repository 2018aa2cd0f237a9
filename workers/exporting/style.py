"""How the page of an export looks: on a screen by day and by night, and on paper."""

STYLE = """
:root { color-scheme: light dark; --ink: #26231f; --soft: #6d665d; --paper: #fbf9f5; --card: #fff; --line: #e6e0d6;
        --link: #1b5e78; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e9e4dc; --soft: #a69e92; --paper: #1c1a18; --card: #262320; --line: #3a3530; --link: #8fc7de; }
}
* { box-sizing: border-box; }
body { font: 1.05rem/1.65 Georgia, "Iowan Old Style", serif; color: var(--ink); background: var(--paper);
       max-width: 44rem; margin: 0 auto; padding: 3rem 1.25rem 6rem; overflow-wrap: anywhere; }
h1 { font-weight: normal; font-size: 2.2rem; margin: 0 0 .5rem; }
h2 { font-weight: normal; font-size: 1.35rem; line-height: 1.3; margin: 0; }
h3 { font: 600 .85rem/1.4 system-ui, sans-serif; color: var(--soft); margin: 1.25rem 0 .25rem; }
a { color: var(--link); text-decoration-thickness: 1px; text-underline-offset: 2px; }
header p, .facts, .note, nav li { font: .9rem/1.5 system-ui, sans-serif; color: var(--soft); }
header p { max-width: 36rem; }
nav { border-block: 1px solid var(--line); margin: 2rem 0 3rem; padding: 1.25rem 0; }
nav ul { list-style: none; margin: 0; padding: 0; }
nav li { display: grid; grid-template-columns: 7.5rem 1fr; gap: .75rem; padding: .15rem 0; }
article { background: var(--card); border: 1px solid var(--line); border-radius: .75rem; padding: 1.5rem 1.75rem;
          margin: 0 0 1.75rem; scroll-margin-top: 1rem; }
article .facts, article .note { margin: .25rem 0 .5rem; }
audio { display: block; width: 100%; margin: 1rem 0 .5rem; }
.said { white-space: pre-line; margin: 1rem 0; }
.tags { border-top: 1px solid var(--line); margin-top: 1.25rem; }
.tags ul { margin: 0; padding: 0; list-style: none; }
.tags li { padding: .2rem 0; }
.tags li .facts { margin-left: .35rem; }
.tags b { font-weight: 600; color: var(--ink); }
@media (max-width: 30rem) { nav li { grid-template-columns: 1fr; gap: 0; } article { padding: 1.1rem; } }
@media print { body { max-width: none; padding: 0; } audio, nav { display: none; }
               article { border: 0; padding: 0; break-inside: avoid-page; } }
"""
