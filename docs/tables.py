"""This module writes Markdown tables."""

from collections.abc import Iterable, Sequence


def markdown_table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """The table's text ends with a newline; a bar within a cell stays within it."""
    lines = (heads, ["---"] * len(heads), *rows)
    return "".join("| " + " | ".join(map(_cell, line)) + " |\n" for line in lines)


def _cell(text: str) -> str:
    return text.replace("|", r"\|")
