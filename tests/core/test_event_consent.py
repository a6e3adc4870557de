"""Tests which data of an event is stored. The site, the event and the browser each set a limit, and the strictest limit
applies.
"""

from collections.abc import Iterator
from datetime import date

import pytest

from wecelebrate.core.models import Object
from wecelebrate.core.settings import settings
from wecelebrate.events.consent import Identity, anonymous, signalled, storage

DAY = date(2026, 3, 14)


@pytest.fixture(autouse=True)
def signing_key(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("WC_SIGNING_KEY", "a key")
    settings.cache_clear()
    yield
    settings.cache_clear()


def test_the_strictest_limit_of_site_event_and_browser_applies() -> None:
    assert storage("all", None, None) == "all"
    assert storage("all", "anonymous", None) == "anonymous"
    assert storage("anonymous", "all", None) == "anonymous"
    assert storage("all", "all", "anonymous") == "anonymous"
    assert storage("anonymous", "none", "anonymous") == "none"
    assert storage("none", "all", None) == "none"
    assert storage(None) == "none"


@pytest.mark.parametrize(
    ("headers", "expected"),
    [(("1", None), "anonymous"), ((None, "1"), "anonymous"), ((None, None), None), (("0", "null"), None)],
)
def test_the_privacy_headers_of_a_browser_make_events_anonymous(
    headers: tuple[str | None, ...], expected: str | None
) -> None:
    assert signalled(*headers) == expected


def test_an_anonymous_event_contains_no_user_id() -> None:
    identity = Identity("user-1", "session-1", {"product": "mug"})
    stored = anonymous(identity, "site", DAY)
    assert stored.user_id is None
    assert stored.data == {"product": "mug"}
    assert stored.session_id is not None and "session-1" not in stored.session_id


def test_the_session_id_of_an_anonymous_visit_is_different_for_each_day_and_site() -> None:
    visitor = Identity(None, "session-1", {})
    sessions = [
        anonymous(identity, site, day).session_id
        for identity, site, day in [
            (visitor, "a", DAY),
            (Identity("user-1", "session-1", {}), "a", DAY),
            (visitor, "a", date(2026, 3, 15)),
            (visitor, "b", DAY),
            (Identity(None, "session-2", {}), "a", DAY),
        ]
    ]
    assert sessions[0] == sessions[1]
    assert len(set(sessions)) == 4
    assert anonymous(Identity(None, None, {}), "a", DAY).session_id is None


@pytest.mark.parametrize(
    "text",
    [
        "ann@example.test",
        "ann\uff20example.test",
        "ann\ufe6bexample.test",
        "/login?to=ann%40example.test",
        "/next?url=%2Flogin%3Fto%3Dann%2540example.test",
        "ann&#64;example.test",
        "ann&#x0040;example.test",
        "ann&commat;example.test",
        '{"to":"ann\\u0040example.test"}',
    ],
)
def test_an_email_address_is_recognised_in_every_usual_spelling(text: str) -> None:
    data: Object = {"text": text, text: 1}
    assert anonymous(Identity(None, None, data), "site", DAY).data == {"text": None}


def test_identifiers_are_removed_from_the_data_at_every_depth() -> None:
    data: Object = {
        "user": "user-1",
        "path": "/mugs?session=session-1",
        "nested": [{"mail": "ann@example.test", "link": "https://a.test/?to=ann%40example.test"}, "ok @ noon"],
        "ann@example.test": 1,
        "user-1": True,
        "price": 3.5,
        "handle": "@ann",
    }
    assert anonymous(Identity("user-1", "session-1", data), "site", DAY).data == {
        "user": None,
        "path": None,
        "nested": [{"mail": None, "link": None}, "ok @ noon"],
        "price": 3.5,
        "handle": "@ann",
    }
