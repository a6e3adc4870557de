"""The base class of all services of the local cloud, which makes each service a context manager."""

from abc import ABC, abstractmethod
from types import TracebackType
from typing import Self


class Service(ABC):
    """A service that a `with` statement starts and stops."""

    @abstractmethod
    def start(self) -> None:
        """Start the service, and return when it is ready. Raises LocalCloudError."""

    @abstractmethod
    def stop(self) -> None:
        """Stop the service. Do nothing if the service is not running."""

    def __enter__(self) -> Self:
        try:
            self.start()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
