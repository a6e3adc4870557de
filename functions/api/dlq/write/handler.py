"""Dead letters: retry their jobs, send their messages again, or dismiss them. Only platform admins can do this."""

from wecelebrate.core.http import Writing, api, serve
from wecelebrate.core.types import Id
from wecelebrate.jobs import dead_letters
from wecelebrate.jobs.models import DeadLetter

app = api()


@app.post("/v1/admin/dlq/{letter_id}/redrive")
def redrive_dead_letter(letter_id: Id, tx: Writing) -> DeadLetter:
    """Send the message of a dead letter to its queue again, with a new count of attempts."""
    return dead_letters.redrive(tx, letter_id)


@app.post("/v1/admin/dlq/{letter_id}/dismiss")
def dismiss_dead_letter(letter_id: Id, tx: Writing) -> DeadLetter:
    """Record that a dead letter needs no work. The dead letter can still be redriven later."""
    return dead_letters.dismiss(tx, letter_id)


handler = serve(app)
