"""Reads the Markdown pages of the repository: their code blocks, commands, links and anchors."""

import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from urllib.parse import unquote

from markdown_it import MarkdownIt
from markdown_it.token import Token

from infra.functions import ROOT

PROMPT = "$ "


@dataclass(frozen=True)
class Block:
    """A code block of a page."""

    page: str
    language: str
    line: int
    """The number of the line in which the code begins. The first line of the page has the number 1."""
    code: str

    def __str__(self) -> str:
        return f"{self.page}:{self.line}"


@dataclass(frozen=True)
class Step:
    """A command of a page, and the output that the page shows for it."""

    block: Block
    line: int
    command: str
    output: str | None
    """The text that the page shows below the command. None if the block is a script, which shows no output."""

    def __str__(self) -> str:
        return f"{self.block.page}:{self.line}: {self.command}"


@dataclass(frozen=True)
class Page:
    """A Markdown page of the repository. `name` is its path below the root, e.g. `docs/api.md`."""

    name: str
    text: str

    @cached_property
    def tokens(self) -> list[Token]:
        return MarkdownIt("commonmark").enable("table").parse(self.text)

    @cached_property
    def blocks(self) -> list[Block]:
        """All fenced code blocks, including blocks in list items."""
        fences = [token for token in self.tokens if token.type == "fence" and token.map]
        return [Block(self.name, token.info.strip(), token.map[0] + 2, token.content) for token in fences]  # type: ignore[index]

    @cached_property
    def inline(self) -> list[Token]:
        """The inline tokens, e.g. texts, links and code, of all paragraphs, headings and table cells."""
        return [child for token in self.tokens for child in token.children or []]

    @cached_property
    def links(self) -> list[str]:
        """The targets of all links and images, without percent-encoding."""
        targets = [token.attrs.get("href") or token.attrs.get("src") for token in self.inline]
        return [
            *(unquote(str(target)) for target in targets if target),
            *re.findall(r'(?:src|srcset)="([^"]+)"', self.text),
        ]

    @cached_property
    def anchors(self) -> set[str]:
        """The anchors that GitHub and GitLab derive from the headings."""
        anchors: set[str] = set()
        for opening, content in zip(self.tokens, self.tokens[1:], strict=False):
            if opening.type == "heading_open":
                title = "".join(child.content for child in content.children or [])
                anchor = re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-")
                repeated = sum(re.fullmatch(rf"{re.escape(anchor)}(-\d+)?", each) is not None for each in anchors)
                anchors.add(f"{anchor}-{repeated}" if repeated else anchor)
        return anchors


@cache
def pages() -> dict[str, Page]:
    """Map the name of each page to the page. The mapping contains all pages that git tracks or would add."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "*.md"]
    names = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout.split()
    return {name: Page(name, (ROOT / name).read_text("utf-8")) for name in sorted(names) if (ROOT / name).exists()}


def guides() -> list[Page]:
    """Return the pages with commands, in reading order: README.md, the pages of docs/ in the order of the links in
    README.md, then all other pages of docs/."""
    readme = pages()["README.md"]
    in_docs = [name for name in pages() if Path(name).parent == Path("docs")]
    linked = [name for name in dict.fromkeys(target.partition("#")[0] for target in readme.links) if name in in_docs]
    return [pages()[name] for name in ("README.md", *dict.fromkeys([*linked, *in_docs]))]


def steps(block: Block) -> Iterator[Step]:
    """Yield the commands of a `sh` or `console` block.

    A `sh` block is one step. In a `console` block, each line that starts with `$ ` begins a command. A command
    continues on the next line while it is incomplete, e.g. inside quotes. The other lines are output.
    """
    if block.language == "sh":
        yield Step(block, block.line, block.code, None)
        return
    lines = list(enumerate(block.code.splitlines(), block.line))
    if not lines or not lines[0][1].startswith(PROMPT):
        raise ValueError(f"{block}: a console block must start with '{PROMPT}'")
    while lines:
        first, command = lines.pop(0)
        command = command.removeprefix(PROMPT)
        while not _is_complete(command):
            if not lines:
                raise ValueError(f"{block.page}:{first}: the command is incomplete: {command}")
            command += "\n" + lines.pop(0)[1]
        output = []
        while lines and not lines[0][1].startswith(PROMPT):
            output.append(lines.pop(0)[1])
        yield Step(block, first, command, "\n".join(output))


def _is_complete(command: str) -> bool:
    if command.endswith("\\"):
        return False
    result = subprocess.run(["bash", "-n", "-c", command], capture_output=True, text=True, check=False)
    # If the end of a heredoc is missing, bash only prints a warning.
    return not re.search(r"unexpected EOF|unexpected end of file|delimited by end-of-file", result.stderr)
