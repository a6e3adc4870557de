"""Tests which site of a client `wecelebrate env` writes into the variables."""

import shlex

from tests.command import Command
from tests.platform import Platform, ok


def variables(wecelebrate: Command, *arguments: str) -> dict[str, str]:
    result = wecelebrate("env", *arguments)
    assert result.returncode == 0, result.stderr
    pairs = (shlex.split(line)[1].partition("=") for line in result.stdout.splitlines())
    return {name: value for name, _, value in pairs if name != "TOKEN"}


def test_a_new_site_does_not_replace_the_site_in_the_variables(platform: Platform, wecelebrate: Command) -> None:
    tenant = platform.tenant()
    before = variables(wecelebrate, "--client", tenant.slug)
    assert before["SITE"] == tenant.site_id
    # New ids are greater than older ids. Give the new site the smallest id, as in the demo data.
    later = platform.site(tenant.client_id, tenant.catalog_id, name="Later", status="active")
    draft = platform.site(tenant.client_id, tenant.catalog_id, name="Draft", status="draft")
    platform.arrange("update sites set id = ('00000000-0000-7000-8000-' || right(id::text, 12))::uuid where id = %s",
                     (later["id"],))  # fmt: skip
    assert variables(wecelebrate, "--client", tenant.slug) == before
    # The command also does not choose an older site that visitors cannot see.
    platform.arrange("update sites set created_at = created_at - interval '1 day' where id = %s", (draft["id"],))
    assert variables(wecelebrate, "--client", tenant.slug)["SITE"] == tenant.site_id


def test_the_option_site_accepts_an_id_or_host_or_slug_or_name(platform: Platform, wecelebrate: Command) -> None:
    tenant = platform.tenant()
    second = platform.site(tenant.client_id, tenant.catalog_id, name="The second", status="draft")
    host = ok(platform.admin.get(f"/v1/sites/{second['id']}/domain-verification"))["host"]
    domain = second["domain"]
    for site in (second["id"], domain, host, host.partition(".")[0], "The second"):
        chosen = variables(wecelebrate, "--client", tenant.slug, "--site", site)
        assert (chosen["SITE"], chosen["SHOP"].rpartition("/")[2]) == (second["id"], domain)
    unknown = wecelebrate("env", "--client", tenant.slug, "--site", "nothing")
    assert unknown.returncode == 4
    assert f"client {tenant.slug} has no site nothing" in unknown.stderr
    platform.site(tenant.client_id, tenant.catalog_id, name="The second", status="draft")
    ambiguous = wecelebrate("env", "--client", tenant.slug, "--site", "The second")
    assert ambiguous.returncode == 2
    assert "2 sites are named The second" in ambiguous.stderr
    assert f"{second['id']} ({domain})" in ambiguous.stderr
