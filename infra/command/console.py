"""The console on which the commands print."""

from rich.console import Console
from rich.measure import Measurement
from rich.table import Table

console = Console(highlight=False, soft_wrap=True)


def print_unwrapped(table: Table) -> None:
    """Print a table at its full width, even if the terminal is narrower.

    People copy ids from it, and other programs read its lines.
    """
    table.width = Measurement.get(console, console.options.update(width=1_000), table).maximum
    console.print(table)
