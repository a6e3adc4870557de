"""`wecelebrate openapi`: the API's contract, for tools."""

import json
from typing import Annotated

import typer


def openapi(
    server: Annotated[str, typer.Option(help="Address of the API that the document names.")] = "http://127.0.0.1:8787",
) -> None:
    """Print the OpenAPI 3.1 document of the whole API."""
    # Imports every handler: no other command should wait for that.
    from infra.openapi import document

    typer.echo(json.dumps(document(server.rstrip("/")), indent=2, ensure_ascii=False))
