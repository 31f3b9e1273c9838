import json

import pytest

from tables.errors import EncodingAssumed, TableRefused
from tables.open_table import open_table, reopened
from tables.plan import TableFormat, TableOptions
from tests.support.tables.held_bytes import HeldBytes

OPTIONS = TableOptions(fields=("occp_text", "tasks_text"))
OBJECTS = [{"job title": "Köchin"}, {"job title": "Bäcker"}]
TEXTS = {
    TableFormat.CSV: "job title\nKöchin\nBäcker\n",
    TableFormat.JSON_LINES: "".join(
        json.dumps(each, ensure_ascii=False) + "\n" for each in OBJECTS
    ),
    TableFormat.JSON_ARRAY: json.dumps(OBJECTS, ensure_ascii=False),
}


@pytest.mark.parametrize("form", TEXTS)
@pytest.mark.parametrize(
    ("mark", "encoding", "assumed"),
    [
        ("", "utf-8", False),
        ("\ufeff", "utf-8", False),
        ("\ufeff", "utf-16-le", False),
        ("\ufeff", "utf-16-be", False),
        ("", "cp1252", True),
    ],
)
def should_open_text_of_any_format_in_any_encoding(
    form: TableFormat, mark: str, encoding: str, assumed: bool
) -> None:
    source = HeldBytes((mark + TEXTS[form]).encode(encoding))

    reader, plan = open_table(source, form, OPTIONS)

    assert (plan.format, plan.encoding, plan.encoding_assumed) == (form, encoding, assumed)
    assert plan.bom_bytes == len(mark.encode(encoding))
    assert plan.columns == reader.columns == ("job title",)
    for each in (reader, reopened(source, plan), reopened(source, plan, OPTIONS)):
        cells = [list(row) for batch in each.rows() for row in batch.cells]
        assert cells == [["Köchin"], ["Bäcker"]]


def _late(form: TableFormat) -> HeldBytes:
    """Whose first byte that is not UTF-8 comes long after what is looked at to open it."""
    many = {"job title": "cook" * 100}
    text = {
        TableFormat.CSV: "job title\n" + ("cook" * 100 + "\n") * 4000 + "café\n",
        TableFormat.JSON_LINES: (json.dumps(many) + "\n") * 400 + '{"job title": "café"}',
        TableFormat.JSON_ARRAY: f'[{(json.dumps(many) + ",") * 400}{{"job title": "café"}}]',
    }[form]
    return HeldBytes(text.encode("cp1252"))


@pytest.mark.parametrize("form", TEXTS)
def should_say_later_that_an_encoding_must_be_assumed(form: TableFormat) -> None:
    source = _late(form)
    reader, plan = open_table(source, form, OPTIONS)

    assert plan.encoding == "utf-8"
    with pytest.raises(EncodingAssumed) as assumed:
        list(reader.rows())
    reader, plan = open_table(source, form, OPTIONS, encoding=assumed.value.encoding)

    assert (plan.encoding, plan.encoding_assumed) == ("cp1252", True)
    *_, last = reader.rows()
    assert list(last.cells[-1]) == ["café"]


@pytest.mark.parametrize("form", TEXTS)
@pytest.mark.parametrize("options", [TableOptions(fields=("occp_text",), encoding="utf-8"), None])
def should_refuse_a_byte_where_an_encoding_was_given_or_was_known(
    form: TableFormat, options: TableOptions | None
) -> None:
    source = _late(form)
    _, plan = open_table(source, form, OPTIONS)

    with pytest.raises(TableRefused, match=r"Line [\d,]+ has a byte that is not text in UTF-8"):
        list(reopened(source, plan, options).rows())


def should_assume_what_the_options_say() -> None:
    options = TableOptions(fields=("occp_text",), fallback_encoding="iso-8859-2")
    source = HeldBytes("zawód,id\nsprzątaczka,1\n".encode("iso-8859-2"))

    _, plan = open_table(source, TableFormat.CSV, options)

    assert (plan.encoding, plan.encoding_assumed) == ("iso8859-2", True)
    assert plan.columns == ("zawód", "id")


def should_read_what_the_options_say_without_assuming_it() -> None:
    options = TableOptions(fields=("occp_text",), encoding="cp1252")
    source = HeldBytes("métier,id\ncafetière,1\n".encode("cp1252"))

    _, plan = open_table(source, TableFormat.CSV, options)

    assert (plan.encoding, plan.encoding_assumed) == ("cp1252", False)


def should_refuse_an_empty_file() -> None:
    for form in TEXTS:
        with pytest.raises(TableRefused):
            open_table(HeldBytes(b""), form, OPTIONS)
