"""The XML schemas of the standards for order files."""

import zipfile
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from lxml import etree

Schema = Any
"""An XMLSchema of lxml."""


@pytest.fixture(scope="session")
def ubl_schema(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Schema]:
    """Return the XML schema of a document of UBL 2.1 (`tests/data/ubl`)."""
    folder: Path = tmp_path_factory.mktemp("ubl")
    with zipfile.ZipFile("tests/data/ubl/schemas.zip") as archive:
        archive.extractall(folder)

    @cache
    def schema(name: str) -> Schema:
        return etree.XMLSchema(etree.parse(folder / "maindoc" / f"UBL-{name}-2.1.xsd"))

    return schema
