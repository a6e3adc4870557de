"""Generates the store of an old application with every kind of damage, and the truth: the expected result for each key.

`generate(Sizes(…))` yields `Record(key, value, truth)`. The same sizes and the same seed give the same records::

    for key, value, truth in generate(Sizes(clients=10, gifts=200, damage=0.02, seed=1)):
        ...

`python -m tests.kv.store --out DIRECTORY` writes `documents.ndjson` (`{"key": …, "value": …}`) and `truth.ndjson` (the
fields of `Truth`). With `--database URL`, the documents go directly to the table (`COPY`).

`truth.DAMAGES` names each kind of damage and the expected resolution of the document:

* `row`: the document determines a row. A value that does not fit the column is corrected, and a note is stored. Only
values that do not affect money, ownership or visibility are corrected. No record may be lost.
* `quarantine`: the document does not clearly state the price, the quantity, the owner or the identity. `Truth.reason`
  is the name of the damage.
* `alias`: a second key of the same record. `Truth.row_of` is the key whose document determines the row. `gift:` comes
before `gifts:`, `catalogs:` before `catalog:`, and a key with an environment before a key without an environment.
* `list`: the list is derived from the documents. A document that is not in the list still becomes a row, and an id
  without a document (`Truth.dangling`) is ignored.
* A document in a list (`Truth.contained` of the list) also represents a record. It determines a row if no document with
a separate key exists for the record. Otherwise, the document in the list is an alias, or both documents are in
quarantine.
* `leftover`: the key family is known, but its documents do not become rows. Settings of sites and unknown key families
are also leftovers.

A record has at most one kind of damage, except the huge value, which is also a base64 image. A record refers to a
record in quarantine only if this reference is its damage. Therefore no damage causes another damage. All environments
are `production`.

Every secret, in keys and in values, begins with `truth.SECRET`: no output may contain it.

    truth     the kinds of damage, and the truth about a key
    plan      which records are damaged; ids and times in the formats of the old application
    tenants   clients, catalogs, sites
    gifts     gifts
    orders    orders
    others    lists, sessions, secrets, logs, and all other families
    writing   files and tables
"""

from collections.abc import Iterator

from tests.kv.store.gifts import Gifts, write_gifts
from tests.kv.store.orders import Orders, write_orders
from tests.kv.store.others import write_leftovers, write_lists
from tests.kv.store.plan import Sizes
from tests.kv.store.tenants import Tenants, write_catalogs, write_clients, write_sites
from tests.kv.store.truth import DAMAGES, SECRET, Damage, Record, Truth, count_damage, flat

__all__ = ["DAMAGES", "SECRET", "Damage", "Record", "Sizes", "Truth", "count_damage", "flat", "generate"]


def generate(sizes: Sizes) -> Iterator[Record]:
    """Yield all documents of a store, each with its truth. Raise ValueError if the number of records is too small."""
    tenants, gifts, orders = Tenants(), Gifts(), Orders()
    yield from write_clients(sizes, tenants)
    yield from write_catalogs(sizes, tenants)
    yield from write_sites(sizes, tenants)
    yield from write_gifts(sizes, tenants, gifts)
    yield from write_orders(sizes, tenants, gifts, orders)
    yield from write_lists(sizes, gifts, orders)
    yield from write_leftovers(sizes, tenants)
