"""E-mails: send the mails of jobs."""

from wecelebrate import jobs, mail, subscriptions
from wecelebrate.core.queue import consume
from wecelebrate.jobs import dead_letters

subscriptions.connect()
handler = consume(jobs.worker("email_notification", mail.work), on_dead_letter=dead_letters.record_message)
