"""Dead letters: what SQS gave up is kept where it can be looked at and sent again."""

from wecelebrate.core.queue import consume
from wecelebrate.jobs import dead_letters

handler = consume(dead_letters.receive, on_dead_letter=dead_letters.record_message)
