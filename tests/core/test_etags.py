"""Tests the comparison of entity tags in If-None-Match and If-Match (RFC 9110, sections 8.8.3.2, 13.1.1 and 13.1.2)."""

from datetime import UTC, datetime

import pytest

from wecelebrate.core.errors import Forbidden, PreconditionFailed, PreconditionRequired
from wecelebrate.core.etags import Match, etag, matches, refusal

TAG = etag("body")
CHANGED_AT = datetime(2026, 3, 1, 12, tzinfo=UTC)


class Shop:
    """An object that callers can change."""

    updated_at = CHANGED_AT

    def model_dump_json(self) -> str:
        return "body"


def test_an_entity_tag_is_quoted_and_depends_on_the_body() -> None:
    # The tag is the first half of the SHA-256 digest of the body.
    assert TAG == '"230d8358dc8e8890b4c58deeb62912ee"'
    assert etag("other") != TAG


@pytest.mark.parametrize(
    ("header", "is_match"),
    [
        (None, False),
        ("", False),
        ("*", True),
        (" * ", True),
        (TAG, True),
        (f"W/{TAG}", True),
        (f'"other", W/{TAG} ,"third"', True),
        ('"other"', False),
        (TAG.strip('"'), False),
        (TAG.upper(), False),
    ],
)
def test_if_none_match_matches_a_star_or_the_current_tag(header: str | None, is_match: bool) -> None:
    assert matches(header, TAG) is is_match


@pytest.mark.parametrize("header", [TAG, f" {TAG} ", f'"other",{TAG}', f"W/{TAG}", f'"other", W/{TAG}'])
def test_a_change_requires_that_the_object_still_has_the_given_etag(header: str) -> None:
    assert Match(header).check(Shop()) == CHANGED_AT


@pytest.mark.parametrize("header", ["*", " * "])
def test_a_change_with_a_star_in_if_match_is_allowed_for_any_etag(header: str) -> None:
    assert Match(header).check(Shop()) is None


@pytest.mark.parametrize("header", ["", '"other"', 'W/"other"', f"W/W/{TAG}", '"other", "third"'])
def test_the_error_for_an_outdated_if_match_contains_the_current_etag(header: str) -> None:
    with pytest.raises(PreconditionFailed) as refused:
        Match(header).check(Shop())
    assert refused.value.headers() == {"ETag": TAG}


def test_the_error_for_a_missing_if_match_contains_the_current_etag() -> None:
    with pytest.raises(PreconditionRequired) as refused:
        Match(None).check(Shop())
    assert refused.value.headers() == {"ETag": TAG}


def test_an_update_without_effect_is_forbidden_or_outdated() -> None:
    earlier = datetime(2026, 3, 1, 11, tzinfo=UTC)
    problem = refusal(earlier, Shop())
    assert isinstance(problem, PreconditionFailed) and problem.headers() == {"ETag": TAG}
    assert isinstance(refusal(CHANGED_AT, Shop()), Forbidden)
    assert isinstance(refusal(None, Shop()), Forbidden)
