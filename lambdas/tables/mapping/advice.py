"""What to write when a table's columns are not certain: guesses, and the exact line."""

import re
import shlex
from collections.abc import Mapping, Sequence
from difflib import SequenceMatcher, get_close_matches

from tables.mapping.names import NAME_CHARACTERS, listed, plain_name, shown

GUESSES = 3  # in a message; ours
COMPARED = 300  # columns that are compared letter by letter: it takes a millisecond for each; ours
LIKE = 0.7  # of the letters in common, for a guess; ours
SHORTEST_WORD = 3  # letters of a known name inside of a longer one; ours
CODES = ("code", "isco", "anzsco", "class")  # a column of codes is a worse guess than one of texts

SAFE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9 _.:/()?%-]*(?<! )")
"""Names that stand in a line of a shell, in the AWS CLI's short form of metadata, which splits at
commas, and in our own of columns; all others are written by their number."""
LINE_CHARACTERS = 200  # of the advised line: a message stays under 300; ours


def nearest(columns: Sequence[str], wanted: Sequence[str]) -> list[int]:
    """The places of up to three columns whose names are most like one of `wanted`, best first.

    `wanted` are plain names.
    """
    likeness = {}
    for place, column in enumerate(columns):
        name = plain_name(column[:NAME_CHARACTERS])
        likeness[place] = _likeness(name, wanted, closely=place < COMPARED)
    best = sorted((p for p in likeness if likeness[p]), key=lambda p: (-likeness[p], p))
    return best[:GUESSES]


def _likeness(name: str, wanted: Sequence[str], *, closely: bool) -> float:
    """0 for a name that is no guess."""
    inside = [word for word in wanted if len(word) >= SHORTEST_WORD and word in name]
    like = max((0.5 + len(word) / len(name) / 2 for word in inside), default=0.0)
    if closely and (close := get_close_matches(name, wanted, n=1, cutoff=LIKE)):
        like = max(like, SequenceMatcher(None, name, close[0]).ratio())
    return like / 2 if any(word in name for word in CODES) else like


def many_called(columns: Sequence[str], field: str, places: Sequence[int]) -> str:
    """The sentence that says which columns could be the field's."""
    names = [columns[place] for place in places]
    count = "Two" if len(places) == 2 else f"{len(places):,}"  # noqa: PLR2004
    if len(set(names)) > 1:
        return f"{count} columns could be {field}: {listed(names)}."
    numbers = ", ".join(f"#{place + 1}" for place in places[:5])
    more = f" and {len(places) - 5:,} more" if len(places) > 5 else ""  # noqa: PLR2004  as many as names
    return f"{count} columns are called “{shown(names[0])}”: {numbers}{more}."


def advice(columns: Sequence[str], mapping: Mapping[str, tuple[int, ...]]) -> str:
    """What to write so that the fields are read from these places; the last one is in doubt.

    Where they are (), the field is left out."""
    line = _line(columns, mapping, by_name=True)
    if len(line) > LINE_CHARACTERS:
        line = _line(columns, mapping, by_name=False)
    if len(line) > LINE_CHARACTERS:
        line = _line(columns, dict(list(mapping.items())[-1:]), by_name=False)
    which = "Say which column it is, by name or number"
    return f"{which}, when you drop the file; for instance: {line} (or in columns.yaml)."


def _line(columns: Sequence[str], mapping: Mapping[str, tuple[int, ...]], *, by_name: bool) -> str:
    entries = [
        f"{field}=" + " + ".join(_written(columns, place, by_name=by_name) for place in places)
        for field, places in mapping.items()
        if places
    ]
    return f"--metadata columns={_quoted('; '.join(entries))}"


def _quoted(text: str) -> str:
    quoted = shlex.quote(text)
    return quoted if quoted.startswith("'") else f"'{text}'"


def _written(columns: Sequence[str], place: int, *, by_name: bool) -> str:
    """A column as the line names it: its number where its name could be misread."""
    name = columns[place]
    safe = len(name) <= NAME_CHARACTERS and SAFE_NAME.fullmatch(name) is not None
    if by_name and safe and list(columns).count(name) == 1:
        return name
    return f"#{place + 1}"
