"""E-mail: what happened is told to the people it is about.

A mail is a row and a job in the transaction of what it tells (`order_confirmation`, `order_shipped`, `job_finished`).
The job holds the row's id and nothing about a person; its worker (`work`) writes the mail in the look of the site and
in its language, and hands it to SES. What SES tells of it later (`receive`) becomes the row's state, and an address
that does not exist, or whose owner complained, is written to no more.
"""

from wecelebrate.mail.enqueue import job_finished, order_confirmation, order_shipped
from wecelebrate.mail.events import receive
from wecelebrate.mail.log import get, page
from wecelebrate.mail.suppressions import page as suppressions_page
from wecelebrate.mail.suppressions import release
from wecelebrate.mail.worker import work

__all__ = [
    "get",
    "job_finished",
    "order_confirmation",
    "order_shipped",
    "page",
    "receive",
    "release",
    "suppressions_page",
    "work",
]
