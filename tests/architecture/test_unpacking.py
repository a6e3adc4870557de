"""Tests that only a few modules unpack compressed data, because a small file can unpack to any size.

Each module that unpacks data states why the data are harmless, or how the module limits the unpacked size.
"""

import ast
from pathlib import Path

import pytest

from infra.functions import ROOT

MODULES = {
    "brotli", "brotlicffi", "bz2", "compression", "gzip", "lz4", "lzma", "py7zr", "rarfile", "snappy", "tarfile",
    "zipfile", "zipfile36", "zipimport", "zlib", "zlib_ng", "zstandard", "zstd",
}  # fmt: skip
"""The modules that can unpack compressed data."""
READERS = {
    "core/route_table.py": "zlib: unpacks a constant that the build has written",
    "feeds/files/containers.py": "zlib: unpacks pieces of at most 64 KB, and checks the ratio",
    "feeds/files/zip_reader.py": "zipfile: opens all zip archives; zlib and lzma are only the names of errors",
    "kv/archive.py": "gzip: unpacks objects that only the platform writes",
    "kv/inspection/pages.py": "zlib: unpacks a cursor after its signature is checked",
}
WRITERS = {
    "core/cache/values.py": "zlib: only checksums",
    "core/compression.py": "gzip",
    "feeds/files/archive.py": "zipfile: only the type of an entry",
    "feeds/xlsx/converted.py": "zipfile",
    "order_files/formats/archive.py": "zipfile",
}
"""Platform modules that import one of MODULES to write data. They unpack no data."""
LOCAL_CLOUD = {"infra/local/compression.py": "gzip"}
UNPACKS = {"decompress", "decompressobj", "ZipFile", "GzipFile", "open", "unpack_archive", "is_zipfile"}
PACKAGE = "layers/core/python/wecelebrate/"


def sources() -> dict[str, ast.Module]:
    """Map the path of each module of the platform to its syntax tree. Paths are relative to the package or to the
    root.
    """
    return {
        str(path.relative_to(ROOT)).removeprefix(PACKAGE): ast.parse(path.read_text("utf-8"))
        for folder in ("layers/core/python", "functions", "infra")
        for path in (ROOT / folder).rglob("*.py")
    }


def imported(module: ast.Module) -> set[str]:
    """Return the names of the imported packages: for example `os` for `os.path`."""
    names: set[str] = set()
    for node in ast.walk(module):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return {name.partition(".")[0] for name in names} | ({"shutil.unpack_archive"} & names)


def test_only_known_modules_can_unpack_compressed_data() -> None:
    users = {path for path, module in sources().items() if imported(module) & (MODULES | {"shutil.unpack_archive"})}
    assert users == {*READERS, *WRITERS, *LOCAL_CLOUD}


@pytest.mark.parametrize("path", WRITERS)
def test_a_module_that_only_writes_compressed_data_does_not_unpack_data(path: str) -> None:
    calls = [
        ast.unparse(node)
        for node in ast.walk(ast.parse(Path(ROOT / PACKAGE / path).read_text("utf-8")))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in UNPACKS
        and ast.unparse(node.func.value) in MODULES
    ]
    assert [call for call in calls if "'w'" not in call] == []
