"""Lambda: processes, limits, errors, logs. Real processes under the real runtime client."""

import asyncio
import json
import re
import time
from pathlib import Path
from typing import Any

import pytest

from infra.local.function_process import Result
from infra.local.lambda_service import Lambda, RequestTooLarge, TooManyRequests, UnknownFunction
from infra.local.zygote import Zygote
from tests.local.sample_functions import API, alive, call, running, write

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> tuple[str, dict[str, bool]]:
    return "asyncio", {"use_uvloop": True}


def failure(result: Result) -> dict[str, Any]:
    assert result.error == "Unhandled"
    return dict(json.loads(result.payload))


async def test_sixteen_invocations_overlap(tmp_path: Path) -> None:
    spec = write(
        tmp_path,
        "api/barrier/read",
        """
        import os, pathlib, time

        def handler(event, context):
            here = pathlib.Path(event["folder"])
            (here / str(os.getpid())).touch()
            while len(list(here.iterdir())) < 16:
                time.sleep(0.01)
            return os.getpid()
        """,
        API + "timeout = 25\nconcurrency = 16\n",
    )
    met = tmp_path / "met"
    met.mkdir()
    async with running(tmp_path, spec) as functions:
        pids = await asyncio.gather(*(call(functions, spec, {"folder": str(met)}) for _ in range(16)))
        # None returned before all 16 had come, so all 16 were at work at once.
        assert len(set(pids)) == 16
        assert functions.processes[spec.name]["processes"] == 16


COUNTER = """
import os

count = 0

def handler(event, context):
    global count
    count += 1
    return [os.getpid(), count]
"""


async def test_a_process_is_used_again_and_keeps_its_state(tmp_path: Path) -> None:
    spec = write(tmp_path, "api/count/read", COUNTER)
    async with running(tmp_path, spec) as functions:
        first = await call(functions, spec)
        second = await call(functions, spec)
    assert first[0] == second[0]
    assert (first[1], second[1]) == (1, 2)


async def test_processes_share_no_state(tmp_path: Path) -> None:
    spec = write(
        tmp_path, "api/count/read", COUNTER.replace("    return", "    import time; time.sleep(0.3)\n    return")
    )
    async with running(tmp_path, spec) as functions:
        answers = await asyncio.gather(*(call(functions, spec) for _ in range(3)))
    assert len({pid for pid, _ in answers}) == 3
    assert [count for _, count in answers] == [1, 1, 1]


async def test_concurrency_is_never_exceeded_and_the_rest_waits_in_order(tmp_path: Path) -> None:
    spec = write(
        tmp_path,
        "api/slow/read",
        """
        import os, time

        def handler(event, context):
            began = time.time()
            time.sleep(0.1)
            return [began, time.time(), event]
        """,
        API + "concurrency = 2\n",
    )
    async with running(tmp_path, spec) as functions:
        runs = await asyncio.gather(*(call(functions, spec, number) for number in range(8)))
    edges = sorted([(began, 1) for began, _, _ in runs] + [(ended, -1) for _, ended, _ in runs])
    at_once = most = 0
    for _, step in edges:
        at_once += step
        most = max(most, at_once)
    assert most == 2
    # Two at a time, first come first served: whoever came two places later began later.
    order = [number for _, _, number in sorted(runs)]
    assert all(order.index(number) < order.index(number + 2) for number in range(6))


async def test_what_waits_longer_than_the_timeout_is_throttled(tmp_path: Path) -> None:
    spec = write(
        tmp_path,
        "api/slow/read",
        "import time\ndef handler(event, context): time.sleep(0.8)\n",
        API + "concurrency = 1\ntimeout = 1\n",
    )
    async with running(tmp_path, spec) as functions:
        answers = await asyncio.gather(*(functions.invoke(spec.name, b"{}") for _ in range(3)), return_exceptions=True)
    assert sum(isinstance(answer, TooManyRequests) for answer in answers) >= 1
    assert sum(isinstance(answer, Result) for answer in answers) >= 1
    assert functions.processes[spec.name]["waiting"] == 0


async def test_the_environment_is_what_is_declared_and_what_lambda_sets(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SECRET_OF_THE_SHELL", "1")
    spec = write(
        tmp_path, "api/env/read", "import os\nENV = dict(os.environ)\ndef handler(event, context): return ENV\n"
    )
    async with running(tmp_path, spec, environment={"WC_DECLARED": "yes", "TZ": "Europe/Rome"}) as functions:
        env = await call(functions, spec)
    lambdas = {
        "_HANDLER", "AWS_EXECUTION_ENV", "AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "AWS_LAMBDA_FUNCTION_NAME",
        "AWS_LAMBDA_FUNCTION_VERSION", "AWS_LAMBDA_INITIALIZATION_TYPE", "AWS_LAMBDA_LOG_GROUP_NAME",
        "AWS_LAMBDA_LOG_STREAM_NAME", "AWS_LAMBDA_RUNTIME_API", "LAMBDA_TASK_ROOT", "LANG", "PATH", "TZ",
    }  # fmt: skip
    assert set(env) == lambdas | {"WC_DECLARED"}
    assert env["AWS_LAMBDA_FUNCTION_NAME"] == "api-env-read"
    assert env["LAMBDA_TASK_ROOT"] == str(spec.folder)
    assert env["TZ"] == "UTC"


async def test_a_function_sees_its_folder_and_not_this_repository(tmp_path: Path) -> None:
    spec = write(
        tmp_path,
        "api/where/read",
        """
        import importlib.util, os, sys, threading

        def handler(event, context):
            return {
                "cwd": os.getcwd(),
                "first": sys.path[0],
                "infra": importlib.util.find_spec("infra") is not None,
                "wecelebrate": importlib.util.find_spec("wecelebrate") is not None,
                "threads": threading.active_count(),
            }
        """,
    )
    async with running(tmp_path, spec) as functions:
        seen = await call(functions, spec)
    assert seen == {
        "cwd": str(spec.folder), "first": str(spec.folder), "infra": False, "wecelebrate": True, "threads": 1,
    }  # fmt: skip


async def test_the_context_is_lambdas(tmp_path: Path) -> None:
    spec = write(
        tmp_path,
        "api/context/read",
        """
        def handler(event, context):
            return [context.aws_request_id, context.function_name, context.invoked_function_arn,
                    context.memory_limit_in_mb, context.get_remaining_time_in_millis()]
        """,
        API + "timeout = 7\nmemory = 256\n",
    )
    async with running(tmp_path, spec) as functions:
        request_id, name, arn, memory, remaining = await call(functions, spec)
    assert re.fullmatch(r"[0-9a-f-]{36}", request_id)
    assert name == spec.name
    assert arn == f"arn:aws:lambda:us-east-1:000000000000:function:{spec.name}"
    assert int(memory) == 256
    assert 5000 < remaining <= 7000


async def test_an_exception_is_an_error_with_type_message_and_stack(tmp_path: Path) -> None:
    spec = write(tmp_path, "api/raise/read", "def handler(event, context):\n    raise KeyError('sku')\n")
    async with running(tmp_path, spec) as functions:
        result = await functions.invoke(spec.name, b"{}", tail=True)
        again = await functions.invoke(spec.name, b"{}")
        assert functions.processes[spec.name]["processes"] == 1
    error = failure(result)
    assert (error["errorType"], error["errorMessage"]) == ("KeyError", "'sku'")
    assert "handler.py" in error["stackTrace"][0]
    assert "[ERROR] KeyError: 'sku'\nTraceback (most recent call last):\n" in result.log
    assert failure(again)["errorType"] == "KeyError"


async def test_a_timeout_kills_the_process(tmp_path: Path) -> None:
    spec = write(
        tmp_path,
        "api/hang/read",
        """
        import os, time

        def handler(event, context):
            if event:
                return os.getpid()
            time.sleep(60)
        """,
        API + "timeout = 1\nconcurrency = 1\n",
    )
    async with running(tmp_path, spec) as functions:
        pid = await call(functions, spec, "pid")
        began = time.monotonic()
        result = await functions.invoke(spec.name, b"null", tail=True)
        assert 0.9 < time.monotonic() - began < 3
        assert not alive(pid)
        assert await call(functions, spec, "pid") != pid
    message = failure(result)["errorMessage"]
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT[\d:.]+Z [0-9a-f-]{36} Task timed out after 1\.00 seconds", message)
    assert message in result.log


async def test_a_process_that_outgrows_its_memory_is_killed(tmp_path: Path) -> None:
    spec = write(
        tmp_path,
        "api/greedy/read",
        """
        import time

        def handler(event, context):
            kept = bytearray(b"x" * (event * 1024 * 1024))
            time.sleep(1.5)
            return len(kept)
        """,
        API + "memory = 128\nconcurrency = 1\n",
    )
    async with running(tmp_path, spec) as functions:
        error = failure(await functions.invoke(spec.name, b"200"))
        assert await call(functions, spec, 1) == 1024 * 1024
    assert error["errorType"] == "Runtime.ExitError"
    assert error["errorMessage"].endswith("Error: Runtime exited with error: signal: killed")


@pytest.mark.parametrize(
    ("how", "message"),
    [
        ("os._exit(3)", "Runtime exited with error: exit status 3"),
        ("sys.exit(0)", "Runtime exited without providing a reason"),
        ("os.kill(os.getpid(), 11)", "Runtime exited with error: signal: segmentation fault"),
    ],
)
async def test_a_process_that_dies_is_replaced(tmp_path: Path, how: str, message: str) -> None:
    spec = write(
        tmp_path,
        "api/die/read",
        f"import os, sys\ndef handler(event, context):\n    if event: return os.getpid()\n    {how}\n",
        API + "concurrency = 1\n",
    )
    async with running(tmp_path, spec) as functions:
        pid = await call(functions, spec, "pid")
        error = failure(await functions.invoke(spec.name, b"null"))
        assert await call(functions, spec, "pid") != pid
    assert error["errorType"] == "Runtime.ExitError"
    assert error["errorMessage"].endswith(f"Error: {message}")


async def test_an_import_that_fails_is_reported_and_tried_again(tmp_path: Path) -> None:
    spec = write(tmp_path, "api/broken/read", "import there_is_no_such_module\n")
    async with running(tmp_path, spec) as functions:
        results = await asyncio.gather(*(functions.invoke(spec.name, b"{}", tail=True) for _ in range(3)))
        assert functions.processes[spec.name] == {"processes": 0, "busy": [], "waiting": 0}
    for result in results:
        error = failure(result)
        assert error["errorType"] == "Runtime.ImportModuleError"
        assert "there_is_no_such_module" in error["errorMessage"]
    assert "Runtime.ImportModuleError" in (tmp_path / "logs" / f"{spec.name}.log").read_text()


async def test_an_edit_is_picked_up(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    spec = write(tmp_path, "api/edit/read", "def handler(event, context): return 'before'\n")
    async with running(tmp_path, spec) as functions:
        assert await call(functions, spec) == "before"
        write(tmp_path, "api/edit/read", "def handler(event, context): return 'after the edit'\n")
        until = time.monotonic() + 5
        while f"reloaded {spec.name}" not in caplog.messages:
            assert time.monotonic() < until
            await call(functions, spec)
            await asyncio.sleep(0.05)
        for _ in range(3):
            assert await call(functions, spec) == "after the edit"


async def test_a_free_process_ends_after_a_while(tmp_path: Path) -> None:
    spec = write(tmp_path, "api/idle/read", "import os\ndef handler(event, context): return os.getpid()\n")
    async with running(tmp_path, spec, idle=0.4) as functions:
        pid = await call(functions, spec)
        until = time.monotonic() + 5
        while alive(pid):
            assert time.monotonic() < until
            await asyncio.sleep(0.05)
        assert await call(functions, spec) != pid


async def test_limits_of_six_megabytes(tmp_path: Path) -> None:
    spec = write(tmp_path, "api/big/read", "def handler(event, context): return 'x' * event['size']\n")
    async with running(tmp_path, spec) as functions:
        assert len(await call(functions, spec, {"size": 6_000_000})) == 6_000_000
        assert len(await call(functions, spec, {"size": 1, "padding": "x" * 6_000_000})) == 1
        with pytest.raises(RequestTooLarge):
            await functions.invoke(spec.name, b" " * (6 * 1024 * 1024 + 1))
        error = failure(await functions.invoke(spec.name, b'{"size": 7000000}'))
        assert error["errorType"] == "Function.ResponseSizeTooLarge"
        assert len(await call(functions, spec, {"size": 1})) == 1


async def test_the_log_has_start_end_report_and_what_is_printed(tmp_path: Path) -> None:
    spec = write(tmp_path, "api/log/read", "def handler(event, context): print('printed', event)\n")
    async with running(tmp_path, spec) as functions:
        result = await functions.invoke(spec.name, b"1", tail=True)
        second = await functions.invoke(spec.name, b"2", tail=True)
    lines = result.log.splitlines()
    assert [line.split()[0] for line in lines] == ["START", "printed", "END", "REPORT"]
    assert re.search(
        r"Duration: [\d.]+ ms\tBilled Duration: \d+ ms\tMemory Size: 512 MB\tMax Memory Used: \d+ MB\t"
        r"Init Duration: [\d.]+ ms$",
        lines[-1],
    )
    assert "printed 2" in second.log
    assert "printed 1" not in second.log
    assert "Init Duration" not in second.log


async def test_lines_of_processes_that_print_at_once_are_whole(tmp_path: Path) -> None:
    spec = write(
        tmp_path,
        "api/loud/read",
        """
        def handler(event, context):
            for number in range(20_000):
                print(f"{event} says {number}", "and no more")
        """,
        API + "concurrency = 4\n",
    )
    async with running(tmp_path, spec) as functions:
        await asyncio.gather(*(call(functions, spec, number) for number in range(4)))
    lines = (tmp_path / "logs" / f"{spec.name}.log").read_text().splitlines()
    said = [line for line in lines if "RequestId" not in line]
    assert sorted(said) == sorted(f"{who} says {number} and no more" for who in range(4) for number in range(20_000))


async def test_an_unknown_function_is_said_to_be_one(tmp_path: Path) -> None:
    async with running(tmp_path) as functions:
        with pytest.raises(UnknownFunction):
            await functions.invoke("nobody", b"{}")


async def test_stopping_lets_what_runs_finish_and_leaves_no_process(tmp_path: Path) -> None:
    spec = write(
        tmp_path,
        "api/late/read",
        "import os, time\ndef handler(event, context):\n    time.sleep(0.5)\n    return os.getpid()\n",
    )
    functions = Lambda([spec], {spec.name: {}}, logs=tmp_path / "logs", zygote=Zygote(preload=()))
    await functions.start()
    under_way = asyncio.create_task(call(functions, spec))
    async with asyncio.timeout(10):
        while not functions.processes[spec.name]["busy"]:  # noqa: ASYNC110 (the count is all there is to see)
            await asyncio.sleep(0.01)
    await functions.stop(grace=5)
    assert not alive(await under_way)
