"""Joins a header of two rows: groups such as `EK` and `VK` above names such as `Netto` and `Brutto`."""

from collections import Counter
from collections.abc import Sequence

from wecelebrate.feeds.columns import fold
from wecelebrate.feeds.evidence.prices import price_name
from wecelebrate.feeds.words import words

MAX_GROUP_LENGTH = 40
KINDS_OF_TAX = words("netto brutto net gross ht ttc exvat incvat exclvat inclvat neto bruto netti")


def join_header_rows(rows: Sequence[Sequence[str]], header: int) -> tuple[int, list[str]]:
    """Return the index of the last row of the header, and the names of the columns.

    `header` is the index of the row that looks most like a header. The groups can be in the row above it, if the
    header repeats names, or in the header itself, if the names below its groups are in the row below it.
    """
    names = [cell.strip() for cell in rows[header]]
    below = [cell.strip() for cell in rows[header + 1]] if header + 1 < len(rows) else []
    if _is_second_row(names, below):
        groups = _extended(names, max(len(names), len(below)))
        return header + 1, [
            f"{group} {name}" if name and group and not (at < len(names) and names[at] == name) else group or name
            for at, (group, name) in enumerate(zip(groups, [*below, *[""] * (len(groups) - len(below))], strict=False))
        ]
    if _is_complete_header(names, below):
        return join_header_rows(rows, header + 1)
    above = [cell.strip() for cell in rows[header - 1]] if header else []
    counts = Counter(fold(name) for name in names if name)
    repeated = [at for at, name in enumerate(names) if name and counts[fold(name)] > 1]
    groups = _extended(above, len(names))
    labels = {groups[at] for at in repeated}
    if len(labels - {""}) < 2 or not all(map(_is_group, labels)):
        return header, list(rows[header])
    return header, [f"{groups[at]} {name}".strip() if at in repeated else name for at, name in enumerate(names)]


def _is_second_row(names: Sequence[str], below: Sequence[str]) -> bool:
    """Return whether the row below has names for the columns of a group: for a name and the blank names after it."""
    filled = [at for at, name in enumerate(below) if name]
    unnamed = [at for at in filled if at >= len(names) or not names[at]]
    if not unnamed or not below or below[0] or not names[0]:
        return False
    starts = [at for at in filled if at < len(names) and names[at]]
    in_groups = [at for at in starts if at + 1 in unnamed]
    return bool(in_groups) and len(starts) == len(in_groups) and all(_is_group(below[at]) for at in filled)


def _is_complete_header(names: Sequence[str], below: Sequence[str]) -> bool:
    """Return whether the row below is the header, with a name in each column, and this row has only its groups."""
    labels = [name for name in names if name]
    counts = Counter(fold(name) for name in below)
    repeated = [name for name, count in counts.items() if count > 1]
    return (
        1 < len(labels) < len(names) <= len(below)
        and all(name and _is_group(name) for name in below)
        and bool(repeated)
        and all(name in KINDS_OF_TAX or price_name(name) for name in repeated)
    )


def _extended(groups: Sequence[str], width: int) -> list[str]:
    """Return the group of each column. A group covers the blank cells after it."""
    extended, current = [], ""
    for at in range(width):
        current = (groups[at] if at < len(groups) else "") or current
        extended.append(current)
    return extended


def _is_group(label: str) -> bool:
    return len(label) <= MAX_GROUP_LENGTH and not any(char.isdigit() for char in label)
