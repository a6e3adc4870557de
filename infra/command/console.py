"""The console to which all commands print."""

from rich.console import Console
from rich.measure import Measurement
from rich.table import Table

console = Console(highlight=False, soft_wrap=True)


def print_unwrapped(table: Table) -> None:
    """Print each row of a table in one line, even if the line does not fit into the width of the terminal.

    Otherwise people could not copy ids from the table, and other programs could not read the rows.
    """
    table.width = Measurement.get(console, console.options.update(width=1_000), table).maximum
    console.print(table)
