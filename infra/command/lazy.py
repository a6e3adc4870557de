"""The group of all commands. It imports the module of a command only when this command runs.

Without this group, Typer would import all commands at every start, which takes longer than most commands. The code
comes from the lazy group in the documentation of Click (https://click.palletsprojects.com/en/stable/complex/). In
addition, the group contains the short help of each command. Therefore the help and the completion of the shell do not
import the commands.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import Any, ClassVar

import typer
from typer.core import TyperCommand, TyperGroup
from typer.main import get_command

from infra.command import output
from infra.command.errors import exit_code_of
from infra.command.help import SETTINGS, write_root_epilog
from infra.local.processes import LocalCloudError

_ID = "01a20512-5e16-7075-8b8c-1b6a3ce1d0a5"
"""An example of an id."""
_COMPLETION = ("install_completion", "show_completion")
"""The parameters that Typer adds to each group."""


@dataclass(frozen=True)
class Entry:
    """A command that is not imported yet."""

    module: str
    attribute: str
    """The name of a function, or of a Typer app with subcommands, in `module`."""
    short_help: str

    def load(self, name: str) -> Any:
        """Import the command."""
        loaded: typer.Typer | Callable[..., None] = getattr(import_module(self.module), self.attribute)
        if not isinstance(loaded, typer.Typer):
            app = typer.Typer(add_completion=False, **SETTINGS)
            app.command(name, cls=loaded.command_class)(loaded)  # type: ignore[attr-defined]
            loaded = app
        command = get_command(loaded)
        command.name = name
        # Only the command `wecelebrate` can install a completion. Its groups cannot.
        command.params = [each for each in command.params if each.name not in _COMPLETION]
        return command


class LazyCommands(TyperGroup):
    """The group of all commands.

    If a command raises an expected error, this group prints one line to stderr instead of a traceback, and exits with
    the exit code of the error.
    """

    entries: ClassVar[Mapping[str, Entry]]

    def __init__(self, **attributes: Any) -> None:
        super().__init__(**attributes)
        for name, entry in self.entries.items():
            self.commands[name] = TyperCommand(name=name, callback=None, short_help=entry.short_help)

    def list_commands(self, ctx: Any) -> list[str]:  # noqa: ARG002 - the signature of Typer
        """Return the names of the commands, in the order of `entries`."""
        return list(self.commands)

    def resolve_command(self, ctx: Any, args: list[str]) -> tuple[str | None, Any, list[str]]:
        """Find and import the command that the arguments name. Typer then runs the command or completes its
        arguments."""
        name, command, rest = super().resolve_command(ctx, args)
        return name, self.entries[name].load(name) if name else command, rest

    def format_epilog(self, ctx: Any, formatter: Any) -> None:  # noqa: ARG002 - the signature of Typer
        """Write the examples, the environment variables and the exit codes."""
        write_root_epilog(formatter)

    def invoke(self, ctx: Any) -> Any:
        """Run the command, and report its errors."""
        try:
            return super().invoke(ctx)
        except LocalCloudError as error:
            output.failure(str(error))
            raise typer.Exit(exit_code_of(error)) from error
        except typer.BadParameter as error:
            error.message = plain_message(error.message)
            raise
        except PermissionError as error:
            output.failure(f"{error.filename} belongs to another user: run the command as that user")
            raise typer.Exit(exit_code_of(error)) from error


def plain_message(message: str) -> str:
    """Return a message of Pydantic about a wrong argument without words that only programmers understand."""
    return (
        re.sub(r"a valid UUID, .*", f"an id, e.g. {_ID}", message.removeprefix("Value error, "))
        .replace("Input should be", "must be")
        .replace("a valid integer", "a whole number")
        .replace(", unable to parse string as an integer", "")
    )
