"""Renders the pages about problems as Markdown and HTML.

The text about a problem uses a small part of Markdown: paragraphs, `code`, and code blocks that are indented by four
spaces. The HTML page loads no other files and runs no scripts.
"""

import base64
import hashlib
import re
from collections.abc import Iterable
from html import escape

from wecelebrate.problem_pages.models import ProblemPage, ProblemSummary

_STYLE = """\
body{font:1rem/1.5 system-ui,sans-serif;max-width:44rem;margin:2rem auto;padding:0 1rem;color:#1a1a1a;background:#fff}
code,pre{font-family:ui-monospace,monospace;background:#f3f3f3}pre{padding:.75rem;overflow-x:auto}
table{border-collapse:collapse}td,th{text-align:left;padding:.2rem 1rem .2rem 0;vertical-align:top}
@media(prefers-color-scheme:dark){body{color:#eee;background:#111}code,pre{background:#222}a{color:#8cf}}\
"""
_STYLE_HASH = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
CONTENT_SECURITY_POLICY = (
    f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
"""Allows the style of the pages, and forbids scripts, images, forms and frames."""


def page_markdown(page: ProblemPage) -> str:
    """Render the page of one problem as Markdown."""
    return f"# {page.title}\n\nStatus {page.status}, code `{page.code}`\n\n{page.explanation}\n"


def index_markdown(problems: Iterable[ProblemSummary]) -> str:
    """Render the list of all problems as Markdown."""
    rows = "".join(f"| {item.status} | [`{item.code}`](/problems/{item.code}) | {item.title} |\n" for item in problems)
    return f"# Problems\n\n| Status | Code | Title |\n|---|---|---|\n{rows}"


def page_html(page: ProblemPage) -> str:
    """Render the page of one problem as HTML."""
    paragraphs = "\n".join(_block(block) for block in _blocks(page.explanation))
    status = f'<p>Status {page.status}, code <code>{escape(page.code)}</code>, <a href="/problems">all problems</a></p>'
    return _document(page.title, f"<h1>{_inline(page.title)}</h1>\n{status}\n{paragraphs}")


def index_html(problems: Iterable[ProblemSummary]) -> str:
    """Render the list of all problems as HTML."""
    rows = "\n".join(
        f"<tr><td>{item.status}</td>"
        f'<td><a href="/problems/{escape(item.code)}"><code>{escape(item.code)}</code></a></td>'
        f"<td>{_inline(item.title)}</td></tr>"
        for item in problems
    )
    heading = "<tr><th>Status</th><th>Code</th><th>Title</th></tr>"
    return _document("Problems", f"<h1>Problems</h1>\n<table>\n{heading}\n{rows}\n</table>")


def _document(title: str, body: str) -> str:
    return (
        f'<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(title.replace('`', ''))}</title>\n<style>{_STYLE}</style>\n</head>\n"
        f"<body>\n{body}\n</body>\n</html>\n"
    )


def _blocks(text: str) -> list[str]:
    """Return the paragraphs and code blocks of a text. A code block can contain empty lines."""
    blocks: list[str] = []
    for block in re.split(r"\n\s*\n", text):
        if blocks and block.startswith("    ") and blocks[-1].startswith("    "):
            blocks[-1] += f"\n\n{block}"
        elif block.strip():
            blocks.append(block)
    return blocks


def _block(block: str) -> str:
    if block.startswith("    "):
        code = "\n".join(line.removeprefix("    ") for line in block.splitlines())
        return f"<pre><code>{escape(code)}</code></pre>"
    return f"<p>{_inline(' '.join(block.split()))}</p>"


def _inline(text: str) -> str:
    """Escape a text, and convert `code` to the HTML element."""
    return re.sub(r"`([^`]+)`", r"<code>\1</code>", escape(text))
