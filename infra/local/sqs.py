"""An asyncio client for the three SQS operations that an event source mapping needs: receive, delete, release.

boto3 would have to wait for messages in threads, which cannot be interrupted. The variants of boto3 for asyncio require
certain versions of botocore. Therefore this module uses the JSON protocol of SQS itself:
https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-making-api-requests-json.html
"""

import json
from collections.abc import Sequence
from typing import Any

import httpx
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

Message = dict[str, Any]
"""A message in the format of SQS, with MessageId, ReceiptHandle, Body, MD5OfBody, Attributes and MessageAttributes."""

MAX_MESSAGES_PER_CALL = 10


class SqsError(Exception):
    """SQS has rejected a call, or could not be reached."""


class Sqs:
    """A client for one SQS endpoint."""

    def __init__(self, endpoint_url: str, region: str, access_key: str, secret_key: str) -> None:
        self._url = f"{endpoint_url.rstrip('/')}/"
        self._signer = SigV4Auth(Credentials(access_key, secret_key), "sqs", region)
        self._client = httpx.AsyncClient(timeout=httpx.Timeout(30, connect=5), trust_env=False)

    async def close(self) -> None:
        await self._client.aclose()

    async def receive(self, queue_url: str, limit: int, wait: int) -> list[Message]:
        """Receive up to `limit` (1 to 10) messages.

        Waits up to `wait` seconds for the first message. Raises SqsError.
        """
        response = await self._call(
            "ReceiveMessage",
            QueueUrl=queue_url,
            MaxNumberOfMessages=limit,
            WaitTimeSeconds=wait,
            MessageSystemAttributeNames=["All"],
            MessageAttributeNames=["All"],
        )
        return list(response.get("Messages") or [])

    async def delete(self, queue_url: str, messages: Sequence[Message]) -> None:
        """Delete processed messages. Raises SqsError."""
        await self._call_in_batches("DeleteMessageBatch", queue_url, messages)

    async def release(self, queue_url: str, messages: Sequence[Message]) -> None:
        """Make messages visible again immediately. Raises SqsError."""
        await self._call_in_batches("ChangeMessageVisibilityBatch", queue_url, messages, VisibilityTimeout=0)

    async def _call_in_batches(
        self, action: str, queue_url: str, messages: Sequence[Message], **parameters: Any
    ) -> None:
        """Call an action for all messages, with up to 10 messages in each call.

        `parameters` are added to the entry of each message.
        """
        for start in range(0, len(messages), MAX_MESSAGES_PER_CALL):
            entries = [
                {"Id": str(number), "ReceiptHandle": message["ReceiptHandle"], **parameters}
                for number, message in enumerate(messages[start : start + MAX_MESSAGES_PER_CALL])
            ]
            _raise_for_failed_entries(await self._call(action, QueueUrl=queue_url, Entries=entries))

    async def _call(self, action: str, **body: Any) -> dict[str, Any]:
        headers = {"Content-Type": "application/x-amz-json-1.0", "X-Amz-Target": f"AmazonSQS.{action}"}
        request = AWSRequest("POST", self._url, data=json.dumps(body), headers=headers)
        self._signer.add_auth(request)
        try:
            response = await self._client.post(self._url, content=request.data, headers=dict(request.headers.items()))
            result = response.json() if response.content else {}
        except (httpx.HTTPError, ValueError) as error:
            raise SqsError(f"{action}: {error or type(error).__name__}") from error
        if response.status_code != 200:
            raise SqsError(f"{action}: {result.get('__type', response.status_code)}: {result.get('message', '')}")
        return dict(result)


def _raise_for_failed_entries(result: dict[str, Any]) -> None:
    if failed := result.get("Failed"):
        raise SqsError(f"{len(failed)} messages failed: {failed[0].get('Code')}: {failed[0].get('Message')}")
