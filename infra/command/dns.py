"""The command `wecelebrate dns`: sets the TXT records that the local cloud reads instead of DNS."""

from typing import Annotated

import typer
from rich.markup import escape

from infra.command.console import console
from infra.local.endpoints import dns_directory, state_directory
from wecelebrate.core.outbound.dns import DirectoryResolver


def dns(
    name: Annotated[str, typer.Argument(help="Name of the record, e.g. _wecelebrate.gifts.example.com.")],
    values: Annotated[
        list[str] | None, typer.Argument(help="The new values. Without a value, delete the record.")
    ] = None,
) -> None:
    """Set the TXT records of a name. The local cloud verifies domains with these records instead of DNS."""
    resolver = DirectoryResolver(dns_directory(state_directory()))
    resolver.write(name.lower(), values or [])
    for value in values or []:
        console.print(f"{escape(name.lower())}  TXT  {escape(value)}", highlight=False)
