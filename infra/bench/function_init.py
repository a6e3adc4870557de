"""Measures the initialisation of functions: the CPU time of a new process until it has imported the handler.

A new environment of Lambda initialises a function before its first request. It runs Python 3.13 with the layers of the
function, and Lambda's own boto3. The benchmark builds the same layers for the processor of this machine, and imports
the handler of each function in a new process with exactly the layers of this function.

The floor is the import of FastAPI from the same layers. A function of the API must not need more than 1.3 times the
floor. Workers do not use FastAPI. Their limit is 0.8: when their target of 200 ms was set, FastAPI needed 250 ms.
"""

import json
import platform as machine
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from statistics import median

from infra.aws import layers
from infra.aws.layers import Layer
from infra.bench.platform import BenchPlatform
from infra.bench.rows import Limit, Row, measures
from infra.functions import FunctionSpec, functions
from infra.local.function_host import HostConfig
from infra.local.processes import LocalCloudError

PAIRS = 9
API_LIMIT, WORKER_LIMIT = Limit.at_most(1.3), Limit.at_most(0.8)
RUNTIME_PACKAGES = ("boto3", "botocore", "s3transfer", "jmespath", "dateutil", "six", "urllib3")
"""The packages that Lambda's Python runtime contains, so that no layer contains them."""
_PROGRAM = """
import json, resource
def seconds():
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime
start = seconds()
import {module}
total = seconds() - start
status = dict(line.split(":", 1) for line in open("/proc/self/status"))
print(json.dumps([total, int(status["VmHWM"].split()[0]) / 1024]))
"""
"""A program that prints the CPU time of the import in seconds, and the largest resident set size of the process in MB.

The program does not read `ru_maxrss`, because Linux keeps its value when a process starts another program. The value
can then be the memory of the parent process. `VmHWM` starts at 0 with the program.
"""


@dataclass(frozen=True)
class Initialisation:
    """The CPU time and the memory that the import of a module took."""

    milliseconds: float
    """The CPU time."""
    megabytes: float
    """The largest resident set size of the process."""


@measures("function-init-api", "function-init-worker")
def function_init(platform: BenchPlatform) -> Iterator[Row]:
    """Initialise all functions once. Then initialise the slowest function of the API and the slowest worker
    repeatedly."""
    with tempfile.TemporaryDirectory() as folder:
        lambda_ = LambdaRuntime.create(Path(folder), HostConfig.model_validate_json(_config(platform)))
        specs = [spec for spec in functions() if spec.kind != "deploy"]
        yield _row("function-init-api", lambda_, [spec for spec in specs if spec.kind == "api"], API_LIMIT)
        yield _row("function-init-worker", lambda_, [spec for spec in specs if spec.kind != "api"], WORKER_LIMIT)


def _config(platform: BenchPlatform) -> bytes:
    return (platform.state / "functions.json").read_bytes()


def _row(name: str, lambda_: "LambdaRuntime", specs: Sequence[FunctionSpec], limit: Limit) -> Row:
    all_functions = {spec.name: lambda_.initialise(spec) for spec in specs}
    slowest = max(specs, key=lambda spec: all_functions[spec.name].milliseconds)
    measured = [(lambda_.initialise(slowest), lambda_.import_fastapi()) for _ in range(PAIRS)]
    typical = median(function.milliseconds for function in all_functions.values())
    note = (
        f"{slowest.name}, the slowest of {len(specs)}, with {measured[0][0].megabytes:.0f} MB; median {typical:.0f} ms"
    )
    pairs = [(function.milliseconds, floor.milliseconds) for function, floor in measured]
    return Row.of_pairs(name, pairs, "ms CPU", floor_name="import of FastAPI", limit=limit, note=note)


@dataclass(frozen=True)
class LambdaRuntime:
    """Python 3.13 with the built layers, for the processor of this machine."""

    python: str
    layers: Mapping[str, Layer]
    boto3: Path
    """A folder with the packages of RUNTIME_PACKAGES."""
    config: HostConfig

    @classmethod
    def create(cls, folder: Path, config: HostConfig) -> "LambdaRuntime":
        """Build the layers in a folder. Raises LocalCloudError if Python 3.13 or Linux is missing."""
        python = layers.python_compiler()
        if python is None or sys.platform != "linux":
            raise LocalCloudError(f"Linux with Python {layers.PYTHON} is needed: install it, e.g. with uv or pyenv")
        built = layers.build(folder / "layers", f"{machine.machine()}-manylinux_2_28")
        boto3 = folder / "boto3"
        for name in RUNTIME_PACKAGES:
            copy_package(name, boto3)
        compile_all = [python, "-I", "-m", "compileall", "-q", "--invalidation-mode", "unchecked-hash", str(boto3)]
        subprocess.run(compile_all, check=True)  # noqa: S603 - the program is Python, and its arguments are constant
        return cls(python, built, boto3, config)

    def initialise(self, spec: FunctionSpec) -> Initialisation:
        """Import the handler of a function in a new process."""
        environment = spec.environment(self.config.bindings) | self.config.aws.environment()
        return self._imported("handler", [spec.folder, *self._paths("core", *spec.vendor_layers)], environment)

    def import_fastapi(self) -> Initialisation:
        """Import FastAPI in a new process."""
        return self._imported("fastapi", self._paths("base", "http"), {})

    def _paths(self, *names: str) -> list[Path]:
        return [*(self.layers[name].folder / "python" for name in names), self.boto3]

    def _imported(self, module: str, paths: Sequence[Path], environment: Mapping[str, str]) -> Initialisation:
        variables = {**environment, "PYTHONPATH": ":".join(map(str, paths)), "PYTHONDONTWRITEBYTECODE": "1"}
        result = subprocess.run(  # noqa: S603 - the program is Python, and this module provides the arguments
            [self.python, "-S", "-s", "-c", _PROGRAM.format(module=module)],
            env=variables, cwd=self.boto3, capture_output=True, text=True, check=False, timeout=60,
        )  # fmt: skip
        if result.returncode:
            raise LocalCloudError(f"the import of {paths[0]}/{module} failed: {result.stderr.strip()[-500:]}")
        seconds, megabytes = json.loads(result.stdout.splitlines()[-1])
        return Initialisation(seconds * 1000, megabytes)


def copy_package(name: str, folder: Path) -> None:
    """Copy the code of an installed package. Link the data of the package, such as the API models of botocore, instead
    of copying it."""
    spec = find_spec(name)
    if spec is None or spec.origin is None:
        raise LocalCloudError(f"the package {name} is not installed: run `make ready`")
    origin = Path(spec.origin)
    folder.mkdir(parents=True, exist_ok=True)
    if origin.name != "__init__.py":
        shutil.copy(origin, folder)
        return
    shutil.copytree(origin.parent, folder / name, ignore=shutil.ignore_patterns("__pycache__", "data"))
    if (origin.parent / "data").is_dir():
        (folder / name / "data").symlink_to(origin.parent / "data", target_is_directory=True)
