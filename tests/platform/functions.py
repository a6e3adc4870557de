"""Running the code of functions in a separate process."""

import json
import os
import subprocess
import sys

from infra.functions import Bindings, functions
from tests.platform.cloud import CloudAccess
from tests.platform.responses import Json


class Functions(CloudAccess):
    """Running functions outside of the cloud."""

    def run_as(self, function: str, code: str) -> subprocess.Popen[str]:
        """Start Python code in the folder and with the environment of a function. Does not wait for its end."""
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
        """Invoke the handler of a scheduled function. Returns its result."""
        call = "import json, runpy; print(json.dumps(runpy.run_path('handler.py')['handler']({}, None)))"
        result: Json = json.loads(output_of(self.run_as(function, call)).splitlines()[-1])
        return result


def output_of(process: subprocess.Popen[str]) -> str:
    """Wait until a process has ended, which must succeed. Returns its output."""
    output, _ = process.communicate(timeout=60)
    assert process.returncode == 0, output
    return output
