"""Product imports: load the rows of a request, or of an uploaded file, into a catalog."""

from wecelebrate import feeds, jobs, subscriptions
from wecelebrate.core.queue import consume
from wecelebrate.ingestion.bulk_import.run import run
from wecelebrate.jobs import dead_letters

subscriptions.connect()
feeds.prepare()
handler = consume(jobs.worker("product_import", run), on_dead_letter=dead_letters.record_message)
