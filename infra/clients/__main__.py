"""Builds both clients, as `python -m infra.clients <folder>`. `make clients` uses the folder `build/clients`."""

import os
import sys
from pathlib import Path

from infra.clients import ToolError, build


def main() -> None:
    """Build both clients and print the paths of their packages, relative to the current folder."""
    if len(sys.argv) != 2:
        raise SystemExit("usage: python -m infra.clients <folder>")
    try:
        clients = build(Path(sys.argv[1]).resolve())
    except ToolError as error:
        raise SystemExit(f"a client was not built:\n{error}") from error
    for package in (clients.wheel, clients.tarball):
        sys.stdout.write(f"{os.path.relpath(package)}\n")


if __name__ == "__main__":
    main()
