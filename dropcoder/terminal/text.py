"""Texts of strangers on a terminal: keys, cells and reasons, without what would steer it."""

import unicodedata


def harmless(text: str) -> str:
    """The text without characters that steer a terminal, but for its line ends.

    Keys and texts of strangers are shown: one could rewrite what stands on the screen."""
    return "".join(c if c.isprintable() or c == "\n" else "?" for c in text)


def one_line(text: str) -> str:
    """The same without line ends: a key or a reason can't look like a line of ours."""
    return harmless(text).replace("\n", "?")


def shortened(text: str, width: int) -> str:
    """The text on one line and within `width` columns, without characters that steer a terminal."""
    clean = "".join(c if c.isprintable() else " " for c in text)
    if text_width(clean) <= width:
        return clean
    kept = ""
    for character in clean:
        if text_width(kept + character) > width - 1:
            break
        kept += character
    return kept + "…"


def text_width(text: str) -> int:
    """Columns that the text takes on a terminal."""
    wide = sum(unicodedata.east_asian_width(c) in "WF" for c in text)
    joined = sum(unicodedata.combining(c) != 0 for c in text)
    return len(text) + wide - joined
