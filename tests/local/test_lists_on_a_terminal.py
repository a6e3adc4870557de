"""Compares the output of commands that list a tenant's rows with recorded transcripts. The local cloud is running.

`WECELEBRATE_TRANSCRIPTS=write pytest tests/local/test_lists_on_a_terminal.py` records the transcripts again. A
transcript contains the output of a command on a terminal with 60 columns, and the output of the same command in a pipe.
"""

import re
from pathlib import Path

import pytest

from tests.functions.resources import create_resources
from tests.local.test_transcripts import RECORD, Commands, commands_process
from tests.platform import Platform, Tenant

__all__ = ["commands_process"]

FOLDER = Path(__file__).parent / "transcripts_with_a_cloud"
COLUMNS = 60
CASES = {
    "jobs list": "jobs list --client SLUG --type product_import",
    "jobs show": "jobs show {job_id}",
    "orders list": "orders list --client SLUG --status pending",
    "orders show": "orders show {order_id}",
    "exports list": "exports list --client SLUG",
    "exports show": "exports show {export_id}",
    "members list": "members list --client SLUG",
    "members list invitations": "members list --client SLUG --invitations",
    "dlq list": "dlq list --client SLUG",
    "status watch": "status --watch --interval 1 --count 1",
    "unknown client": "jobs list --client SLUG-x --limit 1",
    "unknown job": "jobs show 01a20512-5e16-7075-8b8c-1b6a3ce1d0a5",
}
_FIGURES = (
    "hit rate of the cache|database time|connections|replica lag|handed to the primary|oldest sync|dead letters"
    "|mails bounced|throttled requests|cache errors"
)
_MASKS = (
    # Parts of `status --watch`: the time, the routes and queues that other tests use, the figures, and optional lines.
    (r"(?s)\d\d:\d\d:\d\d, the last .*?(?=(?:out: )?(?:\\e\[2m)?hit rate)", "<routes and queues>\n"),
    (r"(?m)^(?:out: )?(?:\\e\[2m)?memory of functions.*\n", ""),
    (r"(?m)^((?:out: )?(?:postgres|replica|redis|upstash|aws|functions)) +[\d.]+ +\d+$", r"\1  <figures>"),
    (r"(?m)^(?:out: )?pgbouncer +[\d.]+ +\d+\n", ""),
    (rf"(?m)^((?:out: )?(?:\\e\[2m)?(?:{_FIGURES})(?: *\\e\[0m)?)  .*$", r"\1  <figure>"),
    (r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", "<id>"),
    (r"\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?)?(?:Z|\+00:00)?", "<time>"),
    (r"\b\d+ (?:s|min|h|d)\b", "<age>"),
    (r"[0-9a-f]{32}", "<hex>"),
    (r"owner-[0-9a-f]{12}", "<owner>"),
    (r"\bt-[0-9a-z-]+", "<slug>"),
    (r"\b[0-9A-F]{10}\b", "<number>"),
    (r"(?:did you mean|the clients are) .*", "…"),
)
"""Matches values that are different in each run."""
_LONG_TEXTS = ("✗", "object  ", "file  ", "ship to  ", "effect  ", "    ")
"""The beginnings of lines whose text can need two lines. Indented lines belong to the JSON result of a job."""


@pytest.fixture(scope="module")
def rows() -> dict[str, str]:
    """The ids of the rows. The first test creates the rows."""
    return {}


@pytest.mark.parametrize("name", CASES)
def test_the_output_equals_its_transcript_and_fits_into_60_columns(
    name: str, platform: Platform, state: Path, rows: dict[str, str], commands_process: Commands
) -> None:
    if not rows:
        tenant: Tenant = platform.tenant()
        rows |= create_resources(platform, tenant) | {"slug": tenant.slug}
    arguments = CASES[name].replace("SLUG", rows["slug"]).format(**rows).split()
    terminal = commands_process.on_terminal(state.parent, arguments)
    lines = re.sub(r"\\e\[\d*m", "", terminal).split("\n")
    wide = [line for line in lines if len(line) > COLUMNS and not line.startswith(_LONG_TEXTS)]
    assert wide == [], "only texts of one row may need two lines"
    piped = commands_process.piped(state.parent, arguments)
    compare(name, f"== terminal\n{masked(terminal)}\n== piped\n{masked(piped)}\n")


def masked(text: str) -> str:
    for pattern, mask in _MASKS:
        text = re.sub(pattern, mask, text)
    # The column widths depend on the masked values.
    return "\n".join(re.sub(r" {2,}", "  ", line).rstrip() for line in text.split("\n"))


def compare(name: str, text: str) -> None:
    file = FOLDER / f"{name.replace(' ', '-')}.txt"
    if RECORD:
        file.write_text(text, "utf-8")
    assert text == file.read_text("utf-8")


def test_each_transcript_belongs_to_an_existing_command() -> None:
    assert {file.stem for file in FOLDER.iterdir()} == {name.replace(" ", "-") for name in CASES}
