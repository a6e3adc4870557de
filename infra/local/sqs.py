"""The three verbs of SQS that an event source mapping needs, on asyncio.

boto3 would wait for messages in threads, which nothing can interrupt; its asyncio relatives pin a botocore of their
own. SQS speaks JSON: https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-making-api-requests-json.html.
"""

import json
from collections.abc import Sequence
from typing import Any

import httpx
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

Message = dict[str, Any]
"""As SQS gives it: MessageId, ReceiptHandle, Body, MD5OfBody, Attributes, MessageAttributes."""

BATCH = 10
"""Most messages in one call."""


class SqsError(Exception):
    """SQS refused a call or could not be reached."""


class Sqs:
    """A client of one endpoint."""

    def __init__(self, endpoint_url: str, region: str, access_key: str, secret_key: str) -> None:
        self._url = f"{endpoint_url.rstrip('/')}/"
        self._signer = SigV4Auth(Credentials(access_key, secret_key), "sqs", region)
        self._client = httpx.AsyncClient(timeout=httpx.Timeout(30, connect=5), trust_env=False)

    async def close(self) -> None:
        await self._client.aclose()

    async def receive(self, queue_url: str, most: int, wait: int) -> list[Message]:
        """Up to `most` (1 to 10) messages, waiting up to `wait` seconds for the first. Raises SqsError."""
        answer = await self._call(
            "ReceiveMessage",
            QueueUrl=queue_url,
            MaxNumberOfMessages=most,
            WaitTimeSeconds=wait,
            MessageSystemAttributeNames=["All"],
            MessageAttributeNames=["All"],
        )
        return list(answer.get("Messages") or [])

    async def delete(self, queue_url: str, messages: Sequence[Message]) -> None:
        """Delete messages that are done. Raises SqsError."""
        for start in range(0, len(messages), BATCH):
            entries = [
                {"Id": str(at), "ReceiptHandle": message["ReceiptHandle"]}
                for at, message in enumerate(messages[start : start + BATCH])
            ]
            _check(await self._call("DeleteMessageBatch", QueueUrl=queue_url, Entries=entries))

    async def release(self, queue_url: str, messages: Sequence[Message]) -> None:
        """Make messages visible again at once. Raises SqsError."""
        for start in range(0, len(messages), BATCH):
            entries = [
                {"Id": str(at), "ReceiptHandle": message["ReceiptHandle"], "VisibilityTimeout": 0}
                for at, message in enumerate(messages[start : start + BATCH])
            ]
            _check(await self._call("ChangeMessageVisibilityBatch", QueueUrl=queue_url, Entries=entries))

    async def _call(self, action: str, **body: Any) -> dict[str, Any]:
        headers = {"Content-Type": "application/x-amz-json-1.0", "X-Amz-Target": f"AmazonSQS.{action}"}
        request = AWSRequest("POST", self._url, data=json.dumps(body), headers=headers)
        self._signer.add_auth(request)
        try:
            answer = await self._client.post(self._url, content=request.data, headers=dict(request.headers.items()))
            parsed = answer.json() if answer.content else {}
        except (httpx.HTTPError, ValueError) as error:
            raise SqsError(f"{action}: {error or type(error).__name__}") from error
        if answer.status_code != 200:
            raise SqsError(f"{action}: {parsed.get('__type', answer.status_code)}: {parsed.get('message', '')}")
        return dict(parsed)


def _check(answer: dict[str, Any]) -> None:
    if failed := answer.get("Failed"):
        raise SqsError(f"{len(failed)} messages: {failed[0].get('Code')}: {failed[0].get('Message')}")
