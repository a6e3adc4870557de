"""Tests that the local cloud serves the OpenAPI document and an explorer page. The explorer page must not load files
from other hosts."""

import asyncio
import json
import re

import pytest

from infra.local.explorer import DOCUMENT, PAGE, Explorer
from infra.local.payload_format import Response
from infra.openapi import document

SERVER = "http://127.0.0.1:18787"


def get(path: str) -> Response | None:
    return asyncio.run(Explorer().get(path, SERVER))


def test_the_explorer_page_loads_only_files_that_the_explorer_serves() -> None:
    page = get(PAGE)
    assert page is not None
    html = page.body.decode()
    assert "://" not in html
    files = re.findall(r'(?:src|href|url)(?:=|: )"([^"]+)"', html)
    assert DOCUMENT in files
    for path in files:
        response = get(path)
        assert response is not None and response.status == 200 and response.body, path


def test_the_server_url_in_the_openapi_document_is_the_url_of_the_gateway() -> None:
    response = get(DOCUMENT)
    assert response is not None
    served = json.loads(response.body)
    assert served["servers"] == [{"url": SERVER}]
    assert served["paths"] == json.loads(json.dumps(document()["paths"]))


@pytest.mark.parametrize("path", ["/", "/docs/"])
def test_the_root_path_redirects_to_the_explorer(path: str) -> None:
    response = get(path)
    assert response is not None
    assert (response.status, response.headers) == (307, [(b"location", b"/docs")])


def test_the_explorer_serves_only_its_own_paths() -> None:
    assert get("/docs/../pyproject.toml") is None
    assert get("/v1/products") is None
