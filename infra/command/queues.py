"""The commands `wecelebrate queues`: list, stop and start the consumers of queues on AWS."""

from typing import TYPE_CHECKING, Annotated

import typer

from infra.command import output
from infra.command.aws import AWS
from infra.command.environment import RequiredEnvironment, required_environment
from infra.command.errors import BadUsage, ExitCode
from infra.command.help import SETTINGS, documented
from infra.command.output import Column, JsonOption, Styled

if TYPE_CHECKING:
    from infra.deploy.account import Account

app = typer.Typer(no_args_is_help=True, help="List, stop and start the queues of an environment on AWS.", **SETTINGS)

QueuesArgument = Annotated[list[str] | None, typer.Argument(metavar="QUEUE", help="Names of queues, e.g. emails.")]
AllOption = Annotated[bool, typer.Option("--all", help="All queues.")]
_COLUMNS = (Column("queue"), Column("state"))


@app.callback()
def queues() -> None:
    """List, stop and start the queues of an environment on AWS."""


@app.command("list", cls=documented("wecelebrate queues list --env prod", environment=AWS))
def list_queues(env: RequiredEnvironment = None, as_json: JsonOption = False) -> None:
    """List all queues with the state of their consumers."""
    from infra.deploy.account import Account, aws_errors
    from infra.deploy.consumers import DISABLED, ENABLED, consumers

    words = {ENABLED: "runs", DISABLED: "stopped"}
    with aws_errors():
        rows = consumers(Account(required_environment(env)))
    if as_json:
        output.print_json_list([{"queue": row.queue, "state": words.get(row.state, row.state)} for row in rows])
    elif rows:
        cells = [
            (row.queue, Styled(words.get(row.state, row.state), None if row.state == ENABLED else "yellow"))
            for row in rows
        ]
        output.print_table(_COLUMNS, cells)
    else:
        output.note("no queue has a consumer")


@app.command(
    cls=documented(
        "wecelebrate queues stop --env prod emails webhooks",
        "wecelebrate queues stop --env prod --all --keep erasures",
        environment=AWS,
    )
)
def stop(
    names: QueuesArgument = None,
    env: RequiredEnvironment = None,
    every: AllOption = False,
    keep: Annotated[
        list[str] | None, typer.Option("--keep", metavar="QUEUE", help="With --all: a queue that runs on. Repeatable.")
    ] = None,
) -> None:
    """Stop the consumers of queues, and wait until AWS has stopped them. Workers that are running finish their work.

    Jobs wait in the database. The messages of drops, events and mail-events are only in SQS, which keeps them for 12
    days. A deploy keeps the consumers stopped, because templates do not contain their state. This was not checked on
    AWS for a release that changes a consumer.

    While the switch queue=direct is set, the command refuses to stop queues, because the sweeper would start their
    workers.
    """
    from infra.deploy.account import Account, AwsError, aws_errors
    from infra.deploy.consumers import change, starts_workers_directly

    account, chosen = Account(required_environment(env)), _chosen(names, every, keep)
    name = account.environment.name
    try:
        with aws_errors():
            direct = starts_workers_directly(account)
    except AwsError as error:  # the queues can be stopped even if the database is down
        output.warning(f"it is not known whether the switch queue=direct is set: {error}")
        direct = False
    if direct:
        output.failure(f"queue=direct is set, so stopped queues would run: `wecelebrate --env {name} switch queue=sqs`")
        raise typer.Exit(ExitCode.FAILED)
    with aws_errors():
        change(account, chosen, enabled=False)
    output.success(f"stopped in {name}: {', '.join(chosen)}")


@app.command(
    cls=documented(
        "wecelebrate queues start --env prod emails webhooks",
        "wecelebrate queues start --env prod --all",
        environment=AWS,
    )
)
def start(
    names: QueuesArgument = None,
    env: RequiredEnvironment = None,
    every: AllOption = False,
    unchecked: Annotated[
        bool, typer.Option("--unchecked", help="Do not compare the list of erasures with the database.")
    ] = False,
) -> None:
    """Start the consumers of queues, and wait until AWS has started them.

    The queues emails, exports, order-files, reports and webhooks send data of persons. The command does not start these
    queues if the database contains a person of the list of erasures. A restored database can contain such persons until
    `erasures replay` has ended.
    """
    from infra.deploy.account import Account, aws_errors
    from infra.deploy.consumers import SENDING, change

    account, chosen = Account(required_environment(env)), _chosen(names, every, None)
    if not unchecked and set(chosen) & set(SENDING):
        require_erasures(account, "started")
    with aws_errors():
        change(account, chosen, enabled=True)
    output.success(f"started in {account.environment.name}: {', '.join(chosen)}")


def require_erasures(account: "Account", action: str, *, complete: bool = False) -> None:
    """Exit with 1 if the database contains persons of the list of erasures, or if this check fails.

    action: a participle for the message about the action that the command does not do, e.g. `started`. complete:
    whether every erasure must be complete.
    """
    from infra.deploy.account import AwsError, aws_errors
    from infra.deploy.lost_erasures import lost_erasures

    name = account.environment.name
    try:
        with aws_errors():
            lost = lost_erasures(account, complete=complete)
    except AwsError as error:
        output.failure(f"nothing was {action}, because the list of erasures cannot be compared: {error}")
        output.note("--unchecked leaves this out, e.g. if the database was not restored")
        raise typer.Exit(ExitCode.FAILED) from error
    if lost:
        output.failure(f"nothing was {action}: {lost.text}: run `wecelebrate --env {name} erasures replay`")
        raise typer.Exit(ExitCode.FAILED)


def _chosen(names: list[str] | None, every: bool, keep: list[str] | None) -> list[str]:
    """Return the names of the queues on which a command acts. Raises BadUsage."""
    from infra.deploy.consumers import queue_names

    existing = queue_names()
    if unknown := sorted({*(names or ()), *(keep or ())} - set(existing)):
        raise BadUsage(f"queue {', '.join(unknown)} does not exist: use one of {', '.join(existing)}")
    if bool(names) == every:
        raise BadUsage("name the queues, or give --all")
    if keep and not every:
        raise BadUsage("--keep can only be used with --all")
    return [name for name in existing if (every or name in (names or ())) and name not in (keep or ())]
