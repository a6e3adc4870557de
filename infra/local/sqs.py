"""An asyncio client for the three SQS operations of an event source mapping: receive, delete and release.

boto3 would have to wait for messages in threads, and such a wait cannot be interrupted. The asyncio variants of boto3
require certain versions of botocore. Therefore this module implements the JSON protocol of SQS:
https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-making-api-requests-json.html

It uses aiohttp, because a request of httpx takes five times as much CPU time, and an idle local cloud polls all queues
all the time.
"""

import json
from collections.abc import Sequence
from typing import Any

import aiohttp
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
        # The first call creates the session, because a session can only be created in an event loop.
        self._session: aiohttp.ClientSession | None = None

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()

    async def receive(self, queue_url: str, limit: int, wait: int) -> list[Message]:
        """Receive up to `limit` (1 to 10) messages.

        Wait up to `wait` seconds for the first message. Raises SqsError.
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
            async with self._open_session().post(
                self._url, data=request.data, headers=dict(request.headers.items())
            ) as response:
                content = await response.read()
            result = json.loads(content) if content else {}
        except (aiohttp.ClientError, TimeoutError, ValueError) as error:
            raise SqsError(f"{action}: {error or type(error).__name__}") from error
        if response.status != 200:
            raise SqsError(f"{action}: {result.get('__type', response.status)}: {result.get('message', '')}")
        return dict(result)

    def _open_session(self) -> aiohttp.ClientSession:
        if self._session is None:
            # Concurrent calls need separate connections: one connection for the poll of each queue, and some for
            # deletions.
            connector = aiohttp.TCPConnector(limit=0)
            timeout = aiohttp.ClientTimeout(total=30, sock_connect=5)
            self._session = aiohttp.ClientSession(connector=connector, timeout=timeout, trust_env=False)
        return self._session


def _raise_for_failed_entries(result: dict[str, Any]) -> None:
    if failed := result.get("Failed"):
        raise SqsError(f"{len(failed)} messages failed: {failed[0].get('Code')}: {failed[0].get('Message')}")
