"""The help texts that all commands share: examples, environment variables and exit codes."""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar, TypeVar

from typer.core import TyperCommand

from infra.command.errors import ExitCode

FILE_FORMATS = "CSV, TSV, JSON, NDJSON, XLSX, ODS or XML, optionally compressed with gzip or zip."
"""The formats of product files."""

Function = TypeVar("Function", bound=Callable[..., Any])

SETTINGS: dict[str, Any] = {
    "context_settings": {"help_option_names": ["-h", "--help"]},
    # The help is plain text. Therefore the command does not import rich, and people can pipe and search the help.
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
    "WECELEBRATE_ROLLBACK": "Release before the deployed one, to which a deploy may go back, e.g. v0.2.0.",
    "WECELEBRATE_DROPS_BUCKET": "S3 bucket for dropped files of a deployed platform.",
    "AWS_PROFILE": "Profile of the AWS credentials for the commands that act on AWS.",
    "NO_COLOR": "Any value: print no colours.",
}
"""The environment variables that commands read."""

API = (
    "WECELEBRATE_API", "WECELEBRATE_TOKEN", "WECELEBRATE_ENV", "WECELEBRATE_ENV_API", "WECELEBRATE_HOME", "NO_COLOR",
)  # fmt: skip
"""The environment variables of commands that need only the API."""
_PLACEHOLDERS = {
    "str": "TEXT", "int": "NUMBER", "int range": "NUMBER", "float": "NUMBER", "float range": "NUMBER", "UUID": "ID",
    "file": "FILE", "path": "FILE",
}  # fmt: skip
"""Maps a type that Typer prints, e.g. `<int range>`, to the placeholder of the value in the help."""
LOCAL = ("WECELEBRATE_HOME", "NO_COLOR")
"""The environment variables of commands that need the local cloud."""


class DocumentedCommand(TyperCommand):
    """A command whose help ends with examples and environment variables."""

    examples: ClassVar[Sequence[str]] = ()
    """Command lines that a person can run."""
    environment: ClassVar[Sequence[str]] = ()
    """The environment variables that the command reads."""

    def __init__(self, *arguments: Any, **attributes: Any) -> None:
        super().__init__(*arguments, **attributes)
        # Typer would shorten the text to a few words.
        self.short_help = self.short_help or first_sentence(self.help or "")
        for parameter in self.params:
            if parameter.param_type_name == "argument" and parameter.metavar is None:
                name = str(parameter.name).upper()
                parameter.metavar = name if parameter.nargs == 1 else name.removesuffix("S")

    def collect_usage_pieces(self, ctx: Any) -> list[str]:
        """Return the parts of the usage line. Arguments have forms such as `FILE`, `[ID]` and `ID...`."""
        pieces = [self.options_metavar] if self.options_metavar else []
        for parameter in self.get_params(ctx):
            if parameter.param_type_name == "argument":
                piece = str(parameter.metavar) if parameter.required else f"[{parameter.metavar}]"
                pieces.append(piece if parameter.nargs == 1 else f"{piece}...")
        return pieces

    def format_options(self, ctx: Any, formatter: Any) -> None:
        """Write the arguments and the options, each with a placeholder for its value."""
        for kind, title in (("argument", "Arguments"), ("option", "Options")):
            records = [
                (_named(kind, record[0]), record[1])
                for parameter in self.get_params(ctx)
                if parameter.param_type_name == kind and (record := parameter.get_help_record(ctx))
            ]
            if records:
                with formatter.section(title):
                    formatter.write_dl(records)

    def format_epilog(self, ctx: Any, formatter: Any) -> None:  # noqa: ARG002 - the signature of Typer
        """Write the examples and the environment variables."""
        write_examples(formatter, self.examples)
        write_section(formatter, "Environment", {name: VARIABLES[name] for name in self.environment})


def _named(kind: str, name: str) -> str:
    """Return the name of a parameter in the help, e.g. `FILE`, `--limit NUMBER` or `--role <owner|editor>`."""
    if kind == "argument":
        choices = re.search(r" <[^>]*\|[^>]*>", name)
        return name.partition(" <")[0] + (choices[0] if choices else "")

    def placeholder(match: re.Match[str]) -> str:
        type_name = match[1].removeprefix("list[").removesuffix("]")
        return _PLACEHOLDERS.get(type_name, f"<{type_name}>")

    return re.sub(r"<([^>]+)>", placeholder, name)


def first_sentence(text: str) -> str:
    """Return the first sentence of a help text."""
    paragraph = " ".join(text.partition("\n\n")[0].split())
    return re.split(r"(?<=\.) (?=[A-Z])", paragraph, maxsplit=1)[0]


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
    """Write each example in one line, because people copy the examples."""
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
