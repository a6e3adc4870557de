"""Runs the commands of a page in one shell, and compares their output with the output that the page shows.

No published tool is suitable. cram and scrut read other formats or are not on PyPI. byexample and phmdoctest do not
check exit codes. None of these tools accepts any id, time or port of the correct form.
"""

import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from difflib import unified_diff
from pathlib import Path

from infra.functions import ROOT
from infra.local.endpoints import Ports
from tests.documents.pages import Step

PAGE_TIMEOUT = 100
"""The longest time for which all commands of a page may run, in seconds."""

_MARK = "\x1e"
_HTTP_ERROR = 22
"""The exit code of `curl --fail-with-body` for a status of 400 or more."""

_IDLE = f"{shlex.quote(sys.executable)} -m tests.documents.idle"
"""Waits until the local cloud has no work to do."""

_READS_RESULTS = re.compile(r"\b(?:mail|mails|jobs|audit|webhook-deliveries)\b")
"""Matches commands that show the results of jobs or workers."""

_RANDOM = {
    # The ids of the demo data are not random, so the pattern excludes them. A narrow table shortens ids.
    "<uuid>": r"\b(?![0-9a-f]{8}-0000-7000-8000-)[0-9a-f]{8}(?:-[0-9a-f]{4}…|(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b)",
    "<time>": r"\b\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d)?(?:\.\d+)?(?:Z|\+\d\d:\d\d)?",
    "<clock>": r"\b\d\d:\d\d:\d\d\b",
    "<seconds> s": r" *\b\d+\.\d s\b",
    "<order>": r"\b[0-9A-HJKMNP-TV-Z]{10}\b",
    '"request_id": "<id>"': r'"request_id": ?"[^"]+"',
    "<hex>": r"\b[0-9a-f]{32}\b",
    "<secret>": r"whsec_[\w+/=]+",
    "<consistency token>": r"\b[\w-]{20,}\.[\w-]{20,}\b",
    "Python <version>": r"Python 3\.\d+\.\d+",
}
"""Maps each placeholder to a pattern of random values. A page may show any value of the same form."""


@dataclass(frozen=True)
class Shell:
    """Runs the commands of pages with a local cloud."""

    program: str
    """The shell that runs the pages: `bash` or `zsh`."""
    home: Path
    """The directory $WECELEBRATE_HOME of the local cloud."""
    ports: Ports
    functions: Mapping[str, str] = field(default_factory=dict)
    """Maps the names of shell functions to their bodies. A shell function runs instead of the program with the same
    name.
    """

    @property
    def environment(self) -> dict[str, str]:
        """The environment of a developer's shell, in which .venv is not active."""
        path = [each for each in os.environ["PATH"].split(os.pathsep) if not each.endswith(".venv/bin")]
        return {
            "PATH": os.pathsep.join(path),
            "HOME": str(self.home),
            "CURL_HOME": str(self.home),
            "LANG": "C.UTF-8",
            "TZ": "UTC",
            "COLUMNS": "200",
            "WECELEBRATE_HOME": str(self.home),
            "WECELEBRATE_OWNER": os.environ.get("WECELEBRATE_OWNER", ""),
            **self.ports.environment,
        }

    def run(self, steps: Sequence[Step]) -> None:
        """Run all steps in one shell that ends at the first failure.

        Raise AssertionError if a command fails, or if its output differs from the output on the page. The error
        contains the line of the page.
        """
        (self.home / ".curlrc").write_text("fail-with-body\nconnect-timeout = 10\n", "utf-8")
        outputs, exit_code = self._outputs(steps)
        for number, step in enumerate(steps):
            if number not in outputs:
                raise AssertionError(f"{step}\ndid not run, because the shell has ended")
            is_last = number + 1 not in outputs
            if is_last and exit_code:
                raise AssertionError(f"{step}\nfailed with exit code {exit_code}:\n{outputs[number]}")
            if difference := self.difference(step, outputs[number]):
                raise AssertionError(f"{step}\nprints something other than the page shows:\n{difference}")

    def difference(self, step: Step, output: str) -> str:
        """Return the difference between the shown and the real output of a step, or an empty text."""
        if step.output is None:
            return ""
        shown, printed = normalized(step.output), normalized(self._with_default_ports(output))
        if re.fullmatch(pattern(shown), printed):
            return ""
        return "\n".join(unified_diff(shown.splitlines(), printed.splitlines(), "shown", "printed", lineterm="", n=99))

    def _outputs(self, steps: Sequence[Step]) -> tuple[dict[int, str], int]:
        functions = [f"{name}() {{ {body}; }}" for name, body in {"idle": _IDLE, **self.functions}.items()]
        commands = [_script(number, step) for number, step in enumerate(steps)]
        script = "\n".join(["set -euo pipefail", *functions, *commands])
        program = shutil.which(self.program)
        assert program is not None, f"{self.program} is not installed"
        with tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace") as output:
            result = subprocess.run(
                [program, *(["-f"] if self.program == "zsh" else ["--norc"]), "-c", script],
                cwd=ROOT,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                timeout=PAGE_TIMEOUT,
                check=False,
            )
            output.seek(0)
            parts = re.split(rf"\n{_MARK}(\d+)\n", output.read())
        return {int(number): text for number, text in zip(parts[1::2], parts[2::2], strict=True)}, result.returncode

    def _with_default_ports(self, text: str) -> str:
        """Replace the ports and the state directory of this local cloud by the defaults, which the pages show."""
        for part in fields(Ports):
            text = re.sub(rf":{getattr(self.ports, part.name)}\b", f":{part.default}", text)
        return text.replace(f"{self.home}/.local", ".local")


def normalized(text: str) -> str:
    """Replace all random values by placeholders, and remove spaces at the ends of lines."""
    for placeholder, random in _RANDOM.items():
        text = re.sub(random, placeholder, text)
    # The width of a table column depends on random values.
    return "\n".join(re.sub(r"(?<=\S)  +", "  ", line.rstrip()) for line in text.strip().splitlines())


def pattern(shown: str) -> str:
    """Return a regular expression that matches the shown output. `…` stands for the rest of a line. A line with only
    `…` stands for one or more lines."""
    lines = (".*?".join(map(re.escape, line.split("…"))) for line in shown.splitlines())
    return r"\n".join(r"(?:.*\n)*?.*" if line == ".*?" else line for line in lines)


def _script(number: int, step: Step) -> str:
    mark = f"printf '\\n{_MARK}%d\\n' {number}"
    if _READS_RESULTS.search(step.command):
        mark = f"idle\n{mark}"
    if step.output is not None and re.search(r'"code": ?"', step.output):
        # The page shows an error response of the API.
        return f"{mark}\nset +e\n{step.command}\nstatus_=$?; set -e; [ $status_ = {_HTTP_ERROR} ]"
    return f"{mark}\n{step.command}"
