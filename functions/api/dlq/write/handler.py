"""Dead letters: retry their jobs, or send their messages again. Only platform admins can do this."""

from wecelebrate.core.http import Writing, api, serve
from wecelebrate.core.types import Id
from wecelebrate.jobs import dead_letters
from wecelebrate.jobs.models import DeadLetter

app = api()


@app.post("/v1/admin/dlq/{letter_id}/redrive")
def redrive_dead_letter(letter_id: Id, tx: Writing) -> DeadLetter:
    """Send the message of a dead letter to its queue again, with a new count of attempts."""
    return dead_letters.redrive(tx, letter_id)


handler = serve(app)
