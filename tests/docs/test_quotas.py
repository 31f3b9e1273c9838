"""The figures of docs/quotas.md follow from what is deployed."""

import json
import math

from docs import quotas_table
from docs.quotas_table import LOADS, Load
from dropcoder.estimates.estimate import checks_until
from infra.project_files import PROJECT
from infra.settings.settings import Settings
from pipeline.engines.coding_service.tokens import RENEWED_BEFORE_END_SECONDS
from tests.docs.test_cost import walked
from tests.support.markdown import document, table_rows

PAGE = document("docs/quotas.md")
PROSE = " ".join(PAGE.text.split())
MONTH = 30 * 86_400


def should_count_transitions_and_checks_as_the_page_of_costs_does() -> None:
    machine = json.loads((PROJECT / "statemachine" / "drop.asl.json").read_text("utf-8"))
    assert len(list(walked(machine))) == quotas_table.TRANSITIONS
    assert quotas_table.checks() == checks_until(quotas_table.OPERATION_SECONDS)


def should_stay_within_the_services_own_limits() -> None:
    for load in LOADS:
        assert load.calls <= load.settings.requests_per_day, load.files
        assert load.preparing <= load.settings.prepare_concurrency, load.files


def should_show_what_the_same_number_of_files_takes_without_sharing() -> None:
    alone = Load(10_000, Settings(share_wait_seconds=0))
    assert f"10,000 files would be {alone.calls:,} calls" in PROSE


def should_say_in_the_arithmetic_what_the_table_says() -> None:
    _, middle, many = LOADS
    for said in (
        f"{middle.operations} × 8 = {middle.calls:,}",
        f"10,000 / 28,800 s = {middle.a_second:.2f}",
        f"1 + 0.35 × 30 = {middle.sharing:.0f}",
        f"1,000 / 28,800 s × 105 s = {many.finishing}",
        f"{many.preparing} files a second: {many.preparing} functions",
        f"1 × (5 + 1) = {many.calling}",
    ):
        assert said in PROSE, said


def should_fit_a_hundred_files_a_day_into_a_new_account() -> None:
    assert LOADS[0].functions <= 10
    row = next(row for row in table_rows(PAGE.section("What to ask for")) if "L-B99A9384" in row[0])
    assert int(row[2].partition(",")[0]) >= LOADS[0].burst
    assert LOADS[-1].burst + quotas_table.FUNCTIONS_OF_SERVICE <= 1_000


def should_count_tokens_by_their_life() -> None:
    for seconds, tokens, dollars in ((Settings.token_seconds, 786, 7.77), (86_400, 31, 6.07)):
        counted = math.ceil(MONTH / (seconds - RENEWED_BEFORE_END_SECONDS))
        assert counted == tokens
        assert round(6 + tokens * 2.25 / 1000, 2) == dollars
        assert f"{tokens} tokens" in PROSE
        assert f"${dollars}" in PROSE
    assert f"${10_000 * 30 * 2.25 / 1000:.0f} a month" in PROSE
