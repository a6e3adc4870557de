"""Suppressions: release an address, so that mail is sent to it again."""

from wecelebrate import mail
from wecelebrate.core.http import Writing, api, serve
from wecelebrate.core.types import Id

app = api()


@app.delete("/v1/mail-suppressions/{suppression_id}", status_code=204)
def release_suppression(suppression_id: Id, tx: Writing) -> None:
    """Release a suppressed address, so that mail is sent to it again."""
    mail.release(tx, suppression_id)


handler = serve(app)
