"""The command `wecelebrate switch`: lists and changes the kill switches of the platform."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Annotated

import httpx
import typer
from rich.markup import escape
from rich.table import Table

from infra.command.api import as_admin, error_message, get
from infra.command.console import console
from infra.command.progress import Json
from infra.local.processes import LocalCloudError

_PATH = "/v1/admin/flags"


def switch(
    setting: Annotated[
        str | None,
        typer.Argument(help="reads=primary|replica, cache=on|off or limits=on|off. Without it, list all switches."),
    ] = None,
) -> None:
    """Change a kill switch, or list all of them. A change applies to every function within 10 seconds."""
    with as_admin() as cloud:
        switches: dict[str, Json] = {switch["name"]: switch for switch in get(cloud.api, _PATH)["data"]}
        if setting is None:
            console.print(_table(switches.values()))
        else:
            _change(cloud.api, switches, setting)


def _change(api: httpx.Client, switches: Mapping[str, Json], setting: str) -> None:
    name, _, value = setting.partition("=")
    if name not in switches:
        raise LocalCloudError(f"switch '{name}' does not exist: use one of {', '.join(switches)}")
    default, other = switches[name]["default"], switches[name]["other"]
    if value not in (default, other):
        raise LocalCloudError(f"'{value}' is not a value of the switch {name}: use {name}={default} or {name}={other}")
    path = f"{_PATH}/{name}"
    response = api.delete(path) if value == default else api.put(path, json={"value": value})
    if response.is_error:
        raise LocalCloudError(error_message(response))
    console.print(f"[green]✓[/] {name}={value} applies to every function within 10 seconds")


def _table(switches: Iterable[Json]) -> Table:
    table = Table("switch", "value", "since", "by", "effect", box=None, pad_edge=False, header_style="dim")
    for switch in switches:
        changed_at = switch["changed_at"] and datetime.fromisoformat(switch["changed_at"])
        value = switch["value"] if switch["value"] == switch["default"] else f"[yellow]{escape(switch['value'])}[/]"
        since = f"{changed_at:%Y-%m-%d %H:%M}" if changed_at else ""
        table.add_row(switch["name"], value, since, escape(switch["changed_by"] or ""), switch["does"])
    return table
