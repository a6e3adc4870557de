"""Runs the code of functions in separate processes."""

import json
import os
import subprocess
import sys

from infra.bindings import Bindings
from infra.functions import functions
from tests.platform.cloud import CloudAccess
from tests.platform.responses import Json


class Functions(CloudAccess):
    """Runs functions outside the processes of the cloud."""

    def run_as(self, function: str, code: str) -> subprocess.Popen[str]:
        """Start Python code in the folder of a function, with the environment of this function.

        The method does not wait until the code has ended.
        """
        bindings = json.loads((self.state / "functions.json").read_text("utf-8"))["bindings"]
        spec = next(spec for spec in functions() if spec.name == function)
        return subprocess.Popen(
            [sys.executable, "-c", code],
            cwd=spec.folder,
            env={**os.environ, **spec.environment(Bindings(**bindings))},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def invoke(self, function: str) -> Json:
        """Invoke the handler of a scheduled function in a new process. Return the result of the handler."""
        call = "import json, runpy; print(json.dumps(runpy.run_path('handler.py')['handler']({}, None)))"
        result: Json = json.loads(output_of(self.run_as(function, call)).splitlines()[-1])
        return result


def output_of(process: subprocess.Popen[str]) -> str:
    """Wait until a process has ended. Return the output of the process.

    Fail if the exit code of the process is not 0.
    """
    output, _ = process.communicate(timeout=60)
    assert process.returncode == 0, output
    return output
