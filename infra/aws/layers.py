"""Lambda layers out of `uv.lock`, built by uv without Docker.

`core` is our own package; each other layer is an extra of it (`layers/core/pyproject.toml`). boto3 is in none of
them: the Python runtime of Lambda brings it.

A package is in one layer only, since two copies would shadow each other by mount order. A function mounts `base` and
any choice of the others, so a package that two of them need stands in `base`.

Every layer is built once into `layers/vendor/build/<name>-<digest>/`; the digest covers all that goes into it.
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
# With manylinux2014, the usual choice, uv takes an old psycopg without a word: newer ones are built for 2_28 only.
PLATFORM = "aarch64-manylinux_2_28"
BUILD = ROOT / "layers" / "vendor" / "build"
CORE = ROOT / "layers" / "core" / "python" / "wecelebrate"
UNZIPPED_LIMIT = 250 * 1024 * 1024
"""Bytes that Lambda unpacks for one function, its layers and its own code together."""

_RECIPE = "1"
"""To be raised with each change to this module that changes what it builds."""
_UNUSED_SECONDS = 7 * 24 * 3600
_NOISE = ("bin", "**/__pycache__", "**/tests", "**/*.pyi", "*.dist-info/RECORD", "*.dist-info/INSTALLER", ".lock")

_log = logging.getLogger(__name__)


class LayerError(Exception):
    """A layer cannot be built, or is too large."""


@dataclass(frozen=True)
class Layer:
    """A folder in the shape that Lambda mounts at /opt."""

    name: str
    folder: Path
    digest: str
    """Of what it was made from: the same digest is the same layer, whoever built it."""

    @functools.cached_property
    def unzipped(self) -> int:
        """Bytes."""
        return sum(file.stat().st_size for file in self.folder.rglob("*") if file.is_file())


def build(into: Path = BUILD) -> Mapping[str, Layer]:
    """Every layer, by name. What stands there already is not built again. Raises LayerError."""
    compiler = python_compiler()
    if compiler is None:
        _log.warning("no Python %s here: layers go without bytecode, and functions start slower", PYTHON)
    into.mkdir(parents=True, exist_ok=True)
    layers = [_vendor(name, pins, compiler, into) for name, pins in divide(_closures()).items()]
    return {layer.name: layer for layer in (_core(compiler, into), *layers)}


def check_sizes(specs: Iterable[FunctionSpec], layers: Mapping[str, Layer]) -> None:
    """Raise LayerError for a function whose layers are more than Lambda unpacks."""
    for spec in specs:
        size = sum(layers[name].unzipped for name in ("core", *spec.vendor_layers))
        if size > UNZIPPED_LIMIT:
            raise LayerError(f"{spec.name}: its layers are {size >> 20} MB unzipped; Lambda takes 250")


def divide(closures: Mapping[str, Mapping[str, str]]) -> Mapping[str, Mapping[str, str]]:
    """Layer → package → pin, each package once, from extra → package → pin with all that the extra needs."""
    wanted_by: dict[str, list[str]] = {}
    for extra, pins in closures.items():
        for package in pins:
            wanted_by.setdefault(package, []).append(extra)
    divided: dict[str, dict[str, str]] = {extra: {} for extra in closures}
    for package, extras in sorted(wanted_by.items()):
        layer = extras[0] if len(extras) == 1 else "base"
        divided[layer][package] = closures[extras[0]][package]
    return divided


@functools.cache
def python_compiler() -> str | None:
    """A Python of Lambda's version: bytecode of another is not read. None where there is none."""
    version = f"python{PYTHON}"
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    candidates = [
        sys.executable,
        *(str(path) for folder in os.get_exec_path() if (path := Path(folder) / version).is_file()),
        *(str(path) for path in sorted(pyenv.glob(f"{PYTHON}.*/bin/{version}"), reverse=True)),
    ]
    say_version = "import sys; print('%d.%d' % sys.version_info[:2])"
    for candidate in candidates:
        # A shim of pyenv stands on PATH for versions that are not chosen, too, and fails.
        answer = subprocess.run(  # noqa: S603 - an interpreter found on this machine, a constant program
            [candidate, "-I", "-c", say_version], capture_output=True, text=True, check=False
        )
        if answer.stdout.strip() == PYTHON:
            return candidate
    return None


def _closures() -> dict[str, dict[str, str]]:
    return {extra: _pins(extra) for extra in EXTRAS}


def _pins(extra: str) -> dict[str, str]:
    """Package → its line of requirements, with version, marker and hashes, for all that `extra` needs."""
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
        for pattern in _NOISE:
            for noise in list(python.glob(pattern)):
                if noise.is_dir():
                    shutil.rmtree(noise)
                else:
                    noise.unlink(missing_ok=True)

    return _built(name, [requirements, PYTHON, PLATFORM, *_NOISE], compiler, into, fill)


def _core(compiler: str | None, into: Path) -> Layer:
    files = sorted(
        file for file in CORE.rglob("*") if file.is_file() and "__pycache__" not in file.parts
    )  # fmt: skip
    contents = [f"{file.relative_to(CORE)}:{hashlib.sha256(file.read_bytes()).hexdigest()}" for file in files]

    def fill(python: Path) -> None:
        shutil.copytree(CORE, python / CORE.name, ignore=shutil.ignore_patterns("__pycache__"))

    return _built("core", contents, compiler, into, fill)


def _built(name: str, made_of: Iterable[str], compiler: str | None, into: Path, fill: Callable[[Path], None]) -> Layer:
    """The layer in `into`, filled when it is not there. Safe to do twice at once: the last step is a rename."""
    source = "\n".join([_RECIPE, "bytecode" if compiler else "source", *made_of])
    digest = hashlib.sha256(source.encode()).hexdigest()[:16]
    folder = into / f"{name}-{digest}"
    if folder.is_dir():
        with contextlib.suppress(PermissionError):  # built by another user: it is theirs to keep or drop
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
            if not folder.is_dir():  # else another build was faster, with the same result
                raise LayerError(f"{folder} cannot be written: {error}") from error
    _forget_unused(into)
    return Layer(name, folder, digest)


def _forget_unused(into: Path) -> None:
    """Remove what no build has asked for in a week; what is younger another one may be reading now."""
    for folder in into.iterdir():
        with contextlib.suppress(FileNotFoundError):  # another build is done with its own
            if folder.stat().st_mtime < time.time() - _UNUSED_SECONDS:
                shutil.rmtree(folder, ignore_errors=True)


def _compile(compiler: str, staged: Path) -> None:
    """Bytecode that is taken as it is: in /opt nothing can be written, and checking sources costs their reading."""
    _run(
        compiler, "-I", "-m", "compileall", "-q", "--invalidation-mode", "unchecked-hash",
        "-s", str(staged), "-p", "/opt", str(staged / "python"),
    )  # fmt: skip


def _uv(*arguments: str) -> str:
    return _run(find_uv_bin(), "--quiet", "--no-progress", "--project", str(ROOT), *arguments)


def _run(*command: str) -> str:
    finished = subprocess.run(  # noqa: S603 - uv and Python of this environment, arguments of this module
        command, capture_output=True, text=True, check=False, env={**os.environ, "NO_COLOR": "1"}
    )
    if finished.returncode:
        raise LayerError(f"{' '.join(command[:3])} failed: {finished.stderr.strip() or finished.stdout.strip()}")
    return finished.stdout
