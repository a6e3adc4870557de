"""Shows the questions of a job, asks them on a terminal, and sends the answers."""

import json
import sys
from collections.abc import Mapping

from infra.command import output
from infra.command.api import httpx, post
from infra.command.errors import BadUsage
from infra.command.job_texts import choice_lines, question_head, question_lines
from infra.command.output import Json
from infra.local.hints import this_command

_KEPT = "the catalog keeps the answers for its later files"


def can_ask() -> bool:
    """Return whether a person can answer questions, because stdin and stderr are terminals."""
    return sys.stdin.isatty() and sys.stderr.isatty()


def print_questions(job: Json) -> None:
    """Print the questions of a job, and the command that answers them."""
    output.warning(f"{job['id']} needs a decision before its first change")
    for line in question_lines(job):
        output.note(f"  {line}")
    if job["catalog_id"]:
        output.note(f"  {_KEPT}")
    output.note(f"  answer with `{_command(job)}`, or run `{this_command()} jobs cancel {job['id']}`")


def parsed_answers(answers: list[str]) -> dict[str, str]:
    """Return a mapping from question key to answer. Raises BadUsage unless each answer has the form KEY=VALUE."""
    parsed = {}
    for answer in answers:
        key, equals, value = answer.partition("=")
        if not key or not equals:
            raise BadUsage(f"--answer {answer} has no value: give it as KEY=VALUE, e.g. --answer decimal=,")
        if key in parsed:
            raise BadUsage(f"--answer {key} is given twice: give each answer once")
        parsed[key] = value
    return parsed


def send_answers(api: httpx.Client, job: Json, answers: Mapping[str, str]) -> Json:
    """Send the answers to the questions of a job. On the terminal, ask the questions that have no answer yet.

    The function prints which answers the catalog keeps, and returns the job. Raises BadUsage if an answer belongs to no
    question. Also raises BadUsage if an answer is missing and no terminal is attached. Raises Refused if an answer is
    not a choice of its question.
    """
    # If the job does not wait for a decision, the API refuses the answers and states the reason.
    questions = job["questions"] if job["waiting_for"] == "decision" else []
    keys = [question["key"] for question in questions]
    unknown = [key for key in answers if key not in keys]
    if questions and unknown:
        print_questions(job)
        raise BadUsage(f"the job has no question {', '.join(unknown)}: its questions are {', '.join(keys)}")
    missing = [question for question in questions if question["key"] not in answers]
    if missing and not can_ask():
        print_questions(job)
        options = " ".join(f"--answer {question['key']}=VALUE" for question in missing)
        raise BadUsage(f"answers are missing, and no terminal is attached to ask: add {options}")
    if missing and job["catalog_id"]:
        output.note(_KEPT)
    all_answers = {**answers, **{question["key"]: _ask(question) for question in missing}}
    decided = post(api, f"/v1/jobs/{job['id']}/decide", {"answers": all_answers})
    if job["catalog_id"] and decided["status"] != "cancelled":
        for line in kept_lines(job, all_answers):
            output.note(f"  {line}")
    return decided


def kept_lines(job: Json, answers: Mapping[str, str]) -> list[str]:
    """Return lines that state which answers the catalog keeps for its later files, and which requests show and reset
    these answers."""
    settings: dict[str, dict[str, str | None]] = {}
    reads_anew = False
    for question in job["questions"]:
        key, answer = question["key"], answers[question["key"]]
        if question["kind"] == "question" or answer == "keep":
            value = question["before"] if answer == "keep" else answer
            settings.setdefault(question["setting"], {})[key] = value
        else:
            reads_anew = True
    path = f"/v1/catalogs/{job['catalog_id']}"
    lines = []
    for name, values in settings.items():
        stored = ", ".join(f"{key}={value}" for key, value in values.items())
        reset = json.dumps({"sync_settings": {name: dict.fromkeys(values)}})
        lines += [
            output.printable(f"stored in the catalog for its later files, too: {stored}"),
            f"`GET {path}` shows this in sync_settings.{name}, and `PATCH {path}` with {reset} resets it",
        ]
    if reads_anew:
        lines += [
            "the catalog reads its later files in the new way, too",
            f"`GET {path}/reading` shows the last reading, and `DELETE {path}/reading` resets it",
        ]
    return lines


def _ask(question: Json) -> str:
    """Ask one question on the terminal, and return the value of the choice."""
    import typer

    for line in (*question_head(question), *choice_lines(question, numbered=True)):
        output.note(line)
    choices = question["choices"]
    while True:
        typed = typer.prompt(f"Your choice (1 to {len(choices)})", err=True).strip()
        if typed in map(str, range(1, len(choices) + 1)):
            return str(choices[int(typed) - 1]["value"])
        output.warning(f"there is no choice {output.printable(typed)}: type a number from 1 to {len(choices)}")


def _command(job: Json) -> str:
    answers = "".join(f" --answer {question['key']}=VALUE" for question in job["questions"])
    return f"{this_command()} jobs decide {job['id']}{answers}"
