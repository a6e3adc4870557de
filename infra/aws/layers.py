"""Lambda layers, built by uv from `uv.lock` without Docker.

The layer `core` is our own package. Each other layer is an extra of it (`layers/core/pyproject.toml`). boto3 is in no
layer, because Lambda's Python runtime includes it.

Each package is in exactly one layer, because two copies would shadow each other depending on the mount order. Every
function mounts `base` and any of the other layers, so a package that two extras need is in `base`.

Each layer is built once, into `layers/vendor/build/<name>-<digest>/`. The digest covers all sources of the layer.
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
# With the usual manylinux2014, uv silently selects an old psycopg. Newer versions have wheels only for 2_28.
PLATFORM = "aarch64-manylinux_2_28"
BUILD = ROOT / "layers" / "vendor" / "build"
CORE = ROOT / "layers" / "core" / "python" / "wecelebrate"
UNZIPPED_LIMIT = 250 * 1024 * 1024
"""Lambda's limit for the layers and the code of a function together, in bytes after unpacking."""

_RECIPE = "1"
"""Part of every digest. Increase it with each change to this module that changes the built files."""
_UNUSED_SECONDS = 7 * 24 * 3600
_EXCLUDED = ("bin", "**/__pycache__", "**/tests", "**/*.pyi", "*.dist-info/RECORD", "*.dist-info/INSTALLER", ".lock")

_log = logging.getLogger(__name__)


class LayerError(Exception):
    """A layer cannot be built or is too large."""


@dataclass(frozen=True)
class Layer:
    """A built layer: a folder that Lambda can mount at /opt."""

    name: str
    folder: Path
    digest: str
    """Hash of the sources. Two layers with the same digest are interchangeable."""

    @functools.cached_property
    def unzipped(self) -> int:
        """Size after unpacking, in bytes."""
        return sum(file.stat().st_size for file in self.folder.rglob("*") if file.is_file())


def build(into: Path = BUILD) -> Mapping[str, Layer]:
    """Build the layers that do not exist yet, and return all layers by name. Raises LayerError."""
    compiler = python_compiler()
    if compiler is None:
        _log.warning(
            "Python %s is not installed: layers are built without bytecode, and functions start slower", PYTHON
        )
    into.mkdir(parents=True, exist_ok=True)
    layers = [_vendor(name, pins, compiler, into) for name, pins in divide(_closures()).items()]
    return {layer.name: layer for layer in (_core(compiler, into), *layers)}


def check_sizes(specs: Iterable[FunctionSpec], layers: Mapping[str, Layer]) -> None:
    """Raise LayerError if the layers of a function exceed Lambda's limit."""
    for spec in specs:
        size = sum(layers[name].unzipped for name in ("core", *spec.vendor_layers))
        if size > UNZIPPED_LIMIT:
            raise LayerError(
                f"{spec.name}: its layers are {size >> 20} MB unzipped, and Lambda allows 250 MB; remove a layer or a"
                " dependency"
            )


def divide(closures: Mapping[str, Mapping[str, str]]) -> Mapping[str, Mapping[str, str]]:
    """Assign each package to one layer.

    closures: extra → package → pin, with all transitive dependencies. Returns layer → package → pin.
    """
    extras_by_package: dict[str, list[str]] = {}
    for extra, pins in closures.items():
        for package in pins:
            extras_by_package.setdefault(package, []).append(extra)
    divided: dict[str, dict[str, str]] = {extra: {} for extra in closures}
    for package, extras in sorted(extras_by_package.items()):
        layer = extras[0] if len(extras) == 1 else "base"
        divided[layer][package] = closures[extras[0]][package]
    return divided


@functools.cache
def python_compiler() -> str | None:
    """Path of a Python with the version of the Lambda runtime, or None. Lambda ignores bytecode of other versions."""
    version = f"python{PYTHON}"
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    candidates = [
        sys.executable,
        *(str(path) for folder in os.get_exec_path() if (path := Path(folder) / version).is_file()),
        *(str(path) for path in sorted(pyenv.glob(f"{PYTHON}.*/bin/{version}"), reverse=True)),
    ]
    print_version = "import sys; print('%d.%d' % sys.version_info[:2])"
    for candidate in candidates:
        # pyenv also puts shims on PATH for versions that are not selected. Such a shim fails.
        result = subprocess.run(  # noqa: S603 - an interpreter of this machine, a constant program
            [candidate, "-I", "-c", print_version], capture_output=True, text=True, check=False
        )
        if result.stdout.strip() == PYTHON:
            return candidate
    return None


def _closures() -> dict[str, dict[str, str]]:
    return {extra: _pins(extra) for extra in EXTRAS}


def _pins(extra: str) -> dict[str, str]:
    """Map every package that `extra` needs to its requirements line, with version, marker and hashes."""
    exported = _uv(
        "export", "--frozen", "--package", "wecelebrate", "--extra", extra,
        "--no-dev", "--no-emit-workspace", "--no-annotate", "--no-header",
    )  # fmt: skip
    lines = exported.replace("\\\n", " ").splitlines()
    return {re.split(r"[=<>!~ @;\[]", line, maxsplit=1)[0]: " ".join(line.split()) for line in lines if line.strip()}


def _vendor(name: str, pins: Mapping[str, str], compiler: str | None, into: Path) -> Layer:
    requirements = "".join(f"{pin}\n" for pin in pins.values())

    def fill(python: Path) -> None:
        with tempfile.NamedTemporaryFile("w", suffix=".txt") as file:
            file.write(requirements)
            file.flush()
            _uv(
                "pip", "install", "--python", sys.executable, "--target", str(python),
                "--python-platform", PLATFORM, "--python-version", PYTHON, "--only-binary", ":all:",
                "--no-deps", "--require-hashes", "--link-mode", "copy", "-r", file.name,
            )  # fmt: skip
        for pattern in _EXCLUDED:
            for path in list(python.glob(pattern)):
                if path.is_dir():
                    shutil.rmtree(path)
                else:
                    path.unlink(missing_ok=True)

    return _build_layer(name, [requirements, PYTHON, PLATFORM, *_EXCLUDED], compiler, into, fill)


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
    """Build the layer in `into` with `fill`, unless it exists. Concurrent builds are safe: the last step is a rename.

    sources: the strings from which the digest is computed.
    """
    source = "\n".join([_RECIPE, "bytecode" if compiler else "source", *sources])
    digest = hashlib.sha256(source.encode()).hexdigest()[:16]
    folder = into / f"{name}-{digest}"
    if folder.is_dir():
        with contextlib.suppress(PermissionError):  # the folder belongs to another user, who also removes it
            os.utime(folder)
        return Layer(name, folder, digest)
    with tempfile.TemporaryDirectory(dir=into, prefix=f".{name}-") as temporary:
        staged = Path(temporary) / name
        (staged / "python").mkdir(parents=True)
        fill(staged / "python")
        if compiler:
            _compile(compiler, staged)
        try:
            staged.rename(folder)
        except OSError as error:
            if not folder.is_dir():  # otherwise a concurrent build was faster, with the same result
                raise LayerError(f"cannot write {folder}: {error}") from error
    _remove_unused(into)
    return Layer(name, folder, digest)


def _remove_unused(into: Path) -> None:
    """Remove folders that no build has used for a week. Another build may be reading a younger one."""
    for folder in into.iterdir():
        with contextlib.suppress(FileNotFoundError):  # a concurrent build removed its temporary folder
            if folder.stat().st_mtime < time.time() - _UNUSED_SECONDS:
                shutil.rmtree(folder, ignore_errors=True)


def _compile(compiler: str, staged: Path) -> None:
    """Compile bytecode that Python loads without a check of the sources. /opt is read-only, so stale bytecode could not
    be replaced, and a check would read every source file."""
    _run(
        compiler, "-I", "-m", "compileall", "-q", "--invalidation-mode", "unchecked-hash",
        "-s", str(staged), "-p", "/opt", str(staged / "python"),
    )  # fmt: skip


def _uv(*arguments: str) -> str:
    return _run(find_uv_bin(), "--quiet", "--no-progress", "--project", str(ROOT), *arguments)


def _run(*command: str) -> str:
    result = subprocess.run(  # noqa: S603 - uv and Python of this environment, arguments of this module
        command, capture_output=True, text=True, check=False, env={**os.environ, "NO_COLOR": "1"}
    )
    if result.returncode:
        raise LayerError(f"{' '.join(command[:3])} failed: {result.stderr.strip() or result.stdout.strip()}")
    return result.stdout
