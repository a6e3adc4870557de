"""The `wecelebrate` command. This module lists all subcommands, which are functions in the other modules."""

import sys
from functools import partial
from io import TextIOWrapper
from typing import Annotated, ClassVar

import typer

from infra.command import output
from infra.command.errors import BadUsage
from infra.command.help import SETTINGS
from infra.command.lazy import Entry, LazyCommands
from infra.command.target import LOCAL, NAMED

PACKAGE = "wecelebrate-platform"


class _Commands(LazyCommands):
    entries: ClassVar = {
        "up": Entry("infra.command.cloud", "up", "Start the local cloud."),
        "down": Entry("infra.command.cloud", "down", "Stop the local cloud."),
        "status": Entry(
            "infra.command.status", "status", "Show the parts of the local cloud, or an environment on AWS."
        ),
        "doctor": Entry(
            "infra.command.doctor", "doctor", "Find the problems of this machine that prevent a local cloud."
        ),
        "token": Entry("infra.command.token", "token", "Print an access token of a user of the local cloud."),
        "env": Entry("infra.command.env", "env", "Print shell variables with the URL of the API, a token and ids."),
        "drop": Entry("infra.command.drop", "drop", "Upload a file for a catalog, in the same way as an ERP system."),
        "read": Entry("infra.command.read", "read", "Show how a product file is read. Needs no cloud."),
        "jobs": Entry(
            "infra.command.jobs", "app", "List, show, watch, cancel, retry, approve and decide background jobs."
        ),
        "orders": Entry(
            "infra.command.orders",
            "app",
            "List, show, ship and import orders, and exchange order files with an ERP system.",
        ),
        "exports": Entry(
            "infra.command.exports", "app", "Write products, orders, events or customers to files, and download them."
        ),
        "dlq": Entry("infra.command.dlq", "app", "List, show, redrive and dismiss dead letters."),
        "kv": Entry("infra.command.kv", "app", "Move the documents of the old key-value store to the tables."),
        "listen": Entry("infra.command.listen", "listen", "Print or forward the webhook events of a client."),
        "mail": Entry("infra.command.mail", "app", "List and show the mails of the local cloud."),
        "members": Entry(
            "infra.command.members", "app", "List, invite, change and remove members of a client, or staff."
        ),
        "audit": Entry(
            "infra.command.audit", "audit", "List who has changed data, and which personal data staff has read."
        ),
        "tenant": Entry(
            "infra.command.tenant", "app", "Restore rows and values of one client from a restored database."
        ),
        "erasures": Entry("infra.command.erasures", "app", "Erase a person, and repeat the erasures after a restore."),
        "persons": Entry("infra.command.persons", "app", "Export the data that the platform stores about a person."),
        "revocations": Entry(
            "infra.command.revocations", "revocations", "List revoked access that a restore has made valid again."
        ),
        "switch": Entry("infra.command.switch", "switch", "List the kill switches, or change one."),
        "dns": Entry("infra.command.dns", "dns", "Replace the TXT records of a name in the local cloud."),
        "migrate": Entry("infra.command.migrate", "migrate", "Apply all pending migrations to the local database."),
        "schema": Entry("infra.command.schema", "schema", "Print the schema of the local database as SQL."),
        "openapi": Entry("infra.command.openapi", "openapi", "Print the OpenAPI document of the API."),
        "preflight": Entry("infra.command.aws", "preflight", "Check whether an AWS account is ready for a deploy."),
        "deploy": Entry("infra.command.aws", "deploy", "Deploy an environment on AWS."),
        "destroy": Entry("infra.command.aws", "destroy", "Delete an environment on AWS with all of its data."),
        "maintenance": Entry(
            "infra.command.environment", "maintenance", "Close an environment on AWS for everyone except you."
        ),
        "block": Entry(
            "infra.command.environment", "block", "Block addresses in the firewall of an environment on AWS."
        ),
        "files": Entry(
            "infra.command.files", "app", "List the files of ERP systems in the drops bucket, and write them again."
        ),
        "queues": Entry("infra.command.queues", "app", "List, stop and start the queues of an environment on AWS."),
        "check-database": Entry(
            "infra.command.environment", "check_database", "Run the checks that need the database of an environment."
        ),
        "sql": Entry("infra.command.sql", "sql", "Run one SQL statement on an environment on AWS."),
        "first-admin": Entry("infra.command.aws", "first_admin", "Create the first super admin on AWS."),
        "sign-in": Entry("infra.command.aws", "sign_in", "Sign in to a platform on AWS, and print shell variables."),
        "shop": Entry("infra.command.shop", "shop", "Create a client with a catalog, a product and a storefront."),
        "erp": Entry("infra.command.erp", "app", "Give ERP systems access to the drops bucket on AWS."),
        "bench": Entry("infra.command.bench", "bench", "Measure the performance of the platform on this machine."),
        "load": Entry("infra.command.load", "load", "Measure how many visitors this machine serves."),
    }


def _print_version(requested: bool) -> None:
    if requested:
        from importlib.metadata import version

        output.result(f"wecelebrate {version(PACKAGE)}")
        raise typer.Exit


app = typer.Typer(cls=_Commands, no_args_is_help=True, add_completion=True, **SETTINGS)


_ON_THIS_MACHINE = frozenset({"up", "down", "doctor", "bench", "load"})
"""The commands that act only on this machine."""


@app.callback()
def wecelebrate(
    context: typer.Context,
    version: Annotated[  # noqa: ARG001 - the callback prints it
        bool, typer.Option("--version", help="Print the version and exit.", is_eager=True, callback=_print_version)
    ] = False,
    env: Annotated[
        str | None,
        typer.Option("--env", metavar="NAME", help="Act only on this environment, e.g. prod, or local."),
    ] = None,
) -> None:
    """Run the wecelebrate platform on this machine, and operate it here or where it is deployed.

    Results are printed to stdout. Errors, warnings, hints and progress are printed to stderr. With --json, a list is
    one document {"data": [...], "has_more": false}, like the lists of the API. With --json, `jobs watch` and `listen`
    print one JSON object in each line.
    """
    # In tests, a process runs several commands. A command must not act on the environment of an earlier command.
    context.call_on_close(partial(NAMED.reset, NAMED.set(env)))
    if env not in (None, LOCAL) and context.invoked_subcommand in _ON_THIS_MACHINE:
        raise BadUsage(f"{context.invoked_subcommand} acts only on this machine, not on {env}")
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            # A terminal without Unicode shows `?` instead of `✓`.
            stream.reconfigure(errors="replace")
