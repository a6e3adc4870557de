"""Places orders, and waits for the jobs of order files."""

import json
import time
from typing import Any

from tests.platform.files import Files
from tests.platform.responses import Json, created, ok
from tests.platform.tenants import Tenant, Tenants

BERLIN: Json = {"line1": "Lindenstraße 12", "city": "Berlin", "postal_code": "10969", "country": "DE"}


class Orders(Tenants, Files):
    """Places orders on the sites of tenants, and exchanges files about these orders."""

    def order(self, tenant: Tenant, *lines: tuple[Json, int], **more: Any) -> Json:
        """Place an order as a guest. Each line is a product with its quantity."""
        body = {
            "lines": [{"product_id": product["id"], "quantity": quantity} for product, quantity in lines],
            "customer_name": "Ann Lee",
            "customer_email": "ann@example.test",
            "shipping_address": BERLIN,
            **more,
        }
        return created(self.api().post(f"/v1/storefront/{tenant.domain}/orders", json=body))

    def destination(self, tenant: Tenant, file_format: str, **more: Any) -> Json:
        """Create a destination that gets files only on request."""
        body = {"client_id": tenant.client_id, "name": f"ERP {time.time_ns()}", "format": file_format, "cron": None}
        return created(tenant.owner.post("/v1/order-destinations", json=body | more))

    def export(self, tenant: Tenant, destination: Json) -> Json:
        """Export the new orders of a destination. Wait until the job has ended, and return the job."""
        path = f"/v1/order-destinations/{destination['id']}/run"
        return self.ended_job(ok(tenant.owner.post(path))["id"])

    def ended_job(self, job_id: str, within: float = 60) -> Json:
        """Wait until a job has ended. Return the job."""
        ended = "select from jobs where id = %s and status in ('completed', 'failed', 'cancelled')"
        self.eventually(lambda: self.database.execute(ended, [job_id]).rowcount, within)
        return ok(self.admin.get(f"/v1/jobs/{job_id}"))

    def exported_files(self, destination: Json) -> dict[str, bytes]:
        """Map the name of each file that a destination got to the content of the file. Omit `.done` files."""
        prefix = f"orders/{destination['id']}/out/"
        listed = self.s3.list_objects_v2(Bucket=self.drops, Prefix=prefix).get("Contents", [])
        keys = sorted(entry["Key"] for entry in listed if not entry["Key"].endswith(".done"))
        return {key.removeprefix(prefix): self.read(key) for key in keys}

    def done_file(self, destination: Json, name: str) -> Json:
        """Return the content of the `.done` file that belongs to an exported file."""
        content: Json = json.loads(self.read(f"orders/{destination['id']}/out/{name}.done"))
        return content

    def drop_news(self, destination: Json, content: str | bytes, name: str = "news.csv", within: float = 60) -> Json:
        """Drop a file with news about orders, and wait until its job has ended. Return the job."""
        body = content.encode() if isinstance(content, str) else content
        key = f"orders/{destination['id']}/incoming/{name}"
        version = self.s3.put_object(Bucket=self.drops, Key=key, Body=body)["VersionId"]
        jobs: list[Json] = []

        def recorded() -> bool:
            query = "select job_id from order_file_drops where key = %s and version_id = %s"
            jobs[:] = self.database.execute(query, [key, version]).fetchall()
            return bool(jobs)

        self.eventually(recorded)
        return self.ended_job(str(jobs[0]["job_id"]), within)

    def order_state(self, tenant: Tenant, order: Json) -> Json:
        """Return the current state of an order."""
        return ok(tenant.owner.get(f"/v1/orders/{order['id']}"))

    def shipments(self, tenant: Tenant, order: Json) -> list[Json]:
        """Return the shipments of an order, sorted by their numbers."""
        shipments: list[Json] = ok(tenant.owner.get(f"/v1/orders/{order['id']}/shipments"))["data"]
        return sorted(shipments, key=lambda shipment: str(shipment["number"]))
