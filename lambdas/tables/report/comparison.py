"""How a drop differs from the last one of its topic."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

from tables.report.state_size import SUMMARY_CODES_BUDGET, fitting
from tables.report.tally import Tally
from tables.report.thresholds import rounded, share
from tables.report.words import visible

VERSION = "1"  # of the summary
MAX_NAME_CHARACTERS = 300
MOST_CHANGED = 10  # codes
_NOTABLE = 3  # standard errors: by chance alone, about one share in 370 changes so much

# What tells one model from another.
MODEL_NAMES = ("modelId", "modelVersion", "modelReleaseDate")


def summary_of(report: Mapping[str, Any]) -> dict[str, Any]:
    """What a later report is compared with: under 20 kB of JSON."""
    top = [[each["code"], each["label"][:60], each["rows"]] for each in report["codes"]["top"]]
    codes = fitting(top, SUMMARY_CODES_BUDGET)
    return {
        "summaryVersion": VERSION,
        "dropId": report["dropId"][:MAX_NAME_CHARACTERS],
        "key": report["key"][-MAX_NAME_CHARACTERS:],
        "codedAt": report["codedAt"][:MAX_NAME_CHARACTERS],
        "rows": report["rows"],
        "statuses": {each["status"]: each["rows"] for each in report["statuses"]},
        "meanConfidence": report["confidence"]["mean"],
        "model": {name: str(report["model"].get(name, ""))[:100] for name in MODEL_NAMES},
        "codedRows": report["codes"]["rows"],
        "codes": codes,
        "allCodes": len(codes) == report["codes"]["distinct"] and not report["codes"]["others"],
    }


def compared(
    tally: Tally, model: Mapping[str, Any], previous: Mapping[str, Any] | None
) -> dict[str, Any] | None:
    """The `previous` of a report; None without a summary that this version reads."""
    if previous is None or previous.get("summaryVersion") != VERSION:
        return None
    then = previous["rows"]
    statuses = []
    for status, before in previous["statuses"].items():
        now, earlier = share(tally.statuses[status], tally.rows), share(before, then)
        statuses.append(
            {
                "status": status,
                "share": now,
                "previousShare": earlier,
                "change": round(now - earlier, 6),
                "notable": _is_notable(now, tally.rows, earlier, then),
            }
        )
    return {
        "dropId": previous["dropId"],
        "key": previous["key"],
        "codedAt": previous["codedAt"],
        "rows": then,
        "statuses": statuses,
        "meanConfidence": rounded(tally.results.mean),
        "previousMeanConfidence": previous["meanConfidence"],
        # A dictionary may have had every text of one of them: no model coded that.
        "modelChanged": bool(model.get("modelId") and previous["model"]["modelId"])
        and any(
            str(model.get(name, ""))[:100] != previous["model"].get(name) for name in MODEL_NAMES
        ),
        "previousModel": dict(previous["model"]),
        "codes": _most_changed(tally, previous),
    }


def _most_changed(tally: Tally, previous: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The codes whose share of the coded rows changed most.

    Of a code that the summary has no place for, only the most is known that it can have had."""
    then = previous["codedRows"]
    earlier = {code: (label, rows) for code, label, rows in previous["codes"]}
    at_most = 0 if previous["allCodes"] else _least_rows(previous["codes"])
    counts = {visible(code): (code, rows) for code, rows in tally.codes.counts.items()}
    changes: list[dict[str, Any]] = []
    for code in sorted(earlier.keys() | counts.keys()):
        label, before = earlier.get(code, ("", at_most))
        written, rows = counts.get(code, (code, 0))
        now, was = share(rows, tally.codes.rows), share(before, then)
        known = code in earlier or previous["allCodes"]
        if now == was or (not known and now < was):
            continue
        changes.append(
            {
                "code": code,
                "label": visible(tally.codes.label_of(written)) or label,
                "share": now,
                "previousShare": was,
                "previousIsAtMost": not known,
                "change": round(now - was, 6),
                "notable": _is_notable(now, tally.codes.rows, was, then),
            }
        )
    return sorted(changes, key=lambda each: (-abs(each["change"]), each["code"]))[:MOST_CHANGED]


def _least_rows(codes: Sequence[Sequence[Any]]) -> int:
    return min((rows for _, _, rows in codes), default=0)


def _is_notable(now: float, rows: int, earlier: float, then: int) -> bool:
    """Whether two shares differ by more than rows that are drawn by chance would make them."""
    if not rows or not then:
        return False
    both = (now * rows + earlier * then) / (rows + then)
    error = math.sqrt(both * (1 - both) * (1 / rows + 1 / then))
    return abs(now - earlier) > _NOTABLE * error
