"""Tests the handling of SES events, including events inside the envelopes of EventBridge and SNS."""

import json
from typing import Any

import pytest

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
def test_an_event_determines_the_state_of_the_mail_and_can_suppress_the_address(
    kind: str, event: dict[str, Any], state: str, cause: str | None
) -> None:
    outcome = outcome_of(kind, event)
    assert outcome is not None
    assert (outcome.state, outcome.suppress_as) == (state, cause)


@pytest.mark.parametrize("kind", ["Send", "Open", "Click", "DeliveryDelay", "Rendering Failure", "Subscription"])
def test_events_that_do_not_change_the_state_of_a_mail_are_ignored(kind: str) -> None:
    assert outcome_of(kind, {}) is None


def test_a_reason_has_only_one_line_and_at_most_500_characters() -> None:
    reason = one_line(["Permanent", None, "smtp; 550\r\n5.1.1\0 user  unknown"])
    assert reason == "Permanent; smtp; 550 5.1.1 user unknown"
    assert len(one_line(["x" * 10_000])) == 500
