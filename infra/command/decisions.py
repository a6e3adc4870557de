"""Shows the questions of a job, asks them on a terminal, and sends the answers."""

import sys
from collections.abc import Mapping

from infra.command import output
from infra.command.api import httpx, post
from infra.command.errors import BadUsage
from infra.command.job_texts import choice_lines, question_head, question_lines
from infra.command.output import Json
from infra.local.hints import this_command


def can_ask() -> bool:
    """Return whether a person can answer questions, because stdin and stderr are terminals."""
    return sys.stdin.isatty() and sys.stderr.isatty()


def print_questions(job: Json) -> None:
    """Print the questions of a job, and the command that answers them."""
    output.warning(f"{job['id']} needs a decision before its first change")
    for line in question_lines(job):
        output.note(f"  {line}")
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


def send_answers(api: httpx.Client, job: Json, answers: Mapping[str, str]) -> None:
    """Send the answers to the questions of a job. Ask the questions without an answer on the terminal.

    Raises BadUsage if an answer is missing and no terminal is attached. Raises Refused if an answer is not a choice of
    its question.
    """
    # If the job does not wait for a decision, the API refuses the answers and gives the reason.
    questions = job["questions"] if job["waiting_for"] == "decision" else []
    missing = [question for question in questions if question["key"] not in answers]
    if missing and not can_ask():
        print_questions(job)
        options = " ".join(f"--answer {question['key']}=VALUE" for question in missing)
        raise BadUsage(f"answers are missing, and no terminal is attached to ask: add {options}")
    typed_answers = {question["key"]: _ask(question) for question in missing}
    post(api, f"/v1/jobs/{job['id']}/decide", {"answers": {**answers, **typed_answers}})


def _ask(question: Json) -> str:
    """Ask one question on the terminal, and return the value of the choice."""
    import typer

    for line in (*question_head(question), *choice_lines(question, numbered=True)):
        output.note(line)
    choices = question["choices"]
    while True:
        number: int = typer.prompt(f"Your choice (1 to {len(choices)})", type=int, err=True)
        if 1 <= number <= len(choices):
            return str(choices[number - 1]["value"])
        output.warning(f"there is no choice {number}: type a number from 1 to {len(choices)}")


def _command(job: Json) -> str:
    answers = "".join(f" --answer {question['key']}=VALUE" for question in job["questions"])
    return f"{this_command()} jobs decide {job['id']}{answers}"
