"""Takes secrets out of texts: the last line of defence, behind never putting them there."""

import re

HIDDEN = "[hidden]"

# What makes a URL or a header a secret: presigned parameters (both signature versions), tokens.
_SECRET_VALUES = re.compile(
    r"(?i)"
    r"(?P<name>X-Amz-Signature=|X-Amz-Security-Token=|X-Amz-Credential=|Signature=|AWSAccessKeyId="
    r"|\bBearer\s+|\bBasic\s+|client_secret=|access_token=|Authori[sz]ation['\"\\]*\s*[:=]\s*['\"\\]*(?:(?:Bearer|Basic)\s+)?)"
    r"(?P<value>[^\s&'\"\\,}<>]+|\\?['\"][^'\"\\]*)"
)
_JSON_WEB_TOKEN = re.compile(r"\beyJ[\w-]{8,}\.[\w-]+\.[\w-]*")
_URL_WITH_QUERY = re.compile(r"(?i)(https?://[^\s?'\"\\<>]*)\?[^\s'\"\\<>]*")


def redacted(text: str) -> str:
    """`text` without the parts that would let its reader act as somebody else.

    Queries of URLs go as a whole; paths stay, since they help to find what is meant.
    """
    text = _URL_WITH_QUERY.sub(rf"\1?{HIDDEN}", text)
    text = _JSON_WEB_TOKEN.sub(HIDDEN, text)
    return _SECRET_VALUES.sub(lambda match: match["name"] + HIDDEN, text)


def quoted(text: str, *, longest: int = 500) -> str:
    """What another system said, fit for a message: one line, no secrets, not too long."""
    line = " ".join(redacted(text).split())
    return line if len(line) <= longest else line[: longest - 1] + "…"
