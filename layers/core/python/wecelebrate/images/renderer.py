"""Renders untrusted images in a separate process with limits, so that no image can stop or harm the worker.

`renderer_program` describes the process and its messages. The process does not inherit environment variables or file
descriptors from the worker. It ends when the worker ends. The worker does not trust its messages, because a hostile
image could take control of the process.
"""

import importlib.util
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from math import inf
from pathlib import Path
from typing import Annotated, Any, Literal

from aws_lambda_powertools import Logger
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from wecelebrate.core import metrics
from wecelebrate.images import renditions
from wecelebrate.images.renditions import MAX_PIXELS, SIZES, NotRendered, RenderedImage, RenditionFile

logger = Logger()

PROGRAM = Path(__file__).with_name("renderer_program.py")
SIGNAL_BASE = 128
"""The program returns the exit code SIGNAL_BASE + N if signal N has ended the child that rendered an image."""
CHILD_FAILED = 100
"""The exit code of the program if the child has ended with an error, but not because of a signal."""
MAX_DETAIL_LENGTH = 500
MAX_HEADER_BYTES = 16 * 1024
MAX_FILE_BYTES = 16 * 1024 * 1024
"""The largest size of a rendered file, in bytes. The pixels of the largest rendition take 10 MB."""
_KEPT_VARIABLES = ("LD_LIBRARY_PATH",)
"""The only environment variables that the process gets. On Lambda, Python finds its libraries with LD_LIBRARY_PATH."""


@dataclass(frozen=True)
class Limits:
    """The limits for rendering one image."""

    cpu_seconds: int = 15
    """The CPU time. The slowest valid image of our tests, WebP with transparency and 64 megapixels, takes 4.5 seconds.
    """
    wall_seconds: float = 60.0
    memory: int = 1280 * 1024 * 1024
    """The address space in bytes. The slowest valid image of our tests takes 1,177 MB."""
    start_seconds: float = 20.0
    """How long the process may take to start and to import Pillow."""


class RendererFailed(Exception):
    """The process did not start, or it ended and the image was not the cause. A later attempt can succeed."""


class RenderingPostponed(Exception):
    """The image was not rendered, because earlier images took too long."""


class _InvalidResult(Exception):
    """The process sent a result that is not valid."""


class _Closed(Exception):
    """The process has closed the socket."""


class _RenditionHeader(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid")

    file: str
    width: int = Field(ge=1)
    height: int = Field(ge=1)
    bytes: int = Field(ge=1, le=MAX_FILE_BYTES)


class _Header(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid")

    memory: int = Field(0, ge=0)
    """The peak memory of the process that rendered the image, in bytes."""


class _ResultHeader(_Header):
    sha256: str
    type: str
    width: int = Field(ge=1, le=MAX_PIXELS)
    height: int = Field(ge=1, le=MAX_PIXELS)
    bytes: int
    renditions: dict[str, _RenditionHeader]
    files: Annotated[dict[str, Annotated[int, Field(ge=1, le=MAX_FILE_BYTES)]], Field(max_length=len(SIZES))]


class _ErrorHeader(_Header):
    error: Literal["too_large", "too_many_pixels", "not_an_image", "broken_image", "too_much_memory"]
    detail: Annotated[str, Field(max_length=MAX_DETAIL_LENGTH)] | None = None
    """The text of the exception, if the exception was unexpected."""


class Renderer:
    """Renders one image at a time, because a decoded image needs much memory.

    A separate thread starts the process and then stays alive, because Linux kills the process when this thread ends.
    One process renders many images, because its start takes about 0.2 s. If an image exceeds a limit, the process is
    killed and replaced.
    """

    def __init__(self, limits: Limits | None = None) -> None:
        self._limits = limits or Limits()
        self._owner = ThreadPoolExecutor(1, "renderer")
        self._process: _Process | None = None

    def render(self, data: bytes, until: float = inf) -> tuple[RenderedImage, Mapping[str, bytes]]:
        """Render an image in all sizes. If several threads call this method, they wait for each other.

        until: a time on the monotonic clock. After this time, no rendering begins.

        It returns the description of the image, and a mapping from the names of the rendered files to their contents.
        Raises NotRendered, RenderingPostponed, or RendererFailed.
        """
        if len(data) > renditions.MAX_BYTES:
            raise NotRendered("too_large")
        try:
            return self._owner.submit(self._render, data, until).result()
        except RendererFailed:
            logger.exception("rendering failed and is repeated once, in a new process")
            return self._owner.submit(self._render, data, until).result()

    def close(self) -> None:
        """End the process."""
        self._owner.submit(self._discard).result()
        self._owner.shutdown()

    @property
    def pid(self) -> int | None:
        """The pid of the process, or None if no process is running."""
        return self._process.pid if self._process else None

    def _render(self, data: bytes, until: float) -> tuple[RenderedImage, Mapping[str, bytes]]:
        if time.monotonic() > until:
            raise RenderingPostponed
        if self._process is None or self._process.has_ended():
            self._discard()
            self._process = _Process(self._limits)
        try:
            result = self._process.render(data)
        except NotRendered:
            raise  # The process still runs, and waits for the next image.
        except BaseException as error:
            killed_late, code = isinstance(error, TimeoutError), self._discard()
            rejection = "too_slow" if killed_late else _rejection(code)
            if isinstance(error, _InvalidResult) or (isinstance(error, _Closed | OSError) and rejection):
                logger.warning("an image was not rendered", exit_code=code, error=repr(error), code=rejection)
                raise NotRendered(rejection or "broken_image") from error
            if isinstance(error, _Closed | OSError):
                raise RendererFailed(f"the process that renders images ended with exit code {code}") from error
            raise
        return result

    def _discard(self) -> int | None:
        """Kill the process, if it is running. It returns the exit code of the process."""
        process, self._process = self._process, None
        return process.kill() if process else None


def _rejection(exit_code: int | None) -> str | None:
    """If the process ended because of the image, return the code of the rejection. Otherwise return None."""
    if exit_code == CHILD_FAILED:
        return "broken_image"
    if exit_code is None or exit_code <= SIGNAL_BASE:
        return None
    match exit_code - SIGNAL_BASE:
        case signal.SIGXCPU:
            return "too_slow"
        case signal.SIGKILL:  # The system had no free memory, or the child ignored SIGXCPU.
            return "too_much_memory"
    return "broken_image"  # The decoder has crashed.


class _Process:
    """The running process, and the socket to it."""

    def __init__(self, limits: Limits) -> None:
        """Start the process. Raises RendererFailed."""
        self._limits = limits
        self._socket, theirs = socket.socketpair()
        with theirs:
            try:
                self._process: subprocess.Popen[bytes] = subprocess.Popen(  # noqa: S603 - a constant program with constant arguments
                    [sys.executable, "-I", "-S", str(PROGRAM), str(os.getpid()), _pillow_folder(),
                     str(limits.cpu_seconds), str(limits.memory)],
                    stdin=theirs.fileno(),
                    stdout=subprocess.DEVNULL,
                    cwd="/",
                    env={name: os.environ[name] for name in _KEPT_VARIABLES if name in os.environ},
                    start_new_session=True,
                )  # fmt: skip
            except OSError as error:
                self._socket.close()
                raise RendererFailed(f"the process that renders images did not start: {error}") from error
        try:
            self._receive(1, time.monotonic() + limits.start_seconds)
        except (OSError, _Closed) as error:
            raise RendererFailed(f"the process that renders images did not start: {error!r} ({self.kill()})") from error

    @property
    def pid(self) -> int:
        return self._process.pid

    def has_ended(self) -> bool:
        return self._process.poll() is not None

    def render(self, data: bytes) -> tuple[RenderedImage, Mapping[str, bytes]]:
        """Render an image. Raises NotRendered. After any other exception, the caller must kill the process."""
        deadline = time.monotonic() + self._limits.wall_seconds
        self._send(len(data).to_bytes(8, "big"), deadline)
        self._send(data, deadline)
        header = self._header(deadline)
        files = {name: self._receive(length, deadline) for name, length in header.files.items()}
        return _checked(data, header, files), files

    def kill(self) -> int:
        """End the process and its child. It returns the exit code.

        The method first waits briefly, because a process that is already ending returns an exit code with the reason.
        On Linux, the child ends with the process.
        """
        self._socket.close()
        metrics.forget_child(self.pid)
        with suppress(subprocess.TimeoutExpired):
            return self._process.wait(0.5)
        # The exit code has not been read yet. Therefore the system cannot give this number to another process group.
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGKILL)
        return self._process.wait()

    def _header(self, deadline: float) -> _ResultHeader:
        length = int.from_bytes(self._receive(4, deadline), "big")
        if length > MAX_HEADER_BYTES:
            raise _InvalidResult("the header is too long")
        try:
            document: Any = json.loads(self._receive(length, deadline))
            if isinstance(document, dict) and "error" in document:
                rejection = _ErrorHeader.model_validate(document)
                self._record_memory(rejection)
                if rejection.detail is not None:
                    logger.warning("rendering raised an unexpected exception", error=rejection.detail)
                raise NotRendered(rejection.error)
            result = _ResultHeader.model_validate(document)
        except (ValidationError, ValueError, RecursionError) as error:
            raise _InvalidResult("the header is not valid") from error
        self._record_memory(result)
        return result

    def _record_memory(self, header: _Header) -> None:
        metrics.record_child_memory(self.pid, min(header.memory, self._limits.memory))

    def _send(self, data: bytes, deadline: float) -> None:
        self._socket.settimeout(_remaining(deadline))
        self._socket.sendall(data)

    def _receive(self, length: int, deadline: float) -> bytes:
        data = bytearray(length)
        view, received = memoryview(data), 0
        while received < length:
            self._socket.settimeout(_remaining(deadline))
            count = self._socket.recv_into(view[received:])
            if count == 0:
                raise _Closed
            received += count
        return bytes(data)


def _remaining(deadline: float) -> float:
    if (seconds := deadline - time.monotonic()) <= 0:
        raise TimeoutError
    return seconds


def _checked(data: bytes, header: _ResultHeader, files: Mapping[str, bytes]) -> RenderedImage:
    """Check the header and the files that the process has sent. Raises _InvalidResult."""
    names = {size.name: size for size in SIZES}

    def require(holds: bool, problem: str) -> None:
        if not holds:
            raise _InvalidResult(problem)

    require(header.type in renditions.TYPES.values(), "the type is unknown")
    require(header.width * header.height <= MAX_PIXELS, "the image is too large")
    require(set(header.renditions) == set(names), "a rendition is missing")
    require({each.file for each in header.renditions.values()} == set(files), "a file is missing")
    for name, each in header.renditions.items():
        require(max(each.width, each.height) <= names[name].max_side, "a rendition is too large")
        require(each.file in {size.file for size in SIZES} and each.bytes == len(files[each.file]), "a file is wrong")
    for content in files.values():
        declared = 8 + int.from_bytes(content[4:8], "little")
        is_webp = content[:4] == b"RIFF" and content[8:12] == b"WEBP" and declared == len(content)
        require(is_webp, "a file is not a WebP image")
    return RenderedImage(
        sha256=renditions.digest(data),
        type=header.type,
        width=header.width,
        height=header.height,
        bytes=len(data),
        renditions={
            name: RenditionFile(each.file, each.width, each.height, each.bytes)
            for name, each in header.renditions.items()
        },
    )


def _pillow_folder() -> str:
    """Return the folder that contains Pillow, without importing Pillow."""
    spec = importlib.util.find_spec("PIL")
    if spec is None or not spec.submodule_search_locations:
        raise RendererFailed("Pillow is not installed")
    return str(Path(spec.submodule_search_locations[0]).parent)


_renderer = Renderer()


def render(data: bytes, until: float = inf) -> tuple[RenderedImage, Mapping[str, bytes]]:
    """Render an image with the shared `Renderer` of this worker."""
    return _renderer.render(data, until)
