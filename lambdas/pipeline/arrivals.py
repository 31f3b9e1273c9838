"""Objects that were created in the drop bucket, as EventBridge tells of them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Self

from pipeline.clock import parsed
from pipeline.state_fields import MalformedState


@dataclass(frozen=True, slots=True)
class Arrival:
    """An object that was created, as EventBridge tells it (its keys are not URL-encoded)."""

    bucket: str
    key: str
    size: int
    """Bytes."""
    version_id: str | None
    etag: str | None
    created_at: datetime

    @classmethod
    def from_event(cls, event: Mapping[str, Any]) -> Self:
        """Reads an "Object Created" event of S3. Raises `MalformedState`."""
        try:
            detail = event["detail"]
            created = detail["object"]
            return cls(
                bucket=detail["bucket"]["name"],
                key=created["key"],
                size=int(created.get("size", 0)),
                version_id=created.get("version-id") or None,
                etag=(created.get("etag") or "").strip('"') or None,
                created_at=parsed(event["time"]),
            )
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise MalformedState(
                f"the event is no Object Created event of S3: {type(error).__name__} {error}"
            ) from None

    @property
    def is_folder_marker(self) -> bool:
        """What consoles create to show a folder: nobody's file."""
        return self.key.endswith("/") and self.size == 0
