"""Doubts: a file can be read in several ways, or in another way than the previous file of the catalog.

`feeds.open_feed` finds the doubts before it reads the first row. If a doubt is about prices or SKUs, the load changes
nothing until a user has answered. The setting `on_doubt` of the catalog can change this behaviour. For all other
doubts, the most probable answer is used, and the result of the job reports the doubt.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from itertools import islice
from typing import Any

from wecelebrate.core.shortening import shortened, shortened_text
from wecelebrate.feeds import Change, Question
from wecelebrate.feeds.columns.setting_names import setting_name
from wecelebrate.feeds.columns.synonyms import FIELDS
from wecelebrate.feeds.plan.plan import OPTIONS
from wecelebrate.feeds.questions import STOP
from wecelebrate.ingestion.catalog_settings import accepts

SERIOUS_SUBJECTS = ("money", "identity")
"""The subjects of the doubts for which a load stops."""
MAX_QUESTIONS = 10
"""The maximum number of questions that a job asks at once. The next attempt of the job asks the remaining questions."""
MAX_CHOICES = 12
MAX_EXAMPLES = 5
MAX_SEEN = 10
MAX_VALUE_LENGTH = 500
"""The maximum length of the values `before` and `now` of a doubt, in characters."""
_MAX_TEXT_LENGTH = 1_000
_MAX_EXAMPLE_LENGTH = 200
_MAX_READING_BYTES = 2_000

ACCEPT, KEEP = "accept", "keep"
"""The answers to a question about a change, beside STOP, which is also the answer that this file must not be read."""

Doubt = dict[str, Any]
"""A question in the form of `jobs.models.JobQuestion`."""


def find(
    questions: Sequence[Question],
    changes: Sequence[Change],
    header: Sequence[str],
    accepted: Sequence[Mapping[str, Any]] = (),
    decided: Collection[str] = (),
) -> list[Doubt]:
    """Return the doubts about a file, as JSON values.

    The key of each doubt is unique. A change is not a doubt if a user has accepted it before, if a question has the
    same key, or if the settings of the catalog decide its key (`decided`).

    `header` contains the names of the columns of the file. A user can choose the previous column only if the file has
    it.
    """
    questions_by_key = {question.key: question for question in reversed(questions)}
    new_changes = [
        change
        for change in changes
        if change.key not in questions_by_key and change.key not in decided and _identity(change) not in accepted
    ]
    return [
        *(_from_question(question) for question in questions if questions_by_key[question.key] is question),
        *(_from_change(change, header) for change in new_changes),
    ]


def serious(doubts: Iterable[Doubt]) -> list[Doubt]:
    """Return the doubts for which a load stops."""
    return [doubt for doubt in doubts if doubt["subject"] in SERIOUS_SUBJECTS]


def description(doubts: Sequence[Doubt]) -> str:
    """Return the texts of all doubts in one line."""
    return " ".join(doubt["text"] for doubt in doubts)


def _identity(change: Change) -> dict[str, Any]:
    return {"key": change.key, "before": _reading(change.before), "now": _reading(change.now)}


def _from_question(question: Question) -> Doubt:
    setting = "options" if question.key in OPTIONS else "mapping"
    # An answer becomes a setting. Therefore each choice must be a value that the API accepts as a setting. If the name
    # of a column is too long for a setting, the choice has a shortened name.
    values = ((choice, setting_name(choice.value) if setting == "mapping" else choice.value)
              for choice in question.choices if not choice.refuses_file and choice.value != STOP)  # fmt: skip
    possible = ((choice, value) for choice, value in values if accepts(setting, question.key, value or None))
    choices = list(islice(possible, MAX_CHOICES))
    choices += [(choice, STOP) for choice in question.choices if choice.refuses_file]
    return {
        "key": question.key,
        "kind": "question",
        "subject": question.subject,
        "text": shortened_text(question.text, _MAX_TEXT_LENGTH),
        "seen": [shortened_text(value, _MAX_EXAMPLE_LENGTH) for value in question.seen[:MAX_SEEN]],
        "choices": [_choice(value, choice.label, choice.examples) for choice, value in choices],
        "setting": setting,
        "before": None,
        "now": None,
    }


def _from_change(change: Change, header: Sequence[str]) -> Doubt:
    setting = _setting_to_keep(change, header)
    keep = [_choice(KEEP, f"Read this file and later files as before: {change.before}")] if setting else []
    return {
        "key": change.key,
        "kind": "change",
        "subject": change.subject,
        "text": shortened_text(change.text, _MAX_TEXT_LENGTH),
        "seen": [],
        "choices": [
            _choice(ACCEPT, "Go on, and read later files in the new way"),
            *keep,
            _choice(STOP, "Stop: cancel the job, and change nothing"),
        ],
        "setting": setting,
        "before": _reading(change.before),
        "now": _reading(change.now),
    }


def _setting_to_keep(change: Change, header: Sequence[str]) -> str | None:
    """Return which part of the settings, `options` or `mapping`, can contain the previous reading. If no part can,
    return None.
    """
    before = change.before
    if not isinstance(before, str):
        return None
    setting = "options" if change.key in OPTIONS else "mapping"
    is_setting = setting == "options" or (change.key in FIELDS and before in header)
    return setting if is_setting and accepts(setting, change.key, before) else None


def _choice(value: str, label: str, examples: Sequence[str] = ()) -> dict[str, Any]:
    return {
        "value": value,
        "label": shortened_text(label, _MAX_TEXT_LENGTH),
        "examples": [shortened_text(example, _MAX_EXAMPLE_LENGTH) for example in examples[:MAX_EXAMPLES]],
    }


def _reading(value: Any) -> Any:
    return shortened_text(value, MAX_VALUE_LENGTH) if isinstance(value, str) else shortened(value, _MAX_READING_BYTES)
