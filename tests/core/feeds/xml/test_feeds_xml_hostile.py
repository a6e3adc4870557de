"""Tests that hostile XML is read or refused within 2 s of CPU time and 256 MB of memory, and that nothing is fetched.

Each file is read in a separate process.
"""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.core.feeds.hostile_xml import HOSTILE, ONE_PRODUCT, listener, write_bmecat, write_rss
from tests.core.forks import Forks

SETUP = "from pathlib import Path\nfrom tests.core.feeds.feed_cost import main"
SECONDS = 2.0
MEGABYTES = 256
ATTEMPTS = 3
"""The maximum number of times that a file is read. A file is read again if it exceeds the CPU time, because other
processes of a busy machine can increase the CPU time.
"""
Cost = dict[str, Any]


@pytest.fixture(scope="module")
def forks() -> Iterator[Forks]:
    """Start a process that has imported the package."""
    with Forks(SETUP) as forks:
        yield forks


@pytest.fixture
def file_cost(forks: Forks) -> Callable[[Path], Cost]:
    """Return a function that reads a file in a separate process, and returns the result, the CPU time and the
    memory.
    """

    def file_cost(path: Path) -> Cost:
        process = forks.run(f"main(Path({str(path)!r}))")
        assert process.returncode == 0, process.stderr
        cost: Cost = json.loads(process.stdout)
        return cost

    return file_cost


@pytest.fixture
def cost_of(file_cost: Callable[[Path], Cost], tmp_path: Path) -> Callable[[bytes | str], Cost]:
    """Return a function that writes a file with the given content, and reads the file in a separate process."""

    def cost_of(content: bytes | str) -> Cost:
        path = tmp_path / "feed.xml"
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return file_cost(path)

    return cost_of


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_xml_is_processed_within_the_limits(name: str, cost_of: Callable[[bytes | str], Cost]) -> None:
    content = HOSTILE[name]()
    for _ in range(ATTEMPTS):
        cost = cost_of(content)
        if cost["seconds"] < SECONDS:
            break
    assert cost["seconds"] < SECONDS, cost
    assert cost["megabytes"] < MEGABYTES, cost
    assert cost["reasons"]
    assert all(len(reason) < 5_000 for reason in cost["reasons"])


WITH_ENTITIES = ("billion laughs", "billion laughs in UTF-16", "quadratic blowup", "parameter entities", "UTF-7")


@pytest.mark.parametrize("name", WITH_ENTITIES)
def test_declared_entities_are_refused(name: str, cost_of: Callable[[bytes | str], Cost]) -> None:
    cost = cost_of(HOSTILE[name]())
    assert cost["products"] == 0
    assert "DOCTYPE declares entities" in cost["reasons"][0]


def test_nothing_is_fetched_from_the_network(cost_of: Callable[[bytes | str], Cost]) -> None:
    with listener() as (port, connections):
        address = f"http://127.0.0.1:{port}/x"
        schema = "http://www.w3.org/2001/XMLSchema-instance"
        for text in (
            f'<!DOCTYPE a SYSTEM "{address}"><a>{ONE_PRODUCT}</a>',
            f'<!DOCTYPE a PUBLIC "p" "{address}"><a>{ONE_PRODUCT}</a>',
            f'<!DOCTYPE a [<!ENTITY e SYSTEM "{address}">]><a>{ONE_PRODUCT.replace("x", "&e;")}</a>',
            f'<!DOCTYPE a [<!ENTITY % e SYSTEM "{address}"> %e;]><a>{ONE_PRODUCT}</a>',
            f'<a xmlns:xi="http://www.w3.org/2001/XInclude"><xi:include href="{address}"/>{ONE_PRODUCT}</a>',
            f'<?xml-stylesheet type="text/xsl" href="{address}"?><a>{ONE_PRODUCT}</a>',
            f'<a xmlns:xsi="{schema}" xsi:schemaLocation="u {address}">{ONE_PRODUCT}</a>',
        ):
            cost = cost_of(text)
            assert cost["products"] == (0 if "ENTITY" in text else 1), text
        assert connections == []


def test_no_local_file_is_read(tmp_path: Path, cost_of: Callable[[bytes | str], Cost]) -> None:
    secret = tmp_path / "secret.dtd"
    secret.write_text('<!ENTITY e "TOP SECRET"><!ATTLIST product kind CDATA "TOP SECRET">')
    for text in (
        f'<!DOCTYPE a SYSTEM "{secret.as_uri()}"><a>{ONE_PRODUCT}{ONE_PRODUCT}</a>',
        f'<!DOCTYPE a SYSTEM "{secret.as_uri()}"><a>{ONE_PRODUCT}{ONE_PRODUCT.replace("x", "&e;")}</a>',
        f'<!DOCTYPE a [<!ENTITY e SYSTEM "{secret.as_uri()}">]><a>{ONE_PRODUCT.replace("x", "&e;")}</a>',
        f'<!DOCTYPE a [<!ENTITY % p SYSTEM "{secret.as_uri()}"> %p;]><a>{ONE_PRODUCT.replace("x", "&e;")}</a>',
    ):
        assert "SECRET" not in json.dumps(cost_of(text))


@pytest.mark.slow
@pytest.mark.parametrize("write", [write_bmecat, write_rss])
def test_memory_use_does_not_depend_on_the_number_of_products(
    write: Callable[[Path, int], None], tmp_path: Path, file_cost: Callable[[Path], Cost]
) -> None:
    peaks = []
    for count in (2_000, 40_000):
        write(tmp_path / "feed.xml", count)
        cost = file_cost(tmp_path / "feed.xml")
        assert cost["products"] == count
        assert "Mug" in cost["reasons"][0]
        peaks.append(cost["megabytes"])
    assert peaks[1] - peaks[0] < 8
