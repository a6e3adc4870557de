"""`wecelebrate mail`: what the local cloud would have sent, as a person looks at it."""

from uuid import uuid4

import boto3
from botocore.config import Config

from infra.local.aws import MAIL_CONFIGURATION_SET
from infra.local.mailbox import sent
from tests.command import Command
from tests.platform import Platform


def hand_over(platform: Platform, to: str, subject: str) -> str:
    """A mail to SES; its id there."""
    ses = boto3.client(
        "sesv2",
        endpoint_url=platform.endpoints.s3,
        region_name="us-east-1",
        aws_access_key_id="test",
        aws_secret_access_key="test",
        config=Config(proxies={}),
    )
    answer = ses.send_email(
        FromEmailAddress="=?utf-8?q?Gr=C3=BC=C3=9Fe?= <mail@wecelebrate.test>",
        Destination={"ToAddresses": [to]},
        Content={
            "Simple": {
                "Subject": {"Data": subject},
                "Body": {"Text": {"Data": "Dear [bold]Ada[/],\n"}, "Html": {"Data": "<p>Dear Ada,</p>"}},
            }
        },
        ConfigurationSetName=MAIL_CONFIGURATION_SET,
    )
    return str(answer["MessageId"])


def test_mails_are_listed_newest_first(platform: Platform, wecelebrate: Command) -> None:
    to = f"{uuid4().hex[:8]}@example.test"
    for subject in ("[red]first[/]", "second"):
        hand_over(platform, to, subject)
    lines = wecelebrate("mail", "list", "--to", to.upper()).stdout.splitlines()
    assert lines[0].split() == ["mail", "at", "from", "to", "subject"]
    assert [line.split()[-1] for line in lines[1:]] == ["second", "[red]first[/]"]
    assert all("Grüße <mail@wecelebrate.test>" in line and to in line for line in lines[1:])
    assert "1 more" in wecelebrate("mail", "list", "--to", to, "--limit", "1").stdout
    assert wecelebrate("mail", "list", "--to", "nobody@example.test").stdout == "no mail\n"


def test_a_mail_is_shown_as_text_and_written_as_html(platform: Platform, wecelebrate: Command) -> None:
    to = f"{uuid4().hex[:8]}@example.test"
    known = hand_over(platform, to, "A subject")
    shown = wecelebrate("mail", "show", known[:18])
    assert shown.stdout == (
        f"From:    Grüße <mail@wecelebrate.test>\nTo:      {to}\nSubject: A subject\n\nDear [bold]Ada[/],\n\n"
    )
    assert wecelebrate("mail", "show", "--html", known[:18]).returncode == 0
    assert (wecelebrate.state / "mails" / f"{known.partition('@')[0]}.html").read_text() == "<p>Dear Ada,</p>"


def test_what_is_not_there_is_said(wecelebrate: Command) -> None:
    said = wecelebrate("mail", "show", "nothing")
    assert said.returncode == 1
    assert "mail nothing does not exist" in said.stdout


def test_of_several_that_begin_alike_more_is_asked(platform: Platform, wecelebrate: Command) -> None:
    first = hand_over(platform, "a@example.test", "one")
    while not any(one.id[0] == first[0] and one.id != first for one in sent(platform.endpoints.s3)):
        hand_over(platform, "a@example.test", "another")
    said = wecelebrate("mail", "show", first[0])
    assert said.returncode == 1
    assert "give more of the id" in said.stdout
