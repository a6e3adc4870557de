"""Warming: what visitors of a busy storefront see first is in the cache before they ask for it again."""

import json
import os
import subprocess
import sys
from pathlib import Path

from infra.functions import Bindings, functions
from tests.platform import Platform, ok

VISITS = 200
"""One in ten is noted, by the clock."""


def warm(state: Path) -> None:
    """Run the schedule's function, in a process of its own, as the local cloud does once in five minutes."""
    told = json.loads((state / "functions.json").read_text("utf-8"))["bindings"]
    spec = next(spec for spec in functions() if spec.name == "schedules-warming")
    run = "import runpy; runpy.run_path('handler.py')['handler']({}, None)"
    subprocess.run(
        [sys.executable, "-c", run],
        cwd=spec.folder,
        env={**os.environ, **spec.environment(Bindings(**told))},
        check=True,
        capture_output=True,
        timeout=60,
    )


def test_the_first_page_of_a_busy_storefront_is_loaded_before_it_is_asked_for(platform: Platform, state: Path) -> None:
    tenant = platform.tenant()
    visitor = platform.api()
    place = f"/v1/storefront/{tenant.domain}/products"
    for _ in range(VISITS):
        ok(visitor.get(place))
    product = platform.product(tenant)
    warm(state)
    answer = visitor.get(place)
    assert answer.headers["cache-status"] == "wecelebrate; hit"
    assert [shown["id"] for shown in ok(answer)["data"]] == [product["id"]]
