"""The summary of each topic's last report, so that the next one can say what is different.

Item `topic#<topic>`/`report`. Two drops that end at once may both compare themselves with the one
before: either is right.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pipeline.clock import Clock
from pipeline.ledger.table import Ledger

SK = "report"
KEPT_SECONDS = 400 * 86_400  # as long as drops are (`ledger.drops`)


@dataclass(frozen=True, slots=True)
class TopicReports:
    """The items. Its methods may raise `AwsBusy`."""

    ledger: Ledger
    clock: Clock

    def before(self, topic: str, drop_id: str) -> dict[str, Any] | None:
        """The summary of the last report of another drop; None where there is none."""
        item = self.ledger.get(_pk(topic), SK) or {}
        kept = item.get("before" if item.get("drop_id") == drop_id else "summary")
        return None if kept is None else json.loads(kept)

    def keep(self, topic: str, drop_id: str, summary: Mapping[str, Any]) -> None:
        """Makes a drop's summary the last one; harmless to repeat."""
        before = self.before(topic, drop_id)
        self.ledger.put(
            {
                "pk": _pk(topic),
                "sk": SK,
                "drop_id": drop_id,
                "summary": json.dumps(summary, ensure_ascii=False),
                "before": None if before is None else json.dumps(before, ensure_ascii=False),
                "expires_at": int(self.clock.seconds()) + KEPT_SECONDS,
            }
        )


def _pk(topic: str) -> str:
    return f"topic#{topic}"
