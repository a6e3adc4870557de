"""E-mails: send the mail of each mail job."""

from wecelebrate import jobs, mail, subscriptions
from wecelebrate.core.queue import consume
from wecelebrate.jobs import dead_letters

subscriptions.connect()
handler = consume(
    jobs.batch_worker("email_notification", mail.MailBatch.load), on_dead_letter=dead_letters.record_message
)
