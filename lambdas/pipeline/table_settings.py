"""How people's tables are read and given back: a deployment's choice, for all drops."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from pipeline.errors import SettingInvalid
from shared.codelist import CODELISTS, Codelist, CodelistUnreadable
from shared.environment import Variables

STANDARD_CODE_DIGITS = 6  # the service codes from 6 digits up to 1 (its user guide)


@dataclass(frozen=True, slots=True, kw_only=True)
class TableSettings:
    """The settings of tables, as every function of Pipeline gets them."""

    prepared_bucket: str
    columns: tuple[tuple[str, str, tuple[str, ...]], ...]
    """Topic, field, and the columns whose texts it joins where a drop says nothing else."""
    fallback_encoding: str
    """Python's name of the encoding of text that is no UTF-8."""
    max_refused_share: float
    """From 0 to 1: with more rows that can't be read than this, a file is rejected."""
    strict: bool
    """Whether one row that would be refused or shortened rejects the file."""
    distinct_texts: bool
    """Whether rows with the same texts are sent as one record."""
    result_formats: tuple[str, ...]
    """The formats in which every table is given back beside that in which it was dropped."""
    code_digits: tuple[tuple[str, int], ...]
    """Topic, and the letters and digits of its codes of the deepest level where that is not 6."""
    max_unpacked_bytes: int
    """The most bytes of a packed file's content."""
    blind_share: float
    """From 0 to 1: of a table's distinct texts, so many are reviewed without suggestions."""
    use_dictionary: tuple[str, ...] = ()
    """The topics whose files are looked up in what people have decided."""
    codelists: Path = CODELISTS
    """The folder of `<topic>.csv`."""

    @classmethod
    def read(cls, variables: Mapping[str, str]) -> Self:
        """Reads the environment variables of a function. Raises `SettingInvalid`."""
        source = Variables(variables, SettingInvalid)
        return cls(
            prepared_bucket=source.text("PREPARED_BUCKET"),
            columns=tuple(
                (topic, field, tuple(names))
                for topic, fields in _object(variables, "COLUMNS").items()
                for field, names in fields.items()
            ),
            fallback_encoding=source.text("FALLBACK_ENCODING"),
            max_refused_share=_share(source, "MAX_REFUSED_SHARE"),
            strict=source.flag("STRICT"),
            distinct_texts=source.flag("DISTINCT_TEXTS"),
            result_formats=tuple(filter(None, variables.get("RESULT_FORMATS", "").split(","))),
            code_digits=tuple(_object(variables, "CODE_DIGITS").items()),
            max_unpacked_bytes=source.count("MAX_UNPACKED_BYTES"),
            blind_share=_share(source, "BLIND_SHARE"),
            use_dictionary=tuple(filter(None, variables.get("USE_DICTIONARY", "").split(","))),
            codelists=Path(variables.get("CODELISTS_FOLDER") or CODELISTS),
        )

    def digits_of(self, topic: str) -> int:
        """The letters and digits of a topic's deepest codes."""
        return dict(self.code_digits).get(topic, STANDARD_CODE_DIGITS)

    def codelist_of(self, topic: str) -> Codelist | None:
        """A topic's; None where the deployment has none. Raises `SettingInvalid`."""
        path = self.codelists / f"{topic}.csv"
        try:
            return Codelist.read(path) if path.is_file() else None
        except CodelistUnreadable as error:
            raise SettingInvalid(f"{error}; mend it and deploy again") from None

    def columns_of(self, topic: str | None) -> dict[str, tuple[str, ...]]:
        """Field → the columns whose texts it joins, of a topic."""
        return {field: names for each, field, names in self.columns if each == topic}


def _share(source: Variables, name: str) -> float:
    return 0.0 if source.text(name) == "0" else source.number(name)


def _object(variables: Mapping[str, str], name: str) -> dict[str, Any]:
    try:
        found = json.loads(variables.get(name) or "{}")
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise SettingInvalid(f"the environment variable {name} must be a JSON object")
    return found
