"""Tests the rules that apply to all Markdown pages: links, kinds of code blocks, and commands that work in any
shell."""

import datetime
import json
import re
import tomllib
from typing import Any

import pytest
import typer
from standardwebhooks import Webhook

from infra.command import app
from infra.command.errors import ExitCode
from infra.functions import ROOT
from infra.local.endpoints import Ports
from tests.documents.pages import Block, Page, guides, pages, steps
from tests.documents.shell import normalized, pattern
from wecelebrate.exports.columns import COLUMNS

LANGUAGES = {"sh", "console", "toml", "python", "typescript", ""}
"""The allowed languages of code blocks. Tests run or compare every block that has a language. For example, a folder
tree has no language."""


def blocks(language: str) -> list[Block]:
    return [block for page in guides() for block in page.blocks if block.language == language]


@pytest.mark.parametrize("page", pages().values(), ids=lambda page: page.name)
def test_every_link_of_a_page_has_a_target(page: Page) -> None:
    broken = []
    for link in page.links:
        path, _, anchor = link.partition("#")
        if re.match(r"[a-z]+:", link):
            continue
        target = (ROOT / page.name).parent.joinpath(path).resolve() if path else ROOT / page.name
        name = str(target.relative_to(ROOT))
        if not target.exists() or (anchor and anchor not in pages()[name].anchors):
            broken.append(link)
    assert not broken


@pytest.mark.parametrize("page", pages().values(), ids=lambda page: page.name)
def test_every_mentioned_page_exists(page: Page) -> None:
    names = {token.content for token in page.inline if token.type == "code_inline"}
    named = {name for name in names if re.fullmatch(r"(?:docs/)?[\w/-]+\.md", name) and name.startswith("docs/")}
    assert {name for name in named if not (ROOT / name).exists()} == set()


def test_every_guide_can_be_reached_from_the_readme() -> None:
    reached, queue = {"README.md"}, ["README.md"]
    while queue:
        page = pages()[queue.pop()]
        for link in page.links:
            target = (ROOT / page.name).parent.joinpath(link.partition("#")[0]).resolve()
            name = str(target.relative_to(ROOT)) if target.is_relative_to(ROOT) else ""
            if name in pages() and name not in reached:
                reached.add(name)
                queue.append(name)
    assert {page.name for page in guides()} <= reached


def test_each_code_block_has_an_allowed_language() -> None:
    assert not [str(block) for page in guides() for block in page.blocks if block.language not in LANGUAGES]


@pytest.mark.parametrize("block", blocks("toml"), ids=str)
def test_a_toml_block_on_a_page_equals_the_file_that_the_block_names(block: Block) -> None:
    name, _, text = block.code.removeprefix("# ").partition("\n")
    assert text == (ROOT / name).read_text("utf-8")


# tests/clients runs the blocks of docs/clients.md.
@pytest.mark.parametrize("block", [each for each in blocks("python") if each.page != "docs/clients.md"], ids=str)
def test_the_python_example_verifies_a_signed_event(block: Block) -> None:
    secret, body, now = "whsec_" + "A" * 32, b'{"type": "webhook.test"}', datetime.datetime.now(datetime.UTC)
    headers = {
        "webhook-id": "1",
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": Webhook(secret).sign("1", now, body.decode()),
    }
    variables = {"secret": secret, "body": body, "headers": headers}
    exec(compile(block.code, str(block), "exec"), variables)
    assert variables["event"] == json.loads(body)


@pytest.mark.parametrize("page", guides(), ids=lambda page: page.name)
def test_commands_on_the_pages_work_in_bash_and_zsh_and_with_any_ports(page: Page) -> None:
    for block in page.blocks:
        if block.language in ("sh", "console"):
            for step in steps(block):
                unquoted = re.sub(r"'[^']*'|\"(?:\\.|[^\"\\])*\"", "", step.command)
                # An interactive zsh does not support comments, and refuses a pattern that matches no file.
                assert not re.search(r"(?:^|\s)#|[?*\[]|<(?!<)\S+>", unquoted), step
                assert "!" not in step.command, step
                assert "…" not in step.command and "..." not in step.command, step
                assert not re.search(r"\b(?:uuidgen|jq)\b", step.command), step
                assert not re.search(rf":(?:{'|'.join(Ports().environment.values())})\b", step.command), step


@pytest.mark.parametrize("page", guides(), ids=lambda page: page.name)
def test_a_page_sets_a_variable_before_its_commands_use_the_variable(page: Page) -> None:
    exported = {"API", "TOKEN", "CLIENT", "SITE", "CATALOG", "PRODUCT", "SHOP"}
    defined = {"REPOSITORY"}
    for block in page.blocks:
        if block.language in ("sh", "console"):
            for step in steps(block):
                if "wecelebrate env" in step.command:
                    defined |= exported
                if "wecelebrate sign-in" in step.command:
                    defined |= {"API", "TOKEN"}
                used = set(re.findall(r"\$(\w*[A-Za-z]\w*)", re.sub(r"\bawk '[^']*'", "", step.command)))
                defined |= set(re.findall(r"(?:^|\s)([A-Z_]+)=", step.command))
                assert used <= defined, step


@pytest.mark.parametrize("page", guides(), ids=lambda page: page.name)
def test_all_commands_and_options_on_the_pages_exist(page: Page) -> None:
    root: Any = typer.main.get_command(app)
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))
    for text in {token.content for token in page.inline if token.type == "code_inline"}:
        words = re.sub(r"^wecelebrate --env \w+", "wecelebrate", text.partition("|")[0]).split()
        if words[0] == "make" and len(words) > 1 and words[1].isalpha():
            assert words[1] in targets, text
        if words[0] == "wecelebrate":
            command: Any = root
            for word in words[1:]:
                if hasattr(command, "commands") and not word.startswith("-"):
                    assert word in command.commands, text
                    command = root.entries[word].load(word) if command is root else command.commands[word]
                elif word.startswith("-"):
                    options = {name for each in command.params for name in (*each.opts, *each.secondary_opts)}
                    assert word.strip("[]").partition("=")[0] in options | {"--help", "-h", "--version"}, text


def test_the_command_page_lists_all_exit_codes_with_their_meanings() -> None:
    rows = re.findall(r"^\| (\d+) \| (.+) \|$", pages()["docs/command.md"].text, re.MULTILINE)
    assert [(int(code), meaning.replace("`", "")) for code, meaning in rows] == [
        (code.value, code.meaning) for code in ExitCode
    ]


def test_the_exports_page_lists_all_columns_in_the_order_of_the_file() -> None:
    text = (ROOT / "docs/data-exports.md").read_text().partition("## Columns")[2].partition("## Formats")[0]
    listed = {}
    for row in re.findall(r"^\| `(\w+)` \| (.+) \|$", text, re.MULTILINE):
        listed[row[0]] = re.findall(r"`(\w+)`", row[1].replace(" if `include` names it", ""))
    assert listed == {kind: [column.name for column in columns] for kind, columns in COLUMNS.items()}


def test_the_readme_fits_on_one_screen_of_a_browser() -> None:
    assert len(pages()["README.md"].text.splitlines()) <= 80


def test_the_lines_of_the_changelog_have_at_most_120_characters() -> None:
    lines = (ROOT / "CHANGELOG.md").read_text("utf-8").splitlines()
    assert [f"line {number}" for number, line in enumerate(lines, start=1) if len(line) > 120] == []


def test_the_license_file_states_the_license_of_the_package() -> None:
    license = (ROOT / "LICENSE").read_text("utf-8")
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    assert f"SPDX-License-Identifier: {project['license']}\n" in license


def test_only_random_values_may_differ_from_the_output_on_the_page() -> None:
    def equal(shown: str, printed: str) -> bool:
        return re.fullmatch(pattern(normalized(shown)), normalized(printed)) is not None

    assert equal("job 01a21b97-7a76-7a08-8a41-ec1aa65f8c63", "job 11a21b97-7a76-7a08-8a41-ec1aa65f8c64")
    assert not equal("ca100000-0000-7000-8000-000000000001", "ca200000-0000-7000-8000-000000000002")
    assert equal("at 2026-01-01T00:00:00Z", "at 2027-02-02T10:10:10.5+00:00")
    assert equal("a\n…\nz", "a\nb\nc\nz") and not equal("a\n…\nz", "a\nb")
    assert equal('{"id":1,…}', '{"id":1,"x":2}') and not equal('{"id":1,…}', '{"id":2,"x":2}')
    assert not equal("21 rows: 21 created", "21 rows: 20 created")
