import pytest

from simulation.report.text import duration


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(90, "90 s"), (600, "10.0 min"), (7_300, "2.0 h"), (864_000, "10.00 days")],
)
def should_say_durations_in_the_unit_that_reads_best(seconds: float, text: str) -> None:
    assert duration(seconds) == text
