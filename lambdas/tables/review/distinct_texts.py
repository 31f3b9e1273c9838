"""The distinct texts that people may have to read, of any number of rows, in bounded memory.

Of the texts with suggestions alone the most frequent are kept, counted by space-saving (Metwally,
Agrawal and El Abbadi, 2005). The blind share is drawn from all texts by their hashes: where that
would be too many, the smallest hashes are kept (a bottom-k sample, Cohen and Kaplan, 2007), so that
each text is as likely to be in it, with all of its rows, in whatever order the rows pass.
"""

import heapq
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Any, Self

from tables.coded.code_columns import SUGGESTIONS
from tables.coded.coded_rows import CodeAnswer, CodedRows
from tables.report.words import cut_together
from tables.text.cell_text import whole_text
from tables.text.plain_text import alike

MOST_TEXTS = 10_000  # people read some thousands of a file; ours
_MOST_SLOTS = MOST_TEXTS * 3 // 2  # for a while: to find the most frequent takes all of them
MOST_BLIND = 1_000  # a share of 90 % is then known to within 2 points; ours
MAX_TEXT_CHARACTERS = 600  # of a text's fields together, as they are shown; ours
MAX_LABEL_CHARACTERS = 200
MAX_CODE_CHARACTERS = 64  # no classification's is as long
BLIND_SHARE = 0.05  # official statistics have at least as much coded twice

Texts = tuple[str, ...]
_HASH_BYTES = 8
_HASHES = 1 << (8 * _HASH_BYTES)


def text_id(texts: Iterable[str], drop_id: str) -> str:
    """The name of a row's text in a drop: `t` and 16 hex digits, in another drop others.

    `texts` are by field, whole. Those that are `alike` have one name.
    """
    plain = "\0".join(map(alike, texts))
    key = drop_id.encode()[: blake2b.MAX_KEY_SIZE]
    content = plain.encode("utf-8", "surrogatepass")
    return f"t{blake2b(content, digest_size=_HASH_BYTES, key=key).hexdigest()}"


@dataclass(slots=True)
class DistinctText:
    """One text and its rows."""

    texts: Texts
    """By field, as the first row has them; at most `MAX_TEXT_CHARACTERS` together."""
    rows: int
    """How many were counted."""
    before: int = 0
    """How many may have come earlier, uncounted."""
    suggestions: tuple[CodeAnswer, ...] = ()


@dataclass(slots=True)
class DistinctTexts:
    """Collects the texts of a table as its rows pass."""

    drop_id: str
    blind_share: float = BLIND_SHARE
    """From 0 to 1, of the distinct texts."""
    floor: int = 0
    """How often a text with suggestions alone that is not kept may have come; 0: all are kept."""
    uncoded: dict[str, DistinctText] = field(default_factory=dict)
    """The texts that have suggestions alone, by `text_id`."""
    blind: dict[str, DistinctText] = field(default_factory=dict)
    """The blind share of all that were sent, by `text_id`; without suggestions."""
    _limit: int = -1
    """Hashes below it are in the blind share; -1: as `blind_share` says."""

    def __post_init__(self) -> None:
        if self._limit < 0:
            self._limit = int(self.blind_share * _HASHES)

    def add(self, rows: CodedRows) -> None:
        """The next rows of the table."""
        answers = dict(
            zip(rows.texts, zip(rows.results, rows.suggestions, strict=True), strict=True)
        )
        for texts, count in Counter(rows.texts).items():
            result, suggestions = answers[texts]
            # One with neither has nothing to code, and nobody needs to look at it.
            is_uncoded = result is None and bool(suggestions)
            if not any(texts) or not (is_uncoded or self._limit):
                continue
            name = text_id(texts, self.drop_id)
            if is_uncoded:
                self._add_uncoded(name, texts, count, suggestions)
            if int(name[1:], 16) < self._limit:
                self.blind.setdefault(name, DistinctText(_cut(texts), 0)).rows += count
        if len(self.uncoded) > _MOST_SLOTS:
            self.uncoded, self.floor = self._most_frequent()
        if len(self.blind) > 2 * MOST_BLIND:
            self.blind = self.blind_sample()
            self._limit = int(max(self.blind)[1:], 16) + 1

    def blind_sample(self) -> dict[str, DistinctText]:
        """The blind share, in an order that has nothing to do with the texts; bounded."""
        return {name: self.blind[name] for name in heapq.nsmallest(MOST_BLIND, self.blind)}

    def most_frequent(self) -> dict[str, DistinctText]:
        """The texts with suggestions alone that came most often, at most `MOST_TEXTS`."""
        return self._most_frequent()[0]

    @property
    def is_complete(self) -> bool:
        """Whether all texts with suggestions alone are among `most_frequent`, with all rows."""
        return not self.floor and len(self.uncoded) <= MOST_TEXTS

    def to_state(self) -> dict[str, Any]:
        """What `from_state` takes; JSON can hold it."""
        return {
            "drop": self.drop_id,
            "share": self.blind_share,
            "floor": self.floor,
            "limit": self._limit,
            "uncoded": [
                [name, list(each.texts), each.rows, each.before, list(map(list, each.suggestions))]
                for name, each in self.uncoded.items()
            ],
            "blind": [[name, list(each.texts), each.rows] for name, each in self.blind.items()],
        }

    @classmethod
    def from_state(cls, state: dict[str, Any]) -> Self:
        """As it was."""
        return cls(
            state["drop"],
            state["share"],
            state["floor"],
            {
                name: DistinctText(tuple(texts), rows, before, tuple(CodeAnswer(*s) for s in said))
                for name, texts, rows, before, said in state["uncoded"]
            },
            {name: DistinctText(tuple(texts), rows) for name, texts, rows in state["blind"]},
            state["limit"],
        )

    def _add_uncoded(
        self, name: str, texts: Texts, count: int, suggestions: tuple[CodeAnswer, ...]
    ) -> None:
        slot = self.uncoded.get(name)
        if slot is None:
            kept = tuple(map(_short, filter(_is_code, suggestions[:SUGGESTIONS])))
            slot = self.uncoded[name] = DistinctText(_cut(texts), 0, self.floor, kept)
        slot.rows += count

    def _most_frequent(self) -> tuple[dict[str, DistinctText], int]:
        """The texts that stay, and the floor without the others."""

        def rank(item: tuple[str, DistinctText]) -> tuple[int, str]:
            return -item[1].rows - item[1].before, item[0]

        ordered = heapq.nsmallest(MOST_TEXTS + 1, self.uncoded.items(), key=rank)
        lost = -rank(ordered[MOST_TEXTS])[0] if len(ordered) > MOST_TEXTS else 0
        return dict(ordered[:MOST_TEXTS]), max(self.floor, lost)


def _is_code(answer: CodeAnswer) -> bool:
    return len(answer.code) <= MAX_CODE_CHARACTERS


def _short(answer: CodeAnswer) -> CodeAnswer:
    return answer._replace(label=answer.label[:MAX_LABEL_CHARACTERS])


def _cut(texts: Texts) -> Texts:
    """At most `MAX_TEXT_CHARACTERS` together, which UTF-8 can hold."""
    if not all(map(str.isascii, texts)):
        texts = tuple(whole_text(each).decode() for each in texts)
    return cut_together(texts, MAX_TEXT_CHARACTERS)
