"""Mails: to customers about their orders, to users about their jobs, and to people who are invited as members.

`order_confirmation`, `order_shipped` and `job_finished` create a row in `mails` and a job. Call these functions in the
transaction of the change that the mail reports. The payload of the job contains only the id of the row and no personal
data. The worker (`MailBatch`) renders the mail in the site's language, with the site's branding, and sends it through
SES.

SES reports the outcome of a mail in an event. `receive` processes this event and updates the state of the mail. If an
address does not exist, or if its owner complains about the mail, `receive` suppresses the address: it gets no more
mails.
"""

from wecelebrate.mail.enqueue import invitation, job_finished, order_confirmation, order_shipped
from wecelebrate.mail.events import receive
from wecelebrate.mail.log import get, page
from wecelebrate.mail.suppressions import page as suppressions_page
from wecelebrate.mail.suppressions import release
from wecelebrate.mail.worker import MailBatch

__all__ = [
    "MailBatch",
    "get",
    "invitation",
    "job_finished",
    "order_confirmation",
    "order_shipped",
    "page",
    "receive",
    "release",
    "suppressions_page",
]
