"""The API proposes a mapping for the columns of a file. A user can change the proposed mapping and then save it."""

import httpx
import pytest

from tests.platform import TLS, Json, Platform, Tenant, created, ok, pointers, problem

FILE = "Nr;Was;Wieviel;Farbe\n7;Tasse;1.234,50;rot\n8;Schal;9,90;blau\n".encode("cp1252")


@pytest.fixture
def tenant(platform: Platform) -> Tenant:
    return platform.tenant()


def upload(tenant: Tenant, file: bytes) -> str:
    """Upload a file. Return the id of the upload."""
    new = created(tenant.owner.post("/v1/uploads", json={"name": "preise.csv", "size": len(file)}))
    assert httpx.put(new["url"], headers=new["headers"], content=file, verify=TLS).status_code == 200
    return str(new["id"])


def propose(tenant: Tenant, **body: object) -> Json:
    """Return the proposed mapping for a file."""
    return ok(tenant.owner.post(f"/v1/catalogs/{tenant.catalog_id}/mapping/propose", json=body))


def test_a_mapping_is_proposed_and_then_changed_and_saved(platform: Platform, tenant: Tenant) -> None:
    upload_id = upload(tenant, FILE)
    proposal = propose(tenant, upload_id=upload_id, mapping={"sku": "Nr"})
    assert (proposal["format"], proposal["delimiter"]) == ("csv", ";")
    assert [column["name"] for column in proposal["columns"]] == ["Nr", "Was", "Wieviel", "Farbe"]
    assert set(proposal["missing"]) <= {"name", "price"}

    mapping = {"sku": "Nr", "name": "Was", "price": "Wieviel"}
    proposal = propose(tenant, upload_id=upload_id, mapping=mapping)
    fields = {field["field"]: (field["columns"], field["by"]) for field in proposal["fields"]}
    assert fields["price"] == (["Wieviel"], "mapping")
    assert (proposal["missing"], proposal["decimal"]) == ([], ",")
    assert proposal["rows"][0]["product"]["price"] == "1234.50"

    ok(tenant.owner.patch(f"/v1/catalogs/{tenant.catalog_id}", json={"sync_settings": {"mapping": mapping}}))
    assert propose(tenant, upload_id=upload_id)["rows"] == proposal["rows"]
    job = platform.sync(tenant.catalog_id, "preise.csv", FILE)
    assert job["counts"]["created"] == 2
    assert propose(tenant, job_id=job["id"])["rows"] == proposal["rows"]


def test_a_file_that_is_not_a_table_is_refused_as_unreadable(tenant: Tenant) -> None:
    path = f"/v1/catalogs/{tenant.catalog_id}/mapping/propose"
    error = problem(tenant.owner.post(path, json={"upload_id": upload(tenant, b"%PDF-1.7")}), 422, "unreadable_file")
    assert "PDF" in error["detail"]


def test_no_mapping_is_proposed_if_the_file_or_the_catalog_belongs_to_another_client(
    platform: Platform, tenant: Tenant
) -> None:
    other = platform.tenant()
    path = f"/v1/catalogs/{tenant.catalog_id}/mapping/propose"
    response = tenant.owner.post(path, json={"upload_id": upload(other, FILE)})
    assert pointers(problem(response, 422, "invalid")) == ["/upload_id"]
    job = platform.sync(other.catalog_id, "a.csv", b"sku,name,price\n1,Mug,1\n")
    assert pointers(problem(tenant.owner.post(path, json={"job_id": job["id"]}), 422, "invalid")) == ["/job_id"]
    path = f"/v1/catalogs/{other.catalog_id}/mapping/propose"
    problem(tenant.owner.post(path, json={"upload_id": upload(tenant, FILE)}), 404, "not_found")
