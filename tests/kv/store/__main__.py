"""Writes a generated store: `python -m tests.kv.store --out DIRECTORY [--gifts 10000 …]`."""

import argparse
import json
import sys
from dataclasses import asdict, fields
from pathlib import Path

import psycopg

from tests.kv.store import Sizes, generate
from tests.kv.store.writing import copy_to, write_files


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.kv.store", description="Write the store of an old app.")
    for option in fields(Sizes):
        name = f"--{option.name.replace('_', '-')}"
        if isinstance(option.default, bool):
            parser.add_argument(name, action="store_true")
        else:
            parser.add_argument(name, type=type(option.default), default=option.default, help="default: %(default)s")
    parser.add_argument("--out", type=Path, required=True, help="the directory for the files")
    parser.add_argument("--database", help="copy the documents to this database instead of documents.ndjson")
    options = parser.parse_args()
    sizes = Sizes(**{option.name: getattr(options, option.name) for option in fields(Sizes)})
    try:
        if not options.database:
            count = write_files(generate(sizes), options.out)
        else:
            with psycopg.connect(options.database) as connection:
                truths = copy_to(connection, generate(sizes))
            options.out.mkdir(parents=True, exist_ok=True)
            with (options.out / "truth.ndjson").open("w") as file:
                file.writelines(json.dumps(asdict(truth)) + "\n" for truth in truths)
            count = len(truths)
    except ValueError as error:
        parser.error(str(error))
    sys.stdout.write(f"{count:,} documents\n")


if __name__ == "__main__":
    main()
