"""Tests ambiguous files. The job asks the user how to read the file, and the catalog stores the answers."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.imports.importing import import_rows, wait_for_job
from tests.platform import Json, Platform, Tenant, ok, pointers, problem
from tests.syncs.waiting import (
    AMBIGUOUS_PRICES,
    THOUSANDS,
    ambiguous_file,
    ask,
    change_settings,
    finished,
    import_file,
    prices,
    read_result,
    waiting_job,
    waits_for_a_decision,
)

DECIMALS = {"answers": {"decimal": "."}}


@pytest.fixture
def tenant(platform: Platform) -> Tenant:
    """Return a tenant with an empty catalog."""
    return platform.tenant()


def settings_of(tenant: Tenant) -> Json:
    """Return the sync settings of the tenant's catalog."""
    settings: Json = ok(tenant.owner.get(f"/v1/catalogs/{tenant.catalog_id}"))["sync_settings"]
    return settings


def test_a_job_asks_before_its_first_change_if_all_prices_are_ambiguous(platform: Platform, tenant: Tenant) -> None:
    job = ask(platform, tenant)
    assert (job["status"], job["waiting_for"], job["awaiting_approval"]) == ("pending", "decision", False)
    (question,) = job["questions"]
    assert (question["key"], question["subject"], question["kind"]) == ("decimal", "money", "question")
    assert set(question["seen"]) == set(AMBIGUOUS_PRICES)
    assert {choice["value"] for choice in question["choices"]} == {",", "."}
    assert all(choice["label"] and choice["examples"] for choice in question["choices"])
    assert prices(platform, tenant) == {}
    assert read_result(platform, job)["status"] == "awaiting_decision"
    assert ok(tenant.owner.get(f"/api/jobs/{job['id']}/status"))["status"] == "waiting"


@pytest.mark.parametrize(("answer", "price"), [(THOUSANDS, "1250.00"), (DECIMALS, "1.25")])
def test_the_answer_to_a_question_applies_to_the_file_and_to_the_next_file(
    platform: Platform, tenant: Tenant, answer: Json, price: str
) -> None:
    job = ask(platform, tenant)
    decided = ok(tenant.owner.post(f"/v1/jobs/{job['id']}/decide", json=answer))
    assert (decided["waiting_for"], decided["answers"]) == (None, answer["answers"])
    assert finished(platform, tenant, job)["counts"]["created"] == 3
    assert prices(platform, tenant)["Q-0"] == price
    assert settings_of(tenant)["options"] == answer["answers"]

    second = platform.sync(tenant.catalog_id, "more.csv", ambiguous_file(*AMBIGUOUS_PRICES, "1.250"))
    assert (second["status"], second["questions"], second["counts"]["created"]) == ("completed", [], 1)
    assert prices(platform, tenant)["Q-3"] == price


def test_a_later_ambiguous_file_is_read_like_the_last_file_without_a_question(
    platform: Platform, tenant: Tenant
) -> None:
    platform.sync(tenant.catalog_id, "base.csv", b'sku,name,price\nB-1,Vase,"12,90"\nB-2,Bowl,"7,50"\n')
    job = platform.sync(tenant.catalog_id, "lamps.csv", ambiguous_file())
    assert (job["status"], job["questions"]) == ("completed", [])
    assert prices(platform, tenant)["Q-0"] == "1250.00"


def test_a_decision_is_recorded_in_the_audit_log_with_the_answers(platform: Platform, tenant: Tenant) -> None:
    job = ask(platform, tenant)
    ok(tenant.owner.post(f"/v1/jobs/{job['id']}/decide", json=THOUSANDS))
    finished(platform, tenant, job)
    (entry,) = ok(tenant.owner.get("/v1/audit", params={"object_id": job["id"]}))["data"]
    assert (entry["action"], entry["after"]["answers"]) == ("job.decide", {"decimal": ","})
    changes = ok(tenant.owner.get("/v1/audit", params={"object_id": tenant.catalog_id}))["data"]
    settings = [entry["after"].get("sync_settings") for entry in changes if entry["action"] == "catalog.change"]
    assert [each["options"] for each in settings if each] == [{"decimal": ","}]


@pytest.mark.parametrize(
    ("answers", "pointer"),
    [
        ({}, "/answers/decimal"),
        ({"decimal": ";"}, "/answers/decimal"),
        ({"decimal": ",", "sheet": "1"}, "/answers/sheet"),
    ],
)
def test_a_decision_with_a_missing_or_unknown_or_invalid_answer_is_refused(
    platform: Platform, tenant: Tenant, answers: Json, pointer: str
) -> None:
    job = ask(platform, tenant)
    response = tenant.owner.post(f"/v1/jobs/{job['id']}/decide", json={"answers": answers})
    assert pointers(problem(response, 422, "invalid")) == [pointer]
    assert ok(tenant.owner.get(f"/v1/jobs/{job['id']}"))["waiting_for"] == "decision"
    assert "decimal" not in settings_of(tenant).get("options", {})


def test_only_a_member_with_write_access_can_answer_a_question(platform: Platform, tenant: Tenant) -> None:
    job = ask(platform, tenant)
    path = f"/v1/jobs/{job['id']}/decide"
    problem(platform.api(platform.member(tenant.client_id, "viewer")).post(path, json=THOUSANDS), 403, "forbidden")
    problem(platform.api("support").post(path, json=THOUSANDS), 403, "forbidden")
    problem(platform.tenant().owner.post(path, json=THOUSANDS), 404, "not_found")
    ok(platform.api(platform.member(tenant.client_id, "editor")).post(path, json=THOUSANDS))
    assert finished(platform, tenant, job)["status"] == "completed"


def test_a_job_that_waits_for_a_decision_cannot_be_approved_or_retried(platform: Platform, tenant: Tenant) -> None:
    job = ask(platform, tenant)
    problem(tenant.owner.post(f"/v1/jobs/{job['id']}/approve"), 409, "job_state")
    problem(tenant.owner.post(f"/v1/jobs/{job['id']}/retry"), 409, "job_state")
    ok(tenant.owner.post(f"/v1/jobs/{job['id']}/cancel"))
    problem(tenant.owner.post(f"/v1/jobs/{job['id']}/decide", json=THOUSANDS), 409, "job_state")
    ok(tenant.owner.post(f"/v1/jobs/{job['id']}/retry"))
    assert waiting_job(platform, tenant, job["source"]["version_id"], "decision")["id"] == job["id"]


def test_jobs_that_wait_for_a_decision_are_counted_separately(platform: Platform, tenant: Tenant) -> None:
    def awaiting_decision() -> int:
        queues = ok(platform.admin.get("/v1/admin/queues"))["data"]
        return int(next(queue["awaiting_decision"] for queue in queues if queue["type"] == "catalog_sync"))

    before = awaiting_decision()
    job = ask(platform, tenant)
    assert awaiting_decision() == before + 1
    query = {"catalog_id": tenant.catalog_id, "waiting_for": "approval"}
    assert ok(tenant.owner.get("/v1/jobs", params=query))["data"] == []
    ok(tenant.owner.post(f"/v1/jobs/{job['id']}/cancel"))


def test_only_one_of_two_concurrent_answers_is_stored(platform: Platform, tenant: Tenant) -> None:
    job = ask(platform, tenant)
    with ThreadPoolExecutor(2) as pool:
        with platform.holding("select from jobs where id = %s for update", [job["id"]]) as lock:
            path = f"/v1/jobs/{job['id']}/decide"
            responses = [pool.submit(tenant.owner.post, path, json=answer) for answer in (THOUSANDS, DECIMALS)]
            lock.wait_for(2)
        statuses = [response.result().status_code for response in responses]
    assert sorted(statuses) == [200, 409]
    stored = THOUSANDS if statuses[0] == 200 else DECIMALS
    assert settings_of(tenant)["options"] == stored["answers"]
    assert finished(platform, tenant, job)["answers"] == stored["answers"]


def test_an_answer_that_arrives_during_the_cancellation_of_the_job_is_refused(
    platform: Platform, tenant: Tenant
) -> None:
    job = ask(platform, tenant)
    with ThreadPoolExecutor(2) as pool:
        with platform.holding("select from jobs where id = %s for update", [job["id"]]) as lock:
            cancel = pool.submit(tenant.owner.post, f"/v1/jobs/{job['id']}/cancel")
            lock.wait_for(1)
            decide = pool.submit(tenant.owner.post, f"/v1/jobs/{job['id']}/decide", json=THOUSANDS)
            lock.wait_for(2)
        assert (cancel.result().status_code, decide.result().status_code) == (200, 409)
    assert "decimal" not in settings_of(tenant).get("options", {})


def test_a_job_asks_again_if_its_worker_died_before_it_stored_the_question(platform: Platform, tenant: Tenant) -> None:
    job = ask(platform, tenant)
    platform.arrange(
        "update jobs set status = 'processing', decision = null, approval = null, questions = null,"
        " leased_until = now() - interval '1 s' where id = %s",
        [job["id"]],
    )
    again = waiting_job(platform, tenant, job["source"]["version_id"], "decision")
    assert (again["id"], again["questions"]) == (job["id"], job["questions"])


def test_a_catalog_with_the_setting_guess_uses_the_first_choice(platform: Platform, tenant: Tenant) -> None:
    change_settings(tenant, on_doubt="guess")
    job = platform.sync(tenant.catalog_id, "lamps.csv", ambiguous_file())
    assert (job["status"], job["counts"]["created"]) == ("completed", 3)
    (doubt,) = job["result"]["doubts"]
    assert doubt["key"] == "decimal"
    dry = platform.sync(tenant.catalog_id, "dry-run/lamps.csv", ambiguous_file())
    assert "would_stop" not in dry["result"]
    assert prices(platform, tenant)["Q-0"] == {",": "1250.00", ".": "1.25"}[doubt["choices"][0]["value"]]


def test_the_job_of_a_catalog_with_the_setting_refuse_fails_with_the_questions(
    platform: Platform, tenant: Tenant
) -> None:
    change_settings(tenant, on_doubt="refuse")
    job = platform.sync(tenant.catalog_id, "lamps.csv", ambiguous_file())
    assert (job["status"], job["error_code"]) == ("failed", "doubtful_file")
    (question,) = job["result"]["questions"]
    assert question["key"] == "decimal"
    assert question["text"] in job["error"]
    assert prices(platform, tenant) == {}


@pytest.mark.parametrize("on_doubt", ["ask", "refuse"])
def test_a_dry_run_reports_the_questions_and_does_not_wait(platform: Platform, tenant: Tenant, on_doubt: str) -> None:
    change_settings(tenant, on_doubt=on_doubt)
    job = platform.sync(tenant.catalog_id, "dry-run/lamps.csv", ambiguous_file())
    assert (job["status"], job["counts"]["created"]) == ("completed", 3)
    assert [doubt["key"] for doubt in job["result"]["doubts"]] == ["decimal"]
    code = {"ask": "needs_decision", "refuse": "doubtful_file"}[on_doubt]
    assert job["result"]["would_stop"] == {"code": code, "keys": ["decimal"]}
    assert ok(tenant.owner.get(f"/v1/catalogs/{tenant.catalog_id}/reading"))["reading"] is None


def test_only_the_import_of_a_file_asks_questions(platform: Platform, tenant: Tenant) -> None:
    job = import_file(tenant)
    platform.eventually(lambda: waits_for_a_decision(tenant, job))
    actions = ok(tenant.owner.get("/v1/audit", params={"object_id": job["id"]}))["data"]
    assert [entry["action"] for entry in actions] == ["job.create"]

    ok(tenant.owner.post(f"/v1/jobs/{job['id']}/decide", json=THOUSANDS))
    assert wait_for_job(tenant.owner, job["id"])["counts"]["created"] == 3
    assert prices(platform, tenant)["Q-0"] == "1250.00"

    rows = [{"sku": "R-1", "name": "Rug", "price": "1.250"}]
    assert import_rows(tenant, rows)["status"] == "completed"


LIST_PRICE = b"sku,name,list price\nC-1,Chair,10.00\nC-2,Couch,20.00\n"
OTHER_PRICE = b"sku,name,price\nC-1,Chair,12.00\nC-2,Couch,24.00\n"
"""A file whose column `price` contains selling prices. The previous file contained only list prices."""


@pytest.fixture
def list_prices(platform: Platform, tenant: Tenant) -> Tenant:
    """Return the tenant after loading a file whose prices are in the column `list price`."""
    assert platform.sync(tenant.catalog_id, "a.csv", LIST_PRICE)["counts"]["created"] == 2
    return tenant


def test_a_changed_price_column_causes_a_question_until_a_user_accepts_the_change(
    platform: Platform, list_prices: Tenant
) -> None:
    tenant = list_prices
    job = ask(platform, tenant, "b.csv", OTHER_PRICE)
    (question,) = job["questions"]
    assert (question["key"], question["kind"], question["before"], question["now"]) == (
        "price",
        "change",
        "list price",
        "price",
    )
    assert [choice["value"] for choice in question["choices"]] == ["accept", "stop"]
    ok(tenant.owner.post(f"/v1/jobs/{job['id']}/decide", json={"answers": {"price": "accept"}}))
    finished(platform, tenant, job)
    assert prices(platform, tenant)["C-1"] == "12.00"
    assert platform.sync(tenant.catalog_id, "c.csv", OTHER_PRICE)["status"] == "completed"


def test_an_accepted_change_causes_no_further_question_after_its_job_was_cancelled(
    platform: Platform, list_prices: Tenant
) -> None:
    tenant = list_prices
    job = ask(platform, tenant, "b.csv", OTHER_PRICE)
    with platform.holding("select from products where catalog_id = %s for update", [tenant.catalog_id]) as lock:
        ok(tenant.owner.post(f"/v1/jobs/{job['id']}/decide", json={"answers": {"price": "accept"}}))
        lock.wait_for(1)  # the merge waits for the lock, because it updates the prices
        ok(tenant.owner.post(f"/v1/jobs/{job['id']}/cancel"))
    assert prices(platform, tenant)["C-1"] == "10.00"
    assert platform.sync(tenant.catalog_id, "c.csv", OTHER_PRICE)["status"] == "completed"


def test_a_price_column_that_was_changed_in_the_mapping_causes_no_question(
    platform: Platform, list_prices: Tenant
) -> None:
    tenant = list_prices
    change_settings(tenant, mapping={"price": "price"})
    assert platform.sync(tenant.catalog_id, "b.csv", OTHER_PRICE)["counts"]["updated"] == 2


def test_the_answer_keep_applies_the_previous_decimal_separator_to_the_file(platform: Platform, tenant: Tenant) -> None:
    platform.sync(tenant.catalog_id, "a.csv", b"sku;name;price\nC-1;Chair;10,00\nC-2;Couch;20,00\n")
    job = ask(platform, tenant, "b.csv", b"sku;name;price\nC-1;Chair;10.00\nC-2;Couch;20.00\n")
    (question,) = job["questions"]
    assert (question["key"], [choice["value"] for choice in question["choices"]]) == (
        "decimal",
        ["accept", "keep", "stop"],
    )
    ok(tenant.owner.post(f"/v1/jobs/{job['id']}/decide", json={"answers": {"decimal": "keep"}}))
    assert finished(platform, tenant, job)["counts"]["rejected"] == 0
    assert settings_of(tenant)["options"] == {"decimal": ","}
    assert prices(platform, tenant) == {"C-1": "10.00", "C-2": "20.00"}


def test_a_user_can_stop_a_job_with_a_changed_price_column(platform: Platform, list_prices: Tenant) -> None:
    tenant = list_prices
    job = ask(platform, tenant, "b.csv", OTHER_PRICE)
    stopped = ok(tenant.owner.post(f"/v1/jobs/{job['id']}/decide", json={"answers": {"price": "stop"}}))
    assert (stopped["status"], stopped["waiting_for"]) == ("cancelled", None)
    assert prices(platform, tenant)["C-1"] == "10.00"


def test_a_catalog_shows_how_its_last_file_was_read(platform: Platform, list_prices: Tenant) -> None:
    tenant = list_prices
    path = f"/v1/catalogs/{tenant.catalog_id}/reading"
    reading = ok(tenant.owner.get(path))
    assert reading["file"] == f"{tenant.catalog_id}/incoming/a.csv"
    assert [column["column"] for column in reading["reading"]["columns"]["price"]] == ["list price"]
    viewer = platform.api(platform.member(tenant.client_id, "viewer"))
    assert ok(viewer.get(path)) == reading
    problem(viewer.delete(path), 403, "forbidden")
    assert tenant.owner.delete(path).status_code == 204
    assert ok(tenant.owner.get(path))["reading"] is None
    entries = ok(tenant.owner.get("/v1/audit", params={"object_id": tenant.catalog_id}))["data"]
    assert entries[0]["action"] == "catalog_reading.delete"
    assert platform.sync(tenant.catalog_id, "b.csv", OTHER_PRICE)["status"] == "completed"


def test_a_grantee_does_not_see_how_files_are_read(platform: Platform, list_prices: Tenant) -> None:
    tenant, reseller = list_prices, platform.tenant()
    ok(platform.admin.put(f"/v1/catalogs/{tenant.catalog_id}/grants/{reseller.client_id}"))
    path = f"/v1/catalogs/{tenant.catalog_id}/reading"
    problem(reseller.owner.get(path), 403, "forbidden")
    problem(reseller.owner.delete(path), 403, "forbidden")
    problem(platform.tenant().owner.get(path), 404, "not_found")


def test_the_answer_that_a_file_has_no_price_column_applies_to_the_next_file(
    platform: Platform, tenant: Tenant
) -> None:
    costs = b"SKU,Name,EK,Stock\nB-1,Tall vase,4.20,3\nB-2,Bowl,2.10,4\n"
    job = ask(platform, tenant, "costs.csv", costs)
    (question,) = job["questions"]
    assert (question["key"], question["subject"]) == ("price", "money")
    assert {choice["value"] for choice in question["choices"]} == {"", "EK"}
    ok(tenant.owner.post(f"/v1/jobs/{job['id']}/decide", json={"answers": {"price": ""}}))
    assert {error["code"] for error in finished(platform, tenant, job)["first_errors"]} == {"incomplete"}
    assert settings_of(tenant)["mapping"] == {"price": None}
    second = platform.sync(tenant.catalog_id, "costs.csv", costs)
    assert (second["status"], second["questions"], second["counts"]["rejected"]) == ("completed", [], 2)


def test_the_mapping_can_name_the_column_of_the_price_unit(platform: Platform, tenant: Tenant) -> None:
    change_settings(tenant, mapping={"price_unit": "Losgröße"})
    platform.sync(tenant.catalog_id, "screws.csv", "SKU;Name;Preis;Losgröße\nS-1;Schraube;12,50;100\n".encode())
    job = platform.sync(tenant.catalog_id, "nails.csv", "SKU;Name;Preis;Losgröße\nN-1;Nagel;12,00;100\n".encode())
    assert prices(platform, tenant) == {"N-1": "0.12"}
    assert job["counts"]["created"] == 1


def test_an_unknown_product_state_deactivates_only_new_products(platform: Platform, tenant: Tenant) -> None:
    platform.sync(tenant.catalog_id, "base.csv", b"sku,name,price\nB-1,Vase,12.90\n")
    body = b"sku,name,price,status\nB-1,Vase,12.90,blorb\nB-2,Bowl,7.50,blorb\nB-3,Jug,9.00,active\n"
    job = platform.sync(tenant.catalog_id, "states.csv", body)
    assert sorted(prices(platform, tenant)) == ["B-1", "B-3"]
    warnings = job["result"]["read_as"]["warnings"]
    assert warnings == [{"code": "unknown_state", "column": "status", "value": "blorb", "rows": 2}]


def test_an_answer_does_not_replace_a_transformation(platform: Platform, tenant: Tenant) -> None:
    job = ask(platform, tenant, body=b"sku,name,Price,Retail price\nC-1,Chair,10.00,12.00\nC-2,Couch,20.00,24.00\n")
    entry = {"columns": ["Price"], "transform": [{"multiply": "2"}]}
    change_settings(tenant, mapping={"price": entry})
    ok(tenant.owner.post(f"/v1/jobs/{job['id']}/decide", json={"answers": {"price": "Retail price"}}))
    assert settings_of(tenant)["mapping"] == {"price": entry}
    finished(platform, tenant, job)
    assert prices(platform, tenant)["C-1"] == "20.00"


def test_a_file_in_a_refused_currency_fails_without_a_question(platform: Platform, tenant: Tenant) -> None:
    platform.sync(tenant.catalog_id, "base.csv", b"sku,name,price (USD)\nB-1,Vase,12.90\nB-2,Bowl,7.50\n")
    job = platform.sync(tenant.catalog_id, "erp.csv", b'sku,name,price (EUR)\nB-1,Vase,"12,90"\nB-3,Mug,"7,50"\n')
    assert (job["status"], job["error_code"], job["questions"]) == ("failed", "other_currency", [])
    assert "in EUR" in job["error"]
    assert "prices in USD" in job["error"]
    assert prices(platform, tenant) == {"B-1": "12.90", "B-2": "7.50"}
    ok(tenant.owner.patch(f"/v1/catalogs/{tenant.catalog_id}", json={"currency": None}))
    version = platform.drop(tenant.catalog_id, "erp.csv", b'sku,name,price (EUR)\nB-1,Vase,"12,90"\n')
    questions = waiting_job(platform, tenant, version, "decision")["questions"]
    assert "currency" in {question["key"] for question in questions}


def test_the_answer_that_a_file_is_wrong_is_not_stored(platform: Platform, tenant: Tenant) -> None:
    rows = "SKU;Name;Price;Stock\nW-1;Cup;12.50;3\nW-2;Mug;9.10;4\nW-{};Cup;14.50;3\n"
    job = ask(platform, tenant, "prices.csv", rows.format(1).encode())
    answers = {question["key"]: question["choices"][0]["value"] for question in job["questions"]} | {"price": "stop"}
    stopped = ok(tenant.owner.post(f"/v1/jobs/{job['id']}/decide", json={"answers": answers}))
    assert (stopped["status"], stopped["waiting_for"]) == ("cancelled", None)
    corrected = platform.sync(tenant.catalog_id, "prices.csv", rows.format(3).encode())
    assert (corrected["questions"], corrected["counts"]["created"]) == ([], 3)
    assert prices(platform, tenant) == {"W-1": "12.50", "W-2": "9.10", "W-3": "14.50"}
