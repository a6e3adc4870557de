"""Events: store the events of visitors in batches."""

from wecelebrate.core.queue import consume_together
from wecelebrate.events import storing
from wecelebrate.jobs import dead_letters

handler = consume_together(storing.store, on_dead_letter=dead_letters.record_message)
