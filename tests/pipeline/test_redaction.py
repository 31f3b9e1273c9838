import json
import subprocess
import sys

import pytest

from pipeline.observability import HIDDEN, LONGEST_TEXT, quoted, redacted

SECRET = "c4n4ry0123456789"


@pytest.mark.parametrize(
    "text",
    [
        f"GET https://b.s3.amazonaws.com/k%20k?X-Amz-Date=1&X-Amz-Signature={SECRET} failed",
        f"https://b.example/k?AWSAccessKeyId=A&Signature={SECRET}",
        f"url: /k?X-Amz-Signature={SECRET}&x=1 (Caused by timeout)",
        f"{{'Authorization': '{SECRET}'}}",
        f'{{"Authorization": "{SECRET}"}}',
        f'{{\\"Authorization\\": \\"{SECRET}\\"}}',
        f"Authorization: Basic {SECRET}",
        f"Authorisation: {SECRET}",
        f"Bearer {SECRET}",
        f"grant_type=x&client_secret={SECRET}",
        f"a token eyJhbGciOiJIUzI1NiJ9.{SECRET}.{SECRET} here",
        f"X-Amz-Security-Token={SECRET}",
        f"basic {SECRET}",
        f'Bearer "{SECRET}"',
        f"Bearer Bearer {SECRET}",
        f"basic bearer X-Amz-Signature={SECRET}",
        f"{{b'Authorization': b'{SECRET}'}}",
        f"{{'Authorization': ['{SECRET}']}}",
        f"http://a.example/x https://b.example/https://c?{SECRET}",
        f"eyJ.eyJ-eyJhbGciOiJIUzI1NiJ9.{SECRET}.{SECRET}",
        f"an encrypted token eyJhbGciOiJkaXIifQ..abc.{SECRET}.def",
    ],
)
def should_hide_the_secret_when_a_text_has_one(text: str) -> None:
    assert SECRET not in redacted(text)
    assert HIDDEN in redacted(text)


@pytest.mark.parametrize(
    "text",
    [
        "part 0123-0001 awaits a slot for 7 s",
        "s3://drops/anzsco/a b+c%20ä.jsonl",
        "see https://example.org/docs/batch for more",
        '{"level":"INFO","message":"accepted","key":"anzsco/x?y.jsonl"}',
        "User is not authorised to retrieve operation GUID",
        "S3 is busy with anzsco/basic survey.jsonl; trying again",
        "S3 is busy with anzsco/Basic questionnaire-of-2024-07-01.jsonl.gz",
        "S3 is busy with anzsco/bearer Questionnaires/of/nurses",
        "basic access authentication, a bearer responsibility",
        "no eyJ and no eyJhbGciOiJIUzI1NiJ9 alone",
    ],
)
def should_leave_the_text_alone_when_it_has_no_secret(text: str) -> None:
    assert redacted(text) == text


def should_be_one_short_line_without_secrets_when_another_system_is_quoted() -> None:
    assert quoted("a\n b\tc") == "a b c"
    assert len(quoted("x" * 900)) == 500
    assert SECRET not in quoted(f"https://b/k?X-Amz-Signature={SECRET}")


def should_hide_credentials_when_a_text_has_them_without_their_header() -> None:
    assert redacted("sent Basic dXNlcjpwYXNzd29yZA==, got 401") == f"sent Basic {HIDDEN}, got 401"


def should_cut_a_long_text_between_words_when_another_system_is_quoted() -> None:
    hidden = "https://b/k?" + "x" * (LONGEST_TEXT - 30)
    line = quoted(f"{hidden} Bearer {SECRET}")
    assert line == f"https://b/k?{HIDDEN} Bearer…"


PIECES_OF_SECRETS = (
    "http://",
    "https://a.example/",
    "http://a?b",
    "eyJ-",
    "eyJhbGciOiJIUzI1NiJ9.",
    "eyJ.",
    "Authorization",
    "Authorization: ",
    "Authorization\\\\",
    "Bearer ",
    "Basic aB3",
    "X-Amz-Signature=",
    "Signature='",
    "client_secret",
    "bearer a.b/c-",
    "aB3",
    "\\",
    "'",
    " ",
)
CPU_SECONDS = 60  # of all of them together; they take a few, and one in quadratic time an hour
REDACT_ALL = """
import json, resource, sys
from pipeline.observability import redacted
resource.setrlimit(resource.RLIMIT_CPU, (int(sys.argv[1]), int(sys.argv[1])))
for text in json.load(sys.stdin):
    assert len(redacted(text)) <= len(text)
"""


@pytest.mark.slow
def should_take_time_in_proportion_when_a_text_is_very_long() -> None:
    """The kernel ends the process once it has used more of a processor than that."""
    texts = ["Bearer " + each * (1_000_000 // len(each)) for each in PIECES_OF_SECRETS]
    done = subprocess.run(
        [sys.executable, "-c", REDACT_ALL, str(CPU_SECONDS)],
        input=json.dumps(texts),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
