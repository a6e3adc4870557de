"""Reads the commands of rows: a column states what happens to the product of each row.

| command                                        | the row                                                             |
|------------------------------------------------|---------------------------------------------------------------------|
| blank, `create`, `update`, `merge` and so on   | is read like any row                                                |
| `delete`, `remove`, `archive` and so on        | deactivates the product; it needs only the SKU                      |
| `skip`, `ignore`                               | is rejected with the code `skipped`, so that the counts add up      |

Any other command is an unknown state: it does not change a stored product, and a new product is inactive.
"""

from collections.abc import Callable
from dataclasses import replace

from wecelebrate.feeds.items import BadCell, Cells, Product, Rejected, quoted
from wecelebrate.feeds.notation import convert
from wecelebrate.feeds.plan.plan import Plan
from wecelebrate.feeds.states.words import SKIP_COMMANDS, state_of_command

Build = Callable[[int, Cells, Cells], Product | Rejected]
MAX_COMMAND_LENGTH = 40


def with_commands(build: Build, plan: Plan, read_sku: Callable[[Cells], str | None], currency: str) -> Build:
    """Return a function that executes the commands of the rows. `build` builds the product of a row."""
    columns = [active.column for active in plan.active if active.words == "commands"]
    header = plan.computed.without(plan.header) if plan.computed else plan.header
    if not columns:
        return build

    def sku_of(cells: Cells) -> str | None:
        try:
            return convert.sku(read_sku(cells) or "")
        except BadCell:
            return None

    def build_row(line: int, cells: Cells, raw: Cells) -> Product | Rejected:
        commands = [(column, (cells[column] or "")[:MAX_COMMAND_LENGTH].strip().casefold()) for column in columns]
        skipping = next((column for column, word in commands if word in SKIP_COMMANDS), None)
        if skipping is not None:
            reason = f"{plan.column_name(skipping)}: {quoted(cells[skipping] or '')} leaves the row out"
            return Rejected(line, 1, sku_of(cells), reason, "skipped", [cell or "" for cell in raw])
        item = build(line, cells, raw)
        if isinstance(item, Product) or all(state_of_command(word) != "inactive" for _, word in commands):
            return item
        sku = sku_of(cells)
        if sku is None:
            return item
        source = {key: cell for key, cell in zip(header, raw, strict=False) if cell is not None}
        return replace(_DELETED, line=line, sku=sku, currency=currency, source=source, images=[], attributes={})

    return build_row


_DELETED = Product(
    line=0, rows=1, sku="", name=None, description=None, category=None, brand=None, price=None, currency="", images=[],
    attributes={}, inventory_count=None, is_active=False, source={}, fields_set=frozenset({"sku", "is_active"}),
)  # fmt: skip
