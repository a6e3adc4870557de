"""Child processes: started, waited for, stopped, never left behind."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from infra.local.pid_files import ProcessIdentity, stop_orphans
from infra.local.processes import LocalCloudError, Process, free_port, is_listening, require_free_ports

SERVER = """
import http.server, sys
http.server.HTTPServer(("127.0.0.1", int(sys.argv[1])), http.server.SimpleHTTPRequestHandler).serve_forever()
"""


def server(state: Path, port: int, name: str = "server") -> Process:
    return Process(
        name, [sys.executable, "-c", SERVER, str(port)], state, lambda: is_listening(port), ports={name: port}
    )


def python(state: Path, program: str, ready: Callable[[], bool] = lambda: False, start_timeout: float = 10) -> Process:
    return Process("program", [sys.executable, "-c", program], state, ready, start_timeout=start_timeout)


def gone(pid: int, seconds: float = 5) -> bool:
    limit = time.monotonic() + seconds
    while time.monotonic() < limit:
        if not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE:
            return True
        time.sleep(0.02)
    return False


def test_start_returns_when_it_is_ready_and_stop_when_it_has_ended(tmp_path: Path) -> None:
    port = free_port()
    process = server(tmp_path, port)
    process.start()
    pid = process.pid
    assert pid is not None
    assert is_listening(port)
    assert ProcessIdentity.read(process.pid_file) == ProcessIdentity.of(pid)
    process.stop()
    assert gone(pid)
    assert not process.running
    assert not process.pid_file.exists()
    process.stop()  # harmless


def test_one_that_ends_early_is_named_with_its_last_words(tmp_path: Path) -> None:
    with pytest.raises(LocalCloudError, match=r"program did not start: exit code 3: no such thing \(log: .*\.log\)"):
        python(tmp_path, "import sys; print('no such thing'); sys.exit(3)").start()


def test_one_that_is_not_ready_in_time_is_stopped_and_named(tmp_path: Path) -> None:
    process = python(tmp_path, "import time; time.sleep(60)", start_timeout=0.3)
    with pytest.raises(LocalCloudError, match="program was not ready within 0 s: it said nothing"):
        process.start()
    assert not process.running


def test_one_that_ignores_its_stop_signal_is_killed(tmp_path: Path) -> None:
    program = (
        "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('x', flush=True); time.sleep(60)"
    )
    process = python(tmp_path, program, ready=lambda: "x" in process.last_log_lines())
    process.stop_timeout = 0.2
    process.start()
    process.stop()
    assert process.exit_status == "signal 9 (SIGKILL)"


def test_what_it_started_ends_with_it(tmp_path: Path) -> None:
    program = """
import subprocess, sys, time
print(subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"]).pid, flush=True)
time.sleep(60)
"""
    process = python(tmp_path, program, ready=lambda: process.log.read_text().strip().isdecimal())
    process.start()
    grandchild = int(process.log.read_text())
    assert psutil.pid_exists(grandchild)
    process.stop()
    assert gone(grandchild)


def test_a_port_in_use_is_named_with_who_has_it(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(LocalCloudError) as raised:
            server(tmp_path, port).start()
    assert str(raised.value) == (
        f"port {port} is in use by pid {os.getpid()} ({psutil.Process().name()}): "
        "stop that, or choose another with WECELEBRATE_PORT_SERVER"
    )
    require_free_ports({"server": port})


def test_all_ports_that_another_cloud_has_are_named_at_once(tmp_path: Path) -> None:
    others = [server(tmp_path, free_port(), name) for name in ("first", "second")]
    ports = [other.ports[other.name] for other in others]
    free = free_port()
    try:
        for other in others:
            other.start()
        with pytest.raises(LocalCloudError) as raised:
            require_free_ports({"api": ports[0], "redis": free, "aws": ports[1]})
    finally:
        for other in others:
            other.stop()
    assert str(raised.value) == (
        f"ports {ports[0]}, {ports[1]} are in use by the wecelebrate cloud in {tmp_path}: "
        "stop that, or choose others with WECELEBRATE_PORT_API, WECELEBRATE_PORT_AWS"
    )


def test_the_last_words_of_one_that_was_killed_are_not_taken_for_the_reason(tmp_path: Path) -> None:
    process = server(tmp_path, free_port())
    process.start()
    process.log.write_text("all is well\n")
    assert process.pid
    os.kill(process.pid, signal.SIGKILL)
    while process.running:
        time.sleep(0.01)
    assert process.exit_summary() == f"signal 9 (SIGKILL) (log: {process.log})"
    process.stop()


def test_a_command_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(LocalCloudError, match=r"program cannot be started: .*no-such-program"):
        Process("program", ["/no-such-program"], tmp_path, lambda: True).start()


def test_no_child_outlives_a_killed_parent(tmp_path: Path) -> None:
    """On Linux it dies at once; elsewhere the next start or stop of the cloud ends it."""
    parent = subprocess.Popen(
        [
            sys.executable,
            "-c",
            f"""
import sys, time
from pathlib import Path
from threading import Thread
from infra.local.processes import Process, is_listening
process = Process("child", [sys.executable, "-c", {SERVER!r}, sys.argv[1]], Path(sys.argv[2]),
                  lambda: is_listening(int(sys.argv[1])))
starter = Thread(target=process.start)  # the thread that starts it ends; the child must not
starter.start()
starter.join()
print(process.pid, flush=True)
time.sleep(60)
""",
            str(free_port()),
            str(tmp_path),
        ],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert parent.stdout is not None
    child = int(parent.stdout.readline())
    time.sleep(0.2)
    assert psutil.pid_exists(child)
    parent.kill()
    parent.wait()
    parent.stdout.close()
    if sys.platform != "linux":
        assert stop_orphans(tmp_path) == ["child"]
    assert gone(child)


def test_strays_of_a_killed_supervisor_are_ended(tmp_path: Path) -> None:
    stray = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    ProcessIdentity.of(stray.pid).write(tmp_path / "run" / "stray.json")
    assert stop_orphans(tmp_path) == ["stray"]
    assert gone(stray.pid)
    stray.wait()
    assert stop_orphans(tmp_path) == []


def test_a_stray_whose_parent_does_not_look_is_not_waited_for(tmp_path: Path) -> None:
    """In a container without an init an ended supervisor stays a zombie."""
    program = """
import subprocess, sys, time
print(subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"]).pid, flush=True)
time.sleep(60)
"""
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        stray = psutil.Process(int(parent.stdout.readline()))
        ProcessIdentity.of(stray.pid).write(tmp_path / "run" / "stray.json")
        began = time.monotonic()
        assert stop_orphans(tmp_path) == ["stray"]
        assert time.monotonic() - began < 3
        assert stray.status() == psutil.STATUS_ZOMBIE
        parent.kill()


def test_a_pid_that_belongs_to_someone_else_by_now_is_left_alone(tmp_path: Path) -> None:
    stranger = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    file = tmp_path / "run" / "part.json"
    file.parent.mkdir()
    file.write_text(json.dumps({"pid": stranger.pid, "created": psutil.Process(stranger.pid).create_time() - 5}))
    assert stop_orphans(tmp_path) == []
    assert not file.exists()
    assert stranger.poll() is None
    stranger.kill()
    stranger.wait()
