"""Product imports: rows of a request, or an uploaded file, become products."""

from wecelebrate import jobs
from wecelebrate.imports.run import run
from wecelebrate.queue import consume

handler = consume(jobs.worker("product_import", run))
