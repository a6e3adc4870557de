"""Dead letters: list and read them. Only platform admins and support staff can do this."""

from typing import Annotated

from fastapi import Query, Request, Response

from wecelebrate.audit.reads import records_reads
from wecelebrate.core.http import Reading, api, page_response, serve
from wecelebrate.core.pages import Page
from wecelebrate.core.types import Id
from wecelebrate.jobs import dead_letters
from wecelebrate.jobs.models import DeadLetter, DeadLetterFilters

app = api()


@app.get("/v1/admin/dlq", response_model=Page[DeadLetter], dependencies=[records_reads("dead_letter")])
def list_dead_letters(request: Request, filters: Annotated[DeadLetterFilters, Query()], tx: Reading) -> Response:
    """List failed jobs and messages that an operator has to look at, the newest first."""
    return page_response(request, filters, dead_letters.page(tx, filters))


@app.get("/v1/admin/dlq/{letter_id}", dependencies=[records_reads("dead_letter")])
def get_dead_letter(letter_id: Id, tx: Reading) -> DeadLetter:
    """Read one dead letter with the body of its message."""
    return dead_letters.get(tx, letter_id)


handler = serve(app)
