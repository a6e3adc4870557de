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


def test_a_proposal_is_refused_if_the_file_or_the_catalog_belongs_to_another_client(
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


def test_a_proposal_shows_computed_values_and_the_reasons_for_rejected_rows(tenant: Tenant) -> None:
    file = b"Nr;Name;VK;PE;St\n7;Tasse;12,50;1;A\n8;Schal;10,00;3;A\n9;Hut;5,00;1;Q\n"
    state = {"replace": {"A": "active"}, "otherwise": "reject"}
    mapping = {
        "sku": "Nr",
        "price": {"columns": ["VK"], "transform": [{"divide_by_column": "PE"}]},
        "is_active": {"columns": ["St"], "transform": ["trim", state]},
    }
    proposal = propose(tenant, upload_id=upload(tenant, file), mapping=mapping)
    first, second, third = proposal["rows"]
    assert first["product"]["price"] == "12.50"
    assert first["transformed"] == {"price": {"VK": "12,50", "PE": "1"}, "is_active": {"St": "A"}}
    assert (second["line"], second["code"]) == (3, "too_precise")
    assert second["error"].startswith("VK: ")
    assert (third["line"], third["sku"], third["code"]) == (4, "9", "not_in_list")
    assert third["error"] == 'St: step 2 (replace): "Q" is not in the list of values'
    price = next(field for field in proposal["fields"] if field["field"] == "price")
    assert (price["columns"], price["by"]) == (["VK", "PE"], "mapping")


def test_a_proposal_warns_about_public_values_that_are_computed_from_private_columns(tenant: Tenant) -> None:
    file = b"sku,name,price,Cost price\n7,Mug,12.50,6\n"
    attributes = {"Class": {"columns": ["Cost price"], "transform": [{"replace": {"6": "B"}}]}}
    proposal = propose(tenant, upload_id=upload(tenant, file), attributes=attributes)
    assert proposal["rows"][0]["product"]["attributes"] == {"Class": "B"}
    assert any('"Cost price"' in warning for warning in proposal["warnings"])


def test_a_sync_and_an_import_use_the_transformations_of_the_catalog(platform: Platform, tenant: Tenant) -> None:
    mapping = {
        "name": {"join": ["Marke", "Was"]},
        "price": {"columns": ["VK"], "transform": [{"multiply": "2"}]},
        "inventory_count": {"sum": ["Nord", "Süd"]},
    }
    attributes = {"Farbe": {"columns": ["Fb"], "transform": [{"replace": {"rt": "Rot"}}]}}
    settings = {"mapping": mapping, "attributes": attributes}
    ok(tenant.owner.patch(f"/v1/catalogs/{tenant.catalog_id}", json={"sync_settings": settings}))
    rows = ["7;Acme;Tasse;12,50;1;2;rt;6", "8;;Schal;9,99;0;5;bl;3", "9;A;B;x;1;1;;1"]
    file = "\n".join(["sku;Marke;Was;VK;Nord;Süd;Fb;EK", *rows]).encode()
    job = platform.sync(tenant.catalog_id, "a.csv", file)
    assert {name: job["counts"][name] for name in ("created", "rejected")} == {"created": 2, "rejected": 1}
    products = ok(tenant.owner.get(f"/v1/catalogs/{tenant.catalog_id}/products"))["data"]
    first = next(product for product in products if product["sku"] == "7")
    assert (first["name"], first["price"], first["inventory_count"]) == ("Acme Tasse", "25.00", 3)
    assert first["attributes"] == {"Farbe": "Rot"}
    reading = ok(tenant.owner.get(f"/v1/catalogs/{tenant.catalog_id}/reading"))["reading"]
    assert [each["column"] for each in reading["columns"]["name"]] == ["Marke + Was"]
    again = platform.sync(tenant.catalog_id, "b.csv", file)
    assert again["counts"]["unchanged"] == 2
