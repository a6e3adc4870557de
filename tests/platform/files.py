"""Drops files in S3, sends notifications about the files, and waits for their jobs."""

import json
from functools import cached_property
from urllib.parse import quote_plus

from tests.platform.api import ApiAccess
from tests.platform.responses import Json, ok


class Files(ApiAccess):
    """Drops files in the same way as an ERP system."""

    @cached_property
    def drops(self) -> str:
        """The name of the bucket for dropped files."""
        return self._bucket("drops")

    @cached_property
    def uploads(self) -> str:
        """The name of the bucket for files to import."""
        return self._bucket("uploads")

    def _bucket(self, name: str) -> str:
        """Return the name that a declared bucket has in the local S3."""
        names = [str(bucket["Name"]) for bucket in self.s3.list_buckets()["Buckets"]]
        return next(local_name for local_name in names if local_name.endswith(f"-local-{name}"))

    def drop(self, catalog_id: str, name: str, body: bytes) -> str:
        """Drop a file. Return the version id of the file."""
        return str(self.s3.put_object(Bucket=self.drops, Key=f"{catalog_id}/incoming/{name}", Body=body)["VersionId"])

    def sync(self, catalog_id: str, name: str, body: bytes, within: float = 60) -> Json:
        """Drop a file and wait until its job has ended. Return the job."""
        return self.finished_job(catalog_id, self.drop(catalog_id, name, body), within)

    def finished_job(self, catalog_id: str, version: str, within: float = 60) -> Json:
        """Wait until the job for this version of a file has ended. Return the job.

        Fail if this takes longer than `within` seconds.
        """
        ended = (
            "select from jobs where catalog_id = %s and app.job_source(payload) ->> 'version_id' = %s"
            " and status in ('completed', 'failed', 'cancelled')"
        )
        self.eventually(lambda: self.database.execute(ended, [catalog_id, version]).rowcount, within)
        jobs = ok(self.admin.get("/v1/jobs", params={"catalog_id": catalog_id, "limit": 100}))["data"]
        return next(dict(job) for job in jobs if (job["source"] or {}).get("version_id") == version)

    def is_recorded(self, version: str) -> bool:
        """Return whether the intake function has recorded this version of a file."""
        drops = self.database.execute("select from drops where version_id = %s", [version])
        return drops.rowcount == 1

    def notify(self, key: str, version: str, sequencer: str = "00") -> None:
        """Send an additional notification about a version of a file to the queue `drops`.

        S3 itself sometimes sends duplicate notifications.
        """
        record = {
            "eventName": "ObjectCreated:Put",
            "eventTime": "2026-01-01T00:00:00.000Z",
            "s3": {
                "object": {"key": quote_plus(key), "versionId": version, "sequencer": sequencer, "size": 1, "eTag": "e"}
            },
        }
        self.send("drops", {"Records": [record]})

    def send(self, queue: str, message: Json) -> None:
        """Send a message to a queue."""
        sqs = self.sqs
        sqs.send_message(QueueUrl=sqs.get_queue_url(QueueName=queue)["QueueUrl"], MessageBody=json.dumps(message))

    def exists(self, key: str) -> bool:
        """Return whether an object in the drops bucket has a key that starts with `key`."""
        return bool(self.s3.list_objects_v2(Bucket=self.drops, Prefix=key).get("KeyCount"))

    def read(self, key: str) -> bytes:
        """Read an object from the drops bucket."""
        body: bytes = self.s3.get_object(Bucket=self.drops, Key=key)["Body"].read()
        return body
