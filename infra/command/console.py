"""Where the commands say something to a person."""

from rich.console import Console
from rich.measure import Measurement
from rich.table import Table

console = Console(highlight=False, soft_wrap=True)


def print_whole(table: Table) -> None:
    """Print a list as wide as it is, however narrow the terminal: its ids are for other commands to take, and its lines
    for other programs to read."""
    table.width = Measurement.get(console, console.options.update(width=1_000), table).maximum
    console.print(table)
