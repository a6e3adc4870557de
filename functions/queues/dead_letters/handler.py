"""Dead letters: what SQS gave up is kept where it can be looked at and sent again."""

from wecelebrate.jobs import dead_letters
from wecelebrate.queue import consume

handler = consume(dead_letters.receive)
