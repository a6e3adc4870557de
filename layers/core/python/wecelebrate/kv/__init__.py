"""The key-value store of the platform's predecessor, and the migration of its documents to the platform's tables.

The store is the table `kv_store_6fcaeea3`. The old applications reach it through `facade`, which responds in the same
way as PostgREST did. Decision 0070 describes the plan.
"""
