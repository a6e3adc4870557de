"""Finds access that was revoked after a time. In a database that is restored to this time, the access is valid again.

The audit log of the cluster before the restore has an entry for each revocation. If the live database has an entry with
the same action and object, an operator has repeated the revocation.
"""

import json
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import islice
from typing import Any
from uuid import UUID

from infra.deploy.account import Account, AwsError
from infra.deploy.data_api import ROLE, live_cluster, read_rows

ACTIONS: Mapping[str, frozenset[str]] = {
    "admin_user.delete": frozenset(),
    "admin_user.change": frozenset({"role", "is_active"}),
    "member.delete": frozenset(),
    "member.change": frozenset({"role", "is_active", "personal_data"}),
    "session.revoke": frozenset(),
    "invitation.revoke": frozenset(),
    "invitation.accept": frozenset(),
    "grant.delete": frozenset(),
    "client.change": frozenset({"is_active"}),
    "catalog.change": frozenset({"source_config"}),
    "site.change": frozenset({"status", "domain"}),
    "webhook.rotate": frozenset(),
    "webhook.delete": frozenset(),
    "webhook.change": frozenset({"url", "status"}),
    "order_destination.delete": frozenset(),
    "order_destination.change": frozenset({"is_active"}),
    "schedule.delete": frozenset(),
    "schedule.change": frozenset({"is_active"}),
    "report_subscription.delete": frozenset(),
    "report_recipient.delete": frozenset(),
    "report_recipient.change": frozenset({"unsubscribed_at"}),
    "flag.set": frozenset(),
    "flag.reset": frozenset(),
}
"""Maps each action that can revoke access to the fields that count. An entry of the audit log counts if it changed one
of these fields. If the set is empty, each entry counts.

An accepted invitation counts only if the person was removed later. In the restored database, the invitation is open
again, and the removed person could accept it.
"""
_CREATIONS = frozenset(f"{action.partition('.')[0]}.create" for action in ACTIONS)
_PER_STATEMENT = 400
"""The number of entries or objects in one statement. The Data API returns at most 1 MB, and accepts texts of 64 KB."""
_ENTRIES = """select a.id, a.created_at, a.action, a.client_id, c.slug as client, a.object_id, a.subject,
  array(select jsonb_object_keys(a.after)) as fields
from audit_log a left join clients c on c.id = a.client_id
where a.created_at >= '{since}' and a.id > '{last}' and a.action in ({actions})
  and (a.action <> 'invitation.accept' or exists (
    select from invitations i join audit_log removal on removal.object_id = i.accepted_by
    where i.id::text = a.object_id and removal.action in ('member.delete', 'admin_user.delete')
      and removal.created_at >= a.created_at))
order by a.id limit {limit}"""
_NAMES = """with ids as (select jsonb_array_elements_text('{ids}') as id)
select user_id as id, coalesce(email, name) as name from client_users where user_id in (select id from ids)
union select user_id, email from admin_users where user_id in (select id from ids)
union select id::text, email from invitations where id::text in (select id from ids)
union select id::text, name from clients where id::text in (select id from ids)
union select id::text, name from catalogs where id::text in (select id from ids)
union select id::text, name from sites where id::text in (select id from ids)
union select id::text, url from webhooks where id::text in (select id from ids)
union select id::text, name from order_destinations where id::text in (select id from ids)
union select id::text, name from schedules where id::text in (select id from ids)
union select id::text, name from report_subscriptions where id::text in (select id from ids)"""


@dataclass(frozen=True)
class Revocation:
    """An entry of the audit log about revoked access."""

    time: datetime
    action: str
    client_id: str | None
    client: str | None
    """The slug of the client, or None for the platform."""
    object_id: str
    subject: str
    """The subject who has revoked the access."""
    fields: tuple[str, ...]
    """The fields that were changed."""
    name: str | None = None
    """The address or the name that the object has in the live database."""

    @property
    def key(self) -> tuple[str, str | None, str]:
        return self.action, self.client_id, self.object_id


def revocations(account: Account, since: datetime, cluster: str) -> list[Revocation]:
    """Return the revocations since a time that are missing in the live database, the oldest first.

    cluster: the name of the cluster that the platform used before the restore. Raises AwsError if this cluster is the
    live cluster, because no revocation is missing there.
    """
    live = live_cluster(account)
    if cluster == live:
        raise AwsError(f"{cluster} is the live cluster: name the cluster that the platform used before the restore")
    repeated = {each.key for each in _entries(account, since, live)}
    created: set[tuple[str, str | None, str]] = set()
    missing: dict[tuple[str, str | None, str], Revocation] = {}
    for entry in _entries(account, since, cluster):
        noun, _, verb = entry.action.partition(".")
        if verb == "create":
            created.add((noun, entry.client_id, entry.object_id))
        elif (noun, entry.client_id, entry.object_id) in created:
            continue  # the restored database does not contain objects that were created later
        elif _ends_access(entry) and not repeated.intersection(_repetitions(entry)):
            missing[entry.key] = entry
    names = _names(account, {entry.object_id for entry in missing.values()}, live)
    return [replace(entry, name=names.get(entry.object_id)) for entry in missing.values()]


def _repetitions(entry: Revocation) -> set[tuple[str, str | None, str]]:
    """Return the keys of the entries that repeat a revocation. Such an entry has the same action, or ends the object.
    An accepted invitation is repeated by its revocation, because nobody can accept it again for the person."""
    noun = entry.action.partition(".")[0]
    return {(action, entry.client_id, entry.object_id) for action in (entry.action, f"{noun}.delete", f"{noun}.revoke")}


def _ends_access(entry: Revocation) -> bool:
    fields = ACTIONS[entry.action]
    return not fields or bool(fields.intersection(entry.fields))


def _entries(account: Account, since: datetime, cluster: str) -> Iterator[Revocation]:
    """Yield the entries of these actions in the audit log of a cluster, the oldest first."""
    actions = ", ".join(f"'{action}'" for action in sorted(ACTIONS.keys() | _CREATIONS))
    last = UUID(int=0)
    while True:
        statement = _ENTRIES.format(since=since.isoformat(), last=last, actions=actions, limit=_PER_STATEMENT)
        rows = read_rows(account, statement, ROLE, cluster)
        yield from map(_revocation, rows)
        if len(rows) < _PER_STATEMENT:
            return
        last = UUID(rows[-1]["id"])


def _revocation(row: Mapping[str, Any]) -> Revocation:
    return Revocation(
        datetime.fromisoformat(row["created_at"]),
        row["action"],
        row["client_id"],
        row["client"],
        row["object_id"],
        row["subject"],
        tuple(sorted(row["fields"])),
    )


def _names(account: Account, ids: Collection[str], cluster: str) -> dict[str, str]:
    """Map the ids of objects to their addresses or names. Objects that the cluster does not have are missing."""
    names: dict[str, str] = {}
    remaining = iter(sorted(ids))
    while batch := list(islice(remaining, _PER_STATEMENT)):
        text = json.dumps(batch).replace("'", "''")
        names |= {row["id"]: row["name"] for row in read_rows(account, _NAMES.format(ids=text), ROLE, cluster)}
    return names
