"""Tests that an export contains only data that its requester can see, and that only its requester and admins can see
the export."""

import json
from datetime import UTC, datetime

import pytest

from tests.exports.exporting import content, csv_rows, exported, finished, insert_order, insert_products, start
from tests.platform import Platform, Tenant, ok, problem


@pytest.fixture
def tenant(platform: Platform) -> Tenant:
    return platform.tenant()


def keys_of(platform: Platform, export_id: str) -> list[str]:
    """Return the keys of all versions of the files of an export."""
    versions = platform.s3.list_object_versions(Bucket="wecelebrate-local-exports")
    return [
        version["Key"]
        for version in [*versions.get("Versions", []), *versions.get("DeleteMarkers", [])]
        if export_id in version["Key"]
    ]


def test_a_caller_gets_404_for_an_export_of_another_client_or_of_a_colleague(
    platform: Platform, tenant: Tenant
) -> None:
    export_id = start(tenant.owner, "products", "csv")
    finished(tenant.owner, export_id)
    colleague = platform.api(platform.member(tenant.client_id, "owner"))
    for api in (platform.tenant().owner, colleague):
        problem(api.get(f"/v1/exports/{export_id}"), 404, "not_found")
        problem(api.delete(f"/v1/exports/{export_id}"), 404, "not_found")
        assert ok(api.get("/v1/exports"))["data"] == []
    (listed,) = ok(tenant.owner.get("/v1/exports"))["data"]
    assert (listed["id"], listed["url"]) == (export_id, None)
    admins = ok(platform.admin.get(f"/v1/exports?client_id={tenant.client_id}"))["data"]
    assert [export["id"] for export in admins] == [export_id]


def test_a_member_cannot_export_the_rows_of_another_client(platform: Platform, tenant: Tenant) -> None:
    other = platform.tenant()
    insert_order(platform, other, "N-1")
    body = {"kind": "orders", "format": "csv", "client_id": other.client_id}
    problem(tenant.owner.post("/v1/exports", json=body), 403, "forbidden")
    assert csv_rows(exported(tenant.owner, "orders", "csv")) == []
    assert platform.api().post("/v1/exports", json=body).status_code == 401


def test_a_viewer_can_export_readable_rows_and_can_delete_the_export(platform: Platform, tenant: Tenant) -> None:
    platform.product(tenant, sku="A-1")
    viewer = platform.api(platform.member(tenant.client_id, "viewer"))
    export_id = start(viewer, "products", "csv", include=["source_data"])
    (row,) = csv_rows(content(finished(viewer, export_id)))
    assert (row["sku"], row["source_data"]) == ("A-1", "")
    assert viewer.delete(f"/v1/exports/{export_id}").status_code == 204


def test_an_export_contains_source_data_only_if_the_caller_can_read_source_data(
    platform: Platform, tenant: Tenant
) -> None:
    job = platform.sync(tenant.catalog_id, "a.csv", b"sku,name,price,cost\nA-1,Mug,5.00,1.50\n")
    assert job["status"] == "completed"
    (row,) = csv_rows(exported(tenant.owner, "products", "csv", include=["source_data"]))
    assert json.loads(row["source_data"])["cost"] == "1.50"
    assert "source_data" not in csv_rows(exported(tenant.owner, "products", "csv"))[0]
    viewer = platform.api(platform.member(tenant.client_id, "viewer"))
    (row,) = csv_rows(exported(viewer, "products", "csv", include=["source_data"]))
    assert row["source_data"] == ""


def test_an_export_of_a_granted_catalog_limits_the_stock(platform: Platform, tenant: Tenant) -> None:
    platform.product(tenant, sku="A-1", inventory_count=500)
    platform.arrange(
        "update products set created_at = now() - interval '3 days' where catalog_id = %s", [tenant.catalog_id]
    )
    grantee = platform.tenant()
    ok(platform.admin.put(f"/v1/catalogs/{tenant.catalog_id}/grants/{grantee.client_id}"))
    rows = csv_rows(
        exported(grantee.owner, "products", "csv", filters={"catalog_id": tenant.catalog_id}, include=["source_data"])
    )
    assert [(row["sku"], row["inventory_count"], row["source_data"]) for row in rows] == [("A-1", "10", "")]
    today = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    assert datetime.fromisoformat(rows[0]["updated_at"]) == today
    # The filter `updated_since` does not reveal the exact time of a change.
    later = {"catalog_id": tenant.catalog_id, "updated_since": datetime.now(UTC).isoformat()}
    assert len(csv_rows(exported(grantee.owner, "products", "csv", filters=later))) == 1
    assert csv_rows(exported(tenant.owner, "products", "csv", filters=later)) == []


def test_an_admin_exports_the_orders_of_one_client_or_of_all_clients(platform: Platform, tenant: Tenant) -> None:
    other = platform.tenant()
    ids = {insert_order(platform, tenant, "N-1"), insert_order(platform, other, "N-1")}
    rows = csv_rows(exported(platform.admin, "orders", "csv"))
    assert ids <= {row["id"] for row in rows}
    rows = csv_rows(exported(platform.admin, "orders", "csv", client_id=other.client_id))
    assert [row["client_id"] for row in rows] == [other.client_id]


def test_a_former_member_cannot_download_an_export(platform: Platform, tenant: Tenant) -> None:
    insert_products(platform, tenant.catalog_id, 1)
    row = platform.database.execute(
        "with job as (insert into jobs (client_id, type, requested_by, payload)"
        " values (%(client)s, 'data_export', 'a former member', '{}') returning id)"
        " insert into exports (client_id, job_id, subject, kind, format, options)"
        " select %(client)s, id, 'a former member', 'products', 'csv',"
        """ '{"bom": false, "timezone": "UTC", "include": []}' from job returning id""",
        {"client": tenant.client_id},
    ).fetchone()
    assert row is not None
    platform.send("exports", {})
    path = f"/v1/exports/{row['id']}"
    platform.eventually(lambda: ok(platform.admin.get(path))["status"] == "failed")
    export = ok(platform.admin.get(path))
    assert (export["error_code"], export["file"]) == ("no_membership", None)


def test_deleting_an_export_deletes_all_versions_of_its_file(platform: Platform, tenant: Tenant) -> None:
    export_id = start(tenant.owner, "products", "csv")
    finished(tenant.owner, export_id)
    assert keys_of(platform, export_id)
    assert tenant.owner.delete(f"/v1/exports/{export_id}").status_code == 204
    problem(tenant.owner.get(f"/v1/exports/{export_id}"), 404, "not_found")
    platform.eventually(lambda: not keys_of(platform, export_id), within=60)
    platform.eventually(
        lambda: platform.database.execute("select from exports where id = %s", [export_id]).rowcount == 0
    )


def test_an_expired_export_is_deleted_with_its_file(platform: Platform, tenant: Tenant) -> None:
    export = finished(tenant.owner, start(tenant.owner, "products", "csv"))
    lifetime = datetime.fromisoformat(export["expires_at"]) - datetime.fromisoformat(export["completed_at"])
    assert round(lifetime.total_seconds()) == 7 * 24 * 3600
    platform.arrange("update exports set expires_at = now() where id = %s", [export["id"]])
    platform.eventually(lambda: not keys_of(platform, export["id"]), within=60)
    problem(tenant.owner.get(f"/v1/exports/{export['id']}"), 404, "not_found")


def test_a_viewer_can_cancel_its_own_unfinished_export(platform: Platform, tenant: Tenant) -> None:
    viewer = platform.api(platform.member(tenant.client_id, "viewer"))
    platform.arrange(
        "insert into webhooks (client_id, url, events) values (%s, 'https://example.test/', '{job.*}')",
        [tenant.client_id],
    )
    insert_products(platform, tenant.catalog_id, 60_000)
    export_id = start(viewer, "products", "xlsx")
    export = ok(viewer.get(f"/v1/exports/{export_id}"))
    assert viewer.delete(f"/v1/exports/{export_id}").status_code == 204
    assert ok(viewer.get(f"/v1/jobs/{export['job_id']}"))["status"] == "cancelled"
    published = platform.database.execute(
        "select event, payload -> 'data' ->> 'job_id' as job_id from webhook_deliveries where client_id = %s",
        [tenant.client_id],
    )
    assert published.fetchall() == [{"event": "job.cancelled", "job_id": export["job_id"]}]


def test_deleting_an_unfinished_export_cancels_the_export(platform: Platform, tenant: Tenant) -> None:
    insert_products(platform, tenant.catalog_id, 60_000)
    export_id = start(tenant.owner, "products", "xlsx")
    export = ok(tenant.owner.get(f"/v1/exports/{export_id}"))
    assert tenant.owner.delete(f"/v1/exports/{export_id}").status_code == 204
    assert ok(tenant.owner.get(f"/v1/jobs/{export['job_id']}"))["status"] == "cancelled"
    platform.eventually(
        lambda: platform.database.execute("select from exports where id = %s", [export_id]).rowcount == 0, within=60
    )
    assert keys_of(platform, export_id) == []
