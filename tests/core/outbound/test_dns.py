"""Tests that a look-up of TXT records has a time limit and a size limit, even if the name server is hostile."""

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import dns.message
import dns.name
import dns.rcode
import dns.resolver
import dns.rrset
import pytest

from wecelebrate.core.outbound import Unreachable
from wecelebrate.core.outbound import dns as txt

NAME = "_wecelebrate.gifts.example.com"
STOP = b"stop"
Answer = Callable[[dns.message.Message], dns.message.Message | None]


@contextmanager
def name_server(answer: Answer, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """Run a UDP name server, and make it the only configured name server. Yield the list of the requested names."""
    asked: list[str] = []
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind(("127.0.0.1", 0))

        def serve() -> None:
            while True:
                data, client = server.recvfrom(4096)
                if data == STOP:
                    return
                query = dns.message.from_wire(data)
                asked.append(query.question[0].name.to_text())
                response = answer(query)
                if response is not None:
                    server.sendto(response.to_wire(), client)

        def configured(resolver: dns.resolver.Resolver, *_: object) -> None:
            resolver.nameservers, resolver.port = ["127.0.0.1"], server.getsockname()[1]
            resolver.search = [dns.name.from_text("search.test.")]

        monkeypatch.setattr(dns.resolver.Resolver, "read_resolv_conf", configured)
        thread = threading.Thread(target=serve)
        thread.start()
        yield asked
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stopper:
            stopper.sendto(STOP, server.getsockname())
        thread.join()


def records(*values: str) -> Answer:
    def answer(query: dns.message.Message) -> dns.message.Message:
        response = dns.message.make_response(query)
        response.answer.append(dns.rrset.from_text(query.question[0].name, 60, "IN", "TXT", *values))
        return response

    return answer


def refusal(code: dns.rcode.Rcode) -> Answer:
    def answer(query: dns.message.Message) -> dns.message.Message:
        response = dns.message.make_response(query)
        response.set_rcode(code)
        return response

    return answer


def test_the_strings_of_a_record_are_joined_and_the_requested_name_is_absolute(monkeypatch: pytest.MonkeyPatch) -> None:
    with name_server(records('"wecelebrate-" "site=1"', '"other"'), monkeypatch) as asked:
        assert sorted(txt.txt_records(NAME)) == ["other", "wecelebrate-site=1"]
    assert asked == [f"{NAME}."]


def test_a_name_that_does_not_exist_has_no_records(monkeypatch: pytest.MonkeyPatch) -> None:
    with name_server(refusal(dns.rcode.NXDOMAIN), monkeypatch) as asked:
        assert txt.txt_records(NAME) == []
    assert asked == [f"{NAME}."]
    with name_server(dns.message.make_response, monkeypatch):
        assert txt.txt_records(NAME) == []


@pytest.mark.parametrize("code", [dns.rcode.SERVFAIL, dns.rcode.REFUSED])
def test_an_error_of_the_name_server_does_not_mean_that_a_record_is_missing(
    monkeypatch: pytest.MonkeyPatch, code: dns.rcode.Rcode
) -> None:
    with name_server(refusal(code), monkeypatch), pytest.raises(Unreachable, match="gave no answer"):
        txt.txt_records(NAME)


def test_a_look_up_without_an_answer_ends_at_the_time_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    started = time.monotonic()
    with name_server(lambda _: None, monkeypatch), pytest.raises(Unreachable):
        txt.txt_records(NAME)
    assert time.monotonic() - started < txt.TIMEOUT_SECONDS + 2


def test_the_number_and_length_of_dns_records_are_limited(monkeypatch: pytest.MonkeyPatch) -> None:
    long = " ".join(f'"{"x" * 200}"' for _ in range(3))
    with name_server(records(*(f'"{n}"' for n in range(100)), long), monkeypatch):
        texts = txt.txt_records(NAME)
    assert len(texts) == txt.MAX_RECORDS
    with name_server(records(long), monkeypatch):
        assert txt.txt_records(NAME) == ["x" * txt.MAX_RECORD_LENGTH]


def test_dns_records_with_bytes_that_are_not_ascii_cause_no_error(monkeypatch: pytest.MonkeyPatch) -> None:
    with name_server(records('"\\255\\000"'), monkeypatch):
        assert txt.txt_records(NAME) == ["\ufffd\x00"]
