"""Tests that problems contain the names of request fields, and not the names of database constraints."""

from tests.database.conftest import Database
from wecelebrate.core.database.errors import FIELDS, field_of

NO_REQUEST = {
    "drops_version_unique",
    "exports_by_job",
    "jobs_one_running_by_ordering_key",
    "mails_one_confirmation_per_order",
    "mails_one_report_per_member",
    "order_file_drops_version_unique",
    "webhook_secrets_one_current",
}
"""The keys of rows that only the platform writes. No request field contains their values."""


KEYS = """
select c.relname, x.name, array(select a.attname from pg_attribute a
  where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped)
from pg_class c join pg_namespace n on n.oid = c.relnamespace and n.nspname = 'public'
  cross join lateral (
    select i.relname as name from pg_index x join pg_class i on i.oid = x.indexrelid
    where x.indrelid = c.oid and x.indisunique
    union all select conname from pg_constraint k where k.conrelid = c.oid and contype = 'f'
  ) x
where c.relkind in ('r', 'p') and not c.relispartition
"""


def test_each_key_of_a_table_has_the_name_of_a_field_or_no_name(database: Database) -> None:
    """A primary key with several columns has a field name only if `FIELDS` contains the key."""
    with database.connect() as connection:
        rows = connection.execute(KEYS).fetchall()
        checks = {row[0] for row in connection.execute("select conname from pg_constraint where contype = 'c'")}
    names = {str(name) for _, name, _ in rows}
    assert len(rows) > 150
    assert names >= NO_REQUEST
    wrong = {
        name: field_of(table, name)
        for table, name, columns in rows
        if name not in NO_REQUEST and field_of(table, name) not in {*columns, ""} and name not in FIELDS
    }
    assert wrong == {}
    assert FIELDS.keys() <= names | checks
