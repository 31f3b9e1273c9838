import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.domain.identity import (
    MAX_KEY_BYTES,
    Route,
    drop_id,
    execution_name,
    failure_report_name,
    folder_of,
    part_id,
    results_prefix,
    route,
)

ID = drop_id("drops", "anzsco/jobs.jsonl", "v1")
GUID = "5F3C9F0E-1111-4222-8333-00000000000A"
KEYS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=400)


def should_be_the_same_id_when_the_same_version_of_an_object_is_delivered_twice() -> None:
    assert drop_id("drops", "anzsco/jobs.jsonl", "v1") == ID
    assert re.fullmatch("[0-9a-f]{32}", ID)


@pytest.mark.parametrize(
    "other", [("drops2", "k", "v1"), ("drops", "k2", "v1"), ("drops", "k", "v2")]
)
def should_be_another_id_when_bucket_key_or_version_differ(other: tuple[str, str, str]) -> None:
    assert drop_id(*other) != drop_id("drops", "k", "v1")


def should_name_parts_and_failure_reports_after_the_drop() -> None:
    assert part_id(ID) == f"{ID}-0001"
    assert failure_report_name(ID, 2) == f"{ID}-told-2"
    assert len(failure_report_name(ID, 10**9)) <= 80


@given(KEYS)
def should_be_a_name_that_step_functions_takes_whatever_the_key(key: str) -> None:
    assert re.fullmatch(r"[a-zA-Z0-9-]{1,40}-[0-9a-f]{32}", execution_name(key, ID))


def should_be_readable_when_an_execution_is_named() -> None:
    assert execution_name("anzsco/jobs 2026.jsonl", ID) == f"jobs-2026-jsonl-{ID}"
    assert execution_name("anzsco/職業", ID) == f"drop-{ID}"


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        ("anzsco/jobs.jsonl", Route("anzsco")),
        ("anzsco/2026/jobs.jsonl", Route("anzsco")),
        ("a_b-1/x y+z%20ä.jsonl", Route("a_b-1")),
        ("anzsco/models/jobs.jsonl", Route("anzsco")),
        (f"anzsco/models/{GUID}/jobs.jsonl", Route("anzsco", GUID.lower())),
        (f"anzsco/models/{GUID}/deep/jobs.jsonl", Route("anzsco", GUID.lower())),
    ],
)
def should_find_topic_and_model_when_the_key_names_them(key: str, expected: Route) -> None:
    assert route(key, None) == expected


@pytest.mark.parametrize("key", ["jobs.jsonl", "ANZSCO/jobs.jsonl", "/anzsco/x", "a b/x", "ä/x"])
def should_use_the_default_or_say_how_to_name_keys_when_the_key_names_no_topic(key: str) -> None:
    assert route(key, "osca") == Route("osca")
    refused = route(key, None)
    assert refused.topic is None
    assert refused.rejection is not None
    assert "<topic>/" in refused.rejection.next_step


def should_reject_when_the_models_folder_names_no_guid() -> None:
    refused = route("anzsco/models/latest/jobs.jsonl", None)
    assert refused.topic == "anzsco"
    assert refused.rejection is not None


@pytest.mark.parametrize(
    ("key", "topic", "prefix"),
    [
        ("anzsco/a b.jsonl", "anzsco", "anzsco/a b.jsonl"),
        ("jobs.jsonl", "osca", "osca/jobs.jsonl"),
        ("jobs.jsonl", None, "unrouted/jobs.jsonl"),
        ("anzsco2/jobs.jsonl", "anzsco", "anzsco/anzsco2/jobs.jsonl"),
    ],
)
def should_mirror_the_key_below_the_topic_when_results_are_placed(
    key: str, topic: str | None, prefix: str
) -> None:
    assert results_prefix(key, topic, ID) == f"{prefix}/{ID}/"


@given(KEYS, st.sampled_from([None, "anzsco"]))
def should_leave_room_for_every_file_when_the_key_is_long(key: str, topic: str | None) -> None:
    prefix = results_prefix(key, topic, ID)
    assert prefix.endswith(f"/{ID}/")
    for name in ("rejection.json", "manifest.json", "output.jsonl", "results.csv-metadata.json"):
        assert len((prefix + name).encode()) <= MAX_KEY_BYTES


def should_cut_between_characters_when_a_key_of_1024_bytes_is_mirrored() -> None:
    key = "anzsco/" + "é" * 508
    prefix = results_prefix(key, "anzsco", ID)
    assert key.startswith(prefix.removesuffix(f"/{ID}/"))
    assert len(f".pieces/{prefix}10000/rejection.json".encode()) in (1023, 1024)


def should_be_the_folder_or_a_slash_when_a_drops_prefix_is_notified() -> None:
    assert folder_of("anzsco/2026/jobs.jsonl") == "anzsco/2026/"
    assert folder_of("jobs.jsonl") == "/"
