"""Tests of the database functions for the lines of an archive and for the counts of requests.

Each test is rolled back.
"""

import json
from typing import Any, cast

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from psycopg.types.json import Jsonb

from tests.kv.moving import Move, gift
from tests.platform import Platform
from wecelebrate.core.database import Transaction
from wecelebrate.kv import archive, traffic
from wecelebrate.kv.facade import MAX_RESPONSE_BYTES
from wecelebrate.kv.requests import Filter
from wecelebrate.kv.retirement_models import MAX_GIVEN_UP

NAMES = st.sampled_from(["a", "", "ä", "0", "password", "apiKey", "pin", "note", "auth", "x y", '"', "\\"])
TEXTS = st.sampled_from(
    ["", "Mug", "Bearer abc", "https://u:p@h.example/", "AKIA0123456789ABCDEF", "\n\t\u2028", '{"a": 1}', "ü" * 50]
)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**20), 10**20) | st.floats(allow_nan=False, allow_infinity=False)
    | TEXTS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(NAMES, inner, max_size=4),
    max_leaves=15,
)  # fmt: skip
relaxed = settings(deadline=None, max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.fixture
def mapping(move: Move) -> Move:
    """Yield a database connection with the role of the mapping."""
    move.database.execute("set local role app_mirror; set local search_path = pg_catalog, public, app, kv, pg_temp")
    return move


@relaxed
@given(value=st.dictionaries(NAMES, VALUES, max_size=5) | VALUES)
def test_every_document_can_be_restored_from_an_archive_without_secrets(mapping: Move, value: Any) -> None:
    [row] = mapping.rows(
        "select line, secrets, %s::jsonb::text as text from kv.archive_line('a:1', %s)", *[Jsonb(value)] * 2
    )
    if row["line"] is None:
        assert '"{' in row["text"] or '"[' in row["text"]
        return
    assert "\n" not in row["line"]
    line = json.loads(row["line"])
    assert line["key"] == "a:1"
    restored = mapping.value(
        "select kv.with_secrets(%s::jsonb -> 'value', %s)::text", row["line"], Jsonb(row["secrets"])
    )
    assert restored == row["text"]
    assert mapping.value("select kv.cleaned(%s)::text = %s::jsonb::text", *[Jsonb(line["value"])] * 2)


@pytest.mark.parametrize(
    "value",
    [
        {"config": '{"password": "x"}'},
        {"list": ['\n ["token", "x"]']},
        json.dumps({"id": "1", "apiKey": "x"}),
        {"deep": [{"text": json.dumps({"a": "Bearer x"})}]},
    ],
)
def test_a_document_whose_text_can_contain_a_secret_is_not_archived(mapping: Move, value: Any) -> None:
    assert mapping.value("select line from kv.archive_line('gift:1', %s)", Jsonb(value)) is None


@pytest.mark.parametrize(
    ("pattern", "entities"),
    [
        ("%", {"client", "site", "catalog", "product", "order"}),
        ("gift:%", {"product"}),
        ("gift_:%", {"product"}),
        ("g%", {"product"}),
        ("catalog%", {"catalog", "product"}),
        ("catalog_gifts:%", {"catalog", "product"}),
        ("catalog\\_gifts:%", {"catalog", "product"}),
        ("order:site-1:%", {"order"}),
        ("s%", {"site"}),
        ("sites:all", {"site"}),
        ("session:%", set()),
        ("employees:%", set()),
        ("", {"client", "site", "catalog", "product", "order"}),
    ],
)
def test_a_request_with_a_pattern_is_counted_for_each_matching_entity(
    mapping: Move, pattern: str, entities: set[str]
) -> None:
    rows = mapping.rows("select e from kv.entities_of_pattern(%s) e", pattern)
    assert {row["e"] for row in rows} == entities


def test_request_counts_are_stored_per_entity_and_client_and_day(move: Move) -> None:
    move.run()
    requests = [
        {"kind": "read", "key": "gift:g-a", "requests": 3, "age": 0},
        {"kind": "read", "key": "gift:nowhere", "requests": 1, "age": 0},
        {"kind": "write", "key": "site:s-a", "requests": 2, "age": 86_400},
        {"kind": "read", "key": "session:secret", "requests": 9, "age": 0},
        {"kind": "read", "key": "sites:s-a:catalog_config", "requests": 9, "age": 0},
        {"kind": "read", "pattern": "orders:%", "requests": 1, "age": 0},
    ]
    move.database.execute("delete from kv.traffic")
    enter(move, "wc_kv", "service:kv")
    for _ in range(2):
        move.database.execute("select kv.record_traffic(%s)", [Jsonb(requests)])
    leave(move)
    rows = move.rows("select entity, client_id, kind, requests, now() - last_at as age from kv.traffic")
    client = move.id("client:a")
    assert {(row["entity"], row["client_id"], row["kind"], row["requests"]) for row in rows} == {
        ("product", client, "read", 6),
        ("product", None, "read", 2),
        ("site", client, "write", 4),
        ("order", None, "read", 2),
    }
    assert [row["entity"] for row in rows if row["age"].total_seconds() > 80_000] == ["site"]


def enter(move: Move, login: str, subject: str) -> None:
    """Use the role of a service of the platform."""
    move.database.prepare_threshold = None  # app.enter deallocates prepared statements
    move.database.execute(f"set local session authorization {login}".encode())
    move.database.execute(
        "select role from app.enter(%s, %s, %s, %s, %s, %s, %s, %s, %s)",
        [subject, None, None, None, [], None, None, None, None],
    )


def leave(move: Move) -> None:
    """Use the role of the superuser again."""
    move.database.execute("reset session authorization")
    move.database.execute("reset role")


def test_documents_without_a_row_in_the_platform_cannot_be_retired(move: Move) -> None:
    move.put("gift:staging:s", gift("s", catalogId="c-a"))
    move.put("gift:bad", gift("bad", catalogId="c-a", price="x"))
    move.put("gifts:all", [gift("in-list", catalogId="c-a"), "g-a"])
    move.put("catalog_gifts:c-a", [gift("in-list-2", catalogId="c-a", price="x"), "g-a"])
    move.run()
    move.put("gift:unseen", gift("unseen", catalogId="c-a"))
    move.put("gift:changed", gift("changed", catalogId="c-a"))
    move.run()
    move.put("gift:unseen", gift("unseen", catalogId="c-a", name="Changed while nobody saw it"))
    move.database.execute("set local role app_mirror; set local search_path = pg_catalog, public, app, kv, pg_temp")
    [page] = move.rows("select * from kv.archive_page('product', '', 500, 1000000)")
    assert page["keys"] == ["gift:changed", "gift:g-a", "gifts:all"]
    [page] = move.rows("select * from kv.archive_page('product', '', 2, 1000000)")
    assert page["keys"] == ["gift:changed", "gift:g-a"]
    [page] = move.rows("select * from kv.archive_page('product', 'gift:changed', 500, 1)")
    assert page["keys"] == ["gift:g-a"]


def test_a_backfill_after_a_retirement_does_not_change_documents_in_remaining_lists(
    move: Move,
) -> None:
    move.put("gifts:all", [gift("listed", catalogId="c-a"), gift("bad", catalogId="c-a", price="x")])
    move.run()
    entries = "select key, list, state, mapped_fingerprint from kv.ids where entity = 'product' order by key"
    before = move.rows(entries)
    assert {row["state"] for row in before if row["list"] == "gifts:all"} >= {"mapped"}
    move.database.execute(
        "insert into kv.retirements (entity, status, quiet_seconds, requested_by) values ('product', 'retired', 1, 'a')"
    )
    move.run()
    assert move.rows(entries) == before


def test_archived_secrets_expire_together_with_their_archive_object(move: Move) -> None:
    move.database.execute(
        "insert into kv.mirror (reported_until) values (now() - interval '1 hour')"
        " on conflict (is_only) do update set reported_until = excluded.reported_until"
    )
    for entity, status, days in (("product", "deleting", 181), ("order", "undone", 181), ("site", "retired", 179)):
        [retirement] = move.rows(
            "insert into kv.retirements (entity, status, quiet_seconds, requested_by) values (%s, %s, 1, 'a')"
            " returning id",
            entity, status,
        )  # fmt: skip
        move.database.execute(
            "insert into kv.archive_parts (retirement_id, number, object_key, after_key, last_key, keys, documents,"
            " bytes, stored_sha256, content_sha256, archived_at) values (%s, 1, 'x', '', 'z', '{}', 1, 1,"
            " repeat('0', 64), repeat('0', 64), now() - make_interval(days => %s))",
            [retirement["id"], days],
        )
        move.database.execute(
            "insert into kv.archive_secrets (retirement_id, number, key, path, value) values (%s, 1, %s, '{a}', '1')",
            [retirement["id"], entity],
        )
    enter(move, "wc_worker", "service:system")
    move.rows("select kv.report_troubles()")
    leave(move)
    assert [row["key"] for row in move.rows("select key from kv.archive_secrets")] == ["site"]


def test_the_facade_does_not_count_requests_for_keys_that_belong_to_no_entity() -> None:
    keys = ["session:s", "magic-link:t", "hris_connection_1", "gift:1", "order_index:u", "employees:all", "giftx:1"]
    assert [target[1] for target in traffic._targets("read", Filter(keys=keys))] == ["gift:1", "order_index:u"]
    assert [target[1:] for target in traffic._targets("read", Filter())] == [(None, "%")]


@pytest.mark.parametrize("text", ["gift:\0", "gift:\ud800", "gift:\udfff:x", "\0"])
def test_a_request_for_a_key_that_postgresql_cannot_store_is_not_counted(text: str) -> None:
    keys = Filter(keys=["gift:1", text, "gift:ä😀"])
    assert [target[1] for target in traffic._targets("write", keys)] == ["gift:1", "gift:ä😀"]
    assert list(traffic._targets("write", Filter(pattern=text))) == []


def test_each_problem_of_the_mirror_is_reported_once_after_a_minute(move: Move) -> None:
    move.database.execute(
        "insert into kv.mirror (reported_until) values (now() - interval '1 hour')"
        " on conflict (is_only) do update set reported_until = excluded.reported_until"
    )
    move.database.execute("delete from kv.conflicts; delete from kv.differences; delete from kv.quarantine")
    for kind, minutes in (("both_changed", 2), ("both_changed", 61), ("below_zero", 0), ("row_not_mirrored", 5)):
        move.database.execute(
            "insert into kv.conflicts (key, kind, field, noticed_at) values ('gift:g-a', %s, 'x',"
            " now() - make_interval(mins => %s))",
            [kind, minutes],
        )
    move.database.execute(
        "insert into kv.differences (entity, key, kind, field, noticed_at)"
        " values ('product', 'gift:g-a', 'field', 'name', now() - interval '10 minutes')"
    )
    move.database.execute(
        "insert into kv.retirements (entity, quiet_seconds, requested_by) values ('product', 1, 'me')"
    )
    move.database.execute("insert into kv.traffic values ('product', null, 'read', current_date, 1, now())")
    enter(move, "wc_worker", "service:system")
    [first] = move.rows("select kv.report_troubles() as troubles")
    [second] = move.rows("select kv.report_troubles() as troubles")
    leave(move)
    counted = {"KvConflicts": 1, "KvMirrorErrors": 1, "KvQuarantined": 0, "KvShadowMismatches": 1}
    assert first["troubles"] == {**counted, "KvRetiredRequests": 1}
    assert second["troubles"] in (None, dict.fromkeys(first["troubles"], 0) | {"KvRetiredRequests": 1})


LATE = {
    "KvMirrorErrors": ("kv.conflicts", "noticed_at",
        "select kv.note_conflict('gift:late', 'row_not_mirrored', '', null, null)"),
    "KvConflicts": ("kv.conflicts", "noticed_at",
        "select kv.note_conflict('gift:late', 'both_changed', 'name', 1, 2)"),
    "KvQuarantined": ("kv.quarantine", "since",
        "insert into kv.ids (key, entity, environment, old_id, id, fingerprint, state)"
        " values ('gift:late', 'product', 'production', 'late', gen_random_uuid(), 1, 'pending');"
        " select kv.record_outcomes(array[row('gift:late', 'product', 'production', 'late', gen_random_uuid(), false,"
        " false, 'no_price', 'price', null, '{}', '{}')::kv.draft], false)"),
}  # fmt: skip
"""Maps each metric to the table that records the problem, the column with the time of the problem, and a statement that
records a problem."""


@pytest.mark.parametrize("metric", LATE)
def test_a_problem_that_commits_after_a_report_is_in_the_next_report(
    move: Move, platform: Platform, metric: str
) -> None:
    table, time, record = LATE[metric]
    move.database.execute("insert into kv.mirror (enabled) values (false) on conflict (is_only) do nothing")

    def report() -> int:
        """Report the problems. The row of the mirror is locked, so that no sweeper reports the problems at the same
        time."""
        move.database.execute("update kv.mirror set reported_until = now() - interval '2 minutes'")
        enter(move, "wc_worker", "service:system")
        count: int = move.value("select kv.report_troubles()")[metric]
        leave(move)
        return count

    report()
    with psycopg.connect(platform.endpoints.database) as writer:
        writer.execute("set local role app_mirror; set local search_path = pg_catalog, public, app, kv, pg_temp")
        writer.execute(record.encode())
        # The transaction takes longer than the interval between two reports.
        writer.execute(f"update {table} set {time} = now() - interval '10 minutes' where key = 'gift:late'".encode())
        before = report()
        writer.commit()
    try:
        assert [before, report(), report()] == [0, 1, 0]
    finally:
        platform.database.execute("rollback")
        for name in (table, "kv.ids"):
            platform.database.execute(f"delete from {name} where key = 'gift:late'".encode())
        platform.database.execute("begin")


@pytest.mark.parametrize("snapshot", [True, False])
def test_problems_are_reported_once_after_restoring_a_dump_with_greater_transaction_ids(
    move: Move, snapshot: bool
) -> None:
    future = int(move.value("select pg_snapshot_xmax(pg_current_snapshot())::text")) + 1_000_000
    move.database.execute(
        "insert into kv.mirror (reported_until) values (now()) on conflict (is_only) do update"
        " set reported_snapshot = null"
    )
    move.database.execute("delete from kv.conflicts")
    if snapshot:
        move.database.execute("update kv.mirror set reported_snapshot = %s", [f"{future}:{future}:"])
    record = (
        "insert into kv.conflicts (key, kind, field, xid, noticed_at) values (%s, 'both_changed', 'x', %s::xid8, {})"
    )
    times = {"counted before": "10 minutes", "after the last report": "2 minutes"}
    for key, ago in times.items():
        move.database.execute(record.format(f"now() - interval '{ago}'").encode(), [key, str(future - 1)])
    own = str(future - 1_000_001)
    move.database.execute(record.format("now() - interval '1 minute'").encode(), ["of this database", own])

    def report(minutes: int) -> int:
        move.database.execute("update kv.mirror set reported_until = now() - make_interval(mins => %s)", [minutes])
        enter(move, "wc_worker", "service:system")
        count: int = move.value("select kv.report_troubles() -> 'KvConflicts'")
        leave(move)
        return count

    # The first report counts the later record from the dump and the record of this database. The second report counts
    # no record again.
    assert [report(5), report(2)] == [2, 0]


def test_a_comparison_in_a_dump_with_greater_transaction_ids_hides_no_problems(
    move: Move,
) -> None:
    current = int(move.value("select pg_snapshot_xmax(pg_current_snapshot())::text"))
    own, future = str(current - 1), str(current + 1_000_000)
    move.database.execute("delete from kv.conflicts")
    count = "select kv.unmirrored_rows('product', null, now() - interval '1 hour', %s::pg_snapshot)"

    def counts(xid: str, ago: str) -> list[int]:
        """Count a row twice: after a comparison in the dump, and after a comparison in this database."""
        move.database.execute("delete from kv.conflicts")
        move.database.execute(
            "insert into kv.conflicts (key, kind, field, xid, noticed_at)"
            " values ('gift:g-a', 'row_not_mirrored', '', %s::xid8, now() - %s::interval)",
            [xid, ago],
        )
        return [move.value(count, f"{last}:{last}:") for last in (future, own)]

    assert counts(own, "10 minutes") == [1, 1]
    assert counts(own, "70 minutes") == [0, 1]
    assert counts(future, "10 minutes") == [1, 1]
    assert counts(future, "70 minutes") == [0, 0]


class Archive:
    """Simulates the queries of an archive whose objects are all lost."""

    def __init__(self, parts: int) -> None:
        self.given_up: list[int] = []
        self._parts = parts

    def get_next_deleted_part(self, _tx: object, *, entity: str, after: int) -> dict[str, Any] | None:
        for number in range(after + 1, self._parts + 1):
            if number not in self.given_up:
                names = {"object_key": f"{entity}-{number}", "first_key": "a", "last_key": "z"}
                return {"number": number, "documents": 500, **names}
        return None

    def give_up_part(self, _tx: object, *, entity: str, number: int, reason: str) -> list[str]:
        self.given_up.append(number)
        return [f"gift:{'ü' * 200}{number}" for number in range(500)]


def test_an_undo_limits_the_number_of_lost_objects_in_its_response(monkeypatch: pytest.MonkeyPatch) -> None:
    queries, tx = Archive(parts=MAX_GIVEN_UP), cast(Transaction, None)

    def lost(*_: object) -> None:
        raise archive.ArchiveDamaged("The object no longer exists.")

    monkeypatch.setattr(archive, "sql", queries)
    monkeypatch.setattr(archive, "_restore_part", lost)
    names = [f"product-{number}" for number in range(1, MAX_GIVEN_UP + 1)]
    requests = 0
    while len(queries.given_up) < MAX_GIVEN_UP:
        progress = archive.restore(tx, "product", names)
        assert progress.given_up
        assert len(json.dumps([each.model_dump() for each in progress.given_up])) < MAX_RESPONSE_BYTES
        requests += 1
    assert requests > 1 and sorted(queries.given_up) == list(range(1, MAX_GIVEN_UP + 1))
