"""Layers hold what the lock says, once, for Lambda's processor and Python."""

import os
import time
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path

import pytest

from infra.aws import layers
from infra.aws.layers import EXTRAS, Layer, LayerError
from infra.functions import FunctionSpec


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Layer]:
    """Every layer, built anew from the lock."""
    return layers.build(tmp_path_factory.mktemp("layers"))


def files(layer: Layer) -> Iterable[Path]:
    return (file.relative_to(layer.folder) for file in layer.folder.rglob("*") if file.is_file())


def test_what_two_extras_need_stands_in_base() -> None:
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


def test_base_with_any_other_layer_is_whole() -> None:
    closures = layers._closures()
    divided = layers.divide(closures)
    for extra in EXTRAS:
        assert closures[extra].keys() <= divided["base"].keys() | divided[extra].keys()


def test_a_package_is_in_one_layer_only(built: Mapping[str, Layer]) -> None:
    assert set(built) == {"core", *EXTRAS}
    assert [
        file for file, count in Counter(file for each in built.values() for file in files(each)).items() if count > 1
    ] == []


def test_binaries_are_for_lambdas_processor(built: Mapping[str, Layer]) -> None:
    binaries = [file for layer in built.values() for file in layer.folder.rglob("*.so*") if file.is_file()]
    assert any("psycopg_binary" in str(file) for file in binaries)
    aarch64 = 183  # e_machine of an ELF header
    for file in binaries:
        header = file.read_bytes()[:20]
        assert header[:4] == b"\x7fELF"
        assert int.from_bytes(header[18:20], "little") == aarch64, file


def test_core_is_our_package_with_its_sql(built: Mapping[str, Layer]) -> None:
    package = built["core"].folder / "python" / "wecelebrate"
    sources = {file.relative_to(layers.CORE) for file in layers.CORE.rglob("*") if file.suffix in {".py", ".sql"}}
    assert sources == {file.relative_to(package) for file in package.rglob("*") if file.suffix in {".py", ".sql"}}


def test_metadata_stays_and_noise_goes(built: Mapping[str, Layer]) -> None:
    names = {file.name for layer in built.values() for file in files(layer)}
    assert "METADATA" in names
    assert not names & {"RECORD", "INSTALLER", ".lock"}
    assert not list(built["base"].folder.glob("python/bin"))
    assert not list(built["base"].folder.glob("python/boto3"))


def test_bytecode_is_there_when_its_compiler_is(built: Mapping[str, Layer]) -> None:
    compiled = list(built["http"].folder.glob("python/fastapi/__pycache__/*.cpython-313.pyc"))
    assert bool(compiled) == (layers.python_compiler() is not None)
    for file in compiled:
        # PEP 552: bit 0, checked against a hash of the source, bit 1, whether the hash is looked at.
        assert int.from_bytes(file.read_bytes()[4:8], "little") == 0b01


def test_a_second_build_changes_nothing(built: Mapping[str, Layer]) -> None:
    into = built["base"].folder.parent
    before = {folder: folder.stat().st_ino for folder in into.iterdir()}
    again = layers.build(into)
    assert {name: layer.digest for name, layer in again.items()} == {n: layer.digest for n, layer in built.items()}
    assert {folder: folder.stat().st_ino for folder in into.iterdir()} == before


def test_what_was_not_asked_for_in_a_week_goes_with_the_next_build(tmp_path: Path) -> None:
    for folder, days in (("base-old", 8), ("base-young", 6)):
        (tmp_path / folder).mkdir()
        used = time.time() - days * 24 * 3600
        os.utime(tmp_path / folder, (used, used))
    layers._core(None, tmp_path)
    assert sorted(folder.name.split("-")[1] for folder in tmp_path.glob("base-*")) == ["young"]


def test_every_function_stays_below_what_lambda_unpacks(
    built: Mapping[str, Layer], specs: tuple[FunctionSpec, ...]
) -> None:
    layers.check_sizes(specs, built)


def test_a_function_with_too_much_is_refused_by_name(
    tmp_path: Path, specs: tuple[FunctionSpec, ...], stub_layers: Mapping[str, Layer]
) -> None:
    with (tmp_path / "large").open("wb") as file:
        file.truncate(layers.UNZIPPED_LIMIT + 1)
    with pytest.raises(LayerError, match=f"{specs[0].name}: its layers are 250 MB"):
        layers.check_sizes(specs, {**stub_layers, "core": Layer("core", tmp_path, "x")})


def test_what_uv_refuses_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(layers, "EXTRAS", ("no-such-extra",))
    with pytest.raises(LayerError, match="no-such-extra"):
        layers._closures()
