"""Numbers and other people's texts as a person reads them."""

import re
from datetime import UTC, datetime

NO_BREAK = "\u00a0"
_UNSEEN = re.compile(
    "[\\x00-\\x1f\\x7f-\\x9f\\u2028\\u2029\\u202a-\\u202e\\u2066-\\u2069\\ufeff\\ufffe\\uffff"
    "\\ud800-\\udfff]"
)
_PICTURES = 0x2400  # Unicode's pictures of the control characters below the space
_FEW = 0.001  # a tenth of a percent: what is less, or as near to all, is not rounded away


def number(value: int) -> str:
    """Such as `8,412`."""
    return f"{value:,}"


def rows(value: int) -> str:
    """Such as `1 row`, `8,412 rows`."""
    return f"{value:,}{NO_BREAK}row{'' if value == 1 else 's'}"


def percent(share: float, digits: int = 1) -> str:
    """A share of 0 to 1 such as `84.1 %`; never all or nothing where it is not."""
    if 0 < share < _FEW:
        return f"under 0.1{NO_BREAK}%"
    if 1 - _FEW < share < 1:
        return f"over 99.9{NO_BREAK}%"
    text = f"{share * 100:.{digits}f}"
    if digits == 0 and share not in (0, 1) and text in ("0", "100"):
        text = f"{share * 100:.1f}"
    return f"{text}{NO_BREAK}%"


def points(change: float) -> str:
    """How much a share has changed, in percentage points: `+3.2`, `−0.4`."""
    text = f"{abs(change) * 100:.1f}"
    if text == "0.0":
        return text
    return ("+" if change > 0 else "\N{MINUS SIGN}") + text


def hours(value: float) -> str:
    """Such as `16 hours`."""
    if value == 0:
        return "nothing"
    if value < 1:
        return "less than an hour"
    whole = int(value + 0.5)
    return f"{whole:,}{NO_BREAK}hour{'' if whole == 1 else 's'}"


def visible(text: str, limit: int | None = None) -> str:
    """Somebody's text, at most so long, with what can't be seen made visible.

    Among that is what turns the direction of the text behind it, and what can't be written as
    UTF-8."""
    seen = text if text.isascii() and text.isprintable() else _UNSEEN.sub(_picture, text)
    return seen if limit is None or len(seen) <= limit else seen[: limit - 1] + "…"


def cut_together(texts: tuple[str, ...], limit: int) -> tuple[str, ...]:
    """A row's texts, the first ones whole: at most so long together, but for an ellipsis in place
    of each that has no room."""
    if sum(map(len, texts)) <= limit:
        return texts
    cut, left = [], limit
    for text in texts:
        cut.append(text if len(text) <= left else text[: max(left - 1, 0)] + "…")
        left = max(left - len(text), 0)
    return tuple(cut)


def _picture(found: re.Match[str]) -> str:
    code = ord(found[0])
    if code < 0x20:  # noqa: PLR2004  the space
        return chr(_PICTURES + code)
    return "\N{SYMBOL FOR DELETE}" if found[0] == "\x7f" else f"\\u{code:04x}"


def day(moment: str) -> str:
    """An ISO 8601 time such as `5 March 2026, 14:02 UTC`; as it is where it is none."""
    try:
        read = datetime.fromisoformat(moment).astimezone(UTC)
    except (ValueError, OverflowError):
        return moment
    return f"{read.day} {read:%B %Y, %H:%M} UTC"
