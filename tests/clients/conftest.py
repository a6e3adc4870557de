"""Builds both generated clients once for all workers, and runs programs that use them."""

import fcntl
import json
import os
import shutil
import subprocess
import sys
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from infra.clients import Clients, build, npm
from infra.functions import ROOT
from infra.local.endpoints import Endpoints
from tests.platform import Json, Platform, Tenant

FOLDER = Path(__file__).parent


@pytest.fixture(scope="session")
def clients(shared: Path) -> Clients:
    """Build the packages of the Python client and of the TypeScript client. The build takes about 15 seconds."""
    folder = shared / "clients"
    built = folder / ".built"
    with (shared / "clients.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not built.exists():
            clients = build(folder)
            _install(clients, folder / "installed")
            built.touch()
    return Clients(next(folder.glob("*.whl")), next(folder.glob("*.tgz")))


def _install(clients: Clients, folder: Path) -> None:
    """Install both packages in `folder` without their dependencies. The environments of the tools contain the
    dependencies."""
    uv = [sys.executable, "-m", "uv", "pip", "install", "--quiet", "--offline", "--no-deps"]
    subprocess.run([*uv, "--target", str(folder / "python"), str(clients.wheel)], check=True)
    modules = folder / "node_modules"
    with tarfile.open(clients.tarball) as tarball:
        tarball.extractall(modules, filter="data")
    (modules / "package").rename(modules / "wecelebrate-client")
    for dependency in ("openapi-fetch", "@types"):
        (modules / dependency).symlink_to(npm.MODULES / dependency)
    (folder / "package.json").write_text('{"type": "module"}')


@dataclass(frozen=True)
class Client:
    """Runs programs in the language of a client, in the folder in which the client is installed."""

    language: str
    folder: Path

    @property
    def environment(self) -> dict[str, str]:
        return os.environ | {"PYTHONPATH": str(self.folder / "python"), "MYPYPATH": str(self.folder / "python")}

    def scenario(self, name: str, **arguments: Any) -> Json:
        """Run a scenario of `scenarios.py` or `scenarios.ts`, and return its result."""
        result: Json = json.loads(self.run(FOLDER / f"scenarios.{self.suffix}", name, json.dumps(arguments)))
        return result

    @property
    def suffix(self) -> str:
        return {"python": "py", "typescript": "ts"}[self.language]

    def run(self, program: Path, *arguments: str, **variables: str) -> str:
        """Run a program and return its standard output."""
        copy = self._copy(program)
        command = [sys.executable] if self.language == "python" else ["node"]
        return self._run(*command, str(copy), *arguments, **variables)

    def check_types(self, *programs: Path) -> None:
        """Check the types of the programs and of the client in strict mode. Python uses mypy, TypeScript uses its
        compiler.

        Some comments expect a type error (`type: ignore`, `@ts-expect-error`). Both tools report such a comment if
        there is no error.
        """
        copies = [str(self._copy(program)) for program in programs]
        if self.language == "python":
            # Later sessions take less time, because the cache contains the types of the standard library and of httpx.
            cache = ROOT / ".mypy_cache" / "clients"
            mypy = ("-m", "mypy", "--strict", f"--config-file={os.devnull}", f"--cache-dir={cache}")
            self._run(sys.executable, *mypy, *copies, str(self.folder / "python/wecelebrate_client"))
        else:
            # The build has already checked the client. --skipLibCheck skips the type declarations of the client.
            options = ("--strict", "--noEmit", "--target", "es2022", "--module", "nodenext", "--skipLibCheck")
            npm.run("tsc", *options, "--erasableSyntaxOnly", *copies, cwd=self.folder)

    def _copy(self, program: Path) -> Path:
        """Copy a program into the folder, because Node.js looks for packages in the folder of the program."""
        return Path(shutil.copy(program, self.folder / program.name))

    def _run(self, *command: str, **variables: str) -> str:
        environment = self.environment | variables
        path = f"{Path(sys.executable).parent}{os.pathsep}{environment['PATH']}"
        result = subprocess.run(
            command,
            cwd=ROOT,
            env=environment | {"PATH": path},
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
        assert result.returncode == 0, f"{result.stdout}{result.stderr}"
        return result.stdout


@pytest.fixture(params=["python", "typescript"])
def client(request: pytest.FixtureRequest, clients: Clients) -> Client:
    return Client(request.param, clients.wheel.parent / "installed")


@pytest.fixture(scope="module")
def platform(cloud: Endpoints, state: Path) -> Iterator[Platform]:
    with Platform.of(cloud, state) as platform:
        yield platform


@pytest.fixture(scope="module")
def tenant(platform: Platform) -> Tenant:
    return platform.tenant()
