"""Reports: write the files of reports, and enqueue the mails with reports."""

from wecelebrate import jobs, subscriptions
from wecelebrate.core.queue import consume
from wecelebrate.jobs import dead_letters
from wecelebrate.reports.worker import run

subscriptions.connect()
handler = consume(jobs.worker("report_generation", run), on_dead_letter=dead_letters.record_message)
