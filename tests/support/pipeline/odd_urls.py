"""URLs that parsers may read differently, and plain ones, for tests of properties."""

from hypothesis import strategies as st

ALLOWED = "s3.ap-southeast-2.amazonaws.com"
PIECES = (
    *("https://", "http://", "HTTPS://", "https:", "//", "/", "\\", "@", ":", "?", "#", "%", "%2e"),
    *("%2F", "%2f", "..", ".", "[", "]", "[::1]", " ", "\t", "\n", "\r", "\0", "\x7f", "\xa0", "é"),
    *(
        "\u212a",
        "\u3002",
        "\uff0e",
        "\uff0f",
        "\ufe64",
        "-",
        "_",
        "~",
        "+",
        ";",
        "'",
        "|",
        "^",
        "{",
    ),
    *("a", "A", "0", "80", "443", ":443", ":8443", ":0443", ":65536", "user:word@", "evil.example"),
    *(ALLOWED, f"b.{ALLOWED}", "/k", "X-Amz-Signature=1"),
)
PLAIN = (
    f"https://b.{ALLOWED}/k?X-Amz-Signature=1",
    f"https://{ALLOWED}/b/k%20k",
    f"https://b.{ALLOWED}",
    "http://localhost:4566/b/k",
)


@st.composite
def _changed(draw: st.DrawFn) -> str:
    """A plain URL with odd pieces put into it."""
    url = draw(st.sampled_from(PLAIN))
    for _ in range(draw(st.integers(0, 3))):
        place = draw(st.integers(0, len(url)))
        piece = draw(st.one_of(st.sampled_from(PIECES), st.characters()))
        url = url[:place] + piece + url[place + draw(st.integers(0, 2)) :]
    return url


def odd_urls() -> st.SearchStrategy[str]:
    """Plain URLs that were changed in a few places, and heaps of pieces."""
    heaps = st.lists(st.sampled_from(PIECES), max_size=8).map("".join)
    return st.one_of(_changed(), heaps, heaps.map("https://".__add__))
