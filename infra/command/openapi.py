"""The command `wecelebrate openapi`: prints the OpenAPI document of the API."""

import json
from typing import Annotated

import typer

from infra.command.errors import BadUsage
from infra.command.help import command


@command("wecelebrate openapi --server https://api.example.com > openapi.json", environment=())
def openapi(
    server: Annotated[
        str, typer.Option("--server", help="Base URL of the API, which is shown in `servers` of the document.")
    ] = "http://127.0.0.1:8787",
) -> None:
    """Print the OpenAPI 3.1 document of the whole API."""
    if not server.startswith(("http://", "https://")):
        raise BadUsage(f"--server {server} is not a URL: give it as https://api.example.com")
    # This import is inside the function, because it is slow: it imports every handler.
    from infra.openapi import document

    typer.echo(json.dumps(document(server.rstrip("/")), indent=2, ensure_ascii=False))
