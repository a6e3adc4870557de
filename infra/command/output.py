"""Prints results to stdout, and everything else to stderr: errors, warnings, hints and progress.

A result is text for people, or JSON with `--json`. On a terminal, text has colours, and tables fit into the width of
the terminal. Without a terminal, text has no colours and is not shortened, so that other programs get whole values.
This module does not import rich, because importing rich takes longer than most commands.
"""

import json
import os
import shutil
import sys
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, TextIO

import typer

from infra.command.errors import BadUsage

Json = dict[str, Any]

JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON, with the field names of the API.")]
YesOption = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask for confirmation.")]

_MIN_SHORTENED = 6
"""The least width of a column that is shortened, in characters."""
_MIN_READABLE = 8
"""The least width at which a shortened column can still be understood, in characters."""


@dataclass(frozen=True)
class Column:
    """A column of a table."""

    title: str
    shorten: bool = False
    """Whether the cells may be shortened on a terminal. Ids are never shortened, because people copy them."""
    right: bool = False


@dataclass(frozen=True)
class Styled:
    """A text with a colour."""

    text: str
    color: str | None = None


Cell = str | Styled | None


def result(text: str = "") -> None:
    """Print a line of the result."""
    _print(text, sys.stdout)


def marked(mark: str, color: str, text: str) -> None:
    """Print a line of the result with a coloured symbol."""
    _print(f"{_style(mark, sys.stdout, fg=color)} {text}", sys.stdout)


def write(text: str) -> None:
    """Write a part of a long result without flushing, because a result can have a million lines."""
    sys.stdout.write(text)


def success(text: str) -> None:
    """Print the result of a successful action."""
    marked("✓", "green", printable(text))


def failure(text: str) -> None:
    """Print an error."""
    _print(f"{_style('✗', sys.stderr, fg='red')} {printable(text)}", sys.stderr)


def warning(text: str) -> None:
    """Print a warning, or an action that the operator has to take."""
    _print(f"{_style('!', sys.stderr, fg='yellow')} {printable(text)}", sys.stderr)


def note(text: str) -> None:
    """Print a hint or the progress."""
    _print(printable(text), sys.stderr)


def step(text: str, seconds: str = "", mark: str = "✓") -> None:
    """Print a completed step of a longer operation."""
    color = {"✓": "green", "!": "yellow", "✗": "red"}[mark]
    text = printable(text)
    line = f"{text:<12}{_style(seconds, sys.stderr, dim=True)}" if seconds else text
    _print(f"{_style(mark, sys.stderr, fg=color)} {line}", sys.stderr)


def print_json(document: Any) -> None:
    """Print one JSON document: indented on a terminal, otherwise in one line."""
    _print(json.dumps(document, ensure_ascii=False, indent=2 if sys.stdout.isatty() else None), sys.stdout)


def print_json_line(document: Any) -> None:
    """Print a JSON document in one line, also on a terminal. Use this function for results that arrive one after
    another."""
    _print(json.dumps(document, ensure_ascii=False), sys.stdout)
    sys.stdout.flush()


def print_json_list(rows: Sequence[Any], *, has_more: bool = False) -> None:
    """Print a list in the format of the lists of the API. has_more: whether --limit has cut the list."""
    print_json({"data": list(rows), "has_more": has_more})


def print_table(columns: Sequence[Column], rows: Iterable[Sequence[Cell]]) -> None:
    """Print a table with a header, and each row in one line.

    On a terminal, columns with `shorten` become narrower until the table fits. If a column would become too narrow to
    read, each row is printed as a block. A block has one line for each cell, with the title of the column and the text
    of the cell.
    """
    cells = list(rows)
    table = Table(columns, cells)
    if not table.is_readable:
        for position, row in enumerate(cells):
            if position:
                result()
            print_details(dict(zip((column.title for column in columns), map(_plain, row), strict=True)))
        return
    table.print_header()
    for row in cells:
        table.print_row(row)


class Table:
    """A table whose rows are printed one by one, so that a table of any length needs little memory.

    The widths of the columns come from `sample`, the first rows. On a terminal, the cells of a later row are shortened
    to these widths. Without a terminal, a wider cell moves the cells after it to the right.
    """

    def __init__(self, columns: Sequence[Column], sample: Iterable[Sequence[Cell]]) -> None:
        self._columns = columns
        self._widths = [_width(column.title) for column in columns]
        for row in sample:
            self._widths = [
                max(width, _width(_plain(cell).text)) for width, cell in zip(self._widths, row, strict=True)
            ]
        self.is_readable = True
        """Whether the table fits into the terminal, with columns that are wide enough to read."""
        if sys.stdout.isatty():
            whole, available = list(self._widths), shutil.get_terminal_size().columns
            _fit(columns, self._widths, available)
            readable = all(now >= min(_MIN_READABLE, width) for now, width in zip(self._widths, whole, strict=True))
            self.is_readable = readable and _total(self._widths) <= available

    def print_header(self) -> None:
        """Print the titles of the columns."""
        _print_row(self._columns, self._widths, [Styled(column.title) for column in self._columns], dim=True)

    def print_row(self, row: Sequence[Cell]) -> None:
        """Print a row."""
        _print_row(self._columns, self._widths, [_plain(cell) for cell in row])


def print_details(values: Mapping[str, Cell]) -> None:
    """Print a line for each name and its value. Leave out names with an empty value."""
    present = {name: cell for name, cell in values.items() if cell and _text(cell)}
    width = max((len(name) for name in present), default=0)
    for name, cell in present.items():
        styled = cell if isinstance(cell, Styled) else Styled(str(cell))
        first, *rest = printable(styled.text, keep_lines=True).split("\n")
        _print(f"{_style(name.ljust(width), sys.stdout, dim=True)}  {_color(Styled(first, styled.color))}", sys.stdout)
        for line in rest:
            _print(" " * (width + 2) + line, sys.stdout)


def confirm(question: str, yes: bool) -> None:
    """Ask the operator a question on the terminal, unless `yes` is set.

    Raises typer.Abort if the answer is no. Raises BadUsage if no terminal is attached, because a script must use --yes.
    """
    if yes:
        return
    if not sys.stdin.isatty():
        raise BadUsage(f"{question} Nobody can answer, because stdin is not a terminal: add --yes")
    typer.confirm(question, abort=True, err=True)


def printable(text: str, keep_lines: bool = False) -> str:
    """Return a text in which each control character is replaced by a space or an escape, e.g. `\\x1b`.

    Many texts, e.g. names and subjects, come from other people. Such a text must not control the terminal.
    """
    if text.isprintable():
        return text
    kept = "\n" if keep_lines else ""
    return "".join(
        character if character.isprintable() or character in kept else _escaped(character) for character in text
    )


def colored(stream: TextIO) -> bool:
    """Return whether a stream shows colours. The stream must be a terminal, and NO_COLOR (https://no-color.org) must
    not be set."""
    return stream.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def clear_screen() -> None:
    """Clear the terminal if stdout is a terminal with colours. Otherwise print nothing."""
    if colored(sys.stdout):
        _print("\x1b[H\x1b[2J", sys.stdout)


def _escaped(character: str) -> str:
    return " " if character.isspace() else character.encode("unicode_escape").decode("ascii")


def _print(text: str, stream: TextIO) -> None:
    # `color=True` leaves the text unchanged, because `_style` has already decided whether the text has colours.
    typer.echo(text, file=stream, color=True)


def _style(text: str, stream: TextIO, **style: Any) -> str:
    return typer.style(text, **style) if text and colored(stream) else text


def _text(cell: Cell) -> str:
    return cell.text if isinstance(cell, Styled) else cell or ""


def _plain(cell: Cell) -> Styled:
    return Styled(printable(_text(cell)), cell.color if isinstance(cell, Styled) else None)


def _color(cell: Styled) -> str:
    if cell.color is None:
        return cell.text
    style = {"dim": True} if cell.color == "dim" else {"fg": cell.color}
    return _style(cell.text, sys.stdout, **style)


def _width(text: str) -> int:
    """Return the number of columns of a text on a terminal. Wide characters, e.g. Chinese, take two columns."""
    if text.isascii():
        return len(text)
    return sum(
        0 if unicodedata.combining(character) else 1 + (unicodedata.east_asian_width(character) in "WF")
        for character in text
    )


def _total(widths: Sequence[int]) -> int:
    return sum(widths) + 2 * (len(widths) - 1)


def _fit(columns: Sequence[Column], widths: list[int], available: int) -> None:
    """Shorten the widest columns until the table fits into `available` characters."""
    least = [max(len(column.title), _MIN_SHORTENED) for column in columns]
    while _total(widths) > available:
        candidates = [index for index, column in enumerate(columns) if column.shorten and widths[index] > least[index]]
        if not candidates:
            return
        widths[max(candidates, key=widths.__getitem__)] -= 1


def _shortened(cell: Styled, width: int) -> Styled:
    if _width(cell.text) <= width:
        return cell
    text = ""
    for character in cell.text:
        if _width(text + character) > width - 1:
            break
        text += character
    return Styled(f"{text}…", cell.color)


def _print_row(columns: Sequence[Column], widths: Sequence[int], row: Sequence[Styled], dim: bool = False) -> None:
    parts = []
    for column, width, whole in zip(columns, widths, row, strict=True):
        cell = _shortened(whole, width) if column.shorten and sys.stdout.isatty() else whole
        padding = " " * (width - _width(cell.text))
        text = _color(cell)
        parts.append(padding + text if column.right else text + padding)
    line = "  ".join(parts).rstrip()
    _print(_style(line, sys.stdout, dim=True) if dim else line, sys.stdout)
