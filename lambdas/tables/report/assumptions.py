"""What was assumed of a table, and what a service says of its model, as a report tells them."""

import json
from collections import deque
from collections.abc import Iterable, Mapping
from typing import Any

from tables.plan import TableFormat, TablePlan
from tables.report.words import visible

MAX_NAME_CHARACTERS = 80
MAX_VALUE_CHARACTERS = 300
MAX_FACTS = 60
_MAX_DEPTH = 3  # of an evaluation: by level, by measure


def assumptions_of(plan: TablePlan) -> dict[str, Any]:
    """How the table was read; what its format has no such thing for is None."""
    is_text = plan.format not in (TableFormat.XLSX, TableFormat.PARQUET)
    return {
        "format": plan.format.value,
        "asItIs": not plan.prepared,
        "encoding": plan.encoding if is_text else None,
        "encodingAssumed": plan.encoding_assumed,
        "examples": [visible(each, MAX_NAME_CHARACTERS) for each in plan.assumed_examples],
        "separator": visible(plan.separator) if plan.format is TableFormat.CSV else None,
        "sheet": None if plan.sheet is None else visible(plan.sheet, MAX_NAME_CHARACTERS),
        "headerRow": plan.header_row or None,
        "columns": len(plan.columns),
        "fields": [
            {
                "field": visible(field, MAX_NAME_CHARACTERS),
                "columns": [shown_column(plan, place) for place in places],
                "places": list(places),
            }
            for field, places in plan.mapping.fields.items()
        ],
        "recordId": (
            None if plan.mapping.record_id is None else shown_column(plan, plan.mapping.record_id)
        ),
        "maxTextCharacters": plan.max_text_characters,
        "dictionary": plan.dictionary,
    }


def shown_column(plan: TablePlan, place: int) -> str:
    """The name of a column as a report tells it; never empty."""
    name = plan.columns[place] if place < len(plan.columns) else ""
    return visible(name, MAX_NAME_CHARACTERS) or f"(column {place + 1}, without a name)"


def model_facts(model: Mapping[str, Any], *, but: Iterable[str]) -> list[dict[str, str]]:
    """What else the service says of its model, its evaluation among it: a name and a value each.

    What lies in objects gets a name with dots. There are at most `MAX_FACTS`."""
    facts: list[dict[str, str]] = []
    left_out = set(but)
    waiting = deque((name, model[name], 1) for name in model if name not in left_out)
    while waiting and len(facts) < MAX_FACTS:
        name, value, depth = waiting.popleft()
        if isinstance(value, Mapping) and value and depth < _MAX_DEPTH:
            inner = [(f"{name}.{key}", each, depth + 1) for key, each in value.items()]
            waiting.extendleft(reversed(inner))
        else:
            facts.append({"name": visible(name, MAX_NAME_CHARACTERS), "value": fact_of(value)})
    return facts


def fact_of(value: Any) -> str:
    """What a service says, as text of bounded length."""
    if isinstance(value, list) and all(isinstance(each, str) for each in value):
        value = ", ".join(value)
    if not isinstance(value, str):
        try:
            value = json.dumps(value, ensure_ascii=False)
        except (RecursionError, TypeError, ValueError):
            value = "…"
    return visible(value, MAX_VALUE_CHARACTERS)
