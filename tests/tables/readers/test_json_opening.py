import json

import pytest

from tables.errors import TableRefused
from tables.plan import ColumnMapping, TableFormat, TableOptions, TablePlan
from tables.readers.json_opening import open_json
from tests.support.tables.held_bytes import HeldBytes

OPTIONS = TableOptions(fields=("occp_text", "tasks_text"))


def _opened(text: str, form: TableFormat = TableFormat.JSON_LINES) -> TablePlan:
    plan = TablePlan(format=form, columns=(), mapping=ColumnMapping(fields={}, record_id=None))
    return open_json(HeldBytes(text.encode()), OPTIONS, plan, None)


@pytest.mark.parametrize("form", [TableFormat.JSON_LINES, TableFormat.JSON_ARRAY])
def should_map_the_keys_of_the_first_hundred_objects(form: TableFormat) -> None:
    objects = [{"id": 1}] * 98 + [{"job": "cook"}, {"duties": "cooks"}, {"main tasks": "late"}]
    texts = [json.dumps(each) for each in objects]
    text = "\n".join(texts) if form is TableFormat.JSON_LINES else f"[{','.join(texts)}]"

    plan = _opened(text, form)

    assert plan.columns == ("id", "job", "duties")
    assert plan.mapping == ColumnMapping(
        fields={"occp_text": (1,), "tasks_text": (2,)}, record_id=0
    )


def should_look_past_lines_that_are_no_objects() -> None:
    assert _opened('nurse\n{"a": 1,}\n{"job": "cook"}').columns == ("job",)


def should_tell_the_first_fault_where_no_line_is_an_object() -> None:
    with pytest.raises(TableRefused) as refused:
        _opened("\n{'job': 'cook'}\nnurse\n")

    assert "No line is an object that can be read; line 2 has single quotes" in refused.value.reason
    assert [number for number, _ in refused.value.rows] == [2, 3]


def should_name_the_keys_where_none_is_known() -> None:
    with pytest.raises(TableRefused, match="Bezeichnung"):
        _opened('{"Bezeichnung": "Koch"}')


@pytest.mark.parametrize(
    ("text", "form"),
    [("\n \n", TableFormat.JSON_LINES), ("[]", TableFormat.JSON_ARRAY)],
)
def should_refuse_a_file_without_rows(text: str, form: TableFormat) -> None:
    with pytest.raises(TableRefused, match="no row"):
        _opened(text, form)
