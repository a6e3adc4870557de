"""Tests `wecelebrate queues`. Also tests that no data is sent, and the platform is not opened, while a restored
database contains erased persons.

The responses of AWS are recorded, and botocore checks each call.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from infra.command import app
from infra.deploy import consumers
from infra.deploy.account import Account
from infra.deploy.consumers import SENDING, queue_names
from infra.environments import get_environment
from tests.infra.deploy.recorded_aws import ACCOUNT, REGION, RecordedAccount, Refused, recorded

CLIENT, ERASURE = "01a20512-5e16-7075-8b8c-1b6a3ce1d0a5", "01a20512-5e16-7075-8b8c-1b6a3ce1d0a6"


@dataclass
class Queues(RecordedAccount):
    """An account whose queues have consumers. A change of a consumer is complete after its third list request."""

    templates: Mapping[str, dict[str, Any]] = field(default_factory=dict)
    queue_states: dict[str, str] = field(default_factory=lambda: dict.fromkeys(queue_names(), "Enabled"))
    listings: dict[str, int] = field(default_factory=dict)
    """Maps the name of a queue to the number of list requests since the change of its consumer."""
    switch: str | None = None
    """The value of the switch `queue`, or None for its default."""
    listed: tuple[str, ...] = ()
    """The object keys in the list of erasures."""
    lost: int = 0
    unfinished: int = 0
    database_is_down: bool = False
    refused: dict[str, str] = field(default_factory=dict)
    """Maps the name of a queue to the error code with which AWS refuses each change of its consumer."""
    denied: tuple[str, ...] = ()
    """Operations that the role of the operator does not allow."""

    def answer(self, operation: str, request: Mapping[str, Any]) -> dict[str, Any]:
        if operation in self.denied:
            raise Refused("AccessDeniedException")
        return super().answer(operation, request)

    def _list_event_source_mappings(self, _: Mapping[str, Any]) -> dict[str, Any]:
        arn = f"arn:aws:sqs:{REGION}:{ACCOUNT}:wecelebrate-dev"
        answer = [
            {"UUID": f"{queue:.<36}", "State": state, "EventSourceArn": f"{arn}-{queue}"}
            for queue, state in self.queue_states.items()
        ]
        dead = {"UUID": "d" * 36, "State": "Enabled", "EventSourceArn": f"{arn}-emails-dead-letters"}
        other = {"UUID": "p" * 36, "State": "Enabled", "EventSourceArn": arn.replace("dev", "prod-emails")}
        changed = {"Enabling": "Enabled", "Disabling": "Disabled", "Updating": "Enabled", "Creating": "Enabled"}
        for queue, state in self.queue_states.items():
            if state in changed:
                self.listings[queue] = self.listings.get(queue, 0) + 1
                if self.listings[queue] % 3 == 0:
                    self.queue_states[queue] = changed[state]
        return {"EventSourceMappings": [*answer, dead, other]}

    def _update_event_source_mapping(self, request: Mapping[str, Any]) -> dict[str, Any]:
        queue = request["UUID"].rstrip(".")
        if self.queue_states[queue] not in ("Enabled", "Disabled"):
            raise Refused("ResourceInUseException")
        if queue in self.refused:
            raise Refused(self.refused[queue])
        self.queue_states[queue] = "Enabling" if request["Enabled"] else "Disabling"
        return {"UUID": request["UUID"]}

    def _list_objects_v2(self, request: Mapping[str, Any]) -> dict[str, Any]:
        assert request["Bucket"] == f"wecelebrate-dev-erasures-{ACCOUNT}"
        return {"Contents": [{"Key": key} for key in self.listed]}

    def _begin_transaction(self, _: Mapping[str, Any]) -> dict[str, Any]:
        if self.database_is_down:
            raise Refused("DatabaseUnavailableException")
        return {"transactionId": "one"}

    def _rollback_transaction(self, _: Mapping[str, Any]) -> dict[str, Any]:
        return {"transactionStatus": "Rollback Complete"}

    def _execute_statement(self, request: Mapping[str, Any]) -> dict[str, Any]:
        super()._execute_statement(request)
        sql: str = request["sql"]
        rows: list[dict[str, Any]] = []
        if "kill_switches" in sql and self.switch:
            rows = [{"value": self.switch}]
        if "unnest" in sql:
            assert CLIENT in sql and ERASURE in sql
            rows = [{"number": self.lost}]
        if "cause <> 'restore'" in sql:
            rows = [{"number": 0}]
        if "cause = 'restore'" in sql:
            rows = [{"number": self.unfinished}]
        return {"records": [[{"stringValue": json.dumps(row)}] for row in rows]}


@pytest.fixture
def account(monkeypatch: pytest.MonkeyPatch) -> Iterator[Queues]:
    monkeypatch.setattr(consumers, "_PAUSE_SECONDS", 0)
    account = Queues()
    with recorded(account, monkeypatch):
        yield account


def run(*arguments: str) -> Result:
    result = CliRunner().invoke(app, ["--env", "dev", *arguments])
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


def stopped(account: Queues) -> set[str]:
    return {queue for queue, state in account.queue_states.items() if state == "Disabled"}


def test_one_command_stops_all_queues_except_the_given_queues(account: Queues) -> None:
    result = run("queues", "stop", "--all", "--keep", "erasures")
    assert result.exit_code == 0, result.output
    assert stopped(account) == set(queue_names()) - {"erasures"}
    lines = [line.split() for line in run("queues", "list").stdout.splitlines()]
    assert ["emails", "stopped"] in lines and ["erasures", "runs"] in lines
    assert json.loads(run("queues", "list", "--json").stdout)["data"][0] == {
        "queue": "catalog-syncs",
        "state": "stopped",
    }


def test_a_command_changes_only_given_queues_that_have_a_different_state(account: Queues) -> None:
    account.queue_states["emails"] = "Disabled"
    assert run("queues", "stop", "emails", "webhooks").exit_code == 0
    assert account.calls.count("UpdateEventSourceMapping") == 1
    assert stopped(account) == {"emails", "webhooks"}
    assert run("queues", "start", "emails").exit_code == 0
    assert stopped(account) == {"webhooks"}


@pytest.mark.parametrize("state", ["Enabling", "Disabling", "Updating", "Creating"])
@pytest.mark.parametrize(("action", "expected"), [("stop", {"emails", "webhooks"}), ("start", set())])
def test_a_command_waits_until_aws_has_changed_a_consumer(
    account: Queues, state: str, action: str, expected: set[str]
) -> None:
    account.queue_states |= {"emails": state, "webhooks": "Disabled"}
    result = run("queues", action, "emails", "webhooks")
    assert (result.exit_code, stopped(account)) == (0, expected), result.output


def test_a_queue_that_aws_refuses_to_change_does_not_block_other_queues(account: Queues) -> None:
    account.refused = {"emails": "ServiceException"}
    result = run("queues", "stop", "--all", "--keep", "erasures")
    assert result.exit_code == 1
    output = " ".join(result.output.split())
    assert "AWS has not changed emails (" in output and "ServiceException" in output
    assert stopped(account) == set(queue_names()) - {"erasures", "emails"}


def test_the_error_names_a_queue_whose_change_does_not_complete(
    account: Queues, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(consumers, "MAX_SECONDS", -1)
    result = run("queues", "stop", "emails")
    assert result.exit_code == 1
    assert "AWS has not changed emails (it is still Enabled): run the same command again" in " ".join(
        result.output.split()
    )


def test_only_the_invocation_of_a_function_has_no_retries(account: Queues) -> None:
    dev = Account(get_environment("dev", {"settings_folder": "/nonexistent"}.get))
    assert dev.client("lambda").meta.config.retries.get("total_max_attempts") != 1
    assert dev.client("lambda", once=True).meta.config.retries["total_max_attempts"] == 1


def test_queues_are_not_stopped_while_the_sweeper_would_start_their_workers(account: Queues) -> None:
    account.switch = "direct"
    result = run("queues", "stop", "emails")
    assert (result.exit_code, stopped(account)) == (1, set())
    assert "wecelebrate --env dev switch queue=sqs" in result.output


def test_queues_can_be_stopped_while_the_database_is_down(account: Queues) -> None:
    account.database_is_down = True
    result = run("queues", "stop", "emails")
    assert (result.exit_code, stopped(account)) == (0, {"emails"})
    assert "not known whether the switch queue=direct is set" in result.output


@pytest.mark.parametrize(
    ("lost", "unfinished", "text"),
    [(1, 0, "has lost 1 erasures of the list"), (0, 2, "2 erasures have not erased their persons yet")],
)
@pytest.mark.parametrize("queue", SENDING)
def test_a_queue_that_sends_data_cannot_be_started_before_the_erasures_are_repeated(
    account: Queues, queue: str, lost: int, unfinished: int, text: str
) -> None:
    account.queue_states |= dict.fromkeys((queue, "drops"), "Disabled")
    account.listed, account.lost, account.unfinished = (f"{CLIENT}/{ERASURE}.json",), lost, unfinished
    result = run("queues", "start", "drops", queue)
    assert (result.exit_code, stopped(account)) == (1, {queue, "drops"})
    assert text in result.output and "wecelebrate --env dev erasures replay" in result.output
    assert run("queues", "start", "drops").exit_code == 0  # the workers of this queue send no data
    account.lost = account.unfinished = 0
    assert run("queues", "start", "--all").exit_code == 0
    assert stopped(account) == set()


def test_a_queue_is_started_without_the_check_only_with_the_option_unchecked(account: Queues) -> None:
    account.queue_states["emails"] = "Disabled"
    account.database_is_down = True
    refused = run("queues", "start", "emails")
    assert (refused.exit_code, stopped(account)) == (1, {"emails"})
    assert "the list of erasures cannot be compared" in refused.output and "--unchecked" in refused.output
    assert run("queues", "start", "emails", "--unchecked").exit_code == 0
    assert stopped(account) == set()


def test_the_platform_cannot_be_opened_if_its_database_has_lost_erasures(account: Queues) -> None:
    account.listed, account.lost = (f"{CLIENT}/{ERASURE}.json",), 1
    result = run("maintenance", "off")
    assert result.exit_code == 1
    assert "nothing was opened: the database has lost 1 erasures" in result.output
    assert "GetWebACL" not in account.calls
    account.lost = 0
    assert run("maintenance", "off").exit_code == 0
    assert "GetWebACL" in account.calls


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (("stop",), "name the queues, or give --all"),
        (("start", "emails", "--all"), "name the queues, or give --all"),
        (("stop", "letters"), "queue letters does not exist: use one of catalog-syncs, drops"),
        (("stop", "emails", "--keep", "drops"), "--keep can only be used with --all"),
    ],
)
def test_the_errors_of_the_command_list_the_existing_queues(
    account: Queues, arguments: tuple[str, ...], text: str
) -> None:
    result = run("queues", *arguments)
    assert (result.exit_code, account.calls) == (2, [])
    assert text in " ".join(result.output.split())


def test_the_error_names_a_queue_that_has_no_consumer(account: Queues) -> None:
    del account.queue_states["emails"]
    result = run("queues", "stop", "--all")
    assert result.exit_code == 1
    assert "dev has no consumer of emails" in result.output
    assert stopped(account) == set()


def test_the_queues_that_send_data_exist() -> None:
    assert set(SENDING) < set(queue_names())
