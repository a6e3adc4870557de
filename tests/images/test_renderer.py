"""Tests the process that renders images: its limits, its isolation from the worker, and its exit."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from tests.images.hostile_images import HOSTILE, scan_bomb
from tests.images.pictures import picture, png
from wecelebrate.core import metrics
from wecelebrate.images import renderer, renderer_program, rendering, renditions
from wecelebrate.images.renderer import Limits, Renderer, RendererFailed, RenderingPostponed
from wecelebrate.images.renditions import REASONS, NotRendered

SMALL = picture(64, 48)


@pytest.fixture
def strict() -> Iterator[Renderer]:
    """Return a renderer whose limit of CPU time is low."""
    created = Renderer(Limits(cpu_seconds=2))
    yield created
    created.close()


@pytest.fixture(scope="module")
def patient() -> Iterator[Renderer]:
    """Return a renderer whose limit of CPU time is so high that a test can find and kill the process that renders."""
    created = Renderer(Limits(cpu_seconds=30))
    yield created
    created.close()


@pytest.fixture(scope="module")
def bomb() -> bytes:
    return scan_bomb()


def outcome(used: Renderer, data: bytes) -> str:
    """Render an image. Return the code of the rejection, or an empty text."""
    try:
        used.render(data)
    except NotRendered as error:
        assert error.reason == REASONS[error.code]
        return error.code
    return ""


def children_of(used: Renderer) -> set[psutil.Process]:
    """Return the child processes of the process that renders."""
    return set(psutil.Process(used.pid).children())


def child_of(pid: int | None, *, besides: set[psutil.Process]) -> psutil.Process:
    """Wait until the process renders an image. Return the child process that renders it.

    `besides` contains the child processes of earlier images, because they possibly have not ended yet.
    """
    for _ in range(1000):
        if pid is not None and (children := [c for c in psutil.Process(pid).children() if c not in besides]):
            return children[0]
        time.sleep(0.01)
    raise AssertionError("the process does not render an image")


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "GIF", "AVIF", "MPO"])
def test_the_renderer_process_returns_the_same_bytes_as_rendering_in_the_worker(strict: Renderer, kind: str) -> None:
    data = picture(1700, 900, kind)
    assert strict.render(data) == rendering.render(data)


@pytest.mark.parametrize("name", HOSTILE)
def test_rendering_a_hostile_image_exceeds_no_limit_and_returns_an_expected_code(name: str) -> None:
    create, codes = HOSTILE[name]
    used = Renderer(Limits(cpu_seconds=5))
    assert outcome(used, create()) in codes
    assert outcome(used, SMALL) == ""
    used.close()


def test_each_image_of_one_process_can_use_the_full_cpu_time_limit(strict: Renderer) -> None:
    strict.render(SMALL)
    pid = strict.pid
    assert outcome(strict, b"no image") == "not_an_image"
    for _ in range(5):
        strict.render(picture(2000, 2000))
    assert strict.pid == pid


def test_the_memory_metric_of_a_function_includes_its_running_renderer() -> None:
    metrics._child_memory.clear()
    used = Renderer()
    used.render(SMALL)
    ((pid, small),) = metrics._child_memory.items()
    assert pid == used.pid
    used.render(picture(4000, 4000, "PNG"))
    assert small + 40_000_000 < metrics._child_memory[pid] < Limits().memory
    largest = metrics._child_memory[pid]
    used.render(SMALL)
    assert metrics._child_memory == {pid: largest}
    used.close()
    assert metrics._child_memory == {}


def test_the_memory_metric_includes_the_memory_of_a_rejected_image() -> None:
    metrics._child_memory.clear()
    used = Renderer(Limits(memory=256 << 20))
    assert outcome(used, HOSTILE["GIF, 64 megapixels"][0]()) == "too_much_memory"
    assert 0 < metrics._child_memory.get(used.pid or 0, 0) <= 256 << 20
    used.close()


def test_an_image_that_exceeds_its_cpu_time_is_rejected(strict: Renderer, bomb: bytes) -> None:
    strict.render(SMALL)
    pid = strict.pid
    assert outcome(strict, bomb) == "too_slow"
    assert pid is not None and not psutil.pid_exists(pid)
    assert outcome(strict, SMALL) == ""


def test_an_image_that_exceeds_its_wall_clock_time_is_rejected(bomb: bytes) -> None:
    before = set(psutil.Process().children(recursive=True))
    used = Renderer(Limits(wall_seconds=1.0))
    assert outcome(used, bomb) == "too_slow"
    assert set(psutil.Process().children(recursive=True)) == before
    assert outcome(used, SMALL) == ""
    used.close()
    assert set(psutil.Process().children(recursive=True)) == before


def test_an_image_that_exceeds_its_memory_is_rejected() -> None:
    used = Renderer(Limits(memory=256 << 20))
    assert outcome(used, HOSTILE["GIF, 64 megapixels"][0]()) == "too_much_memory"
    assert outcome(used, SMALL) == ""
    used.close()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("number", "code"),
    [(signal.SIGSEGV, "broken_image"), (signal.SIGABRT, "broken_image"), (signal.SIGKILL, "too_much_memory")],
)
def test_an_image_that_crashes_its_decoder_is_rejected(
    patient: Renderer, bomb: bytes, number: signal.Signals, code: str
) -> None:
    patient.render(SMALL)
    pid, earlier = patient.pid, children_of(patient)
    killer = threading.Thread(target=lambda: child_of(pid, besides=earlier).send_signal(number))
    killer.start()
    assert outcome(patient, bomb) == code
    killer.join()
    assert outcome(patient, SMALL) == ""


def test_a_renderer_process_that_was_killed_while_idle_is_replaced(strict: Renderer) -> None:
    strict.render(SMALL)
    assert strict.pid is not None
    os.kill(strict.pid, signal.SIGKILL)
    assert outcome(strict, SMALL) == ""


def test_an_image_is_rendered_again_if_its_renderer_process_is_killed(
    strict: Renderer,
) -> None:
    strict.render(SMALL)
    pid, earlier = strict.pid, children_of(strict)
    large = HOSTILE["GIF, 64 megapixels"][0]()

    def kill() -> None:
        child_of(pid, besides=earlier)
        assert pid is not None
        os.kill(pid, signal.SIGKILL)

    killer = threading.Thread(target=kill)
    killer.start()
    assert outcome(strict, large) == ""
    killer.join()
    assert strict.pid != pid


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_the_renderer_process_inherits_no_secrets_and_no_open_files_of_the_worker(
    strict: Renderer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WC_DATABASE_PASSWORD", "secret")
    with (Path(__file__)).open() as opened:
        os.set_inheritable(opened.fileno(), True)
        strict.render(SMALL)
    folder = Path(f"/proc/{strict.pid}")
    assert b"secret" not in (folder / "environ").read_bytes()
    assert {variable.split(b"=")[0] for variable in (folder / "environ").read_bytes().split(b"\0")} <= {
        b"",
        b"LD_LIBRARY_PATH",
    }
    files = {str(file.readlink()).split(":")[0] for file in (folder / "fd").iterdir()}
    assert files == {"socket", "/dev/null"}


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_the_rendering_child_process_cannot_open_files_or_start_processes(strict: Renderer, bomb: bytes) -> None:
    strict.render(SMALL)
    earlier = children_of(strict)
    rendered = threading.Thread(target=outcome, args=(strict, bomb))
    rendered.start()
    limits = dict.fromkeys(("Max processes", "Max open files", "Max file size", "Max core file size"), "")
    child = child_of(strict.pid, besides=earlier)
    deadline = time.monotonic() + 5
    while "" in limits.values() or limits["Max processes"] != "0 0":
        assert time.monotonic() < deadline, limits
        text = Path(f"/proc/{child.pid}/limits").read_text("utf-8")
        for name in limits:
            line = next(line for line in text.splitlines() if line.startswith(name))
            limits[name] = " ".join(line.removeprefix(name).split()[:2])
    rendered.join()
    assert limits == {
        "Max processes": "0 0",
        "Max open files": "3 3",
        "Max file size": "0 0",
        "Max core file size": "0 0",
    }


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux kills a process with its parent")
def test_the_renderer_process_and_its_child_process_end_when_the_worker_is_killed(bomb: bytes, tmp_path: Path) -> None:
    image = tmp_path / "bomb.jpg"
    image.write_bytes(bomb)
    program = (
        "import sys, pathlib\nfrom wecelebrate.images import renderer\n"
        "renderer.render(pathlib.Path(sys.argv[1]).read_bytes())"
    )
    with subprocess.Popen([sys.executable, "-c", program, str(image)]) as worker:
        while not (descendants := psutil.Process(worker.pid).children(recursive=True))[1:]:
            assert worker.poll() is None
            time.sleep(0.01)
        worker.kill()
    assert len(descendants) == 2
    gone, alive = psutil.wait_procs(descendants, timeout=5)
    assert (len(gone), alive) == (2, [])


def test_the_renderer_process_continues_after_the_thread_that_started_it_has_ended(strict: Renderer) -> None:
    thread = threading.Thread(target=strict.render, args=(SMALL,))
    thread.start()
    thread.join()
    pid = strict.pid
    strict.render(SMALL)
    assert strict.pid == pid


def test_an_image_is_postponed_if_its_time_limit_has_passed(strict: Renderer) -> None:
    with pytest.raises(RenderingPostponed):
        strict.render(SMALL, until=time.monotonic() - 1)
    assert strict.pid is None


WEBP = rendering.render(SMALL)[1]["large.webp"]
LARGE = {"file": "large.webp", "width": 64, "height": 48, "bytes": len(WEBP)}
RENDITIONS = {"large": LARGE, "medium": LARGE, "thumb": LARGE}
VALID = {
    "sha256": "f" * 64,
    "type": "image/jpeg",
    "width": 64,
    "height": 48,
    "bytes": 1,
    "renditions": RENDITIONS,
    "files": {"large.webp": len(WEBP)},
}


def answer(header: object, content: bytes = WEBP) -> str:
    """Return a program that sends the same response for every image, like a decoder that an attacker controls."""
    return (
        "import json, socket\nworker = socket.socket(fileno=0)\nworker.sendall(b'\\x01')\n"
        f"worker.recv(1)\nheader = json.dumps({header!r}).encode()\n"
        f"worker.sendall(len(header).to_bytes(4, 'big') + header + {content!r})\n"
        "while worker.recv(65536): pass\n"
    )


def end(code: int) -> str:
    """Return a program that exits with an exit code when it gets an image."""
    start = "import socket\nworker = socket.socket(fileno=0)\nworker.sendall(b'\\x01')\nworker.recv(1)\n"
    return f"{start}raise SystemExit({code})"


def test_a_rendering_result_with_the_expected_structure_is_accepted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "program.py").write_text(answer(VALID), "utf-8")
    monkeypatch.setattr(renderer, "PROGRAM", tmp_path / "program.py")
    used = Renderer()
    image, files = used.render(SMALL)
    used.close()
    assert (image.bytes, image.sha256) == (len(SMALL), renditions.digest(SMALL)), (
        "the worker computes these values itself"
    )
    assert files == {"large.webp": WEBP}


@pytest.mark.parametrize(
    "program",
    [
        answer(VALID | {"type": "text/html"}),
        answer(VALID | {"width": "64"}),
        answer(VALID | {"width": 64_000, "height": 64_000}),
        answer(VALID | {"extra": 1}),
        answer(VALID | {"renditions": {}}),
        answer(VALID | {"renditions": RENDITIONS | {"huge": LARGE}}),
        answer(VALID | {"renditions": RENDITIONS | {"thumb": LARGE | {"width": 321}}}),
        answer(VALID | {"files": {"../large.webp": len(WEBP)}}),
        answer(VALID | {"files": {"large.webp": 1 << 40}}),
        answer(VALID | {"files": {"large.webp": -1}}),
        answer(VALID, b"<script>" + WEBP[8:]),
        answer(VALID, WEBP[:4] + b"\0\0\0\0" + WEBP[8:]),
        answer({"error": "made_up"}),
        answer({"error": "too_slow" * 10_000}),
        answer([[[[]]]]),
        answer("[" * 15_000),
        end(renderer_program.CHILD_FAILED),
        end(renderer_program.SIGNAL_BASE + signal.SIGBUS),
    ],
)
def test_an_image_is_rejected_if_its_result_has_an_unexpected_structure(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, program: str
) -> None:
    (tmp_path / "program.py").write_text(program, "utf-8")
    monkeypatch.setattr(renderer, "PROGRAM", tmp_path / "program.py")
    used = Renderer(Limits(wall_seconds=5))
    assert outcome(used, SMALL) == "broken_image"
    assert used.pid is None
    used.close()


@pytest.mark.parametrize("program", ["", "raise SystemExit(3)", "import time; time.sleep(60)", end(0), end(3)])
def test_no_image_is_rejected_if_the_renderer_process_itself_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, program: str
) -> None:
    (tmp_path / "program.py").write_text(program, "utf-8")
    monkeypatch.setattr(renderer, "PROGRAM", tmp_path / "program.py")
    used = Renderer(Limits(start_seconds=1.0))
    with pytest.raises(RendererFailed):
        used.render(SMALL)
    assert used.pid is None
    used.close()


def test_an_image_with_a_header_that_declares_too_many_pixels_is_rejected(strict: Renderer) -> None:
    assert outcome(strict, png(100_000, 100_000)) == "too_many_pixels"
