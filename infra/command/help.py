"""The help texts that all commands share: examples, environment variables and exit codes."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar, TypeVar

from typer.core import TyperCommand

from infra.command.errors import ExitCode

FILE_FORMATS = "CSV, TSV, JSON, NDJSON, XLSX or XML, optionally compressed with gzip or zip."
"""The formats of product files."""

Function = TypeVar("Function", bound=Callable[..., Any])

SETTINGS: dict[str, Any] = {
    "context_settings": {"help_option_names": ["-h", "--help"]},
    # The help is plain text, so it needs no import of rich, and people can pipe and search it.
    "rich_markup_mode": None,
    "pretty_exceptions_enable": False,
}
"""The settings of every Typer app."""

VARIABLES = {
    "WECELEBRATE_API": "URL of the API of a deployed platform. Without it, commands use the local cloud.",
    "WECELEBRATE_TOKEN": "Access token for the API. The local cloud does not need it.",
    "WECELEBRATE_ENV": "Environment that is signed in, e.g. prod. `wecelebrate sign-in` sets it.",
    "WECELEBRATE_ENV_API": "URL of the API that is signed in. Commands refuse another $WECELEBRATE_API.",
    "WECELEBRATE_HOME": "Folder of the local cloud. The default is the checkout.",
    "WECELEBRATE_PORT_<PART>": "Port of a part of the local cloud, e.g. WECELEBRATE_PORT_API.",
    "WECELEBRATE_POOLER": "off: do not use pgbouncer.",
    "WECELEBRATE_POSTGRES": "Folder of other programs of PostgreSQL, version 15 or later.",
    "WECELEBRATE_ORIGIN_SECRETS": "Secrets of CloudFront: functions refuse requests without one of them.",
    "WECELEBRATE_OWNER": "Process that owns the local cloud, which stops when it ends: <pid>:<creation time>.",
    "WECELEBRATE_DROPS_BUCKET": "S3 bucket for dropped files of a deployed platform.",
    "AWS_PROFILE": "Profile of the AWS credentials for preflight, deploy, destroy and first-admin.",
    "NO_COLOR": "Any value: print no colours.",
}
"""The environment variables that commands read."""

API = (
    "WECELEBRATE_API", "WECELEBRATE_TOKEN", "WECELEBRATE_ENV", "WECELEBRATE_ENV_API", "WECELEBRATE_HOME", "NO_COLOR",
)  # fmt: skip
"""The variables of the commands that only need the API."""
LOCAL = ("WECELEBRATE_HOME", "NO_COLOR")
"""The variables of the commands that need the local cloud."""


class DocumentedCommand(TyperCommand):
    """A command whose help ends with examples and environment variables."""

    examples: ClassVar[Sequence[str]] = ()
    """Lines that people can run."""
    environment: ClassVar[Sequence[str]] = ()
    """The environment variables that the command reads."""

    def format_epilog(self, ctx: Any, formatter: Any) -> None:  # noqa: ARG002 - the signature of Typer
        """Write the examples and the environment variables."""
        write_examples(formatter, self.examples)
        write_section(formatter, "Environment", {name: VARIABLES[name] for name in self.environment})


def documented(*examples: str, environment: Sequence[str]) -> type[DocumentedCommand]:
    """Return a class for a command whose help ends with these examples and environment variables."""
    return type("DocumentedCommand", (DocumentedCommand,), {"examples": examples, "environment": environment})


def command(*examples: str, environment: Sequence[str]) -> Callable[[Function], Function]:
    """Return a decorator that adds examples and environment variables to the help of a function."""

    def decorate(function: Function) -> Function:
        function.command_class = documented(*examples, environment=environment)  # type: ignore[attr-defined]
        return function

    return decorate


def write_examples(formatter: Any, examples: Sequence[str]) -> None:
    """Write examples, each in one line, because people copy them."""
    with formatter.section("Examples"):
        for example in examples:
            formatter.write(f"  {example}\n")


def write_section(formatter: Any, title: str, rows: Mapping[str, str]) -> None:
    """Write a section of names and their meanings."""
    with formatter.section(title):
        formatter.write_dl(list(rows.items()))


def write_root_epilog(formatter: Any) -> None:
    """Write the end of the help of `wecelebrate`."""
    write_examples(
        formatter,
        (
            "wecelebrate up --detach",
            "wecelebrate drop products.csv --catalog acme-gifts --wait",
            "wecelebrate jobs list --json | jq -r '.data[].id'",
            "wecelebrate jobs watch --help",
        ),
    )
    write_section(formatter, "Environment", VARIABLES)
    write_section(formatter, "Exit codes", {str(code.value): code.meaning for code in ExitCode})
