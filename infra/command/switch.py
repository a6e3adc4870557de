"""The command `wecelebrate switch`: lists and changes the kill switches of the platform."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated

import typer

from infra.command import output
from infra.command.api import connect, get, httpx, require_success
from infra.command.errors import BadUsage
from infra.command.help import API, command
from infra.command.output import Cell, Column, Json, JsonOption, Styled

_PATH = "/v1/admin/flags"


_COLUMNS = (
    Column("switch"),
    Column("value"),
    Column("since"),
    Column("by", shorten=True),
    Column("effect", shorten=True),
)


@command(
    "wecelebrate switch",
    "wecelebrate switch cache=off",
    environment=API,
)
def switch(
    setting: Annotated[
        str | None,
        typer.Argument(help="reads=primary|replica, cache=on|off or limits=on|off. Without it, list all switches."),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Change a kill switch, or list all of them. A change applies to every function within 10 seconds."""
    if setting is not None and as_json:
        raise typer.BadParameter("--json can only be used to list the switches")
    with connect() as connection:
        switches: dict[str, Json] = {switch["name"]: switch for switch in get(connection.api, _PATH)["data"]}
        if setting is not None:
            _change(connection.api, switches, setting)
        elif as_json:
            output.print_json_list(list(switches.values()))
        else:
            output.print_table(_COLUMNS, map(_row, switches.values()))


def _change(api: httpx.Client, switches: Mapping[str, Json], setting: str) -> None:
    name, _, value = setting.partition("=")
    if name not in switches:
        raise BadUsage(f"switch '{name}' does not exist: use one of {', '.join(switches)}")
    default, other = switches[name]["default"], switches[name]["other"]
    if value not in (default, other):
        raise BadUsage(f"'{value}' is not a value of the switch {name}: use {name}={default} or {name}={other}")
    path = f"{_PATH}/{name}"
    response = api.delete(path) if value == default else api.put(path, json={"value": value})
    require_success(response)
    output.success(f"{name}={value} applies to every function within 10 seconds")


def _row(switch: Json) -> tuple[Cell, ...]:
    changed_at = switch["changed_at"] and datetime.fromisoformat(switch["changed_at"])
    value = Styled(switch["value"], None if switch["value"] == switch["default"] else "yellow")
    since = f"{changed_at:%Y-%m-%d %H:%M}" if changed_at else ""
    return switch["name"], value, since, switch["changed_by"], switch["does"]
