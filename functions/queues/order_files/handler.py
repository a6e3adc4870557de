"""Order files: write orders for ERP systems, read files with changes of orders, and import historical orders."""

from wecelebrate import jobs, subscriptions
from wecelebrate.core.queue import consume
from wecelebrate.jobs import dead_letters
from wecelebrate.order_files.work import run

subscriptions.connect()
handler = consume(jobs.worker("order_file", run), on_dead_letter=dead_letters.record_message)
