"""Tests the zygote: its preloaded modules, and the replacement of a zygote that has ended."""

import asyncio
import json
import os
import signal
from pathlib import Path

import pytest

from infra.local.lambda_service import Lambda
from infra.local.zygote import PLATFORM, PRELOAD, Zygote, ZygoteDied
from tests.local.processes import is_running
from tests.local.sample_functions import call, write

pytestmark = pytest.mark.anyio


async def test_a_zygote_that_ends_unexpectedly_is_replaced(tmp_path: Path) -> None:
    spec = write(tmp_path, "api/pid/read", "import os\ndef handler(event, context): return os.getpid()\n")
    zygote = Zygote(preload=())
    functions = Lambda([spec], {spec.name: {}}, logs=tmp_path / "logs", zygote=zygote)
    await functions.start()
    try:
        pid = await call(functions, spec)
        assert zygote.pid is not None
        os.kill(zygote.pid, signal.SIGKILL)
        async with asyncio.timeout(10):
            while functions.processes[spec.name]["processes"] or is_running(pid):  # noqa: ASYNC110 (there is no event)
                await asyncio.sleep(0.01)
        assert await call(functions, spec) != pid
    finally:
        await functions.stop(grace=0)


@pytest.mark.parametrize("modules", [PRELOAD, PRELOAD + PLATFORM], ids=["packages", "platform"])
async def test_preloaded_modules_start_no_threads(modules: tuple[str, ...]) -> None:
    # The zygote exits with an error if it has more than one thread, or if a module is missing.
    zygote = Zygote(modules)
    await zygote.start()
    await zygote.stop()


async def test_preloaded_modules_log_with_the_name_of_the_function(tmp_path: Path) -> None:
    handler = """
        from aws_lambda_powertools import Logger
        from wecelebrate.jobs.workers import logger
        own = Logger()
        def handler(event, context):
            logger.append_keys(job="a job")
            own.warning("own")
            logger.warning("preloaded")
    """
    spec = write(tmp_path, "api/log/read", handler)
    environment = {spec.name: {"POWERTOOLS_SERVICE_NAME": spec.name}}
    functions = Lambda([spec], environment, logs=tmp_path / "logs", zygote=Zygote(PRELOAD + PLATFORM))
    await functions.start()
    try:
        await call(functions, spec)
    finally:
        await functions.stop(grace=0)
    [log] = (tmp_path / "logs").iterdir()
    lines = [json.loads(line) for line in log.read_text("utf-8").splitlines() if line.startswith("{")]
    assert [(line["message"], line["service"], line["job"]) for line in lines] == [
        ("own", spec.name, "a job"),
        ("preloaded", spec.name, "a job"),
    ]


async def test_a_preloaded_module_that_does_not_exist_is_an_error(capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(ZygoteDied, match="ended with code 1 while it was starting"):
        await Zygote(preload=("there_is_no_such_module",)).start()
    assert "No module named 'there_is_no_such_module'" in capfd.readouterr().err
