"""Hostile XML, each file in a process of its own: refused or read within 2 s and 256 MB, and nothing is fetched.

The seconds are of work (CPU): how long a busy machine lets it wait is no fact about the file.
"""

import json
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

RUN = Path(__file__).with_name("feed_cost.py")
SECONDS = 2.0
MEGABYTES = 256
ONE = "<product><sku>A</sku><name>x</name></product>"


def laughs() -> bytes:
    levels = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
    return f'<!DOCTYPE a [<!ENTITY l0 "lol">{levels}]><a><product><sku>&l9;</sku></product></a>'.encode()


def quadratic() -> bytes:
    return f'<!DOCTYPE a [<!ENTITY e "{"x" * 100_000}">]><a>{"<b>&e;</b>" * 50_000}</a>'.encode()


def attributes(of_one: int, elements: int, gap: str = "") -> bytes:
    made = (
        "<product " + " ".join(f'a{number}x{n}="{gap}"' for n in range(of_one)) + "/>" for number in range(elements)
    )
    return f"<a>{''.join(made)}</a>".encode()


def wide(content: bytes) -> bytes:
    return content.decode().encode("utf-16")


HOSTILE: dict[str, Callable[[], bytes | str]] = {
    "billion laughs": laughs,
    "billion laughs in an attribute": lambda: laughs().replace(b"<product>", b'<product id="&l9;">'),
    "billion laughs in UTF-16": lambda: wide(laughs()),
    "billion laughs behind a long comment": lambda: b"<!--" + b"x" * 1_000_000 + b"-->" + laughs(),
    "quadratic blowup": quadratic,
    "parameter entities": lambda: (
        b'<!DOCTYPE a [<!ENTITY % p "<!ENTITY e \'x\'>"> %p; <!ENTITY % q SYSTEM "file:///etc/passwd"> %q;]><a>&e;</a>'
    ),
    "an entity that holds itself": lambda: b'<!DOCTYPE a [<!ENTITY e "&e;">]><a><product><sku>&e;</sku></product></a>',
    "a long internal subset": lambda: b"<!DOCTYPE a [" + b'<!ENTITY e "x">' * 1_000_000 + b"]><a/>",
    "a long DOCTYPE": lambda: b"<!DOCTYPE a SYSTEM '" + b"x" * 20_000_000 + b"'><a/>",
    "a text of 10 MB": lambda: f"<a><product><sku>A</sku><name>{'x' * 10_500_000}</name></product></a>",
    "a text of 9 MB": lambda: f"<a><product><sku>A</sku><name>{'x' * 9_500_000}</name></product></a>",
    "many texts of 9 MB": lambda: b"<a>" + (b"<b>" + b"x" * 9_500_000 + b"</b>") * 8 + b"</a>",
    "CDATA of 30 MB": lambda: b"<a><product><sku><![CDATA[" + b"x" * 30_000_000 + b"]]></sku></product></a>",
    "an attribute of 10 MB": lambda: f'<a><product sku="{"x" * 10_500_000}"/></a>',
    "an attribute of 9 MB": lambda: f'<a><product sku="{"x" * 9_500_000}"/></a>',
    "a name of 20 MB": lambda: b"<a><" + b"x" * 20_000_000 + b"/></a>",
    "a comment of 30 MB": lambda: b"<a><!--" + b"x" * 30_000_000 + b"--></a>",
    "a processing instruction of 30 MB": lambda: b"<a><?x " + b"x" * 30_000_000 + b"?></a>",
    "a depth of 100,000": lambda: b"<a>" * 100_000,
    "a depth of 200 everywhere": lambda: b"<a>" + (b"<b>" * 200 + b"x" + b"</b>" * 200) * 5_000 + b"</a>",
    "a million attributes": lambda: attributes(1_000_000, 1),
    "a million attributes, wide": lambda: wide(attributes(1_000_000, 1)),
    "a million attributes in UTF-16 that looks like tags": lambda: wide(attributes(400_000, 1, "\u3c00\u3e00")),
    "many attributes in many elements": lambda: attributes(15_000, 50),
    "a million namespaces": lambda: ("<a " + " ".join(f'xmlns:n{n}="u{n}"' for n in range(1_000_000)) + "/>"),
    "a million columns": lambda: (
        "<a><product><sku>A</sku>" + "".join(f"<c{n}>x</c{n}>" for n in range(1_000_000)) + "</product></a>"
    ),
    "a million names": lambda: ("<a>" + "".join(f"<n{n}/>" for n in range(1_000_000)) + "</a>"),
    "two million elements in one": lambda: b"<a><product><sku>A</sku>" + b"<n/>" * 2_000_000 + b"</product></a>",
    "half a million texts of a column": lambda: b"<a><product><sku>A</sku>" + b"<n>x</n>" * 500_000 + b"</product></a>",
    "half a million numbers of one": lambda: b"<a><product><sku>A</sku>" + b"<n>1</n>" * 500_000 + b"</product></a>",
    "features in features": lambda: (
        b"<BMECAT><T_NEW_CATALOG><ARTICLE><SUPPLIER_AID>A</SUPPLIER_AID><ARTICLE_FEATURES>"
        + b"<FEATURE>" * 200 + b"<FVALUE>x</FVALUE>" * 250_000 + b"</FEATURE>" * 200
        + b"</ARTICLE_FEATURES></ARTICLE></T_NEW_CATALOG></BMECAT>"
    ),
    "extrinsics in extrinsics": lambda: (
        b"<cXML><Index><IndexItemAdd><SupplierPartID>A</SupplierPartID>"
        + b"<Extrinsic>" * 200 + b"<x>x</x>" * 500_000 + b"</Extrinsic>" * 200
        + b"</IndexItemAdd></Index></cXML>"
    ),
    "two million elements beside": lambda: b"<a>" + ONE.encode() * 2 + b"<n/>" * 2_000_000 + b"</a>",
    "two million entities of HTML": lambda: b"<a><product><sku>" + b"&nbsp;" * 2_000_000 + b"</sku></product></a>",
    "ampersands": lambda: b"<a><product><sku>" + b"&" * 20_000_000,
    "angle brackets": lambda: b"<a>" + b"<" * 20_000_000,
    "equals signs": lambda: b"<a>" + b"=" * 20_000_000 + b"</a>",
    "blanks": lambda: b"<a" + b" " * 20_000_000 + b"/>",
    "unclosed comments in front": lambda: b"<?xml version='1.0'?>" + b"<!--" * 5_000_000,
    "an encoding that is none": lambda: b'<?xml version="1.0" encoding="zlib"?><a/>',
    "UTF-7": lambda: b'<?xml version="1.0" encoding="utf-7"?>+ADwAIQ-DOCTYPE a [<!ENTITY e "x">]><a>&e;</a>',
    "UTF-16 of half characters": lambda: b"\xff\xfe<\0a\0>\0" + b"\x00\xd8" * 1_000_000,
    "bytes that are no text": lambda: b"<a><product>" + b"\xff" * 20_000_000,
    "NUL characters": lambda: b"<a>" + b"\0" * 20_000_000,
    "groups that hold each other": lambda: (
        "<BMECAT><T_NEW_CATALOG>"
        + "".join(
            f"<CATALOG_STRUCTURE><GROUP_ID>{n}</GROUP_ID><GROUP_NAME>x</GROUP_NAME>"
            f"<PARENT_ID>{(n + 1) % 5_000}</PARENT_ID></CATALOG_STRUCTURE>"
            for n in range(5_000)
        )
        + "".join(
            f"<ARTICLE><SUPPLIER_AID>{n}</SUPPLIER_AID></ARTICLE><ARTICLE_TO_CATALOGGROUP_MAP><ART_ID>{n}</ART_ID>"
            f"<CATALOG_GROUP_ID>{n}</CATALOG_GROUP_ID></ARTICLE_TO_CATALOGGROUP_MAP>"
            for n in range(5_000)
        )
        + "</T_NEW_CATALOG></BMECAT>"
    ),
}  # fmt: skip


def measured(content: bytes | str, folder: Path) -> dict[str, Any]:
    path = folder / "feed.xml"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return taken_by(path)


def taken_by(path: Path) -> dict[str, Any]:
    done = subprocess.run([sys.executable, str(RUN), str(path)], capture_output=True, text=True, timeout=60, check=True)
    taken: dict[str, Any] = json.loads(done.stdout)
    return taken


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_xml_costs_little(name: str, tmp_path: Path) -> None:
    content = HOSTILE[name]()
    taken = measured(content, tmp_path)
    assert taken["seconds"] < SECONDS, taken
    assert taken["megabytes"] < MEGABYTES, taken
    assert taken["reasons"]
    assert all(len(reason) < 5_000 for reason in taken["reasons"])


DECLARING = ("billion laughs", "billion laughs in UTF-16", "quadratic blowup", "parameter entities", "UTF-7")


@pytest.mark.parametrize("name", DECLARING)
def test_declared_entities_are_refused_by_name(name: str, tmp_path: Path) -> None:
    taken = measured(HOSTILE[name](), tmp_path)
    assert taken["products"] == 0
    assert "DOCTYPE declares entities" in taken["reasons"][0]


@contextmanager
def listener() -> Iterator[tuple[int, list[bytes]]]:
    """A server that only notes that somebody came."""
    came: list[bytes] = []
    server = socket.create_server(("127.0.0.1", 0))
    server.settimeout(0.2)
    stop = threading.Event()

    def accept() -> None:
        while not stop.is_set():
            try:
                connection, _ = server.accept()
            except TimeoutError:
                continue
            came.append(b"somebody")
            connection.close()

    thread = threading.Thread(target=accept)
    thread.start()
    try:
        yield server.getsockname()[1], came
    finally:
        stop.set()
        thread.join()
        server.close()


def test_nothing_is_fetched_from_the_network(tmp_path: Path) -> None:
    with listener() as (port, came):
        address = f"http://127.0.0.1:{port}/x"
        for text in (
            f'<!DOCTYPE a SYSTEM "{address}"><a>{ONE}</a>',
            f'<!DOCTYPE a PUBLIC "p" "{address}"><a>{ONE}</a>',
            f'<!DOCTYPE a [<!ENTITY e SYSTEM "{address}">]><a>{ONE.replace("x", "&e;")}</a>',
            f'<!DOCTYPE a [<!ENTITY % e SYSTEM "{address}"> %e;]><a>{ONE}</a>',
            f'<a xmlns:xi="http://www.w3.org/2001/XInclude"><xi:include href="{address}"/>{ONE}</a>',
            f'<?xml-stylesheet type="text/xsl" href="{address}"?><a>{ONE}</a>',
            f'<a xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:schemaLocation="u {address}">{ONE}</a>',
        ):
            taken = measured(text, tmp_path)
            assert taken["products"] == (0 if "ENTITY" in text else 1), text
        assert came == []


def test_no_file_of_the_machine_is_read(tmp_path: Path) -> None:
    secret = tmp_path / "secret.dtd"
    secret.write_text('<!ENTITY e "TOP SECRET"><!ATTLIST product kind CDATA "TOP SECRET">')
    for text in (
        f'<!DOCTYPE a SYSTEM "{secret.as_uri()}"><a>{ONE}{ONE}</a>',
        f'<!DOCTYPE a SYSTEM "{secret.as_uri()}"><a>{ONE}{ONE.replace("x", "&e;")}</a>',
        f'<!DOCTYPE a [<!ENTITY e SYSTEM "{secret.as_uri()}">]><a>{ONE.replace("x", "&e;")}</a>',
        f'<!DOCTYPE a [<!ENTITY % p SYSTEM "{secret.as_uri()}"> %p;]><a>{ONE.replace("x", "&e;")}</a>',
    ):
        assert "SECRET" not in json.dumps(measured(text, tmp_path))


def bmecat(path: Path, count: int) -> None:
    with path.open("w") as file:
        file.write("<BMECAT><T_NEW_CATALOG><CATALOG_STRUCTURE><GROUP_ID>1</GROUP_ID><GROUP_NAME>Mugs</GROUP_NAME>")
        file.write("</CATALOG_STRUCTURE>\n")
        for n in range(count):
            file.write(
                f"<ARTICLE><SUPPLIER_AID>A-{n}</SUPPLIER_AID><ARTICLE_DETAILS><DESCRIPTION_SHORT>Mug {n}"
                f"</DESCRIPTION_SHORT></ARTICLE_DETAILS></ARTICLE>\n"
            )
        for n in range(count):
            file.write(
                f"<ARTICLE_TO_CATALOGGROUP_MAP><ART_ID>A-{n}</ART_ID><CATALOG_GROUP_ID>1</CATALOG_GROUP_ID>"
                f"</ARTICLE_TO_CATALOGGROUP_MAP>\n"
            )
        file.write("</T_NEW_CATALOG></BMECAT>")


def rss(path: Path, count: int) -> None:
    with path.open("w") as file:
        file.write('<rss xmlns:g="http://base.google.com/ns/1.0"><channel>')
        for n in range(count):
            file.write(f"<item><g:id>A-{n}</g:id><title>Mug {n}</title><g:price>{n}.50 EUR</g:price></item>\n")
        file.write("</channel></rss>")


@pytest.mark.parametrize("write", [bmecat, rss])
def test_memory_does_not_grow_with_the_products(write: Callable[[Path, int], None], tmp_path: Path) -> None:
    peaks = []
    for count in (2_000, 40_000):
        write(tmp_path / "feed.xml", count)
        taken = taken_by(tmp_path / "feed.xml")
        assert taken["products"] == count
        assert "Mug" in taken["reasons"][0]
        peaks.append(taken["megabytes"])
    assert peaks[1] - peaks[0] < 8
