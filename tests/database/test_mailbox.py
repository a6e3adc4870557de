"""Tests which spellings of an address reach the same mailbox, and therefore share the limits for guests."""

from collections.abc import Iterator

import psycopg
import pytest

from tests.database.conftest import Database

SPELLINGS = {
    "victim@gmail.com": ["Vic.Tim@gmail.com", "v.i.c.t.i.m+a@googlemail.com", "VICTIM+a+b@GMAIL.COM"],
    "victimname@proton.me": ["victim.name@proton.me", "v-i_c.timname+x@pm.me", "VictimName@protonmail.ch"],
    "victim@yahoo.com": ["victim-shop@yahoo.com", "victim+a-b@yahoo.com", "Victim-a+b@yahoo.com"],
    "victim@yahoo.co.uk": ["victim-shop@yahoo.co.uk"],
    "victim@ymail.com": ["victim-shop@ymail.com"],
    "victim@icloud.com": ["victim+a@icloud.com", "victim@me.com", "Victim+b@mac.com"],
    "victim@outlook.com": ["victim+a@outlook.com"],
    "victim@hotmail.com": ["victim+a@hotmail.com"],
    "victim@fastmail.com": ["x@victim.fastmail.com", "y+z@Victim.Fastmail.com", "victim+x@fastmail.com"],
    "victim@sent.com": ["x@victim.sent.com"],
    "victim@anonaddy.com": ["x@victim.anonaddy.com"],
    "victim@mozmail.com": ["x@victim.mozmail.com"],
    "vic-tim@yandex.ru": ["vic.tim@yandex.ru", "vic-tim@ya.ru", "vic.tim+x@yandex.com", "vic.tim@yandex.com.tr"],
    "victim@example.com": ["victim+a@example.com", "Victim@Example.COM"],
}
DIFFERENT = [
    ("vic.tim@example.com", "victim@example.com"),
    ("vic-tim@example.com", "vic@example.com"),
    ("vic.tim@outlook.com", "victim@outlook.com"),
    ("vic-tim@gmail.com", "victim@gmail.com"),
    ("victim@hotmail.com", "victim@outlook.com"),
    ("victim@yahoo.com", "victim@yahoo.de"),
    ("victim@fastmail.com", "victim@fastmail.fm"),
    ("x@victim.fastmail.com", "x@other.fastmail.com"),
    ("x@victim.example.com", "y@victim.example.com"),
    ("vic.tim@proton.me.example.com", "victim@proton.me.example.com"),
    ("vic.tim@notproton.me", "victim@notproton.me"),
    ("vic.tim@xgmail.com", "victim@xgmail.com"),
    ("victim@example.com", "victim@example.org"),
    ("\u212aim@example.com", "kim@example.com"),
]


@pytest.fixture(scope="module")
def superuser(database: Database) -> Iterator[psycopg.Connection]:
    with database.connect(autocommit=True) as connection:
        yield connection


def mailbox(superuser: psycopg.Connection, address: str) -> str:
    row = superuser.execute("select app.mailbox(%s)", [address]).fetchone()
    assert row is not None
    return str(row[0])


@pytest.mark.parametrize("form", SPELLINGS)
def test_all_spellings_of_a_mailbox_address_have_the_same_normalized_form(
    superuser: psycopg.Connection, form: str
) -> None:
    assert {mailbox(superuser, address) for address in [form, *SPELLINGS[form]]} == {form}


@pytest.mark.parametrize(("one", "other"), DIFFERENT)
def test_addresses_of_different_mailboxes_have_different_normalized_forms(
    superuser: psycopg.Connection, one: str, other: str
) -> None:
    assert mailbox(superuser, one) != mailbox(superuser, other)


@pytest.mark.parametrize("form", SPELLINGS)
def test_normalizing_an_address_again_does_not_change_it(superuser: psycopg.Connection, form: str) -> None:
    assert mailbox(superuser, mailbox(superuser, form)) == form
