"""Builds the Python client and the TypeScript client of the API from the OpenAPI document.

The generators are openapi-python-client for Python, and openapi-typescript with openapi-fetch for TypeScript. The lock
files of `tools/clients` and `tools/openapi` contain their versions. The clients are not in the repository: `make
clients` builds them.
"""

import json
import shutil
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from infra.clients import python, typescript
from infra.clients.tools import ToolError
from infra.openapi import document

__all__ = ["Clients", "ToolError", "build"]


@dataclass(frozen=True)
class Clients:
    """The packages of both clients."""

    wheel: Path
    """The Python package, for `pip install`."""
    tarball: Path
    """The npm package, for `npm install`."""


def build(folder: Path) -> Clients:
    """Build both clients from the OpenAPI document of this checkout.

    The function deletes `folder` and creates it again. The folder then contains the document, the sources of both
    clients in `python` and `typescript`, and both packages. Raises ToolError if a generator fails or leaves out a part
    of the document.
    """
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    openapi = document()
    (folder / "openapi.json").write_text(json.dumps(openapi, indent=2, ensure_ascii=False), "utf-8")
    with ThreadPoolExecutor(2) as threads:
        wheel = threads.submit(python.build, openapi, folder)
        tarball = threads.submit(typescript.build, openapi, folder)
    return Clients(wheel.result(), tarball.result())
