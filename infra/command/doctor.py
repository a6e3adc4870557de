"""The command `wecelebrate doctor`: finds the problems of this machine that prevent a local cloud."""

import os
from dataclasses import asdict

import typer

from infra.command import output
from infra.command.errors import ExitCode
from infra.command.help import LOCAL, command
from infra.command.output import JsonOption
from infra.local.diagnosis import diagnose
from infra.local.endpoints import CHECKOUT, state_directory


@command("wecelebrate doctor", "wecelebrate doctor --json | jq '.data[] | select(.fix)'", environment=LOCAL)
def doctor(as_json: JsonOption = False) -> None:
    """Find the problems of this machine that prevent a local cloud, and print the commands that fix each problem.

    The checks need no running cloud and no root access. The exit code is 1 if a problem exists. Warnings do not change
    the exit code.
    """
    findings = list(diagnose(state_directory(), CHECKOUT, os.environ))
    problems = [finding for finding in findings if finding.state == "problem"]
    if as_json:
        output.print_json_list([asdict(finding) for finding in findings])
    else:
        colors = {"ok": "green", "warning": "yellow", "problem": "red"}
        marks = {"ok": "✓", "warning": "!", "problem": "✗"}
        for finding in findings:
            text = f"{finding.check:<13}{output.printable(finding.message)}"
            output.marked(marks[finding.state], colors[finding.state], text)
            if finding.fix:
                output.result(f"  {'':<13}→ {output.printable(finding.fix)}")
    if problems:
        output.note(f"{len(problems)} problem{'s' * (len(problems) > 1)} found")
        raise typer.Exit(ExitCode.FAILED)
