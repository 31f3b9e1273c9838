import pytest

from pipeline.observability import HIDDEN, quoted, redacted

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
    ],
)
def should_leave_the_text_alone_when_it_has_no_secret(text: str) -> None:
    assert redacted(text) == text


def should_be_one_short_line_without_secrets_when_another_system_is_quoted() -> None:
    assert quoted("a\n b\tc") == "a b c"
    assert len(quoted("x" * 900)) == 500
    assert SECRET not in quoted(f"https://b/k?X-Amz-Signature={SECRET}")
