"""Tests the Lambda service: processes, limits, errors and logs.

The functions run in real processes, with the runtime client of AWS.
"""

import asyncio
import json
import re
import time
from pathlib import Path
from typing import Any

import pytest

from infra.local.function_process import QUEUE_NICENESS, Result
from infra.local.lambda_service import Lambda, RequestTooLarge, TooManyRequests, UnknownFunction
from infra.local.zygote import Zygote
from tests.local.processes import is_running
from tests.local.sample_functions import API, call, running, write

pytestmark = pytest.mark.anyio


def failure(result: Result) -> dict[str, Any]:
    """Return the error payload of a failed invocation."""
    assert result.error == "Unhandled"
    return dict(json.loads(result.payload))


async def test_sixteen_invocations_run_concurrently(tmp_path: Path) -> None:
    spec = write(
        tmp_path,
        "api/barrier/read",
        """
        import os, pathlib, time

        def handler(event, context):
            folder = pathlib.Path(event["folder"])
            (folder / str(os.getpid())).touch()
            while len(list(folder.iterdir())) < 16:
                time.sleep(0.01)
            return os.getpid()
        """,
        API + "timeout = 25\nconcurrency = 16\n",
    )
    barrier = tmp_path / "barrier"
    barrier.mkdir()
    async with running(tmp_path, spec) as functions:
        pids = await asyncio.gather(*(call(functions, spec, {"folder": str(barrier)}) for _ in range(16)))
        # Each invocation has waited for the 15 other invocations, so all 16 ran at the same time.
        assert len(set(pids)) == 16
        assert functions.processes[spec.name]["processes"] == 16


async def test_queue_functions_have_a_lower_cpu_priority_than_api_functions(
    tmp_path: Path,
) -> None:
    code = """
        import os, pathlib

        def handler(event, context):
            group = pathlib.Path("/proc/self/autogroup")
            return [os.nice(0), group.read_text().split()[-1] if group.exists() else None]
        """
    api, queue = (
        write(tmp_path, "api/count/read", code),
        write(tmp_path, "queues/counts", code, "timeout = 10\n[queue]\nvisibility = 10\n"),
    )
    async with running(tmp_path, api, queue) as functions:
        of_api, of_queue = await call(functions, api), await call(functions, queue)
    assert of_queue[0] == min(of_api[0] + QUEUE_NICENESS, 19)
    assert (of_api[1], of_queue[1]) in (("0", str(QUEUE_NICENESS)), (None, None))


COUNTER = """
import os

count = 0

def handler(event, context):
    global count
    count += 1
    return [os.getpid(), count]
"""


async def test_an_idle_process_is_reused_and_keeps_its_state(tmp_path: Path) -> None:
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
        outcomes = await asyncio.gather(*(call(functions, spec) for _ in range(3)))
    assert len({pid for pid, _ in outcomes}) == 3
    assert [count for _, count in outcomes] == [1, 1, 1]


async def test_at_most_the_declared_number_of_events_run_concurrently(
    tmp_path: Path,
) -> None:
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
    running_now = max_running = 0
    for _, step in edges:
        running_now += step
        max_running = max(max_running, running_now)
    assert max_running == 2
    # At most two events run at the same time, and events start in the order of their arrival. Therefore, event number n
    # starts before event number n + 2.
    order = [number for _, _, number in sorted(runs)]
    assert all(order.index(number) < order.index(number + 2) for number in range(6))


async def test_an_event_that_waits_longer_than_the_timeout_is_throttled(tmp_path: Path) -> None:
    spec = write(
        tmp_path,
        "api/slow/read",
        "import time\ndef handler(event, context): time.sleep(0.8)\n",
        API + "concurrency = 1\ntimeout = 1\n",
    )
    async with running(tmp_path, spec) as functions:
        outcomes = await asyncio.gather(*(functions.invoke(spec.name, b"{}") for _ in range(3)), return_exceptions=True)
    assert sum(isinstance(outcome, TooManyRequests) for outcome in outcomes) >= 1
    assert sum(isinstance(outcome, Result) for outcome in outcomes) >= 1
    assert functions.processes[spec.name]["waiting"] == 0


async def test_the_environment_contains_only_declared_variables_and_variables_of_lambda(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SECRET_OF_THE_SHELL", "1")
    spec = write(
        tmp_path, "api/env/read", "import os\nENV = dict(os.environ)\ndef handler(event, context): return ENV\n"
    )
    async with running(tmp_path, spec, environment={"WC_DECLARED": "yes", "TZ": "Europe/Rome"}) as functions:
        env = await call(functions, spec)
    lambda_variables = {
        "_HANDLER", "AWS_EXECUTION_ENV", "AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "AWS_LAMBDA_FUNCTION_NAME",
        "AWS_LAMBDA_FUNCTION_VERSION", "AWS_LAMBDA_INITIALIZATION_TYPE", "AWS_LAMBDA_LOG_GROUP_NAME",
        "AWS_LAMBDA_LOG_STREAM_NAME", "AWS_LAMBDA_RUNTIME_API", "LAMBDA_TASK_ROOT", "LANG", "PATH", "TZ",
    }  # fmt: skip
    assert set(env) == lambda_variables | {"WC_DECLARED"}
    assert env["AWS_LAMBDA_FUNCTION_NAME"] == "api-env-read"
    assert env["LAMBDA_TASK_ROOT"] == str(spec.folder)
    assert env["TZ"] == "UTC"


async def test_a_function_can_import_from_its_folder_but_not_from_this_repository(tmp_path: Path) -> None:
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
        view = await call(functions, spec)
    assert view == {
        "cwd": str(spec.folder), "first": str(spec.folder), "infra": False, "wecelebrate": True, "threads": 1,
    }  # fmt: skip


async def test_the_context_object_has_the_same_attributes_as_on_lambda(tmp_path: Path) -> None:
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


async def test_an_exception_is_reported_with_its_type_and_message_and_stack_trace(tmp_path: Path) -> None:
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
        assert not is_running(pid)
        assert await call(functions, spec, "pid") != pid
    message = failure(result)["errorMessage"]
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT[\d:.]+Z [0-9a-f-]{36} Task timed out after 1\.00 seconds", message)
    assert message in result.log


async def test_a_process_that_exceeds_its_memory_limit_is_killed(tmp_path: Path) -> None:
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
    (("statement", "message")),
    [
        ("os._exit(3)", "Runtime exited with error: exit status 3"),
        ("sys.exit(0)", "Runtime exited without providing a reason"),
        ("os.kill(os.getpid(), 11)", "Runtime exited with error: signal: segmentation fault"),
    ],
)
async def test_a_process_that_ends_unexpectedly_is_replaced(tmp_path: Path, statement: str, message: str) -> None:
    spec = write(
        tmp_path,
        "api/die/read",
        f"import os, sys\ndef handler(event, context):\n    if event: return os.getpid()\n    {statement}\n",
        API + "concurrency = 1\n",
    )
    async with running(tmp_path, spec) as functions:
        pid = await call(functions, spec, "pid")
        error = failure(await functions.invoke(spec.name, b"null"))
        assert await call(functions, spec, "pid") != pid
    assert error["errorType"] == "Runtime.ExitError"
    assert error["errorMessage"].endswith(f"Error: {message}")


async def test_a_failed_import_is_reported_and_retried(tmp_path: Path) -> None:
    spec = write(tmp_path, "api/broken/read", "import missing_module\n")
    async with running(tmp_path, spec) as functions:
        results = await asyncio.gather(*(functions.invoke(spec.name, b"{}", tail=True) for _ in range(3)))
        assert functions.processes[spec.name] == {"processes": 0, "busy": [], "waiting": 0}
    for result in results:
        error = failure(result)
        assert error["errorType"] == "Runtime.ImportModuleError"
        assert "missing_module" in error["errorMessage"]
    assert "Runtime.ImportModuleError" in (tmp_path / "logs" / f"{spec.name}.log").read_text()


async def test_a_function_is_reloaded_after_its_file_has_changed(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    spec = write(tmp_path, "api/edit/read", "def handler(event, context): return 'before'\n")
    async with running(tmp_path, spec) as functions:
        assert await call(functions, spec) == "before"
        write(tmp_path, "api/edit/read", "def handler(event, context): return 'after the edit'\n")
        deadline = time.monotonic() + 5
        while f"the code of {spec.name} has changed, its processes are replaced" not in caplog.messages:
            assert time.monotonic() < deadline
            await call(functions, spec)
            await asyncio.sleep(0.05)
        for _ in range(3):
            assert await call(functions, spec) == "after the edit"


async def test_an_idle_process_ends_after_the_idle_timeout(tmp_path: Path) -> None:
    spec = write(tmp_path, "api/idle/read", "import os\ndef handler(event, context): return os.getpid()\n")
    async with running(tmp_path, spec, idle=0.4) as functions:
        pid = await call(functions, spec)
        deadline = time.monotonic() + 5
        while is_running(pid):
            assert time.monotonic() < deadline
            await asyncio.sleep(0.05)
        assert await call(functions, spec) != pid


async def test_events_and_responses_are_limited_to_six_megabytes(tmp_path: Path) -> None:
    spec = write(tmp_path, "api/big/read", "def handler(event, context): return 'x' * event['size']\n")
    async with running(tmp_path, spec) as functions:
        assert len(await call(functions, spec, {"size": 6_000_000})) == 6_000_000
        assert len(await call(functions, spec, {"size": 1, "padding": "x" * 6_000_000})) == 1
        with pytest.raises(RequestTooLarge):
            await functions.invoke(spec.name, b" " * (6 * 1024 * 1024 + 1))
        error = failure(await functions.invoke(spec.name, b'{"size": 7000000}'))
        assert error["errorType"] == "Function.ResponseSizeTooLarge"
        assert len(await call(functions, spec, {"size": 1})) == 1


async def test_the_log_contains_the_output_and_a_start_and_end_and_report_line(
    tmp_path: Path,
) -> None:
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


async def test_the_log_does_not_mix_the_lines_of_concurrent_processes(tmp_path: Path) -> None:
    spec = write(
        tmp_path,
        "api/loud/read",
        """
        def handler(event, context):
            for number in range(20_000):
                print(f"process {event} line {number}", "end")
        """,
        API + "concurrency = 4\n",
    )
    async with running(tmp_path, spec) as functions:
        await asyncio.gather(*(call(functions, spec, number) for number in range(4)))
    lines = (tmp_path / "logs" / f"{spec.name}.log").read_text().splitlines()
    output = [line for line in lines if "RequestId" not in line]
    assert sorted(output) == sorted(
        f"process {event} line {number} end" for event in range(4) for number in range(20_000)
    )


async def test_invoking_an_unknown_function_raises_an_error(tmp_path: Path) -> None:
    async with running(tmp_path) as functions:
        with pytest.raises(UnknownFunction):
            await functions.invoke("nobody", b"{}")


async def test_the_stop_method_waits_for_running_invocations_and_then_ends_all_processes(tmp_path: Path) -> None:
    spec = write(
        tmp_path,
        "api/late/read",
        "import os, time\ndef handler(event, context):\n    time.sleep(0.5)\n    return os.getpid()\n",
    )
    functions = Lambda([spec], {spec.name: {}}, logs=tmp_path / "logs", zygote=Zygote(preload=()))
    await functions.start()
    invocation = asyncio.create_task(call(functions, spec))
    async with asyncio.timeout(10):
        while not functions.processes[spec.name]["busy"]:  # noqa: ASYNC110 (there is no event)
            await asyncio.sleep(0.01)
    await functions.stop(grace=5)
    assert not is_running(await invocation)
