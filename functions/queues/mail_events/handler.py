"""Mail events: what SES tells of mails becomes their state, and addresses that take none are suppressed."""

from wecelebrate import mail
from wecelebrate.core.queue import consume

handler = consume(mail.receive)
