"""Counts the documents of the store in each family. A family contains all documents with the same form of key."""

from wecelebrate.core.database import Transaction, queries
from wecelebrate.kv.models import KeyFamilies, KeyFamily

sql = queries(__file__)


def list_all(tx: Transaction) -> KeyFamilies:
    """Count the documents of each family. Raises Forbidden unless the caller is an admin."""
    return KeyFamilies(data=[KeyFamily.model_validate(row) for row in sql.list_families(tx)])
