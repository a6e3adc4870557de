"""Product imports: rows of a request, or an uploaded file, become products."""

from wecelebrate import imports, jobs
from wecelebrate.queue import consume

handler = consume(jobs.worker("product_import", imports.run))
