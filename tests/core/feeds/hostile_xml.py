"""Creates hostile XML files and large XML files, and runs a server that records connections."""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

ONE_PRODUCT = "<product><sku>A</sku><name>x</name></product>"


def billion_laughs() -> bytes:
    levels = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
    return f'<!DOCTYPE a [<!ENTITY l0 "lol">{levels}]><a><product><sku>&l9;</sku></product></a>'.encode()


def quadratic_blowup() -> bytes:
    return f'<!DOCTYPE a [<!ENTITY e "{"x" * 100_000}">]><a>{"<b>&e;</b>" * 50_000}</a>'.encode()


def many_attributes(per_element: int, elements: int, value: str = "") -> bytes:
    products = (
        "<product " + " ".join(f'a{number}x{n}="{value}"' for n in range(per_element)) + "/>"
        for number in range(elements)
    )
    return f"<a>{''.join(products)}</a>".encode()


def utf_16(content: bytes) -> bytes:
    return content.decode().encode("utf-16")


HOSTILE: dict[str, Callable[[], bytes | str]] = {
    "billion laughs": billion_laughs,
    "billion laughs in an attribute": lambda: billion_laughs().replace(b"<product>", b'<product id="&l9;">'),
    "billion laughs in UTF-16": lambda: utf_16(billion_laughs()),
    "billion laughs behind a long comment": lambda: b"<!--" + b"x" * 1_000_000 + b"-->" + billion_laughs(),
    "quadratic blowup": quadratic_blowup,
    "parameter entities": lambda: (
        b'<!DOCTYPE a [<!ENTITY % p "<!ENTITY e \'x\'>"> %p; <!ENTITY % q SYSTEM "file:///etc/passwd"> %q;]><a>&e;</a>'
    ),
    "a recursive entity": lambda: b'<!DOCTYPE a [<!ENTITY e "&e;">]><a><product><sku>&e;</sku></product></a>',
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
    "a depth of 200 in many elements": lambda: b"<a>" + (b"<b>" * 200 + b"x" + b"</b>" * 200) * 5_000 + b"</a>",
    "a million attributes": lambda: many_attributes(1_000_000, 1),
    "a million attributes in UTF-16": lambda: utf_16(many_attributes(1_000_000, 1)),
    "a million attributes in UTF-16 that looks like tags": lambda: utf_16(many_attributes(400_000, 1, "\u3c00\u3e00")),
    "many attributes in many elements": lambda: many_attributes(15_000, 50),
    "a million namespaces": lambda: ("<a " + " ".join(f'xmlns:n{n}="u{n}"' for n in range(1_000_000)) + "/>"),
    "a million columns": lambda: (
        "<a><product><sku>A</sku>" + "".join(f"<c{n}>x</c{n}>" for n in range(1_000_000)) + "</product></a>"
    ),
    "a million element names": lambda: ("<a>" + "".join(f"<n{n}/>" for n in range(1_000_000)) + "</a>"),
    "two million elements in a product": lambda: b"<a><product><sku>A</sku>" + b"<n/>" * 2_000_000 + b"</product></a>",
    "half a million texts in a column": lambda: b"<a><product><sku>A</sku>" + b"<n>x</n>" * 500_000 + b"</product></a>",
    "half a million numbers": lambda: b"<a><product><sku>A</sku>" + b"<n>1</n>" * 500_000 + b"</product></a>",
    "nested features": lambda: (
        b"<BMECAT><T_NEW_CATALOG><ARTICLE><SUPPLIER_AID>A</SUPPLIER_AID><ARTICLE_FEATURES>"
        + b"<FEATURE>" * 200 + b"<FVALUE>x</FVALUE>" * 250_000 + b"</FEATURE>" * 200
        + b"</ARTICLE_FEATURES></ARTICLE></T_NEW_CATALOG></BMECAT>"
    ),
    "nested extrinsics": lambda: (
        b"<cXML><Index><IndexItemAdd><SupplierPartID>A</SupplierPartID>"
        + b"<Extrinsic>" * 200 + b"<x>x</x>" * 500_000 + b"</Extrinsic>" * 200
        + b"</IndexItemAdd></Index></cXML>"
    ),
    "two million elements beside products": lambda: b"<a>" + ONE_PRODUCT.encode() * 2 + b"<n/>" * 2_000_000 + b"</a>",
    "two million HTML entities": lambda: b"<a><product><sku>" + b"&nbsp;" * 2_000_000 + b"</sku></product></a>",
    "ampersands": lambda: b"<a><product><sku>" + b"&" * 20_000_000,
    "angle brackets": lambda: b"<a>" + b"<" * 20_000_000,
    "equals signs": lambda: b"<a>" + b"=" * 20_000_000 + b"</a>",
    "spaces": lambda: b"<a" + b" " * 20_000_000 + b"/>",
    "unclosed comments before the root": lambda: b"<?xml version='1.0'?>" + b"<!--" * 5_000_000,
    "an encoding that is not a text encoding": lambda: b'<?xml version="1.0" encoding="zlib"?><a/>',
    "UTF-7": lambda: b'<?xml version="1.0" encoding="utf-7"?>+ADwAIQ-DOCTYPE a [<!ENTITY e "x">]><a>&e;</a>',
    "lone surrogates in UTF-16": lambda: b"\xff\xfe<\0a\0>\0" + b"\x00\xd8" * 1_000_000,
    "invalid bytes": lambda: b"<a><product>" + b"\xff" * 20_000_000,
    "NUL characters": lambda: b"<a>" + b"\0" * 20_000_000,
    "groups that contain each other": lambda: (
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


def write_bmecat(path: Path, count: int) -> None:
    """Write a BMEcat catalog with `count` articles. Each article is in a group."""
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


def write_rss(path: Path, count: int) -> None:
    """Write a Google Merchant feed with `count` products."""
    with path.open("w") as file:
        file.write('<rss xmlns:g="http://base.google.com/ns/1.0"><channel>')
        for n in range(count):
            file.write(f"<item><g:id>A-{n}</g:id><title>Mug {n}</title><g:price>{n}.50 EUR</g:price></item>\n")
        file.write("</channel></rss>")


@contextmanager
def listener() -> Iterator[tuple[int, list[str]]]:
    """Run a server that records connections. Yield the port of the server, and the list of the client addresses."""
    connections: list[str] = []
    server = socket.create_server(("127.0.0.1", 0))
    server.settimeout(0.2)
    stop = threading.Event()

    def accept() -> None:
        while not stop.is_set():
            try:
                connection, address = server.accept()
            except TimeoutError:
                continue
            connections.append(str(address))
            connection.close()

    thread = threading.Thread(target=accept)
    thread.start()
    try:
        yield server.getsockname()[1], connections
    finally:
        stop.set()
        thread.join()
        server.close()
