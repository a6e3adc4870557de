"""Where the commands say something to a person."""

from rich.console import Console

console = Console(highlight=False, soft_wrap=True)
