"""Dead letters: record the messages that SQS no longer retries.

An operator can read these messages and send them again.
"""

from wecelebrate.core.queue import consume
from wecelebrate.jobs import dead_letters

handler = consume(dead_letters.receive, on_dead_letter=dead_letters.record_message)
