"""Mail events: use the events of SES to update the state of mails, and to suppress addresses that reject mail."""

from wecelebrate import mail
from wecelebrate.core.queue import consume
from wecelebrate.jobs import dead_letters

handler = consume(mail.receive, on_dead_letter=dead_letters.record_message)
