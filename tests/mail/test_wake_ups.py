"""Tests that one queue message announces all mails that a process enqueues within a second, and that every mail is
sent."""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

import pytest

from tests.mail.conftest import RunAs, address, create_order, service
from tests.platform import Platform, Tenant
from wecelebrate import mail
from wecelebrate.core import queue
from wecelebrate.core.queue import OutgoingMessage


@pytest.fixture
def sent_messages(monkeypatch: pytest.MonkeyPatch) -> list[OutgoingMessage]:
    """The messages that this process sends to SQS."""
    send, messages = queue.send, list[OutgoingMessage]()

    def send_and_record(outgoing: Iterable[OutgoingMessage]) -> None:
        recorded = list(outgoing)
        send(recorded)
        messages.extend(recorded)

    monkeypatch.setattr(queue, "send", send_and_record)
    monkeypatch.setattr(queue, "_wakes_at", {})
    return messages


def enqueue(run_as: RunAs, tenant: Tenant, order_id: UUID) -> None:
    run_as(service(tenant), lambda tx: mail.order_confirmation(tx, order_id))


def test_transactions_within_a_second_send_only_one_queue_message(
    platform: Platform, run_as: RunAs, tenant: Tenant, sent_messages: list[OutgoingMessage]
) -> None:
    recipients = [address() for _ in range(12)]
    orders = [create_order(platform, tenant, recipient) for recipient in recipients]
    for order_id in orders:
        enqueue(run_as, tenant, order_id)
    messages = [message for message in sent_messages if message.queue == "emails"]
    # On a slow machine, all transactions together can take more than a second. A single transaction takes less than a
    # second.
    assert 1 <= len(messages) <= 6
    assert {(message.group, message.delay) for message in messages} == {(str(tenant.client_id), 1)}
    assert sorted(mail.recipients[0] for mail in platform.mails_to(*recipients)) == sorted(recipients)


def test_a_transaction_after_more_than_a_second_sends_another_queue_message(
    platform: Platform,
    run_as: RunAs,
    tenant: Tenant,
    sent_messages: list[OutgoingMessage],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    first, second = (create_order(platform, tenant, address()) for _ in range(2))
    enqueue(run_as, tenant, first)
    sent_at = next(iter(queue._wakes_at.values())) - queue.WAKE_UP_SECONDS
    monkeypatch.setattr("wecelebrate.core.queue.time.time", lambda: sent_at + queue.WAKE_UP_SECONDS)
    enqueue(run_as, tenant, second)
    assert [message.queue for message in sent_messages] == ["emails", "emails"]


def test_a_separate_queue_message_is_sent_for_each_client(
    platform: Platform, run_as: RunAs, tenant: Tenant, stranger: Tenant, sent_messages: list[OutgoingMessage]
) -> None:
    for each in (tenant, stranger):
        enqueue(run_as, each, create_order(platform, each, address()))
    assert {message.group for message in sent_messages} == {str(tenant.client_id), str(stranger.client_id)}


def test_a_transaction_sends_a_queue_message_if_sqs_refused_the_previous_message(
    platform: Platform,
    run_as: RunAs,
    tenant: Tenant,
    sent_messages: list[OutgoingMessage],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    recipients = [address() for _ in range(2)]
    first, second = (create_order(platform, tenant, recipient) for recipient in recipients)
    working = queue.send

    def refuse(messages: Iterable[OutgoingMessage]) -> Any:
        raise queue.SendError("emails: the queue does not respond")

    monkeypatch.setattr(queue, "send", refuse)
    enqueue(run_as, tenant, first)
    assert queue._wakes_at == {}
    monkeypatch.setattr(queue, "send", working)
    enqueue(run_as, tenant, second)
    assert len(sent_messages) == 1
    assert sorted(mail.recipients[0] for mail in platform.mails_to(*recipients)) == sorted(recipients)
