"""Tests how lists are printed on terminals of different widths."""

import os
import pty
import subprocess
import sys

import pytest

from infra.functions import ROOT

ID = "01a20512-5e16-7075-8b8c-1b6a3ce1d0a5"
PROGRAM = f"""
from infra.command.job_texts import COLUMNS
from infra.command.output import Styled, print_table
for rows in ([("{ID}", "acme", "catalog_sync", Styled("needs a decision"), "", "2 h")] * 2,):
    print_table(COLUMNS, rows)
"""


def printed(columns: int) -> list[str]:
    """Return the lines that the program prints on a terminal with this number of columns."""
    ours, theirs = pty.openpty()
    environment = {**os.environ, "COLUMNS": str(columns), "TERM": "dumb"}
    with subprocess.Popen([sys.executable, "-c", PROGRAM], cwd=ROOT, env=environment, stdout=theirs) as process:
        os.close(theirs)
        output = b""
        try:
            while chunk := os.read(ours, 65_536):
                output += chunk
        except OSError:  # Linux reports the end of a terminal as an error
            pass
        os.close(ours)
    assert process.returncode == 0
    return output.decode().replace("\r\n", "\n").splitlines()


@pytest.mark.parametrize("columns", [80, 120])
def test_a_wide_terminal_shows_a_list_as_a_table(columns: int) -> None:
    head, *rows = printed(columns)
    assert head.split() == ["job", "client", "type", "state", "progress", "age"]
    assert all(row.startswith(f"{ID}  acme    catalog") and len(row) <= columns for row in rows)


def test_a_narrow_terminal_shows_each_row_of_a_list_as_a_block() -> None:
    block = [f"job     {ID}", "client  acme", "type    catalog_sync", "state   needs a decision", "age     2 h"]
    assert printed(60) == [*block, "", *block]
