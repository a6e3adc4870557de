"""The first super admin.

The deployment invites this person, because a new platform has no staff who could send the invitation.
"""

import psycopg

from wecelebrate.core.types import email_address


def invite(url: str, email: str) -> str | None:
    """Invite the first super admin. It returns the code of the invitation, or None if the platform already has a super
    admin.

    The code is not sent by mail, because a new platform may not be able to send mail yet. A second call of this
    function revokes the first invitation. `url` must connect to the primary with the login `wc_migrate`. Raises
    ValueError if `email` is not an e-mail address.
    """
    address = email_address(email)
    if address is None:
        raise ValueError("must be an e-mail address, e.g. name@example.com")
    with psycopg.connect(url, prepare_threshold=None) as connection:
        connection.execute("set local role app_migrate")
        row = connection.execute("select app.invite_first_admin(%s)", [address]).fetchone()
    assert row is not None
    code: str | None = row[0]
    return code
