"""Events of SES, as EventBridge and SNS carry them."""

import json
from typing import Any

import pytest

from wecelebrate.mail.events import _told, _words, receive, unwrapped

EVENT: dict[str, Any] = {"eventType": "Delivery", "mail": {"messageId": "0100", "tags": {}}}


class Word:
    """A message with a body."""

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
def test_an_event_is_found_in_what_carries_it(body: dict[str, Any]) -> None:
    assert unwrapped(body) == EVENT


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
def test_what_is_no_event_is_a_dead_letter(body: dict[str, Any]) -> None:
    with pytest.raises(ValueError):
        receive(Word(body))  # type: ignore[arg-type]


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
def test_what_an_event_means(kind: str, event: dict[str, Any], state: str, cause: str | None) -> None:
    told = _told(kind, event)
    assert told is not None
    assert (told[0], told[2]) == (state, cause)


@pytest.mark.parametrize("kind", ["Send", "Open", "Click", "DeliveryDelay", "Rendering Failure", "Subscription"])
def test_other_events_mean_nothing(kind: str) -> None:
    assert _told(kind, {}) is None


def test_what_the_other_side_said_is_one_line() -> None:
    assert (
        _words(["Permanent", None, "smtp; 550\r\n5.1.1\0 user  unknown"]) == "Permanent; smtp; 550 5.1.1 user unknown"
    )
    assert len(_words(["x" * 10_000])) == 500
