from simulation.report.measures import allowed_within, backlogs, least_seconds, most_within


def should_count_the_most_in_any_window() -> None:
    assert most_within([0.0, 0.5, 1.0, 1.4, 9.0], 1.0) == 3
    assert most_within([], 1.0) == 0


def should_find_the_times_in_which_parts_waited() -> None:
    started = {"a": 0.0, "b": 10.0, "c": 500.0, "d": 1_000.0}
    created = {"a": 50.0, "b": 100.0, "c": 501.0, "d": 1_060.0}
    assert backlogs(started, created) == [(0.0, 100.0), (1_000.0, 1_060.0)]


def should_bound_what_the_limits_allow() -> None:
    assert allowed_within(59) == 60
    assert allowed_within(86_400 + 59) == 10_060
    assert least_seconds(10_000) == 9_999
    assert least_seconds(10_001) == 86_400
