"""The commands for a running environment on AWS: its status, the maintenance mode, and blocked addresses."""

import json
from typing import TYPE_CHECKING, Annotated, Literal
from urllib.request import urlopen

import typer

from infra.command import output
from infra.command.aws import AWS, environment_named
from infra.command.errors import BadUsage, ExitCode
from infra.command.help import command
from infra.command.output import Cell, Column, Styled, YesOption
from infra.command.target import NAMED

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from infra.deploy.account import Denied, Value
    from infra.deploy.firewall import Network
    from infra.deploy.stacks import StackState
    from infra.environments import Environment

RequiredEnvironment = Annotated[
    str | None, typer.Option("--env", help="The environment: dev, staging or prod. Required.", show_default=False)
]
_COLUMNS = (Column("stack"), Column("state"), Column("changed"), Column("release"))


def show(name: str) -> bool:
    """Print the release, the health and the stacks of an environment. Return True if the API is healthy and all stacks
    are complete."""
    from infra.deploy import blocklist, maintenance
    from infra.deploy.account import Account, AwsError, aws_errors, unless_denied
    from infra.deploy.consumers import stopped
    from infra.deploy.erasure_keys import has_keys
    from infra.deploy.stacks import RELEASE_OUTPUT, stack_outputs, stack_states

    environment = environment_named(name)
    account = Account(environment)
    with aws_errors():
        stacks = stack_states(account)
        if not stacks:
            raise AwsError(f"{name} is not deployed in the account {account.id}")
        edge, monitoring = stack_outputs(account, "edge") or {}, stack_outputs(account, "monitoring") or {}
        rules = (blocklist, maintenance) if "edge" in stacks else ()
        closed = unless_denied(lambda: bool(rules) and maintenance.is_closed(account))
        addresses = unless_denied(lambda: blocklist.blocked(account) if rules else [])
        lost = unless_denied(lambda: [each.RULE for each in rules if each.is_lost(account)])
        earlier_key, stopped_queues = unless_denied(lambda: has_keys(account)), unless_denied(lambda: stopped(account))
    url = edge.get("url")
    healthy, health = _health(url) if url else (False, "no URL")
    details: dict[str, Cell] = {
        "environment": f"{name}, account {account.id}, {environment.region}",
        "release": _release(monitoring.get(RELEASE_OUTPUT, "unknown"), stacks.values()),
        "API": url,
        "health": Styled(health, "green" if healthy else "red"),
        "maintenance": _optional(
            closed, "wafv2", lambda _: f"on: `wecelebrate maintenance off --env {name}` ends it", default="off"
        ),
        "blocked": _optional(addresses, "wafv2", ", ".join),
        "stopped queues": _optional(stopped_queues, "lambda", ", ".join),
        "lost rules": _optional(
            lost,
            "wafv2",
            lambda rules: (
                f"a deploy has removed {' and '.join(rules)}: `wecelebrate deploy --env {name}` adds it again"
            ),
            color="red",
        ),
        "earlier key": _optional(
            earlier_key,
            "lambda",
            lambda _: (
                f"the function of erasures still knows one: `wecelebrate --env {name} erasures replay` removes it"
            ),
        ),
    }
    output.print_details(details)
    output.result()
    complete = {
        name: stack.state.endswith("_COMPLETE") and "ROLLBACK" not in stack.state for name, stack in stacks.items()
    }
    output.print_table(
        _COLUMNS,
        [
            (
                name,
                Styled(stack.state, "green" if complete[name] else "red"),
                f"{stack.changed:%Y-%m-%d %H:%M}",
                stack.release,
            )
            for name, stack in stacks.items()
        ],
    )
    return healthy and all(complete.values())


def _optional(
    value: "Value | Denied",
    service: str,
    text: "Callable[[Value], str]",
    *,
    color: str = "yellow",
    default: Cell = None,
) -> Cell:
    """Return the text of a value, or the missing permission of the operator, e.g. `cloudformation:DescribeStacks`.

    service: the service of the permission. default: the text of a value that is false or empty.
    """
    from infra.deploy.account import Denied

    if isinstance(value, Denied):
        return Styled(f"unknown: your role lacks {service}:{value.action}", "yellow")
    return Styled(text(value), color) if value else default


def _release(deployed: str, stacks: "Iterable[StackState]") -> Cell:
    """Return the release of the last complete deploy, and all other releases in the outputs of stacks."""
    others = sorted({stack.release for stack in stacks if stack.release} - {deployed})
    if not others:
        return deployed
    return Styled(f"{deployed}, and {', '.join(others)} in some stacks: a deploy has not ended", "yellow")


def _health(url: str) -> tuple[bool, str]:
    """Return whether the API reports that it is healthy, and the reported status."""
    try:
        with urlopen(f"{url}/v1/health", timeout=10) as response:  # noqa: S310 - an output of our stack
            body = json.load(response)
    except (OSError, ValueError) as error:
        return False, f"no answer of /v1/health ({error})"
    return True, str(body.get("status", "ok"))


@command(
    "wecelebrate maintenance on --env prod --address 203.0.113.7",
    "wecelebrate maintenance on --env prod --address 203.0.113.7 --address 2001:db8:1:2::/64",
    "wecelebrate maintenance off --env prod",
    environment=AWS,
)
def maintenance(
    state: Annotated[Literal["on", "off"], typer.Argument(help="on or off.")],
    env: RequiredEnvironment = None,
    address: Annotated[
        list[str] | None,
        typer.Option(help="A public address of an operator, which is accepted. Can be repeated."),
    ] = None,
    unchecked: Annotated[
        bool, typer.Option("--unchecked", help="Open without comparing the list of erasures with the database.")
    ] = False,
    yes: YesOption = False,
) -> None:
    """Close an environment for everyone except you, or open it again.

    While the maintenance mode is on, the firewall answers 503 to all requests that do not come from an --address (IPv4
    or IPv6). `on` asks for a confirmation if a public address of this machine is not among them. Workers and schedules
    continue.

    `deploy` does not change CloudFront in this mode, so the environment stays closed. A deploy that runs already can
    open the environment for some minutes, and closes it again at its end. `off` refuses to open an environment whose
    database contains persons of the list of erasures, e.g. after a restore.
    """
    from infra.command.queues import require_erasures
    from infra.deploy import maintenance as mode
    from infra.deploy.account import Account, aws_errors

    account = Account(required_environment(env))
    name = account.environment.name
    if state == "off":
        if not unchecked:
            require_erasures(account, "opened", complete=True)
        with aws_errors():
            mode.open_again(account)
        output.success(f"{name} is open for everybody, within a minute")
        return
    if not address:
        raise BadUsage("--address is required: give the public address from which you work")
    accepted = _networks("--address", address)
    _confirm_own_addresses(name, accepted, yes)
    with aws_errors():
        mode.close(account, accepted)
    output.success(f"{name} answers only {', '.join(address)}, within a minute")


def _confirm_own_addresses(name: str, accepted: "list[Network]", yes: bool) -> None:
    """If the environment would refuse requests of this machine, ask whether to close it."""
    from infra.deploy.public_address import own_addresses

    own = own_addresses()
    if not own:
        output.warning("it is not known with which address this machine reaches the internet: test the API afterwards")
    refused = ", ".join(str(each) for each in own if not any(each in network for network in accepted))
    if refused:
        output.warning(f"this machine reaches the internet as {refused}, which --address does not accept")
        output.confirm(f"Close {name} for this machine, too?", yes)


@command(
    "wecelebrate block --env prod 203.0.113.7 198.51.100.0/24",
    "wecelebrate block --env prod --remove 203.0.113.7",
    "wecelebrate block --env prod",
    environment=AWS,
)
def block(
    addresses: Annotated[
        list[str] | None, typer.Argument(metavar="ADDRESS", help="Addresses or ranges to block.")
    ] = None,
    env: RequiredEnvironment = None,
    remove: Annotated[
        list[str] | None, typer.Option("--remove", help="An address or range that is accepted again. Can be repeated.")
    ] = None,
) -> None:
    """Block addresses in the firewall of an environment, or list the blocked addresses.

    The firewall answers 403 to requests of a blocked address. `deploy` keeps the list: if a deploy changes the
    firewall, it blocks the addresses again at its end, even after an error.
    """
    from infra.deploy import blocklist
    from infra.deploy.account import Account, aws_errors

    account = Account(required_environment(env))
    add, accepted = _networks("ADDRESS", addresses or []), _networks("--remove", remove or [])
    with aws_errors():
        blocked = blocklist.change(account, add, accepted) if add or accepted else blocklist.blocked(account)
    for each in blocked:
        output.result(each)
    if not blocked:
        output.note("no address is blocked")


@command("wecelebrate check-database --env dev", environment=AWS)
def check_database(env: RequiredEnvironment = None) -> None:
    """Run the checks that are possible only on the database of an environment, once after the first deploy.

    The function deploy-migrate checks whether readers know which transactions they have replayed, and whether logins
    may use large objects. It also runs statements whose log entries you then check (docs/runbook.md). The exit code is
    1 if a check fails.
    """
    from infra.deploy.account import Account, aws_errors
    from infra.deploy.migrate_function import check_database as check

    with aws_errors():
        result = check(Account(required_environment(env)))
    readers, refused = result["readers"], result["large_objects"]
    if readers is None:
        output.marked("!", "yellow", "readers        the cluster has no reader")
    elif readers:
        output.marked("✓", "green", "readers        know which transactions they have replayed")
    else:
        output.marked("✗", "red", "readers        do not know what they have replayed: set reads=primary, and keep it")
    mark, color, text = (
        ("✓", "green", "are refused") if refused else ("!", "yellow", "are allowed, which is a known risk")
    )
    output.marked(mark, color, f"large objects  {text}")
    output.marked("✓", "green", "logs           the statements have run: look at the log group")
    if readers is False:
        raise typer.Exit(ExitCode.FAILED)


def required_environment(env: str | None) -> "Environment":
    """Return the environment that the command or `wecelebrate --env` names. Raises BadUsage if no environment is
    named."""
    if not (env or NAMED.get()):
        raise BadUsage("--env is required: name the environment, e.g. --env prod")
    return environment_named(env)


def _networks(option: str, texts: list[str]) -> "list[Network]":
    from infra.deploy.firewall import parse_network

    try:
        return [parse_network(text) for text in texts]
    except ValueError as error:
        raise BadUsage(f"{option}: {error}") from error


def exit_with(healthy: bool) -> None:
    """End the command with the exit code of a status."""
    raise typer.Exit(ExitCode.OK if healthy else ExitCode.FAILED)
