"""`wecelebrate switch`: how the platform's switches stand, and turning them."""

from datetime import datetime
from typing import Annotated, Any

import httpx
import typer
from rich.markup import escape
from rich.table import Table

from infra.command.api import as_admin, get
from infra.command.console import console
from infra.local.processes import LocalCloudError


def switch(
    setting: Annotated[
        str | None,
        typer.Argument(help="reads=primary|replica, cache=on|off or limits=on|off. Without one all are shown."),
    ] = None,
) -> None:
    """Turn a switch of the platform, or show them all. Every function goes by it within 10 seconds."""
    with as_admin() as cloud:
        flags: dict[str, dict[str, Any]] = {flag["name"]: flag for flag in get(cloud.api, "/v1/admin/flags")["data"]}
        if setting is None:
            console.print(_table(flags.values()))
        else:
            _turn(cloud.api, flags, setting)


def _turn(api: httpx.Client, flags: dict[str, dict[str, Any]], setting: str) -> None:
    name, _, value = setting.partition("=")
    if name not in flags:
        raise LocalCloudError(f"there is no switch called '{name}', but {', '.join(flags)}")
    default, other = flags[name]["default"], flags[name]["other"]
    if value not in (default, other):
        raise LocalCloudError(f"say {name}={default} or {name}={other}")
    path = f"/v1/admin/flags/{name}"
    answer = api.delete(path) if value == default else api.put(path, json={"value": value})
    if answer.is_error:
        raise LocalCloudError(f"the API answers {answer.status_code}: {answer.text}")
    console.print(f"[green]✓[/] {name}={value}, everywhere within 10 seconds")


def _table(flags: Any) -> Table:
    table = Table("switch", "value", "since", "by", "what it does", box=None, pad_edge=False, header_style="dim")
    for flag in flags:
        changed = flag["changed_at"] and datetime.fromisoformat(flag["changed_at"])
        value = flag["value"] if flag["value"] == flag["default"] else f"[yellow]{escape(flag['value'])}[/]"
        since = f"{changed:%Y-%m-%d %H:%M}" if changed else ""
        table.add_row(flag["name"], value, since, escape(flag["changed_by"] or ""), flag["does"])
    return table
