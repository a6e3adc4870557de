"""Reads JSON and NDJSON files: the records of shops, flattened to rows."""
