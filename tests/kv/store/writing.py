"""Writes a generated store to files, or to the table of a database."""

import json
from collections.abc import Iterable
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import psycopg

from tests.kv.store.truth import Record, Truth, flat


def write_files(records: Iterable[Record], directory: Path) -> int:
    """Write `documents.ndjson` and `truth.ndjson` to the directory. Return the number of documents."""
    directory.mkdir(parents=True, exist_ok=True)
    count = 0
    with (directory / "documents.ndjson").open("w") as documents, (directory / "truth.ndjson").open("w") as truths:
        for key, value, truth in records:
            documents.write(json.dumps({"key": key, "value": value}) + "\n")
            truths.write(json.dumps(asdict(truth)) + "\n")
            count += 1
    return count


def copy_to(connection: psycopg.Connection[Any], records: Iterable[Record]) -> list[Truth]:
    """Copy the documents to the table of the store, in the transaction of the connection.

    Return all truths, including the truths about documents in lists. Raise psycopg.errors.UniqueViolation if the table
    already contains one of the keys.
    """
    truths = []
    with connection.cursor().copy("copy kv_store_6fcaeea3 (key, value) from stdin") as copy:
        for key, value, truth in records:
            copy.write_row((key, json.dumps(value)))
            truths.append(truth)
    return [replace(truth, contained=()) for truth in flat(truths)]
