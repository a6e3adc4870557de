"""Compares documents with their rows. A difference is reported only if a second read confirms it."""

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from wecelebrate.core.database import Transaction, queries
from wecelebrate.kv.comparison import fields, orders
from wecelebrate.kv.comparison.fields import Pair, pair_of
from wecelebrate.kv.comparison.identity import (
    ENVIRONMENTS,
    Identity,
    Stored,
    documents_of,
    identify,
    keys_of,
    other_keys,
    row_id,
)
from wecelebrate.kv.comparison.values import camel_case
from wecelebrate.kv.inspection.fields import decode
from wecelebrate.kv.models import DifferenceKind, Entity

sql = queries(__file__)

MAX_READS = 5
"""The maximum number of reads of one document. Several reads are necessary if an application writes at the same
time."""
_RULES: Mapping[Entity, Callable[[Pair], Iterator[str]]] = {
    "client": fields.client,
    "catalog": fields.catalog,
    "site": fields.site,
    "product": fields.product,
    "order": orders.order,
}


class Difference(NamedTuple):
    """A difference between a document and a row. It does not contain the values."""

    key: str | None
    row_id: str | None
    kind: DifferenceKind
    field: str | None
    client_id: str | None


@dataclass(frozen=True)
class Scope:
    """The scope of a comparison."""

    entity: Entity
    environments: Collection[str]
    """The environments whose documents are mapped to rows."""
    declared: Collection[str] = ()
    """The names of further environments."""
    client_id: str | None = None
    """The client whose records are compared. None means all clients."""

    @property
    def names(self) -> frozenset[str]:
        """The names that are environments if they occur in the key of an order."""
        return ENVIRONMENTS.union(self.declared, self.environments)

    def contains(self, owner: str | None) -> bool:
        """Return whether the scope contains the records of this owner.

        For a document without a row, the owner is None.
        """
        return self.client_id is None or owner == self.client_id


@dataclass
class Result:
    """The outcomes of the comparison of documents."""

    differences: list[Difference] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)
    """The number of documents by outcome."""
    is_suspicious: bool = False
    """Whether the first read has found a difference, whatever the second read has found."""


def compare(tx: Transaction, scope: Scope, documents: Sequence[Stored]) -> Result:
    """Compare documents with their rows.

    If the function finds a difference, it reads the document and the row again from a new snapshot. The difference is
    reported only if it still exists. Therefore a write between the first two reads is not reported as a difference.
    """
    result = _judged(tx, scope, documents, _context(tx, scope, documents))
    if not result.differences:
        return result
    suspects = {difference.key for difference in result.differences}
    confirmed = _read_again(tx, scope, [stored for stored in documents if stored.key in suspects])
    noticed = set(result.differences)
    return Result(
        [difference for difference in confirmed.differences if difference in noticed],
        result.counts - Counter(different=len(suspects)) + confirmed.counts,
        is_suspicious=True,
    )


def recompare(tx: Transaction, scope: Scope, key: str) -> Result:
    """Compare one document with its row, from one snapshot. `key` is the key of a document, or a computed key."""
    return _read_again(tx, scope, [Stored(key, key, None)] if "::" not in key else _in_list(tx, scope, key))


def read(tx: Transaction, entity: Entity, keys: Sequence[str]) -> list[Stored]:
    """Return the documents under keys of the store, including documents in lists."""
    stored_values = decode(sql.read_records(tx, entity=entity, keys=list(keys), ids=[], others=[], values=True))[
        "documents"
    ]
    return [stored for key in keys if key in stored_values for stored in documents_of(entity, key, stored_values[key])]


def owners(tx: Transaction, scope: Scope, ids: Sequence[str]) -> dict[str, str | None]:
    """Return the owners of the given rows that exist."""
    page = _read(tx, scope, [], ids, [], values=False)
    return {id: row["owner"] for id, row in page["rows"].items()}


def _in_list(tx: Transaction, scope: Scope, key: str) -> list[Stored]:
    return [stored for stored in read(tx, scope.entity, [key.partition("::")[0]]) if stored.key == key]


def _context(tx: Transaction, scope: Scope, documents: Sequence[Stored]) -> dict[str, Any]:
    """Return the rows of documents, and what the mapping has recorded about these documents."""
    return _read(tx, scope, _keys(documents), _possible_rows(scope, documents), _others(scope, documents), values=False)


def _keys(documents: Iterable[Stored]) -> list[str]:
    return sorted({key for stored in documents for key in (stored.key, stored.store_key)})


def _read(
    tx: Transaction, scope: Scope, keys: Sequence[str], ids: Collection[str], others: Collection[str], *, values: bool
) -> dict[str, Any]:
    text = sql.read_records(
        tx, entity=scope.entity, keys=list(keys), ids=sorted(ids), others=sorted(others), values=values
    )
    context: dict[str, Any] = decode(text)
    return context


def _others(scope: Scope, documents: Iterable[Stored]) -> set[str]:
    others: set[str] = set()
    for stored in documents:
        keys = other_keys(scope.entity, stored, scope.names)
        others.update(keys)
        if scope.entity == "site":
            for key in keys:
                name = key.rpartition(":")[2]
                others.update(_settings_keys(name))
    return others


def _settings_keys(site: str) -> tuple[str, str]:
    """Return the keys of the settings of a site. The first key takes precedence."""
    return f"site_catalog_config:{site}", f"sites:{site}:catalog_config"


def _possible_rows(scope: Scope, documents: Iterable[Stored]) -> set[str]:
    """Return the ids of all rows that may belong to documents."""
    ids: set[str] = set()
    for stored in documents:
        for existing in (frozenset[str](), frozenset(other_keys(scope.entity, stored, scope.names))):
            identity = identify(scope.entity, stored, scope.names, existing, None)
            ids.add(row_id(scope.entity, identity.environment, identity.old_id))
    return ids


def _read_again(tx: Transaction, scope: Scope, documents: Sequence[Stored]) -> Result:
    """Compare documents from one snapshot.

    A read can show that the record has further documents. All of its documents are then read again.
    """
    wanted = {stored.key for stored in documents}
    keys = _keys(documents)
    for _ in range(MAX_READS):
        ids, others = _possible_rows(scope, documents), _others(scope, documents)
        context = _read(tx, scope, keys, ids, others, values=True)
        fresh = [
            stored
            for key in keys
            if key in context["documents"]
            for stored in documents_of(scope.entity, key, context["documents"][key])
            if stored.key in wanted
        ]
        if _possible_rows(scope, fresh) <= ids and _others(scope, fresh) <= others:
            return _judged(tx, scope, fresh, context)
        documents = fresh
    return Result(counts=Counter(changing=len(wanted)))


def _judged(tx: Transaction, scope: Scope, documents: Iterable[Stored], context: Mapping[str, Any]) -> Result:
    """Compare documents with the rows and the records of the mapping that were read for them."""
    judge, result = _Judge(scope, context), Result()
    for stored in documents:
        outcome, differences = judge.outcome(stored)
        if differences and differences[0].kind == "row_missing":
            owner = _owner(tx, scope, stored, judge.identity(stored))
            differences = [difference._replace(client_id=owner) for difference in differences]
            outcome = outcome if scope.contains(owner) else None
        if outcome is not None:
            result.counts[outcome] += 1
            result.differences += differences
    return result


def _owner(tx: Transaction, scope: Scope, stored: Stored, identity: Identity) -> str | None:
    """Return the client that owns a document without a row. The references of the document determine this client."""
    environment, old_id, _ = identity
    if scope.entity == "client":
        return row_id("client", environment, old_id)
    document = camel_case(stored.document) if isinstance(stored.document, dict) else {}
    parent, name = fields.parent_of(scope.entity, document, stored.key)
    if name is None:
        return None
    keys = keys_of(parent, environment, name)
    owner = sql.get_owner(tx, entity=parent, environment=environment, old_id=name, keys=keys)
    return None if owner is None else str(owner)


class _Judge:
    def __init__(self, scope: Scope, context: Mapping[str, Any]) -> None:
        self.scope = scope
        self.rows: Mapping[str, Any] = context["rows"]
        self.existing = frozenset(context["existing"])
        self.settings: Mapping[str, Any] = context["documents"]
        self.entries: dict[str, Any] = {entry["key"]: entry for entry in context["entries"]}
        self.by_row: dict[str, list[Any]] = {}
        for entry in context["entries"]:
            if entry["exists"]:
                self.by_row.setdefault(entry["id"], []).append(entry)

    def identity(self, stored: Stored) -> Identity:
        """Return the record to which a document belongs."""
        scope, entry = self.scope, self.entries.get(stored.key)
        return identify(scope.entity, stored, scope.names, self.existing, entry)

    def outcome(self, stored: Stored) -> tuple[str | None, list[Difference]]:
        """Return the outcome of a document, and its differences. Returns None if the document is not compared."""
        scope, entry = self.scope, self.entries.get(stored.key)
        identity = self.identity(stored)
        id = row_id(scope.entity, identity.environment, identity.old_id)
        recorded: str | None = entry["id"] if entry is not None and entry["has_row"] else None
        row = self.rows.get(recorded or id)
        owner = row["owner"] if row else None
        outcome = self._outcome_without_values(stored, identity, row, recorded or id)
        if not scope.contains(owner) and (row is not None or outcome is not None):
            return None, []
        if outcome is not None:
            return outcome, []
        if row is None:  # The references of the document determine its owner.
            return "different", [Difference(stored.key, recorded or id, "row_missing", None, None)]
        columns = self._columns(stored, identity, row, recorded is not None and recorded != id)
        if columns == ["kept"]:
            return "kept", []
        differences = [Difference(stored.key, row["id"], "field", column, owner) for column in columns]
        return ("different" if differences else "equal"), differences

    def _outcome_without_values(
        self, stored: Stored, identity: Identity, row: Mapping[str, Any] | None, id: str
    ) -> str | None:
        """Return the outcome of a document whose values are not compared. Returns None for all other documents."""
        entry = self.entries.get(stored.key)
        if identity.environment not in self.scope.environments:
            return "other_environment"
        if entry is not None and entry["state"] == "quarantined":
            return "quarantined"
        if not self._leads(stored, identity, id):
            return "aliases"
        return "erased" if row is not None and row.get("erased_at") is not None else None

    def _leads(self, stored: Stored, identity: Identity, id: str) -> bool:
        """Return whether the row has the values of this document. The form of the key decides this: a document with its
        own key takes precedence over a document in a list.
        """
        order = keys_of(self.scope.entity, identity.environment, identity.old_id)
        candidates = [(entry["key"], entry["list"] is not None) for entry in self.by_row.get(id, ())]
        candidates += [(key, False) for key in order if key in self.existing]
        candidates.append((stored.key, stored.in_list))
        leader, _ = min(
            candidates, key=lambda each: (order.index(each[0]) if each[0] in order else 9, each[1], each[0])
        )
        return bool(leader == stored.key)

    def _columns(self, stored: Stored, identity: Identity, row: Mapping[str, Any], is_of_another: bool) -> list[str]:
        """Compare a row with a document. Return the names of the columns that differ.

        The column `id` means that the document belongs to another record. The column `document` means that the document
        has no fields. If only the platform decides the values of all differing columns, the method returns only `kept`.
        """
        if identity.is_of_another or is_of_another:
            return ["id"]
        if not isinstance(stored.document, dict):
            return ["document"]
        entry = self.entries.get(stored.key) or {}
        pair = pair_of(
            stored.document,
            row=row,
            environment=identity.environment,
            old_id=identity.old_id,
            key=stored.key,
            notes=entry.get("notes", {}),
            settings=self._settings(identity.old_id),
        )
        columns = list(dict.fromkeys(_RULES[self.scope.entity](pair)))
        return columns or (["kept"] if pair.kept else [])

    def _settings(self, site: str) -> tuple[Any, ...]:
        if self.scope.entity != "site":
            return ()
        texts = (self.settings.get(key) for key in _settings_keys(site))
        return tuple(value for text in texts if text and isinstance(value := decode(text), dict))
