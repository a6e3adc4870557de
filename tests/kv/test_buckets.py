"""Tests which changes cause a new comparison of a range of documents. Each test rolls back its transaction."""

from tests.kv.moving import Move, order


def hash_of(move: Move, entity: str) -> int:
    """Return the hash over the documents of an entity. Each list is a separate range."""
    move.database.execute("set local role app_mirror; set local search_path = pg_catalog, public, app, kv, pg_temp")
    value: int = move.value("select hash from kv.bucket_hash(%s, %s, '~', 1)", entity, "d")
    move.database.execute("reset role; reset search_path")
    return value


def test_a_new_list_of_gifts_changes_the_hash_of_products(move: Move) -> None:
    move.run()
    before = hash_of(move, "product")
    assert hash_of(move, "product") == before
    move.put("catalog_gifts:c-a", ["g-a"])
    listed = hash_of(move, "product")
    assert listed != before
    move.database.execute("delete from kv_store_6fcaeea3 where key = 'catalog_gifts:c-a'")
    assert hash_of(move, "product") == before


def test_changing_the_old_id_of_a_gift_changes_the_hash_of_its_orders(move: Move) -> None:
    move.put("order:o-a", order("o-a"))
    move.run()
    before = {entity: hash_of(move, entity) for entity in ("order", "site")}
    move.database.execute("update kv.ids set old_id = 'renamed' where key = 'gift:g-a'")
    assert hash_of(move, "order") != before["order"]
    assert hash_of(move, "site") == before["site"]
