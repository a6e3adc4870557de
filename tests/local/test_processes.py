"""Tests the start, the readiness and the stop of child processes, ports in use, and the orphans of a killed
supervisor."""

import errno
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
from tests.local.processes import HTTP_SERVER, SLEEPING_PARENT, wait_for_exit, wait_until


def http_server(state: Path, port: int, name: str = "server") -> Process:
    command = [sys.executable, "-c", HTTP_SERVER, str(port)]
    return Process(name, command, state, lambda: is_listening(port), ports={name: port})


def python(state: Path, program: str, ready: Callable[[], bool] = lambda: False, start_timeout: float = 10) -> Process:
    return Process("program", [sys.executable, "-c", program], state, ready, start_timeout=start_timeout)


def sleeping_process() -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])


def test_start_and_stop_wait_for_the_child_process(tmp_path: Path) -> None:
    port = free_port()
    process = http_server(tmp_path, port)
    process.start()
    pid = process.pid
    assert pid is not None
    assert is_listening(port)
    assert ProcessIdentity.read(process.pid_file) == ProcessIdentity.of(pid)
    process.stop()
    wait_for_exit(pid)
    assert not process.running
    assert not process.pid_file.exists()
    process.stop()  # a second stop does nothing


def test_the_error_for_a_failed_start_contains_the_last_log_line(tmp_path: Path) -> None:
    with pytest.raises(LocalCloudError, match=r"program did not start: exit code 3: no such thing \(log: .*\.log\)"):
        python(tmp_path, "import sys; print('no such thing'); sys.exit(3)").start()


def test_an_idle_child_process_that_is_not_ready_in_time_is_stopped(tmp_path: Path) -> None:
    process = python(tmp_path, "import time; time.sleep(60)", start_timeout=0.5)
    with pytest.raises(LocalCloudError, match=r"program was not ready after \d+ s: its log is empty"):
        process.start()
    assert not process.running


def test_a_busy_child_process_gets_more_time_to_become_ready(tmp_path: Path) -> None:
    program = (
        "import time; began = time.process_time()\nwhile time.process_time() < began + 2: pass\nprint('x', flush=True)"
    )
    process = python(tmp_path, program + "; time.sleep(60)", lambda: "x" in process.log.read_text(), start_timeout=0.3)
    process.start()
    process.stop()


def test_a_child_process_that_is_always_busy_and_never_ready_is_stopped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("infra.local.processes.MAX_START_SECONDS", 1.0)
    process = python(tmp_path, "while True: pass", start_timeout=0.3)
    with pytest.raises(LocalCloudError, match="program was not ready after"):
        process.start()
    assert not process.running


def test_a_child_process_that_ignores_the_stop_signal_is_killed(tmp_path: Path) -> None:
    program = (
        "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('x', flush=True); time.sleep(60)"
    )
    process = python(tmp_path, program, ready=lambda: "x" in process.last_log_lines())
    process.stop_timeout = 0.2
    process.start()
    process.stop()
    assert process.exit_status == "signal 9 (SIGKILL)"


def test_stop_also_ends_the_descendants_of_a_child_process(tmp_path: Path) -> None:
    process = python(tmp_path, SLEEPING_PARENT, ready=lambda: process.log.read_text().strip().isdecimal())
    process.start()
    grandchild = int(process.log.read_text())
    assert psutil.pid_exists(grandchild)
    process.stop()
    wait_for_exit(grandchild)


def test_the_error_for_a_port_in_use_mentions_the_process(tmp_path: Path) -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        port = listener.getsockname()[1]
        with pytest.raises(LocalCloudError) as raised:
            http_server(tmp_path, port).start()
    assert str(raised.value) == (
        f"port {port} is in use by pid {os.getpid()} ({psutil.Process().name()}): "
        "stop that process, or choose another port with WECELEBRATE_PORT_SERVER"
    )
    require_free_ports({"server": port})


def test_one_error_mentions_all_ports_that_a_running_cloud_uses(tmp_path: Path) -> None:
    servers = [http_server(tmp_path, free_port(), name) for name in ("first", "second")]
    ports = [server.ports[server.name] for server in servers]
    unused_port = free_port()
    try:
        for server in servers:
            server.start()
        with pytest.raises(LocalCloudError) as raised:
            require_free_ports({"api": ports[0], "redis": unused_port, "aws": ports[1]})
    finally:
        for server in servers:
            server.stop()
    assert str(raised.value) == (
        f"ports {ports[0]}, {ports[1]} are in use by the wecelebrate cloud in {tmp_path}: "
        "stop that process, or choose other ports with WECELEBRATE_PORT_API, WECELEBRATE_PORT_AWS"
    )


def test_the_exit_summary_of_a_killed_child_process_contains_no_log_line(tmp_path: Path) -> None:
    process = http_server(tmp_path, free_port())
    process.start()
    process.log.write_text("all is well\n")
    assert process.pid
    os.kill(process.pid, signal.SIGKILL)
    wait_until(lambda: not process.running)
    assert process.exit_summary() == f"signal 9 (SIGKILL) (log: {process.log})"
    process.stop()


def test_the_error_for_a_missing_program_mentions_the_program(tmp_path: Path) -> None:
    with pytest.raises(LocalCloudError, match=r"could not start program: .*no-such-program"):
        Process("program", ["/no-such-program"], tmp_path, lambda: True).start()


def test_a_child_process_ends_when_its_parent_process_is_killed(tmp_path: Path) -> None:
    """On Linux, the child ends immediately. On other systems, the child ends at the next start or stop of the local
    cloud.
    """
    parent = subprocess.Popen(
        [
            sys.executable,
            "-c",
            f"""
import sys, time
from pathlib import Path
from threading import Thread
from infra.local.processes import Process, is_listening
process = Process("child", [sys.executable, "-c", {HTTP_SERVER!r}, sys.argv[1]], Path(sys.argv[2]),
                  lambda: is_listening(int(sys.argv[1])))
starter = Thread(target=process.start)  # this thread ends, but the child must not end with it
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
    wait_for_exit(child)


def test_orphan_processes_of_a_killed_supervisor_are_stopped(tmp_path: Path) -> None:
    orphan = sleeping_process()
    ProcessIdentity.of(orphan.pid).write(tmp_path / "run" / "part.json")
    assert stop_orphans(tmp_path) == ["part"]
    wait_for_exit(orphan.pid)
    orphan.wait()
    assert stop_orphans(tmp_path) == []


def test_stopping_orphan_processes_does_not_wait_for_zombies(tmp_path: Path) -> None:
    """In a container without an init process, an orphan that has ended remains a zombie."""
    command = [sys.executable, "-c", SLEEPING_PARENT]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        orphan = psutil.Process(int(parent.stdout.readline()))
        ProcessIdentity.of(orphan.pid).write(tmp_path / "run" / "part.json")
        began = time.monotonic()
        assert stop_orphans(tmp_path) == ["part"]
        assert time.monotonic() - began < 3
        assert orphan.status() == psutil.STATUS_ZOMBIE
        parent.kill()


def test_an_unrelated_process_with_the_old_pid_of_a_part_is_not_stopped(tmp_path: Path) -> None:
    other = sleeping_process()
    file = tmp_path / "run" / "part.json"
    file.parent.mkdir()
    file.write_text(json.dumps({"pid": other.pid, "created": psutil.Process(other.pid).create_time() - 5}))
    assert stop_orphans(tmp_path) == []
    assert not file.exists()
    assert other.poll() is None
    other.kill()
    other.wait()


def test_a_privileged_port_is_not_reported_as_in_use(monkeypatch: pytest.MonkeyPatch) -> None:
    class Probe(socket.socket):
        def bind(self, address: object) -> None:
            raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(socket, "socket", Probe)
    with pytest.raises(LocalCloudError, match=r"only root may use port 80: .* from 1024 with WECELEBRATE_PORT_API$"):
        require_free_ports({"api": 80})
