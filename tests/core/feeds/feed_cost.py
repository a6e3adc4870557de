"""Reads one file, and prints the CPU time and the memory as JSON. Tests run this module in a separate process."""

import json
from pathlib import Path
from time import process_time

from wecelebrate.feeds import Product, UnreadableFeed, open_feed
from wecelebrate.feeds import xml as _  # noqa: F401  (imported here, so that the cost does not include the import)


def main(path: Path) -> None:
    start = process_time()  # CPU time, because other tests use the machine at the same time
    products = 0
    reasons: list[str] = []
    try:
        with path.open("rb") as stream, open_feed(stream, path.name, None, "EUR") as feed:
            for item in feed:
                if isinstance(item, Product):
                    products += 1
                    reasons = [" ".join((item.name or "", *item.source.values()))[:200]]
                else:
                    reasons = [item.reason]
    except UnreadableFeed as error:
        reasons = [str(error)]
    seconds = process_time() - start
    # The peak memory of this process. The result of getrusage would include the peak memory of the parent process.
    peak = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM"))
    megabytes = int(peak.split()[1]) / 1024
    print(  # noqa: T201
        json.dumps({"seconds": seconds, "megabytes": megabytes, "products": products, "reasons": reasons})
    )
