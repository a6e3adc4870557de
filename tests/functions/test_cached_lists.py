"""Tests that a change of a site invalidates only the cached lists that contain the site."""

import httpx

from tests.platform import Platform, ok


def cache_status(api: httpx.Client) -> str:
    """Read the caller's list of sites. Return the parameters in the Cache-Status header of the response."""
    response = api.get("/v1/sites")
    ok(response)
    return response.headers["cache-status"].removeprefix("wecelebrate; ")


def test_a_change_of_a_site_invalidates_only_the_lists_that_contain_the_site(platform: Platform) -> None:
    first, second, third = platform.tenant(), platform.tenant(), platform.tenant()
    subject = platform.member(first.client_id)
    platform.arrange(
        "insert into client_users (client_id, user_id, email, role) values (%s, %s, 'both@example.test', 'viewer')",
        [second.client_id, subject],
    )
    member_of_both = platform.api(subject)
    callers = (first.owner, second.owner, third.owner, member_of_both)
    for api in callers:
        cache_status(api)
    assert [cache_status(api) for api in callers] == ["hit"] * 4
    of_second = {"client_id": second.client_id}
    ok(platform.admin.get("/v1/sites", params=of_second))
    ok(second.owner.patch(f"/v1/sites/{second.site_id}", json={"name": "Renamed"}))
    assert [cache_status(api) for api in callers] == ["hit", "fwd=miss", "hit", "fwd=miss"]
    for api in (platform.admin, member_of_both, second.owner):
        (site,) = ok(api.get("/v1/sites", params=of_second))["data"]
        assert site["name"] == "Renamed"
    new_site = platform.site(first.client_id, first.catalog_id)
    assert [cache_status(api) for api in callers] == ["fwd=miss", "hit", "hit", "fwd=miss"]
    assert new_site["id"] in {site["id"] for site in ok(first.owner.get("/v1/sites"))["data"]}
