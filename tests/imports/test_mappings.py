"""An editor of mappings: what is proposed, changed, asked again, and saved."""

import httpx
import pytest

from tests.platform import TLS, Json, Platform, Tenant, created, ok, pointers, problem

FILE = "Nr;Was;Wieviel;Farbe\n7;Tasse;1.234,50;rot\n8;Schal;9,90;blau\n".encode("cp1252")


@pytest.fixture
def tenant(platform: Platform) -> Tenant:
    return platform.tenant()


def upload(tenant: Tenant, file: bytes) -> str:
    """The id of a file that was sent."""
    made = created(tenant.owner.post("/v1/uploads", json={"name": "preise.csv", "size": len(file)}))
    assert httpx.put(made["url"], headers=made["headers"], content=file, verify=TLS).status_code == 200
    return str(made["id"])


def propose(tenant: Tenant, **asked: object) -> Json:
    return ok(tenant.owner.post(f"/v1/catalogs/{tenant.catalog_id}/mapping/propose", json=asked))


def test_a_mapping_is_proposed_changed_and_saved(platform: Platform, tenant: Tenant) -> None:
    file = upload(tenant, FILE)
    found = propose(tenant, upload_id=file, mapping={"sku": "Nr"})
    assert (found["format"], found["delimiter"]) == ("csv", ";")
    assert [column["name"] for column in found["columns"]] == ["Nr", "Was", "Wieviel", "Farbe"]
    assert set(found["missing"]) <= {"name", "price"}

    mapping = {"sku": "Nr", "name": "Was", "price": "Wieviel"}
    found = propose(tenant, upload_id=file, mapping=mapping)
    fields = {field["field"]: (field["columns"], field["by"]) for field in found["fields"]}
    assert fields["price"] == (["Wieviel"], "mapping")
    assert (found["missing"], found["decimal"]) == ([], ",")
    assert found["rows"][0]["product"]["price"] == "1234.50"

    ok(tenant.owner.patch(f"/v1/catalogs/{tenant.catalog_id}", json={"sync_settings": {"mapping": mapping}}))
    assert propose(tenant, upload_id=file)["rows"] == found["rows"]
    job = platform.sync(tenant.catalog_id, "preise.csv", FILE)
    assert job["counts"]["created"] == 2
    assert propose(tenant, job_id=job["id"])["rows"] == found["rows"]


def test_what_is_no_file_of_products_says_so(tenant: Tenant) -> None:
    path = f"/v1/catalogs/{tenant.catalog_id}/mapping/propose"
    said = problem(tenant.owner.post(path, json={"upload_id": upload(tenant, b"%PDF-1.7")}), 422, "unreadable_file")
    assert "PDF" in said["detail"]


def test_a_file_of_another_client_is_not_there(platform: Platform, tenant: Tenant) -> None:
    stranger = platform.tenant()
    path = f"/v1/catalogs/{tenant.catalog_id}/mapping/propose"
    answer = tenant.owner.post(path, json={"upload_id": upload(stranger, FILE)})
    assert pointers(problem(answer, 422, "invalid")) == ["/upload_id"]
    job = platform.sync(stranger.catalog_id, "a.csv", b"sku,name,price\n1,Mug,1\n")
    assert pointers(problem(tenant.owner.post(path, json={"job_id": job["id"]}), 422, "invalid")) == ["/job_id"]
    path = f"/v1/catalogs/{stranger.catalog_id}/mapping/propose"
    problem(tenant.owner.post(path, json={"upload_id": upload(tenant, FILE)}), 404, "not_found")
