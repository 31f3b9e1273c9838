"""The entries of a dictionary, and how a row's texts are looked up in it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from tables.text.plain_text import alike


@dataclass(frozen=True, slots=True)
class KnownText:
    """What a text is coded as, by whom and when."""

    texts: Mapping[str, str] = field(repr=False)
    """By field, as they were decided on; a field that is missing is empty."""
    code: str | None
    """Of any level; None: it can't be coded."""
    label: str
    by: str
    """Those who decided so, with commas between."""
    at: str
    """ISO 8601."""
    drop_id: str
    """The drop in whose review it was decided."""
    version: int
    """The dictionary's, in which the entry was new."""


@dataclass(frozen=True, slots=True)
class Dictionary:
    """One version of a topic's dictionary. It never changes; see `of`."""

    version: int
    """From 1; 0 of the one that is empty, before anything was decided."""
    entries: Mapping[str, KnownText] = field(repr=False)
    """By `key_of` their texts."""

    @classmethod
    def of(cls, version: int, entries: Iterable[KnownText]) -> "Dictionary":
        """A version with these entries; of several on one text the latest decision counts."""
        kept: dict[str, KnownText] = {}
        for each in entries:
            key = key_of(each.texts, each.texts.values())
            if key and (key not in kept or each.at >= kept[key].at):
                kept[key] = each
        return cls(version, kept)

    @property
    def name(self) -> str:
        """As a row's column for its model says that it was looked up."""
        return f"dictionary {self.version}"

    def known(
        self, fields: Sequence[str], columns: Sequence[Sequence[str]]
    ) -> dict[int, KnownText]:
        """The rows that are in it, by their places; `columns` are the texts of each of `fields`."""
        found: dict[int, KnownText] = {}
        for place, texts in enumerate(zip(*columns, strict=True)):
            entry = self.entries.get(key_of(fields, texts))
            if entry is not None:
                found[place] = entry
        return found


def key_of(fields: Iterable[str], texts: Iterable[str]) -> str:
    """What equal rows have in common: all of their texts are `alike`; "" without any text.

    Neither the order of the fields nor one without text makes a difference.
    """
    plain = ((name, alike(text)) for name, text in zip(fields, texts, strict=True) if text)
    return "\0".join(f"{name}\1{text}" for name, text in sorted(plain) if text)
