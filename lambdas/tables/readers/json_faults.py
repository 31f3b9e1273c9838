"""What is likeliest wrong with a text that should be a JSON object, in words for its writer.

A reason goes on behind the row's place: "line 7 has a comma behind its last field; delete it".
"""

import json
import re

from tables.mapping.names import shown

WORDS_OF_PYTHON = {"None": "null", "True": "true", "False": "false"}
WORDS_FOR_NOTHING = frozenset({"undefined", "NA", "nan", "Null", "NULL", "nil", "inf", "Inf"})
BARE_WORD = re.compile(r"[^\W\d][\w.-]*")
TYPOGRAPHIC = "“”„‟«»‘’‚"
BEGINNING = 20  # characters of a line that is told; ours
LOOKED_AT = 1000  # characters behind what is wrong; ours

TOO_DEEP = "is nested too deeply"
NO_JSON = "is not JSON"
NO_NAME = 'has no name in quotes " where one is expected'
BY_MESSAGE = {
    "Expecting ',' delimiter": (
        'lacks a comma between two fields, or has a quote in a text that is not written as \\"'
    ),
    "Expecting ':' delimiter": "lacks a colon behind a name",
    "Invalid \\": "has a backslash in a text that is not written twice, as \\\\",
}
"""How a message of Python's begins → what is likeliest wrong."""


def no_object(text: str) -> str:
    """Why a text is no object, although it is JSON or does not begin like an object."""
    beginning = text.lstrip()[:1]
    if beginning == "[":
        return "is a list in [ ]; write an object in { }, with a name for each value"
    if not beginning:
        return "is empty"
    if beginning in TYPOGRAPHIC + "'\"" or beginning.isalnum() or beginning in "-#/<,;|":
        return f"is not an object in {{ }}: it begins with “{shown(text.lstrip()[:BEGINNING])}”"
    return "is not an object in { }"


def ends_early(error: json.JSONDecodeError) -> bool:
    """Whether it is the text's end that is wrong: with more behind it, it may be JSON."""
    return error.msg.startswith("Unterminated string") or not error.doc[error.pos :].strip()


def no_json(error: json.JSONDecodeError) -> str:
    """Why a text that begins with a brace is not JSON."""
    found = error.doc[error.pos : error.pos + LOOKED_AT].lstrip()
    if error.msg.startswith("Illegal trailing comma") or _is_behind_comma(error):
        return "has a comma behind its last value; delete it"
    if error.msg.startswith("Unterminated string"):
        return 'has a text without its closing quote "'
    if error.msg.startswith("Extra data"):
        return _behind_the_object(found)
    return _by_what_is_there(found) or _by_what_is_missing(error.msg, found)


def _by_what_is_there(found: str) -> str | None:
    if not found:
        return "ends before the object does: a } or a part of the line is missing"
    if found[0] == "'":
        return "has single quotes ' around a name or text; write double quotes \""
    if found[0] in TYPOGRAPHIC:
        return 'has typographic quotes around a name or text; write plain ones "'
    return None


def _by_what_is_missing(message: str, found: str) -> str:
    word = BARE_WORD.match(found)
    if message.startswith("Expecting property name"):
        name = shown(word[0]) if word else ""
        return f'has a name without quotes; write "{name}"' if name else NO_NAME
    if message.startswith("Expecting value"):
        return _no_value(word[0] if word else "")
    if message.startswith("Expecting ',' delimiter") and found[0].isdigit():
        return "has a number that begins with 0; write it in quotes"
    return next((text for begin, text in BY_MESSAGE.items() if message.startswith(begin)), NO_JSON)


def _no_value(word: str) -> str:
    if word in WORDS_OF_PYTHON:
        return f"has Python's {word} for a value; write {WORDS_OF_PYTHON[word]}"
    if word in WORDS_FOR_NOTHING:
        return f"has {word} for a value; write null"
    if word:
        return f"has a text without quotes, {shown(word)}; write it in double quotes"
    return 'has a name without a value; write null or "" behind its colon'


def _behind_the_object(found: str) -> str:
    if found.startswith("{"):
        return "has two objects; write each on a line of its own"
    if found.startswith(","):
        return "has a comma behind its object; delete it, or make the file a list in [ ]"
    return f"has something behind its object: “{shown(found[:BEGINNING])}”"


def _is_behind_comma(error: json.JSONDecodeError) -> bool:
    """Whether a closing bracket stands there, and a comma before it."""
    is_closing = error.doc[error.pos : error.pos + 1] in ("}", "]")
    return is_closing and error.doc[: error.pos].rstrip().endswith(",")
