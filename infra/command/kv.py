"""The commands `wecelebrate kv …`: the key-value store of the platform's predecessor."""

from typing import Annotated

import typer

from infra.command import output
from infra.command.help import API, LOCAL, SETTINGS, documented
from infra.command.output import Column, JsonOption

app = typer.Typer(no_args_is_help=True, help="The key-value store of the old applications.", **SETTINGS)


_COLUMNS = (
    Column("family", shorten=True),
    Column("becomes"),
    Column("documents", right=True),
    Column("bytes", right=True),
)


@app.command(
    "inspect",
    cls=documented("wecelebrate kv inspect", "wecelebrate kv inspect --json | jq '.data'", environment=API),
)
def inspect(as_json: JsonOption = False) -> None:
    """Count the documents of each family of keys, and show what becomes of them. Prints no key and no value."""
    from infra.command.api import connect, get

    with connect() as connection:
        families = get(connection.api, "/v1/admin/kv/families")["data"]
    if as_json:
        output.print_json_list(families)
    else:
        rows = [(row["family"], row["meaning"], f"{row['documents']:,}", f"{row['bytes']:,}") for row in families]
        output.print_table(_COLUMNS, rows)


@app.command("key", cls=documented("wecelebrate kv key", "wecelebrate kv key --new", environment=LOCAL))
def key(
    new: Annotated[bool, typer.Option("--new", help="Print a new key and its hash, for a deployed platform.")] = False,
) -> None:
    """Print the key with which the old applications use the store of the local cloud.

    A deployed platform knows only the hashes of its keys: they are in `kv_key_hashes` of `environments/<env>.toml`.
    """
    from wecelebrate.kv.api_keys import hash_of, new_key

    if new:
        created = new_key()
        output.result(f"key   {created}")
        output.result(f"hash  {hash_of(created)}")
        return
    from infra.command.api import local_cloud
    from infra.local.credentials import Credentials

    output.result(Credentials.of(local_cloud("kv key").state).kv_key)
