"""The page of a review as one file: its parts lie beside this module, and its data is what
`review.page_data` makes of a drop, or `agreement` of what reviewers disagree about."""

import base64
import hashlib
import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import msgspec

from shared.received_json import JsonFault, read_object
from tables.report.page.markup import text

SCRIPTS = ("codes.js", "decisions.js", "list.js", "view.js", "main.js", "keys.js")
DATA = re.compile(rb'<script type="application/json" id="data">(.*?)</script>', re.DOTALL)
READ = frozenset({"drop", "round", "items", "codes"})
"""What is read of a page's data again."""
# As escapes of JSON: what ends a script, opens a comment in one, or is a line end to some readers.
_ESCAPES = {ord(each): f"\\u{ord(each):04x}" for each in "<>&\u2028\u2029"}


def html_of_review(data: Mapping[str, Any]) -> str:
    """The page of this data, which is JSON-able; its texts are anybody's."""
    body, style, script = _parts()
    # Nothing is fetched or sent, and no text becomes markup, whatever the texts in the page try.
    policy = (
        f"default-src 'none'; script-src '{_hash_of(script)}'; style-src '{_hash_of(style)}'; "
        "img-src data:; base-uri 'none'; form-action 'none'; "
        "require-trusted-types-for 'script'; trusted-types 'none'"
    )
    written = msgspec.json.encode(data).decode().translate(_ESCAPES)
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{text(policy)}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        '<meta name="color-scheme" content="light dark">'
        '<meta name="referrer" content="no-referrer">'
        f'<link rel="icon" href="data:,"><title>{text("Review")}</title><style>{style}</style>'
        f'</head>\n<body>{body}<script type="application/json" id="data">{written}</script>'
        f"<script>{script}</script></body>\n</html>\n"
    )


def data_of_page(content: bytes) -> dict[str, Any] | None:
    """The data of a page that `html_of_review` has made; None where the file is no such page."""
    found = DATA.search(content)
    try:
        data = read_object(found[1]) if found else {}
    except JsonFault:
        return None
    return data if data.keys() >= READ else None


@cache
def _parts() -> tuple[str, str, str]:
    """The page's elements, its style, and its script, which leaves no name behind."""
    folder = Path(__file__).parent
    scripts = "\n".join((folder / name).read_text("utf-8") for name in SCRIPTS)
    return (
        (folder / "body.html").read_text("utf-8"),
        (folder / "style.css").read_text("utf-8"),
        f'(() => {{\n"use strict";\n{scripts}}})();\n',
    )


def _hash_of(content: str) -> str:
    return f"sha256-{base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()}"
