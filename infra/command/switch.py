"""The command `wecelebrate switch`: lists and changes the kill switches of the platform."""

import os
from collections.abc import Mapping
from datetime import datetime
from typing import Annotated

import typer

from infra.command import output
from infra.command.api import Connection, connect, get, require_success
from infra.command.errors import BadUsage
from infra.command.help import API, command
from infra.command.output import Cell, Column, Json, JsonOption, Styled
from infra.command.target import ENV_VARIABLE, NAMED

_PATH = "/v1/admin/flags"
_SUSPENSIONS = "/v1/admin/row-security-suspensions"
_ROW_SECURITY = "row-security:"

_COLUMNS = (
    Column("switch"),
    Column("value"),
    Column("since"),
    Column("by", shorten=True),
    Column("effect"),
)


@command(
    "wecelebrate switch",
    "wecelebrate switch cache=off",
    "wecelebrate switch row-security:orders=off --reason 'The policy of clients fails' --minutes 20",
    "wecelebrate --env prod switch cache=off --break-glass",
    environment=(*API, "AWS_PROFILE"),
)
def switch(
    setting: Annotated[
        str | None,
        typer.Argument(
            help="reads=primary|replica, cache=on|off, queue=direct|sqs or limits=on|off. Without it, list all."
        ),
    ] = None,
    reason: Annotated[
        str | None, typer.Option(help="The reason why row-level security of a table is suspended.")
    ] = None,
    minutes: Annotated[
        int, typer.Option(min=1, max=60, help="The number of minutes after which a suspension ends.")
    ] = 30,
    break_glass: Annotated[
        bool,
        typer.Option("--break-glass", help="Write to the database with your AWS credentials: the API is down."),
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Change a kill switch, or list all of them. A change applies to every function within 10 seconds.

    If the API or the sign-in is down, --break-glass writes the switch directly to the database, with your AWS
    credentials.

    row-security:TABLE=off suspends the row-level security of one table whose policies are broken. Until the suspension
    ends, admins can only read the table, and all other requests that need the table are refused.
    """
    if setting is not None and as_json:
        raise typer.BadParameter("--json can only be used to list the switches")
    if break_glass:
        _break_glass(setting)
        return
    with connect() as connection:
        if setting is not None and setting.startswith(_ROW_SECURITY):
            _change_row_security(connection, setting.removeprefix(_ROW_SECURITY), reason, minutes)
            return
        suspensions: list[Json] = get(connection.api, _SUSPENSIONS)["data"]
        switches: dict[str, Json] = {switch["name"]: switch for switch in get(connection.api, _PATH)["data"]}
        if setting is not None:
            _change(connection, switches, setting)
        elif as_json:
            output.print_json_list([*switches.values(), *suspensions])
        else:
            output.print_table(_COLUMNS, [*map(_row, switches.values()), *map(_suspension, suspensions)])


def _break_glass(setting: str | None) -> None:
    from infra.command.aws import environment_named
    from infra.deploy.account import Account, aws_errors
    from infra.deploy.break_glass import change_switch

    name = NAMED.get() or os.environ.get(ENV_VARIABLE)
    if setting is None or name is None:
        raise BadUsage("--break-glass needs a switch and an environment, e.g. wecelebrate --env prod switch cache=off")
    try:
        with aws_errors():
            change_switch(Account(environment_named(name)), setting)
    except ValueError as error:
        raise BadUsage(str(error)) from error
    output.success(f"{setting} is written to the database of {name}, and applies to every function within 10 seconds")


def _change(connection: Connection, switches: Mapping[str, Json], setting: str) -> None:
    name, _, value = setting.partition("=")
    if name not in switches:
        raise BadUsage(f"switch '{name}' does not exist: use one of {', '.join(switches)}")
    default, other = switches[name]["default"], switches[name]["other"]
    if value not in (default, other):
        raise BadUsage(f"'{value}' is not a value of the switch {name}: use {name}={default} or {name}={other}")
    api, path = connection.api, f"{_PATH}/{name}"
    response = api.delete(path) if value == default else api.put(path, json={"value": value})
    require_success(response)
    platform = connection.platform
    output.success(f"{name}={value} applies to every function of {platform} within 10 seconds")


def _change_row_security(connection: Connection, setting: str, reason: str | None, minutes: int) -> None:
    table, _, value = setting.partition("=")
    api, path = connection.api, f"{_SUSPENSIONS}/{table}"
    if value == "on":
        require_success(api.delete(path))
        output.success(f"row-level security of {table} is in force on {connection.platform}")
    elif value != "off":
        raise BadUsage(f"'{value}' is not a value of {_ROW_SECURITY}{table}: use off or on")
    elif reason is None:
        raise BadUsage("--reason is required to suspend row-level security: the audit log keeps it")
    else:
        require_success(api.put(path, json={"reason": reason, "minutes": minutes}))
        where = f"on {connection.platform} for {minutes} minutes"
        output.success(f"row-level security of {table} is suspended {where}: only admins can read it")


def _suspension(suspension: Json) -> tuple[Cell, ...]:
    since, until = (datetime.fromisoformat(suspension[name]) for name in ("suspended_at", "expires_at"))
    effect = f"Only admins read this table, until {until:%H:%M}: {suspension['reason']}"
    name = f"{_ROW_SECURITY}{suspension['table']}"
    return name, Styled("off", "red"), f"{since:%Y-%m-%d %H:%M}", suspension["suspended_by"], effect


def _row(switch: Json) -> tuple[Cell, ...]:
    changed_at = switch["changed_at"] and datetime.fromisoformat(switch["changed_at"])
    value = Styled(switch["value"], None if switch["value"] == switch["default"] else "yellow")
    since = f"{changed_at:%Y-%m-%d %H:%M}" if changed_at else ""
    return switch["name"], value, since, switch["changed_by"], switch["does"]
