"""The command `wecelebrate erp grant`: gives ERP systems access to the drops bucket on AWS."""

import os
from typing import Annotated
from urllib.parse import quote

import typer

from infra.command import output
from infra.command.aws import EnvironmentOption, environment_named
from infra.command.errors import BadUsage
from infra.command.help import SETTINGS, documented
from infra.command.target import ENV_VARIABLE, remote_api
from infra.environments import Environment

app = typer.Typer(add_completion=False, help="Give ERP systems access to the drops bucket.", **SETTINGS)


def grant(
    name: Annotated[str, typer.Argument(help="A name for the system, e.g. acme-sap.")],
    principal: Annotated[str, typer.Option(help="The AWS account, role or user of the system, as an ARN.")],
    catalog: Annotated[list[str] | None, typer.Option(help="The id of a catalog. Can be repeated.")] = None,
    destination: Annotated[
        list[str] | None, typer.Option(help="The id of an order destination. Can be repeated.")
    ] = None,
    env: EnvironmentOption = None,
) -> None:
    """Give an ERP system access to its folders in the drops bucket. The next deploy creates the role of the system.

    The command writes `environments/<env>-erp.toml`, and prints the values that the system needs. The command needs no
    access to AWS. If this shell is signed in to the environment, the command first checks that the catalogs and
    destinations exist.
    """
    from infra.deploy.erp import grant_access

    environment = environment_named(env)
    catalogs, destinations = catalog or [], destination or []
    _require_existing(environment, catalogs, destinations)
    try:
        created = grant_access(environment, name, principal, catalogs, destinations)
    except ValueError as error:
        raise BadUsage(_first_line(error)) from error
    output.success(f"{name} has access after the next deploy of {environment.name}; give the system these values:")
    account = environment.settings.account or "<account>"
    output.print_details(
        {
            "role": f"arn:aws:iam::{account}:role/{environment.resource(f'erp-{name}')}",
            "external id": created.external_id,
            "bucket": f"{environment.resource('drops')}-{account}",
            "region": environment.region,
            "write to": "\n".join(f"{id}/incoming/" for id in catalogs),
            "read from": "\n".join(f"{id}/results/" for id in catalogs),
            "order files": "\n".join(f"orders/{id}/" for id in destinations),
        }
    )


def _require_existing(environment: Environment, catalogs: list[str], destinations: list[str]) -> None:
    """Raise NotFound if a catalog or a destination does not exist. If the shell is not signed in, only print a
    warning."""
    if os.environ.get(ENV_VARIABLE) != environment.name or not remote_api()[0]:
        output.warning(
            f"not checked that the catalogs and destinations exist, because nobody is signed in to {environment.name}"
        )
        return
    from infra.command.api import connect, get

    with connect() as connection:
        for id in catalogs:
            get(connection.api, f"/v1/catalogs/{quote(id, safe='')}", not_found=f"catalog {id} does not exist")
        for id in destinations:
            path = f"/v1/order-destinations/{quote(id, safe='')}"
            get(connection.api, path, not_found=f"order destination {id} does not exist")


_EXAMPLES = {
    "name": "acme-sap, with lower-case letters, digits and hyphens",
    "principal": "arn:aws:iam::210987654321:role/sap",
    "catalogs": "01a20512-5e16-7075-8b8c-1b6a3ce1d0a5",
    "destinations": "01a20512-5e16-7075-8b8c-1b6a3ce1d0a5",
}
"""An example of each value whose form is checked."""


def _first_line(error: ValueError) -> str:
    from pydantic import ValidationError

    if isinstance(error, ValidationError):
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"]))
        names = (step for step in reversed(first["loc"]) if isinstance(step, str))
        example = _EXAMPLES.get(next(names, ""))
        if example and first["type"] == "string_pattern_mismatch":
            return f"{place} {first['input']} is not valid: give it as {example}"
        return f"{place}: {first['msg']}" if place else str(first["msg"])
    return str(error)


app.command(
    "grant",
    cls=documented(
        "wecelebrate erp grant acme-sap --env dev --principal arn:aws:iam::210987654321:role/sap"
        " --catalog ca100000-0000-7000-8000-000000000001",
        environment=("WECELEBRATE_ENV", "WECELEBRATE_API", "WECELEBRATE_TOKEN", "NO_COLOR"),
    ),
)(grant)


@app.callback()
def _erp() -> None:
    """Give ERP systems access to the drops bucket."""
