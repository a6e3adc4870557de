"""Tests the command `wecelebrate mail`, which lists and shows the mails that the local cloud has sent."""

from uuid import uuid4

import boto3
from botocore.config import Config

from infra.local.aws import MAIL_CONFIGURATION_SET
from infra.local.mailbox import sent
from tests.command import Command
from tests.platform import Platform


def send_mail(platform: Platform, to: str, subject: str) -> str:
    """Send a mail through the local SES, and return the message id of the mail."""
    ses = boto3.client(
        "sesv2",
        endpoint_url=platform.endpoints.s3,
        region_name="us-east-1",
        aws_access_key_id="test",
        aws_secret_access_key="test",
        config=Config(proxies={}),
    )
    response = ses.send_email(
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
    return str(response["MessageId"])


def test_the_list_of_mails_starts_with_the_newest_mail(platform: Platform, wecelebrate: Command) -> None:
    to = f"{uuid4().hex[:8]}@example.test"
    for subject in ("[red]first[/]", "second"):
        send_mail(platform, to, subject)
    lines = wecelebrate("mail", "list", "--to", to.upper()).stdout.splitlines()
    assert lines[0].split() == ["mail", "at", "from", "to", "subject"]
    assert [line.split()[-1] for line in lines[1:]] == ["second", "[red]first[/]"]
    assert all("Grüße <mail@wecelebrate.test>" in line and to in line for line in lines[1:])
    assert "1 more" in wecelebrate("mail", "list", "--to", to, "--limit", "1").stderr
    assert wecelebrate("mail", "list", "--to", "nobody@example.test").stderr == "no mail\n"


def test_the_mail_command_with_the_option_wait_waits_for_the_next_mail(
    platform: Platform, wecelebrate: Command
) -> None:
    to = f"{uuid4().hex[:8]}@example.test"
    with wecelebrate.started("mail", "show", "--to", to, "--wait") as process:
        send_mail(platform, to, "Later")
        output, errors = process.communicate(timeout=60)
    assert (process.returncode, errors) == (0, "")
    assert "Subject: Later" in output


def test_the_command_that_shows_a_mail_prints_the_text_and_saves_the_html(
    platform: Platform, wecelebrate: Command
) -> None:
    to = f"{uuid4().hex[:8]}@example.test"
    message_id = send_mail(platform, to, "A subject")
    result = wecelebrate("mail", "show", message_id[:18])
    assert result.stdout == (
        f"From:    Grüße <mail@wecelebrate.test>\nTo:      {to}\nSubject: A subject\n\nDear [bold]Ada[/],\n\n"
    )
    assert wecelebrate("mail", "show", "--html", message_id[:18]).returncode == 0
    assert (wecelebrate.state / "mails" / f"{message_id.partition('@')[0]}.html").read_text() == "<p>Dear Ada,</p>"


def test_an_unknown_mail_is_an_error(wecelebrate: Command) -> None:
    result = wecelebrate("mail", "show", "nothing")
    assert (result.returncode, result.stdout) == (4, "")
    assert "mail nothing does not exist" in result.stderr


def test_an_ambiguous_id_prefix_is_an_error(platform: Platform, wecelebrate: Command) -> None:
    first = send_mail(platform, "a@example.test", "one")
    while not any(mail.id[0] == first[0] and mail.id != first for mail in sent(platform.endpoints.s3)):
        send_mail(platform, "a@example.test", "another")
    result = wecelebrate("mail", "show", first[0])
    assert (result.returncode, result.stdout) == (4, "")
    assert "give more characters of the id" in result.stderr
