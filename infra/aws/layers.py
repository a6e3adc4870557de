"""Builds the Lambda layers with uv from `uv.lock`, without Docker.

The layer `core` contains the package of the platform. `layers/core/pyproject.toml` declares the extras of `core`. For
each extra, one layer contains the packages of this extra. No layer contains boto3, because Lambda's Python runtime
includes it.

Each package is in exactly one layer. If two layers contained the same package, the order of the layers would decide
which copy Python imports. A package that two extras need is in `base`, because every function uses the layer `base`.

Each layer is built only once, in `layers/vendor/build/<name>-<digest>/`. The digest is the hash of all its sources.
"""

import contextlib
import functools
import hashlib
import logging
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from uv import find_uv_bin

from infra.functions import OPTIONAL_LAYERS, ROOT, FunctionSpec

EXTRAS = ("base", "http", *OPTIONAL_LAYERS)
PYTHON = "3.13"
# Newer versions of psycopg have wheels only for manylinux_2_28. With the more common platform manylinux2014, uv would
# select an old version of psycopg without a warning.
PLATFORM = "aarch64-manylinux_2_28"
BUILD = ROOT / "layers" / "vendor" / "build"
CORE = ROOT / "layers" / "core" / "python" / "wecelebrate"
UNZIPPED_LIMIT = 250 * 1024 * 1024
"""Lambda's limit for the total size of the unpacked layers and the unpacked code of a function, in bytes."""

_RECIPE = "1"
"""A version number that is part of every digest. Increase it if you change this module in a way that changes the built
files."""
_UNUSED_SECONDS = 7 * 24 * 3600
_EXCLUDED = ("bin", "**/__pycache__", "**/tests", "**/*.pyi", "*.dist-info/RECORD", "*.dist-info/INSTALLER", ".lock")

_log = logging.getLogger(__name__)


class LayerError(Exception):
    """A layer could not be built, or the layers of a function are too large."""


@dataclass(frozen=True)
class Layer:
    """A built layer: a folder that Lambda can mount at /opt."""

    name: str
    folder: Path
    digest: str
    """The hash of the sources. Two layers with the same digest have the same content."""

    @functools.cached_property
    def unzipped(self) -> int:
        """The size of the layer after unpacking, in bytes."""
        return sum(file.stat().st_size for file in self.folder.rglob("*") if file.is_file())


def build(into: Path = BUILD, platform: str = PLATFORM) -> Mapping[str, Layer]:
    """Build the layers that do not exist yet.

    platform: the platform, in the form that `uv pip install --python-platform` accepts.

    The function returns all layers, as a mapping from name to layer. Raises LayerError.
    """
    compiler = python_compiler()
    if compiler is None:
        _log.warning(
            "Python %s is not installed: the layers are built without bytecode, and functions will start more slowly",
            PYTHON,
        )
    into.mkdir(parents=True, exist_ok=True)
    layers = [_vendor(name, pins, compiler, into, platform) for name, pins in divide(_closures()).items()]
    return {layer.name: layer for layer in (_core(compiler, into), *layers)}


def check_sizes(specs: Iterable[FunctionSpec], layers: Mapping[str, Layer]) -> None:
    """Raise LayerError if the layers of a function are larger than Lambda allows."""
    for spec in specs:
        size = sum(layers[name].unzipped for name in ("core", *spec.vendor_layers))
        if size > UNZIPPED_LIMIT:
            raise LayerError(
                f"{spec.name}: its layers are {size >> 20} MB unzipped, but Lambda allows only 250 MB: remove a layer"
                " or a dependency"
            )


def divide(closures: Mapping[str, Mapping[str, str]]) -> Mapping[str, Mapping[str, str]]:
    """Assign each package to one layer.

    closures: the packages of each extra, with all transitive dependencies and with their pins. The function returns the
    packages of each layer with their pins.
    """
    extras_by_package: dict[str, list[str]] = {}
    for extra, pins in closures.items():
        for package in pins:
            extras_by_package.setdefault(package, []).append(extra)
    pins_by_layer: dict[str, dict[str, str]] = {extra: {} for extra in closures}
    for package, extras in sorted(extras_by_package.items()):
        layer = extras[0] if len(extras) == 1 else "base"
        pins_by_layer[layer][package] = closures[extras[0]][package]
    return pins_by_layer


@functools.cache
def python_compiler() -> str | None:
    """Return the path of a Python with the same version as the Lambda runtime, or None if no such Python exists.

    Only this version can compile bytecode for Lambda, because Python ignores bytecode of other versions.
    """
    version = f"python{PYTHON}"
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    candidates = [
        sys.executable,
        *(str(path) for folder in os.get_exec_path() if (path := Path(folder) / version).is_file()),
        *(str(path) for path in sorted(pyenv.glob(f"{PYTHON}.*/bin/{version}"), reverse=True)),
    ]
    print_version = "import sys; print('%d.%d' % sys.version_info[:2])"
    for candidate in candidates:
        # The command fails if it is a pyenv shim on PATH for a Python version that is not selected.
        result = subprocess.run(  # noqa: S603 - the program is a Python interpreter, and its arguments are constant
            [candidate, "-I", "-c", print_version], capture_output=True, text=True, check=False
        )
        if result.stdout.strip() == PYTHON:
            return candidate
    return None


def _closures() -> dict[str, dict[str, str]]:
    return {extra: _pins(extra) for extra in EXTRAS}


def _pins(extra: str) -> dict[str, str]:
    """Map each package that `extra` needs to its line in a requirements file.

    The line contains the version, the marker and the hashes.
    """
    requirements = _uv(
        "export", "--frozen", "--package", "wecelebrate", "--extra", extra,
        "--no-dev", "--no-emit-workspace", "--no-annotate", "--no-header",
    )  # fmt: skip
    lines = requirements.replace("\\\n", " ").splitlines()
    return {re.split(r"[=<>!~ @;\[]", line, maxsplit=1)[0]: " ".join(line.split()) for line in lines if line.strip()}


def _vendor(name: str, pins: Mapping[str, str], compiler: str | None, into: Path, platform: str) -> Layer:
    requirements = "".join(f"{pin}\n" for pin in pins.values())

    def fill(python: Path) -> None:
        with tempfile.NamedTemporaryFile("w", suffix=".txt") as file:
            file.write(requirements)
            file.flush()
            _uv(
                "pip", "install", "--python", sys.executable, "--target", str(python),
                "--python-platform", platform, "--python-version", PYTHON, "--only-binary", ":all:",
                "--no-deps", "--require-hashes", "--link-mode", "copy", "-r", file.name,
            )  # fmt: skip
        for pattern in _EXCLUDED:
            for path in list(python.glob(pattern)):
                if path.is_dir():
                    shutil.rmtree(path)
                else:
                    path.unlink(missing_ok=True)

    return _build_layer(name, [requirements, PYTHON, platform, *_EXCLUDED], compiler, into, fill)


def _core(compiler: str | None, into: Path) -> Layer:
    files = sorted(
        file for file in CORE.rglob("*") if file.is_file() and "__pycache__" not in file.parts
    )  # fmt: skip
    contents = [f"{file.relative_to(CORE)}:{hashlib.sha256(file.read_bytes()).hexdigest()}" for file in files]

    def fill(python: Path) -> None:
        shutil.copytree(CORE, python / CORE.name, ignore=shutil.ignore_patterns("__pycache__"))

    return _build_layer("core", contents, compiler, into, fill)


def _build_layer(
    name: str, sources: Iterable[str], compiler: str | None, into: Path, fill: Callable[[Path], None]
) -> Layer:
    """Build a layer in the folder `into`, unless the layer already exists there.

    Several builds can run at the same time, because the last step is an atomic rename.

    sources: the strings from which the digest is computed. fill: a function that writes the content of the layer into a
    folder.
    """
    source = "\n".join([_RECIPE, "bytecode" if compiler else "source", *sources])
    digest = hashlib.sha256(source.encode()).hexdigest()[:16]
    folder = into / f"{name}-{digest}"
    if folder.is_dir():
        with contextlib.suppress(PermissionError):  # only the owner of the folder can change its time
            os.utime(folder)
        return Layer(name, folder, digest)
    with tempfile.TemporaryDirectory(dir=into, prefix=f".{name}-") as temporary:
        temporary_folder = Path(temporary) / name
        (temporary_folder / "python").mkdir(parents=True)
        fill(temporary_folder / "python")
        if compiler:
            _compile(compiler, temporary_folder)
        try:
            temporary_folder.rename(folder)
        except OSError as error:
            if not folder.is_dir():  # if the folder exists, another build has written the same layer
                raise LayerError(f"cannot write {folder}: {error}") from error
    _remove_unused(into)
    return Layer(name, folder, digest)


def _remove_unused(into: Path) -> None:
    """Remove the layers that no build has used for a week.

    Layers that were used more recently stay, because another build could be using them at this moment.
    """
    for folder in into.iterdir():
        with contextlib.suppress(FileNotFoundError):  # another build may have removed its own temporary folder
            if folder.stat().st_mtime < time.time() - _UNUSED_SECONDS:
                shutil.rmtree(folder, ignore_errors=True)


def _compile(compiler: str, temporary_folder: Path) -> None:
    """Compile the source files to bytecode. Python uses this bytecode without a comparison with the source files.

    For a comparison, Python would have to read every source file. The comparison would be useless, because Python
    cannot write new bytecode to /opt, which is read-only.
    """
    _run(
        compiler, "-I", "-m", "compileall", "-q", "--invalidation-mode", "unchecked-hash",
        "-s", str(temporary_folder), "-p", "/opt", str(temporary_folder / "python"),
    )  # fmt: skip


def _uv(*arguments: str) -> str:
    return _run(find_uv_bin(), "--quiet", "--no-progress", "--project", str(ROOT), *arguments)


def _run(*command: str) -> str:
    result = subprocess.run(  # noqa: S603 - the program is our uv or Python, and this module provides the arguments
        command, capture_output=True, text=True, check=False, env={**os.environ, "NO_COLOR": "1"}
    )
    if result.returncode:
        raise LayerError(f"{' '.join(command[:3])} failed: {result.stderr.strip() or result.stdout.strip()}")
    return result.stdout
