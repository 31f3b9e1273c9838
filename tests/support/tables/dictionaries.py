"""Dictionaries, made up for tests."""

from collections.abc import Sequence

from tables.dictionary.dictionary import Dictionary, KnownText

FIELDS = ("occp_text", "tasks_text")


def an_entry(
    *texts: str,
    code: str | None = "351311",
    label: str = "Chef",
    at: str = "2026-03-06T08:00:00.000Z",
    drop_id: str = "3f2a" * 8,
    version: int = 1,
    fields: Sequence[str] = FIELDS,
) -> KnownText:
    """What these texts, by field, were decided to be."""
    named = dict(zip(fields, (*texts, *("",) * (len(fields) - len(texts))), strict=True))
    return KnownText(named, code, label, "Ann", at, drop_id, version)


def a_dictionary(*entries: KnownText, version: int = 1) -> Dictionary:
    """Of these entries."""
    return Dictionary.of(version, entries)
