"""Dead letters: record messages that SQS gave up, so that an operator can read them and send them again."""

from wecelebrate.core.queue import consume
from wecelebrate.jobs import dead_letters

handler = consume(dead_letters.receive, on_dead_letter=dead_letters.record_message)
