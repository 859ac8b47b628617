"""The Markdown document as one HTML file without any other file or network access."""

from __future__ import annotations

from html import escape

from markdown_it import MarkdownIt

_STYLE = """
:root { color-scheme: light dark; }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 80rem; margin: 2rem auto; padding: 0 1rem; }
table { border-collapse: collapse; display: block; overflow-x: auto; font-variant-numeric: tabular-nums; }
th, td { padding: .2rem .6rem; border-bottom: 1px solid #8884; vertical-align: top; text-align: left; }
td { white-space: nowrap; }
td:nth-child(2):last-child, td:nth-child(4):nth-last-child(3) { white-space: normal; }
tbody tr:hover { background: #8882; }
pre { padding: .6rem .8rem; background: #8882; overflow-x: auto; }
"""


def to_html(markdown: str, title: str) -> str:
    """A complete document; HTML inside the Markdown is shown as text, not passed through."""
    body = MarkdownIt("js-default").render(markdown)
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(title)}</title>\n<style>{_STYLE}</style>\n</head>\n<body>\n{body}</body>\n</html>\n"
    )
