"""A change of one client's site ends the lists that show it, and leaves everybody else's in the cache."""

import httpx

from tests.platform import Platform, ok


def came(api: httpx.Client) -> str:
    """Where a caller's list of sites came from."""
    answer = api.get("/v1/sites")
    ok(answer)
    return answer.headers["cache-status"].removeprefix("wecelebrate; ")


def test_a_change_of_a_site_ends_the_lists_of_its_client_and_of_the_platform_alone(platform: Platform) -> None:
    ours, theirs, third = platform.tenant(), platform.tenant(), platform.tenant()
    subject = platform.member(ours.client_id)
    platform.arrange(
        "insert into client_users (client_id, user_id, email, role) values (%s, %s, 'both@example.test', 'viewer')",
        [theirs.client_id, subject],
    )
    both = platform.api(subject)
    everybody = (ours.owner, theirs.owner, third.owner, both)
    for api in everybody:
        came(api)
    assert [came(api) for api in everybody] == ["hit"] * 4
    of_theirs = {"client_id": theirs.client_id}
    ok(platform.admin.get("/v1/sites", params=of_theirs))
    ok(theirs.owner.patch(f"/v1/sites/{theirs.site_id}", json={"name": "Renamed"}))
    assert [came(api) for api in everybody] == ["hit", "fwd=miss", "hit", "fwd=miss"]
    for api in (platform.admin, both, theirs.owner):
        (site,) = ok(api.get("/v1/sites", params=of_theirs))["data"]
        assert site["name"] == "Renamed"
    made = platform.site(ours.client_id, ours.catalog_id)
    assert [came(api) for api in everybody] == ["fwd=miss", "hit", "hit", "fwd=miss"]
    assert made["id"] in {site["id"] for site in ok(ours.owner.get("/v1/sites"))["data"]}
