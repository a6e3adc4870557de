"""Mail events: what SES tells of mails becomes their state, and addresses that take none are suppressed."""

from wecelebrate import mail
from wecelebrate.core.queue import consume
from wecelebrate.jobs import dead_letters

handler = consume(mail.receive, on_dead_letter=dead_letters.record_message)
