"""The generated blocks are as `make docs` would write them."""

import json

import pytest

from docs import settings_table as tables
from docs.blocks import BlockError, filled
from docs.settings_table import (
    default_of,
    service_settings_table,
    settings,
    settings_table,
)
from infra.settings.settings import Settings, context_name
from infra.settings.types import SettingNotFinished
from tests.support.markdown import Document, document, read_documents, table_rows

SETTINGS = document("docs/settings.md")


@pytest.mark.parametrize("page", read_documents(), ids=str)
def should_hold_what_make_docs_writes(page: Document) -> None:
    assert page.text == filled(page.text, where=str(page)), "run `make docs`"


def should_have_a_row_for_every_setting_with_its_default() -> None:
    rows = {row[0].strip("`"): row for row in table_rows(SETTINGS.text)}
    assert set(rows) == {context_name(name) for name in Settings.__dataclass_fields__}
    for name, (_, default, meaning) in rows.items():
        assert default == f"`{json.dumps(default_of(name))}`"
        assert meaning


def should_say_in_a_row_of_its_own_what_only_coding_service_has() -> None:
    own = {row[0].strip("`") for row in table_rows(service_settings_table())}
    assert own == {each.name for each in settings() if each.is_of_coding_service}
    assert {"uploadWindowSeconds", "serviceRequestsPerDay"} <= own
    assert "codingService" not in own


def should_keep_a_bar_within_its_cell() -> None:
    assert all(len(row) == 3 for row in table_rows(settings_table()))


def should_replace_a_block_and_leave_the_rest() -> None:
    before = "a\n<!-- settings -->\nold\n<!-- end -->\nb <!-- a remark --> c\n"
    after = filled(before, where="x.md")
    assert after == f"a\n<!-- settings -->\n{settings_table()}<!-- end -->\nb <!-- a remark --> c\n"
    assert filled(after, where="x.md") == after


@pytest.mark.parametrize(
    ("block", "said"),
    [
        ("colours", "there is no block 'colours'"),
        ("drawn: statemachine/absent.asl.json", "statemachine/absent.asl.json: No such file"),
    ],
)
def should_name_the_document_and_the_block_when_it_cannot_be_made(block: str, said: str) -> None:
    with pytest.raises(BlockError, match=f"^x.md: .*{said}"):
        filled(f"<!-- {block} -->\n<!-- end -->", where="x.md")


def should_say_where_to_add_a_default_when_cdk_json_has_none() -> None:
    with pytest.raises(SettingNotFinished, match=r"madeUp has no default: .* cdk\.json"):
        default_of("madeUp")


def should_name_the_document_and_the_setting_when_one_has_no_meaning(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(tables, "_meanings", dict)
    with pytest.raises(BlockError, match=r"^x.md: .* the setting name has no meaning: "):
        filled("<!-- settings -->\n<!-- end -->", where="x.md")
