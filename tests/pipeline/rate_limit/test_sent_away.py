import pytest

from pipeline.domain.progress import PartStatus, Progress
from pipeline.errors import ServiceThrottled
from pipeline.rate_limit.limiter import MOST_THROTTLES, RateLimited, Throttled, sent_away

NEW = Progress(status=PartStatus.NEW)


def should_keep_its_place_in_the_queue_when_no_call_is_free() -> None:
    waiting = sent_away(NEW, RateLimited(7, "submission-3"))
    assert (waiting.status, waiting.wait_seconds) == (PartStatus.AWAITING_SLOT, 7)
    assert (waiting.turn, waiting.throttled) == ("submission-3", None)


def should_wait_longer_each_time_and_not_for_ever_when_the_service_itself_refuses() -> None:
    progress, waits = NEW, 0
    for number in range(MOST_THROTTLES):
        progress = sent_away(progress, Throttled(6, "the service said so"))
        assert progress.wait_seconds == min(600, 6 * 2**number)
        waits += progress.wait_seconds
        progress = sent_away(progress, RateLimited(1))  # somebody else had the slot: no difference
    assert 3_600 < waits < 7_200
    with pytest.raises(ServiceThrottled, match="the service said so 16 times in a row"):
        sent_away(progress, Throttled(6, "the service said so"))
