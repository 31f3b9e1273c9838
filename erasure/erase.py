"""Finds all that is kept of a drop, and erases it.

First the dictionaries' next versions are written, without the drop. Then the order is: dropped
object, results, prepared files, what Amazon ML has, what dictionaries had learned, unfinished
uploads, and, where no dictionary has learned of the drop meanwhile, ledger; the drop's own item of
the ledger goes last, so that whatever stops in between is found again and completed.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from erasure.deployment import Clients, Deployment, find_deployment
from erasure.dictionaries import check_left, leave_dictionaries, versions_with
from erasure.errors import BadRequest, NotConfirmed, NothingKnown, Unfinished
from erasure.ledger_items import LedgerItems, delete_items, find_items
from erasure.objects import (
    BegunUpload,
    StoredVersion,
    abort_uploads,
    delete_versions,
    dropped_version,
    find_dropped,
    uploads_of,
    versions_of,
)
from erasure.progress import Ended, check_ended, check_settled
from erasure.remains import Remainder, remainders
from pipeline.clock import parsed
from pipeline.domain.identity import DROP_ID_DIGITS
from pipeline.engines.small_batches.files import OPERATIONS
from pipeline.storage.results_bucket import PIECES

_DROP_ID = re.compile(rf"[0-9a-f]{{{DROP_ID_DIGITS}}}")
_RESULT = re.compile(r"[^/]+")
_PIECE = re.compile(r"(\d+/)?[^/]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """All that is kept of a drop which may be erased."""

    deployment: Deployment
    drop_id: str
    key: str
    """Empty where neither ledger nor drop bucket knows it any more; the results' keys hold it."""
    versions: tuple[StoredVersion, ...]
    uploads: tuple[BegunUpload, ...]
    items: LedgerItems
    ended: Ended
    remains: tuple[Remainder, ...]

    def places(self) -> dict[str, tuple[int, int]]:
        """Versions and their bytes by bucket, the drop bucket first."""
        names = dict.fromkeys(each.bucket for each in self.versions)
        by_bucket = {n: [each for each in self.versions if each.bucket == n] for n in names}
        return {n: (len(all_), sum(each.size for each in all_)) for n, all_ in by_bucket.items()}


def erase_drop(
    clients: Clients,
    drop_id: str,
    *,
    confirm: Callable[[Kept], bool],
    stack: str = "",
    below: str = "",
    now: datetime | None = None,
) -> Kept:
    """Erases a drop from buckets and ledger; gives what was there, and what remains elsewhere.

    `confirm` is asked before anything is deleted. `stack` names the Pipeline where the account and
    region have several. `below` narrows the search in the drop bucket to keys that begin so, for a
    drop that the ledger has forgotten. Raises `EraseError`, and botocore's errors where AWS refuses
    a call; whatever it raised, the same call again completes what was begun.
    """
    known: dict[StoredVersion, bool] = {}
    found = find_deployment(clients.cloudformation, stack)
    kept = find_kept(clients, found, drop_id, below=below, now=now, known=known)
    if not confirm(kept):
        raise NotConfirmed("Nothing was erased.")
    # Whoever was asked may have taken an hour, in which the drop was started again.
    kept = find_kept(clients, found, drop_id, below=below, now=now, known=known)
    results = kept.deployment.results_bucket
    leave_dictionaries(clients.s3, results, kept.versions, kept.drop_id)
    # The dropped object first: without it nothing can be coded again.
    delete_versions(clients.s3, kept.versions)
    abort_uploads(clients.s3, kept.uploads)
    check_left(clients.s3, results, kept.drop_id, known)
    delete_items(clients.dynamodb, kept.deployment.ledger_table, kept.items)
    return kept


def find_kept(
    clients: Clients,
    deployment: Deployment,
    drop_id: str,
    *,
    below: str = "",
    now: datetime | None = None,
    known: dict[StoredVersion, bool] | None = None,
) -> Kept:
    """What is kept of a drop; `known` is as in `versions_with`.

    Raises `BadRequest`, `NothingKnown`, `StillGoing`."""
    drop_id = drop_id.strip().lower()
    now = now or datetime.now(UTC)
    if not _DROP_ID.fullmatch(drop_id):
        raise BadRequest(
            f"A drop id has {DROP_ID_DIGITS} hex digits; this is none: {drop_id}",
            next_step="It is in the notification (dropId), and the last folder of the results.",
        )
    items = find_items(clients.dynamodb, deployment.ledger_table, drop_id)
    ended = check_ended(clients, deployment, items, drop_id, now)
    search = _Search(clients, deployment, drop_id, {} if known is None else known)
    if items.drop is not None:
        key, versions = items.text("key"), search.known(items)
    else:
        key, versions = search.forgotten(below, now)
    versions += search.beside(items)
    if not versions and not items.count:
        raise NothingKnown(
            f"Nothing is kept of a drop {drop_id}.",
            next_step="It was erased before, or the id, the account, the region or the stack is "
            "another one.",
        )
    return Kept(
        deployment=deployment,
        drop_id=drop_id,
        key=key,
        versions=tuple(versions),
        uploads=tuple(search.uploads(items)),
        items=items,
        ended=ended,
        remains=tuple(remainders(deployment, items, ended, _dropped_at(items, versions, now), now)),
    )


def _dropped_at(items: LedgerItems, versions: list[StoredVersion], now: datetime) -> datetime:
    if told := items.text("dropped_at"):
        return parsed(told)
    return min((each.modified_at for each in versions), default=now)


def _operations(items: LedgerItems) -> list[str]:
    """Where what is coded in small batches lies among the prepared files."""
    return [f"{OPERATIONS}{each}/" for each in items.operations]


def _is_result(key: str, drop_id: str) -> bool:
    """Whether a key of the results bucket is this drop's own.

    Results mirror the dropped key, and another drop's key may go on below this one's results."""
    _, found, name = key.rpartition(f"/{drop_id}/")
    own = _PIECE if key.startswith(PIECES) else _RESULT
    return bool(found and own.fullmatch(name))


@dataclass(frozen=True, slots=True)
class _Search:
    clients: Clients
    deployment: Deployment
    drop_id: str
    named: dict[StoredVersion, bool]
    """Versions of dictionaries that were read, by whether they name the drop."""

    def known(self, items: LedgerItems) -> list[StoredVersion]:
        """The dropped object and the results of a drop that the ledger knows."""
        prefix = items.text("results_prefix")
        if not prefix.endswith(f"/{self.drop_id}/"):
            raise Unfinished(
                f"The ledger's item of the drop is damaged: results_prefix {prefix!r}."
            )
        s3, bucket = self.clients.s3, self.deployment.results_bucket
        dropped = dropped_version(
            s3, items.text("bucket"), items.text("key"), items.text("version_id")
        )
        return [
            *dropped,
            *(
                version
                for below in (prefix, PIECES + prefix)
                for version in versions_of(s3, bucket, below)
                if _is_result(version.key, self.drop_id)
            ),
        ]

    def forgotten(self, below: str, now: datetime) -> tuple[str, list[StoredVersion]]:
        """Key and objects of a drop that the ledger does not know: by looking at every key."""
        s3 = self.clients.s3
        found = find_dropped(s3, self.deployment.drop_bucket, self.drop_id, below)
        dropped: list[StoredVersion] = []
        if found is not None:
            check_settled([found.modified_at], now)
            dropped = dropped_version(s3, found.bucket, found.key, found.version_id)
        results = versions_of(s3, self.deployment.results_bucket)
        own = (version for version in results if _is_result(version.key, self.drop_id))
        return (found.key if found else ""), [*dropped, *own]

    def beside(self, items: LedgerItems) -> list[StoredVersion]:
        """Prepared files, what engines have of operations that are the drop's own, and versions of
        dictionaries that name it."""
        s3, exchange = self.clients.s3, self.deployment.exchange_bucket
        own = [f"{each}/" for each in items.operations] if exchange else []
        prepared = [f"{self.drop_id}/", *_operations(items)]
        return [
            *(v for each in prepared for v in versions_of(s3, self._prepared_bucket, each)),
            *(v for prefix in own for v in versions_of(s3, exchange or "", prefix)),
            *versions_with(s3, self.deployment.results_bucket, self.drop_id, self.named),
        ]

    @property
    def _prepared_bucket(self) -> str:
        return self.deployment.prepared_bucket

    def uploads(self, items: LedgerItems) -> list[BegunUpload]:
        """Multipart uploads that were not finished, in the places of the objects."""
        s3, results = self.clients.s3, self.deployment.results_bucket
        prefix = items.text("results_prefix")
        below = (f"{self.drop_id}/", *_operations(items))
        places = [(self._prepared_bucket, each) for each in below]
        places += [(results, prefix), (results, PIECES + prefix)] if prefix else []
        if exchange := self.deployment.exchange_bucket:
            places += [(exchange, f"{each}/") for each in items.operations]
        return [
            each
            for bucket, below in places
            for each in uploads_of(s3, bucket, below)
            if bucket != results or _is_result(each.key, self.drop_id)
        ]
