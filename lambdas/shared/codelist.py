"""The codes of a classification with their labels, as a topic's `codes.csv` has them."""

import csv
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Self

CODELISTS = Path(__file__).parents[1] / "codelists"
"""The folder of `<topic>.csv`: beside the packages, as infra/assets packs it."""


class CodelistUnreadable(Exception):
    """The file is none; the message names it and says why."""


@dataclass(frozen=True, slots=True)
class CodelistEntry:
    """A code with its label; `parent` is the code one level up, None at the top."""

    code: str
    label: str
    parent: str | None


@dataclass(frozen=True, slots=True)
class Codelist:
    """The entries of all levels, by code."""

    codes: Mapping[str, CodelistEntry]

    @classmethod
    def read(cls, path: Path) -> Self:
        """Reads a CSV with the columns code, label, parent. Raises `CodelistUnreadable`."""
        try:
            with path.open(encoding="utf-8", newline="") as file:
                rows = list(csv.DictReader(file))
            codes = {
                r["code"]: CodelistEntry(r["code"], r["label"], r["parent"] or None) for r in rows
            }
        except (OSError, KeyError, csv.Error, UnicodeDecodeError) as error:
            raise CodelistUnreadable(
                f"the codelist {path.name} can't be read ({type(error).__name__}); it is a CSV "
                "with the columns code, label and parent"
            ) from None
        for each in codes.values():
            if each.parent is not None and each.parent not in codes:
                raise CodelistUnreadable(
                    f"the codelist {path.name} lacks {each.parent}, the parent of {each.code}"
                )
        return cls(codes)

    def lineage(self, code: str) -> Iterator[CodelistEntry]:
        """The code and its ancestors, the top last."""
        seen: set[str] = set()
        at: str | None = code
        while at is not None and at not in seen:
            seen.add(at)
            yield self.codes[at]
            at = self.codes[at].parent
