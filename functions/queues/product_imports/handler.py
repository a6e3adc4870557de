"""Product imports: rows of a request, or an uploaded file, become products."""

from wecelebrate import jobs
from wecelebrate.core.queue import consume
from wecelebrate.ingestion.bulk_import.run import run

handler = consume(jobs.worker("product_import", run))
