"""Runs the code of functions in separate processes."""

import json
import os
import subprocess
import sys

import httpx

from infra.bindings import Bindings
from infra.functions import functions
from infra.local.invocations import INVOCATIONS
from tests.platform.cloud import TLS, CloudAccess
from tests.platform.responses import Json


class Functions(CloudAccess):
    """Runs the code of functions in new processes outside the local cloud. Also invokes the scheduled functions of the
    local cloud.
    """

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
        """Invoke a scheduled function of the local cloud. Return the result of the handler."""
        key = json.loads((self.state / "functions.json").read_text("utf-8"))["invocation_key"]
        response = httpx.post(
            f"{self.endpoints.api}{INVOCATIONS}/{key}/2015-03-31/functions/{function}/invocations",
            json={},
            headers={"Authorization": "AWS4-HMAC-SHA256 Credential=test"},
            timeout=120,
            trust_env=False,
            verify=TLS,
        )
        assert response.status_code == 200 and "x-amz-function-error" not in response.headers, response.text
        result: Json = response.json()
        return result


def output_of(process: subprocess.Popen[str]) -> str:
    """Wait until a process has ended. Return the output of the process.

    Fail if the exit code of the process is not 0.
    """
    output, _ = process.communicate(timeout=60)
    assert process.returncode == 0, output
    return output
