"""The key-value store of the old platform, and the migration of its documents to the tables of the new platform.

The store is the table `kv_store_6fcaeea3`. The old applications access this table through `facade`, which responds like
PostgREST. Decision 0070 describes the migration.
"""
