"""E-mails: what happened is told to whom it is about."""

from wecelebrate import jobs, mail
from wecelebrate.core.queue import consume

handler = consume(jobs.worker("email_notification", mail.work))
