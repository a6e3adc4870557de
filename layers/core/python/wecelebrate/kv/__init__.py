"""The key-value store of the platform's predecessor, and the way out of it.

The store is the table `kv_store_6fcaeea3`. The old applications reach it through `facade`, which answers as PostgREST
did. Decision 0070 describes the plan.
"""
