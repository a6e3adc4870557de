"""Decisions: the answers of a user to the questions of a job.

An answer is stored in the settings of the catalog, so that the next file with the same doubt is read without a
question. The settings and the job change in one transaction.
"""

from collections.abc import Mapping
from typing import Annotated, Any
from uuid import UUID

from pydantic import Field, StringConstraints

from wecelebrate import jobs
from wecelebrate.core.database import Transaction, as_json, queries
from wecelebrate.core.errors import Invalid
from wecelebrate.core.models import Input, pointer
from wecelebrate.core.problem_document import FieldError
from wecelebrate.core.types import Label
from wecelebrate.jobs.models import Job

sql = queries(__file__)

Answer = Annotated[str, StringConstraints(strip_whitespace=False, max_length=500)]


class Decision(Input):
    """The answers to all questions of a job."""

    answers: dict[Label, Answer] = Field(
        description="The answers: maps the key of each question to the `value` of one of its choices.", max_length=100
    )


def decide(tx: Transaction, job_id: UUID, decision: Decision) -> Job:
    """Answer the questions of a job, and store the answers in the settings of its catalog. The job then continues.

    If an answer is `stop`, the job is cancelled, and no answer is stored, because `stop` applies to this file only.

    Raises NotFound, Forbidden or WrongJobState. Raises Invalid if an answer is missing, or is not one of the choices.
    """
    job = jobs.questions_of(tx, job_id)
    questions, answers = job["questions"], decision.answers
    _check(questions, answers)
    if any(answers[question["key"]] == "stop" for question in questions):
        return jobs.cancel(tx, job_id)
    if job["catalog_id"] is not None:
        _store(tx, job["catalog_id"], questions, answers)
    return jobs.decide(tx, job_id, answers)


def _check(questions: list[dict[str, Any]], answers: Mapping[str, str]) -> None:
    """Raise Invalid if an answer is missing, unknown, or not one of the choices. The exception has an error for each of
    these.
    """
    choices = {question["key"]: [choice["value"] for choice in question["choices"]] for question in questions}
    errors = {
        key: "is not a question of this job" if key not in choices else f"must be one of {_quoted(choices[key])}"
        for key, answer in answers.items()
        if answer not in choices.get(key, ())
    } | {key: "is required" for key in choices if key not in answers}
    if errors:
        raise Invalid(
            "; ".join(f"{key}: {detail}" for key, detail in errors.items()),
            [FieldError(pointer=pointer(("answers", key)), detail=detail) for key, detail in errors.items()],
        )


def _store(tx: Transaction, catalog_id: UUID, questions: list[dict[str, Any]], answers: Mapping[str, str]) -> None:
    """Store the answers in the settings of the catalog. Accepted changes are stored beside its reading, not in its
    settings.
    """
    settings: dict[str, dict[str, Any]] = {"options": {}, "mapping": {}}
    accepted = []
    for question in questions:
        key, answer = question["key"], answers[question["key"]]
        if question["kind"] == "question":
            # An empty answer means that no column is read into the field. In a mapping, such a field is null.
            settings[question["setting"]][key] = answer or None
        elif answer == "keep":
            settings[question["setting"]][key] = question["before"]
        else:
            accepted.append({name: question[name] for name in ("key", "before", "now")})
    if any(settings.values()):
        sql.store_answers(tx, catalog_id=catalog_id, **as_json(settings, *settings))
    if accepted:
        sql.accept_changes(tx, catalog_id=catalog_id, **as_json({"accepted": accepted}, "accepted"))


def _quoted(values: list[str]) -> str:
    return ", ".join(f"`{value}`" for value in values)
