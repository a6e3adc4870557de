"""Tests the handling of SES events, including events inside the envelopes of EventBridge and SNS."""

import json
from contextlib import nullcontext
from typing import Any
from uuid import UUID

import pytest

from wecelebrate.mail import events
from wecelebrate.mail.events import one_line, outcome_of, receive, unwrap

EVENT: dict[str, Any] = {"eventType": "Delivery", "mail": {"messageId": "0100", "tags": {}}}


class FakeMessage:
    """A queue message that has only a body."""

    def __init__(self, body: dict[str, Any]) -> None:
        self.body = body


@pytest.mark.parametrize(
    "body",
    [
        EVENT,
        {"version": "0", "source": "aws.ses", "detail-type": "Email Delivered", "detail": EVENT},
        {"Type": "Notification", "MessageId": "x", "TopicArn": "arn:…", "Message": json.dumps(EVENT)},
    ],
    ids=["raw", "EventBridge", "SNS"],
)
def test_unwrap_returns_the_event_without_its_envelope(body: dict[str, Any]) -> None:
    assert unwrap(body) == EVENT


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"eventType": "Bounce"},
        {"eventType": 7, "mail": {}},
        {"mail": {}},
        {"detail": {}},
        {"Type": "Notification", "Message": "[]"},
        {"Type": "Notification", "Message": "no JSON"},
        {"Type": "SubscriptionConfirmation", "SubscribeURL": "https://x.test"},
    ],
)
def test_a_message_that_is_not_an_ses_event_is_rejected(body: dict[str, Any]) -> None:
    with pytest.raises(ValueError):
        receive(FakeMessage(body))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("kind", "event", "state", "cause"),
    [
        ("Delivery", {}, "delivered", None),
        ("Bounce", {"bounce": {"bounceType": "Permanent"}}, "bounced", "bounce"),
        ("Bounce", {"bounce": {"bounceType": "Transient"}}, "bounced", None),
        ("Bounce", {"bounce": {"bounceType": "Undetermined"}}, "bounced", None),
        ("Bounce", {}, "bounced", None),
        ("Complaint", {"complaint": {"complaintFeedbackType": "abuse"}}, "complained", "complaint"),
        ("Complaint", {}, "complained", "complaint"),
        ("Reject", {"reject": {"reason": "Bad content"}}, "bounced", None),
    ],
)
def test_an_event_sets_the_mail_state_and_can_suppress_the_address(
    kind: str, event: dict[str, Any], state: str, cause: str | None
) -> None:
    outcome = outcome_of(kind, event)
    assert outcome is not None
    assert (outcome.state, outcome.suppress_as) == (state, cause)


@pytest.mark.parametrize("kind", ["Send", "Open", "Click", "DeliveryDelay", "Rendering Failure", "Subscription"])
def test_events_that_do_not_change_the_state_of_a_mail_are_ignored(kind: str) -> None:
    assert outcome_of(kind, {}) is None


def test_the_reason_of_a_mail_event_has_only_one_line_and_at_most_500_characters() -> None:
    reason = one_line(["Permanent", None, "smtp; 550\r\n5.1.1\0 user  unknown"])
    assert reason == "Permanent; smtp; 550 5.1.1 user unknown"
    assert len(one_line(["x" * 10_000])) == 500


MAIL = UUID(int=7)
ROW = {"id": MAIL, "client_id": UUID(int=8), "recipient": "a@b.test", "is_news": True}


class FakeQueries:
    """Replaces the queries of the mail log. It records the events and the suppressed addresses."""

    def __init__(self, row: dict[str, Any] | None) -> None:
        self.row = row
        self.recorded: list[dict[str, Any]] = []
        self.suppressed: list[dict[str, Any]] = []

    def record_event(self, tx: object, **values: Any) -> dict[str, Any] | None:
        self.recorded.append(values)
        return self.row

    def suppress(self, tx: object, **values: Any) -> None:
        self.suppressed.append(values)


def received(monkeypatch: pytest.MonkeyPatch, event: dict[str, Any], row: dict[str, Any] | None = ROW) -> FakeQueries:
    """Receive an event about the mail that `row` describes. Return the recorded events and suppressed addresses."""
    queries = FakeQueries(row)
    monkeypatch.setattr(events, "sql", queries)
    monkeypatch.setattr(events, "writing", lambda _: nullcontext(None))
    mail = {"messageId": "0100", "tags": {"mail": [str(MAIL), str(UUID(int=9))]}}
    receive(FakeMessage({"mail": mail, **event}))  # type: ignore[arg-type]
    return queries


BOUNCE = {"eventType": "Bounce", "bounce": {"bounceType": "Permanent"}}


def test_a_permanent_bounce_is_recorded_and_suppresses_the_recipient_address(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    queries = received(monkeypatch, BOUNCE)
    assert queries.recorded == [
        {"mail_id": MAIL, "message_id": "0100", "state": "bounced", "reason": "Permanent"},
    ]
    assert queries.suppressed == [
        {
            "cause": "bounce",
            "reason": "Permanent",
            "client_id": UUID(int=8),
            "address": "a@b.test",
            "mail_id": MAIL,
        }
    ]


@pytest.mark.parametrize(
    ("event", "row"),
    [(BOUNCE, ROW | {"is_news": False}), (BOUNCE, None), ({"eventType": "Delivery"}, ROW)],
    ids=["received before", "unknown mail", "delivery"],
)
def test_deliveries_and_repeated_or_unknown_bounces_suppress_no_address(
    monkeypatch: pytest.MonkeyPatch, event: dict[str, Any], row: dict[str, Any] | None
) -> None:
    queries = received(monkeypatch, event, row)
    assert len(queries.recorded) == 1
    assert queries.suppressed == []


def test_the_event_type_is_read_from_the_field_of_sns(monkeypatch: pytest.MonkeyPatch) -> None:
    assert received(monkeypatch, {"notificationType": "Delivery"}).recorded[0]["state"] == "delivered"


def test_a_mail_event_without_effect_is_not_recorded(monkeypatch: pytest.MonkeyPatch) -> None:
    assert received(monkeypatch, {"eventType": "Open"}).recorded == []


@pytest.mark.parametrize("tags", [None, {}, {"mail": []}, {"mail": ["x"]}, {"mail": [None]}, []])
def test_a_mail_without_a_valid_tag_is_found_by_the_message_id_of_ses(
    monkeypatch: pytest.MonkeyPatch, tags: object
) -> None:
    recorded = received(monkeypatch, {"eventType": "Delivery", "mail": {"messageId": "1", "tags": tags}}).recorded
    assert (recorded[0]["mail_id"], recorded[0]["message_id"]) == (None, "1")
