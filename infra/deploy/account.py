"""Access to one AWS account, with the credentials of the operator."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeVar

from infra.environments import Environment
from infra.local.processes import LocalCloudError

Value = TypeVar("Value")


class AwsError(LocalCloudError):
    """AWS refused a call or cannot be reached. The message is a single line that says what to do."""


class Account:
    """The AWS account of an environment. The method `client` creates the clients of AWS services in the region."""

    def __init__(self, environment: Environment, *, may_be_unnamed: bool = False) -> None:
        """may_be_unnamed: whether the setting `account` of a permanent environment may be missing. `preflight` passes
        true, because it reports a missing setting itself."""
        self.environment = environment
        self._may_be_unnamed = may_be_unnamed
        self._clients: dict[str, Any] = {}

    def client(self, service: str, *, once: bool = False) -> Any:
        """Return the client of a service. The client is created once.

        once: the client sends each call only once, and waits up to 15 minutes for the answer. Use this value for the
        invocation of a function, because a second attempt would run the function twice. By default, failed calls are
        repeated.

        Raises AwsError if the credentials belong to another account than the setting `account`, or if a permanent
        environment does not have this setting.
        """
        name = f"{service} once" if once else service
        if name not in self._clients:
            import boto3
            from botocore.config import Config

            if service != "sts" and (problem := self._unnamed or self.wrong_account):
                raise AwsError(problem)

            patient = Config(read_timeout=910, tcp_keepalive=True, retries={"total_max_attempts": 1}) if once else None
            self._clients[name] = boto3.client(service, region_name=self.environment.region, config=patient)  # type: ignore[call-overload]
        return self._clients[name]

    @cached_property
    def id(self) -> str:
        """The number of the account. Raises an error of botocore without valid credentials."""
        return str(self.client("sts").get_caller_identity()["Account"])

    @property
    def _unnamed(self) -> str | None:
        """An error message if the number of the account is missing in the settings, otherwise None. Without the number,
        any credentials would be accepted."""
        environment = self.environment
        if self._may_be_unnamed or not environment.permanent or environment.settings.account is not None:
            return None
        name = environment.name
        return f"no setting names the account of {name}: `wecelebrate preflight --env {name}` prints what to add"

    @cached_property
    def wrong_account(self) -> str | None:
        """An error message if the credentials belong to another account than the setting `account`, otherwise None."""
        name, expected = self.environment.name, self.environment.settings.account
        if expected is None or self.id == expected:
            return None
        return (
            f"{name} belongs to the account {expected}, but the credentials are of {self.id}: set AWS_PROFILE to the"
            f" profile of {name}"
        )


@dataclass(frozen=True)
class Denied:
    """The operator lacks the permission for a call."""

    action: str
    """The IAM action of the missing permission, without its service, e.g. `GetFunctionConfiguration`."""


def unless_denied(call: Callable[[], Value]) -> Value | Denied:
    """Return the result of a call, or Denied if the role of the operator lacks a permission."""
    from botocore.exceptions import ClientError

    try:
        return call()
    except ClientError as error:
        if error.response["Error"]["Code"] in ("AccessDenied", "AccessDeniedException"):
            return Denied(error.operation_name)
        raise


@contextmanager
def aws_errors() -> Iterator[None]:
    """If the `with` block raises an error of boto3, raise an AwsError with a message of one line."""
    from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError

    try:
        yield
    except NoCredentialsError as error:
        raise AwsError("no AWS credentials: export AWS_PROFILE, or run `aws configure sso`") from error
    except (ClientError, BotoCoreError) as error:
        raise AwsError(" ".join(str(error).split())) from error
