"""Describes the CSV that is given back, for programs: CSV on the Web (W3C, 2015)."""

import re
from typing import Any

from tables.coded.code_columns import CONFIDENCE, LEVEL, CodeColumns
from tables.plan import TableFormat, TablePlan
from tables.text.cell_text import whole_text
from tables.writers.column_names import unique_names

CONTEXT = "http://www.w3.org/ns/csvw"
DATATYPES = {LEVEL: "integer", CONFIDENCE: "decimal"}
TEXT_DATATYPE = "string"
WITH_ROWS_ABOVE = (TableFormat.CSV, TableFormat.XLSX)
NOT_OF_NAMES = re.compile("[^A-Za-z0-9_]+")


def description(plan: TablePlan, *, topic: str, url: str) -> dict[str, Any]:
    """The metadata document of the CSV at `url`, which lies beside it.

    All dropped columns are strings, and so are codes: their zeros in front are kept.
    """
    codes = CodeColumns(topic, plan.columns, {})
    own = unique_names(plan.columns, plan.width)
    titles = (*plan.columns, *("",) * (len(own) - len(plan.columns)))
    columns = [_column(name, title, TEXT_DATATYPE) for name, title in zip(own, titles, strict=True)]
    columns += [
        _column(name, name, DATATYPES.get(kind, TEXT_DATATYPE))
        for name, kind in zip(codes.names, codes.kinds, strict=True)
    ]
    above = plan.header_row - 1 if plan.format in WITH_ROWS_ABOVE else 0
    return {
        "@context": CONTEXT,
        "url": url,
        "dialect": {
            "encoding": "utf-8",
            "delimiter": plan.separator,
            "quoteChar": '"',
            "doubleQuote": True,
            "header": True,
            "headerRowCount": 1,
            "skipRows": max(0, above),
        },
        "tableSchema": {"columns": columns},
    }


def _column(name: str, title: str, datatype: str) -> dict[str, Any]:
    """`name` as CSVW takes it: as a variable of a URI template (RFC 6570), with all but letters,
    digits and `_` encoded. Names that begin with `_` are its own."""
    own = NOT_OF_NAMES.sub(_encoded, f"column{name}" if name.startswith("_") else name)
    titles = {"titles": title} if title.strip() else {}
    return {"name": own, **titles, "datatype": datatype}


def _encoded(characters: re.Match[str]) -> str:
    return "".join(f"%{byte:02X}" for byte in whole_text(characters[0]))
