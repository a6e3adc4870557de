"""The command `wecelebrate dns`: replaces the TXT records that the local cloud reads instead of DNS."""

from typing import Annotated

import typer

from infra.command import output
from infra.command.help import LOCAL, command
from infra.local.endpoints import dns_directory, state_directory


@command(
    "wecelebrate dns _wecelebrate.gifts.example.com wecelebrate-site=0123456789abcdef",
    environment=LOCAL,
)
def dns(
    name: Annotated[str, typer.Argument(help="Name of the record, e.g. _wecelebrate.gifts.example.com.")],
    values: Annotated[
        list[str] | None, typer.Argument(help="The new values. Without a value, delete the record.")
    ] = None,
) -> None:
    """Set the TXT records of a name. The local cloud verifies domains with these records instead of DNS."""
    from wecelebrate.core.outbound.dns import DirectoryResolver

    resolver = DirectoryResolver(dns_directory(state_directory()))
    resolver.write(name.lower(), values or [])
    if not values:
        output.note(f"{output.printable(name.lower())} has no TXT records now")
    for value in values or []:
        output.result(f"{output.printable(name.lower())}  TXT  {output.printable(value)}")
