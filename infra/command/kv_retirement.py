"""The command `wecelebrate kv retire`: archives and deletes documents that no application uses, or restores them."""

import re
from time import monotonic, sleep
from typing import TYPE_CHECKING, Annotated

import typer

from infra.command import output
from infra.command.help import API, documented
from infra.command.kv_stages import Entity, EntityArgument
from infra.command.output import Column, JsonOption, YesOption

if TYPE_CHECKING:
    import httpx

_REPORT_SECONDS = 5.0
"""The time between two progress reports."""
_WAIT_SECONDS = 60.0
"""The maximum time that an undo waits at its end for the transactions of other requests, in seconds."""
_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}
_RETIREMENTS = (
    Column("retired"),
    Column("status"),
    Column("since"),
    Column("archived", right=True),
    Column("deleted", right=True),
)
_TRAFFIC = (Column("entity"), Column("client"), Column("requests"), Column("count", right=True), Column("last"))
_GATES = (Column("gate"), Column("state"), Column("noticed", shorten=True), Column("what to do", shorten=True))


def add_to(app: typer.Typer) -> None:
    """Add the command to a group."""
    app.command(
        "retire",
        cls=documented(
            "wecelebrate kv retire product --dry-run",
            "wecelebrate kv retire product",
            "wecelebrate kv retire product --undo",
            "wecelebrate kv retire product --undo --give-up",
            environment=API,
        ),
    )(retire)


def retire(  # noqa: PLR0917 — each parameter is an option
    entity: EntityArgument,
    quiet: Annotated[
        str | None,
        typer.Option(help="Time for which no application has used the documents, e.g. 14d, 12h or 30s. Default: 14d."),
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only show what would happen.")] = False,
    undo: Annotated[
        bool, typer.Option("--undo", help="Accept writes again, and restore the deleted documents.")
    ] = False,
    give_up: Annotated[
        bool,
        typer.Option("--give-up", help="With --undo: give up documents whose object in the archive is lost."),
    ] = False,
    yes: YesOption = False,
    as_json: JsonOption = False,
) -> None:
    """Retire the documents of an entity: refuse writes, and after some time archive and delete the documents.

    After the first call, the platform refuses writes of the documents. If no application has used the documents for
    some time, a later call archives them, reads the archive to check it, and deletes the documents. The command asks
    for a confirmation before it deletes. If a condition (a gate) is not met, the command says what to do, and exits
    with 1. The command can be stopped at any time: the next call continues.

    If an object of the archive is lost, --undo restores the documents of all other objects, and then fails. With
    --give-up, the command names the lost objects and the keys of their documents. After a confirmation, it ends the
    undo without these documents.
    """
    from infra.command.api import connect

    if undo and (quiet is not None or dry_run):
        raise typer.BadParameter("Use --undo without --quiet and --dry-run.")
    if give_up and not undo:
        raise typer.BadParameter("Use --give-up with --undo.")
    seconds = None if quiet is None else _seconds(quiet)
    is_new = False
    with connect() as connection:
        api = connection.api
        if undo:
            plan = _undo(api, entity, give_up=give_up, yes=yes, quiet=as_json)
        elif dry_run:
            plan = _put(api, entity, {"target": "retired", "dry_run": True})
        else:
            is_new = _put(api, entity, {"target": "retired", "dry_run": True})["retirement"] is None
            plan = _put(api, entity, {"target": "retired", "quiet_seconds": seconds})
            if not is_new and _is_ready(plan):
                plan = _delete(api, entity, plan, yes=yes, quiet=as_json)
    if as_json:
        output.print_json(plan)
    elif undo:
        output.success(f"the documents of each {entity} are in the store, and writes are accepted")
    else:
        _print(entity, plan)
    if not undo and not dry_run and not is_new and not _is_complete(plan):
        raise typer.Exit(1)


def _seconds(text: str) -> int:
    """Parse a duration such as `14d`."""
    match = re.fullmatch(r"([0-9]{1,8})([smhd])", text)
    if match is None:
        raise typer.BadParameter("Use a number and a unit: s, m, h or d, e.g. 14d.", param_hint="--quiet")
    return int(match[1]) * _UNITS[match[2]]


def _is_complete(plan: output.Json) -> bool:
    return plan["retirement"] is not None and plan["retirement"]["status"] == "retired"


def _is_ready(plan: output.Json) -> bool:
    """Return whether documents can be archived and deleted now."""
    status = plan["retirement"]["status"]
    return status in ("archiving", "deleting") or (
        status == "waiting" and all(gate["state"] == "passed" for gate in plan["gates"])
    )


def _delete(api: "httpx.Client", entity: Entity, plan: output.Json, *, yes: bool, quiet: bool) -> output.Json:
    count = plan["retirable"]
    output.confirm(f"Archive {count:,} documents of each {entity}, and delete them from the store?", yes)
    reported = monotonic()
    while not _is_complete(plan):
        plan = _put(api, entity, {"target": "retired", "delete": True})
        reported = _report(plan, reported, quiet=quiet)
    return plan


def _undo(api: "httpx.Client", entity: Entity, *, give_up: bool, yes: bool, quiet: bool) -> output.Json:
    """Restore all documents. Return the last plan. It contains all documents that were given up."""
    given_up: list[output.Json] = []
    reported = progressed = monotonic()
    while True:
        plan = _restore(api, entity, progressed + _WAIT_SECONDS, give_up=give_up, yes=yes)
        progressed = monotonic()
        given_up += plan["given_up"]
        if plan["retirement"] is None:
            break
        reported = _report(plan, reported, quiet=quiet)
    if not quiet:
        for lost in given_up:
            output.warning(f"given up, {lost['object_key']}: {', '.join(lost['keys'])}")
        output.note(
            f"Run `wecelebrate kv compare --entity {entity} --repair from=tables`: the rows can have changed "
            "while the documents were retired."
        )
    return {**plan, "given_up": given_up}


def _restore(api: "httpx.Client", entity: Entity, wait_until: float, *, give_up: bool, yes: bool) -> output.Json:
    """Send a request that restores documents. If only the documents of lost objects are missing, ask whether to give
    them up.

    If another transaction that has written products is still running, repeat the request until `wait_until`.
    """
    import httpx

    response = _send(api, entity, {"target": "active"})
    while response.status_code == httpx.codes.CONFLICT and response.json().get("code") == "conflict":
        if monotonic() > wait_until:
            break
        sleep(0.2)
        response = _send(api, entity, {"target": "active"})
    damage = response.json() if response.status_code == httpx.codes.CONFLICT else {}
    if not give_up or damage.get("code") != "kv_archive_damaged":
        return _plan_of(response)
    objects = [error["pointer"] for error in damage["errors"]]
    output.confirm(
        f"Give up the documents of {len(objects):,} lost objects? Their rows stay in the tables. Fields of the "
        "documents that no table has are lost.",
        yes,
    )
    return _put(api, entity, {"target": "active", "give_up": objects})


def _report(plan: output.Json, reported: float, *, quiet: bool) -> float:
    """Print the progress if it was not printed recently. Return the time of the last output."""
    retirement = plan["retirement"]
    if quiet or retirement is None or monotonic() - reported < _REPORT_SECONDS:
        return reported
    output.note(
        f"… {retirement['status']}: {retirement['documents']:,} documents archived, "
        f"{retirement['deleted']:,} deleted, {retirement['restored']:,} restored"
    )
    return monotonic()


def _put(api: "httpx.Client", entity: Entity, change: output.Json) -> output.Json:
    """Send a request, and return the plan in the response. Print the gates that have not passed."""
    return _plan_of(_send(api, entity, change))


def _send(api: "httpx.Client", entity: Entity, change: output.Json) -> "httpx.Response":
    """Send a request. Print the gates that have not passed, or the objects that are damaged."""
    import httpx

    response = api.put(f"/v1/admin/kv/retirements/{entity}", json=change)
    if response.status_code == httpx.codes.CONFLICT:
        for error in response.json().get("errors", []):
            output.warning(f"{error['pointer']}: {error['detail']}")
    return response


def _plan_of(response: "httpx.Response") -> output.Json:
    """Return the plan in a response. Raises an error if the request has failed."""
    from infra.command.api import require_success

    require_success(response)
    plan: output.Json = response.json()
    return plan


def _print(entity: Entity, plan: output.Json) -> None:
    retirement = plan["retirement"]
    failed = [gate for gate in plan["gates"] if gate["state"] == "failed"]
    if _is_complete(plan):
        output.success(
            f"{retirement['deleted']:,} documents of each {entity} are archived and deleted, "
            f"{plan['kept'] + plan['retirable']:,} are kept"
        )
        return
    if retirement is not None and retirement["status"] in ("restoring", "ending"):
        output.warning("An earlier call with --undo has not finished: run the command with --undo again.")
        return
    output.print_table(_GATES, [(g["name"], g["state"], g["detail"], g["advice"]) for g in plan["gates"]])
    output.result(f"{plan['retirable']:,} documents would be archived and deleted, {plan['kept']:,} would be kept")
    if retirement is not None and failed:
        output.success(f"writes of each {entity} are refused. Run the command again when all gates have passed.")


def print_retirements(retirements: list[output.Json], traffic: list[output.Json]) -> None:
    """Print the retirements, and the requests of the old applications."""
    if retirements:
        rows = [
            (r["entity"], r["status"], r["changed_at"], f"{r['documents']:,}", f"{r['deleted']:,}") for r in retirements
        ]
        output.print_table(_RETIREMENTS, rows)
    if traffic:
        requests = [
            (t["entity"], t["client_id"] or "unknown", t["kind"], f"{t['requests']:,}", t["last_at"]) for t in traffic
        ]
        output.print_table(_TRAFFIC, requests)
