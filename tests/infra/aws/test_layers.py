"""Tests that each locked package is in exactly one layer, and is built for the processor and the Python version of
Lambda."""

import dataclasses
import os
import platform
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path

import pytest

from infra.aws import layers
from infra.aws.layers import EXTRAS, Layer, LayerError
from infra.bench.function_init import RUNTIME_PACKAGES, copy_package
from infra.bindings import Bindings
from infra.functions import FunctionSpec, bucket_names


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Layer]:
    """All layers, newly built from uv.lock."""
    return layers.build(tmp_path_factory.mktemp("layers"))


def files(layer: Layer) -> Iterable[Path]:
    return (file.relative_to(layer.folder) for file in layer.folder.rglob("*") if file.is_file())


def test_a_package_needed_by_two_extras_is_in_the_base_layer() -> None:
    divided = layers.divide(
        {
            "base": {"pydantic": "pydantic==2"},
            "http": {"pydantic": "pydantic==2", "anyio": "anyio==4", "fastapi": "fastapi==1"},
            "cache": {"anyio": "anyio==4", "redis": "redis==1"},
        }
    )
    assert divided == {
        "base": {"pydantic": "pydantic==2", "anyio": "anyio==4"},
        "http": {"fastapi": "fastapi==1"},
        "cache": {"redis": "redis==1"},
    }


def test_two_layers_together_contain_all_packages_of_an_extra() -> None:
    closures = layers._closures()
    divided = layers.divide(closures)
    for extra in EXTRAS:
        assert closures[extra].keys() <= divided["base"].keys() | divided[extra].keys()


@pytest.mark.slow
def test_each_file_is_in_only_one_layer(built: Mapping[str, Layer]) -> None:
    assert set(built) == {"core", *EXTRAS}
    counts = Counter(file for layer in built.values() for file in files(layer))
    assert [file for file, count in counts.items() if count > 1] == []


def test_binaries_are_built_for_the_processor_of_lambda(built: Mapping[str, Layer]) -> None:
    binaries = [file for layer in built.values() for file in layer.folder.rglob("*.so*") if file.is_file()]
    assert any("psycopg_binary" in str(file) for file in binaries)
    aarch64 = 183  # the value of e_machine in the ELF header
    for file in binaries:
        header = file.read_bytes()[:20]
        assert header[:4] == b"\x7fELF"
        assert int.from_bytes(header[18:20], "little") == aarch64, file


def test_the_core_layer_contains_the_package_of_the_project_with_its_sql_files(built: Mapping[str, Layer]) -> None:
    package = built["core"].folder / "python" / "wecelebrate"
    sources = {file.relative_to(layers.CORE) for file in layers.CORE.rglob("*") if file.suffix in {".py", ".sql"}}
    assert sources == {file.relative_to(package) for file in package.rglob("*") if file.suffix in {".py", ".sql"}}


def test_layers_contain_metadata_but_no_unnecessary_files(built: Mapping[str, Layer]) -> None:
    names = {file.name for layer in built.values() for file in files(layer)}
    assert "METADATA" in names
    assert not names & {"RECORD", "INSTALLER", ".lock"}
    assert not list(built["base"].folder.glob("python/bin"))
    assert not list(built["base"].folder.glob("python/boto3"))


def test_layers_contain_bytecode_if_a_compiler_is_installed(built: Mapping[str, Layer]) -> None:
    compiled = list(built["http"].folder.glob("python/fastapi/__pycache__/*.cpython-313.pyc"))
    assert bool(compiled) == (layers.python_compiler() is not None)
    for file in compiled:
        # See PEP 552: if bit 0 is set, the file contains the hash of its source. If bit 1 is set, Python checks this
        # hash.
        assert int.from_bytes(file.read_bytes()[4:8], "little") == 0b01


_IMPORT = """
import importlib.util, sys
for path in sys.argv[1:]:
    spec = importlib.util.spec_from_file_location("handler", path)
    module = importlib.util.module_from_spec(spec)
    sys.modules["handler"] = module
    spec.loader.exec_module(module)
    assert callable(module.handler), path
assert sys.version_info[:2] == (3, 13)
"""


@pytest.mark.slow  # the layers are built a second time, for the processor of this machine
@pytest.mark.skipif(layers.python_compiler() is None or sys.platform != "linux", reason="needs Python 3.13 and Linux")
def test_the_python_of_lambda_imports_each_function_with_only_its_layers(
    tmp_path: Path, built: Mapping[str, Layer], specs: tuple[FunctionSpec, ...]
) -> None:
    here = layers.build(tmp_path / "layers", f"{platform.machine()}-manylinux_2_28")
    for name, layer in built.items():
        # Both builds have the same packages in the same versions. Therefore an import that succeeds here also succeeds
        # on arm64.
        assert metadata(layer) == metadata(here[name])
    runtime = tmp_path / "runtime"
    for package in RUNTIME_PACKAGES:
        copy_package(package, runtime)
    by_layers: dict[tuple[str, ...], list[FunctionSpec]] = {}
    for spec in specs:
        by_layers.setdefault(("core", *spec.vendor_layers), []).append(spec)
    assert len(by_layers) > 3
    for names, functions in by_layers.items():
        paths = [*(str(here[name].folder / "python") for name in names), str(runtime)]
        environment = {key: value for spec in functions for key, value in spec.environment(_bindings(specs)).items()}
        handlers = [str(spec.folder / "handler.py") for spec in functions]
        result = subprocess.run(
            [str(layers.python_compiler()), "-S", "-s", "-c", _IMPORT, *handlers],
            env={**environment, "PYTHONPATH": ":".join(paths), "AWS_DEFAULT_REGION": "us-east-1"},
            cwd=runtime, capture_output=True, text=True, check=False, timeout=120,
        )  # fmt: skip
        assert result.returncode == 0, (names, result.stderr[-2000:])


def _bindings(specs: tuple[FunctionSpec, ...]) -> Bindings:
    return Bindings(
        **{field.name: "x" for field in dataclasses.fields(Bindings) if field.type is str},
        queues={spec.queue_name: "x" for spec in specs if spec.has_queue},
        buckets=dict.fromkeys(bucket_names(specs), "x"),
        passwords={},
        extra={},
    )


def metadata(layer: Layer) -> set[str]:
    """Return the names and versions of the packages in a layer."""
    return {folder.name for folder in layer.folder.glob("python/*.dist-info")}


def test_a_second_build_reuses_every_layer(built: Mapping[str, Layer]) -> None:
    into = built["base"].folder.parent
    before = {folder: folder.stat().st_ino for folder in into.iterdir()}
    rebuilt = layers.build(into)
    assert {name: layer.digest for name, layer in rebuilt.items()} == {n: layer.digest for n, layer in built.items()}
    assert {folder: folder.stat().st_ino for folder in into.iterdir()} == before


def test_a_build_removes_layers_that_were_unused_for_a_week(tmp_path: Path) -> None:
    for folder, days in (("base-old", 8), ("base-young", 6)):
        (tmp_path / folder).mkdir()
        used = time.time() - days * 24 * 3600
        os.utime(tmp_path / folder, (used, used))
    layers._core(None, tmp_path)
    assert sorted(folder.name.split("-")[1] for folder in tmp_path.glob("base-*")) == ["young"]


def test_the_layers_of_every_function_are_smaller_than_the_size_limit_of_lambda(
    built: Mapping[str, Layer], specs: tuple[FunctionSpec, ...]
) -> None:
    layers.check_sizes(specs, built)


def test_the_error_for_layers_that_are_too_large_names_the_function(
    tmp_path: Path, specs: tuple[FunctionSpec, ...], stub_layers: Mapping[str, Layer]
) -> None:
    with (tmp_path / "large").open("wb") as file:
        file.truncate(layers.UNZIPPED_LIMIT + 1)
    with pytest.raises(LayerError, match=f"{specs[0].name}: its layers are 250 MB"):
        layers.check_sizes(specs, {**stub_layers, "core": Layer("core", tmp_path, "x")})


def test_the_error_for_a_failed_uv_call_contains_the_output_of_uv(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(layers, "EXTRAS", ("no-such-extra",))
    with pytest.raises(LayerError, match="no-such-extra"):
        layers._closures()
