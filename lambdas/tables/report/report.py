"""The report as numbers: `report.json`, from which the page is drawn (docs/schemas/report.json)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from protocol.messages import RECORD_COUNTS
from tables.coded.coded_rows import CodedStatus
from tables.plan import TablePlan
from tables.report.assumptions import MAX_NAME_CHARACTERS, assumptions_of, fact_of, model_facts
from tables.report.comparison import compared
from tables.report.confidences import BINS, mean_of
from tables.report.tally import Tally
from tables.report.thresholds import (
    ROWS_AN_HOUR,
    THRESHOLD,
    by_threshold,
    entry_at,
    rounded,
    sentence,
    share,
)
from tables.report.words import number, rows, visible

SCHEMA_VERSION = "1"
TOP_CODES = 100
TOP_TEXTS = 25
MODEL_NAMES = (
    "modelId",
    "modelVersion",
    "modelReleaseDate",
    "modelType",
    "topicStandard",
    "topicVersion",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class AboutDrop:
    """Which drop a report is about. The times are ISO 8601."""

    topic: str
    key: str
    """The file's, as it was dropped."""
    drop_id: str
    dropped_at: str
    coded_at: str
    files: tuple[str, ...]
    """Names of what lies beside the report, the table first."""
    threshold: float = THRESHOLD
    """The confidence that the first sentence speaks of; a hundredth."""
    rows_an_hour: float = ROWS_AN_HOUR
    """How many a person codes by hand."""


def report_of(
    tally: Tally,
    *,
    plan: TablePlan,
    about: AboutDrop,
    model: Mapping[str, Any],
    previous: Mapping[str, Any] | None,
) -> dict[str, Any]:
    """The report of a table whose rows are all in `tally`.

    `model` is the service's description of its model; `previous` what `comparison.summary_of` made
    of the topic's last report, or None.
    """
    thresholds = by_threshold(tally, about.rows_an_hour)
    return {
        "schemaVersion": SCHEMA_VERSION,
        "topic": visible(about.topic),
        "key": visible(about.key),
        "dropId": visible(about.drop_id),
        "droppedAt": visible(about.dropped_at),
        "codedAt": visible(about.coded_at),
        "headline": _headline(tally),
        "rows": tally.rows,
        "statuses": [
            {"status": status.value, "rows": count, "share": share(count, tally.rows)}
            for status in CodedStatus
            for count in [tally.statuses[status]]
        ],
        "levels": [
            {"level": level, "rows": count, "share": share(count, tally.rows)}
            for level, count in sorted(tally.levels.items(), reverse=True)
        ],
        "confidence": _confidence(tally),
        "thresholds": thresholds,
        "threshold": {
            "at": entry_at(thresholds, about.threshold)["threshold"],
            "rowsAnHour": about.rows_an_hour,
            "sentence": _threshold_sentence(tally, thresholds, about),
        },
        "codes": _codes(tally),
        "uncoded": _uncoded(tally, plan),
        "refused": {
            "rows": tally.statuses[CodedStatus.REFUSED],
            "first": [{"row": row, "reason": visible(why)} for row, why in plan.refusals],
        },
        "shortened": {
            "rows": tally.statuses[CodedStatus.SHORTENED],
            "first": list(plan.shortened_rows),
        },
        "assumed": assumptions_of(plan),
        "model": {name: fact_of(model[name]) for name in MODEL_NAMES if name in model},
        # How many records the operation had is said by the report itself.
        "modelFacts": model_facts(model, but=(*MODEL_NAMES, RECORD_COUNTS)),
        "previous": compared(tally, model, previous),
        "files": [visible(name) for name in about.files],
    }


def _headline(tally: Tally) -> str:
    words = {
        CodedStatus.CODED: "with a code of the deepest level",
        CodedStatus.BROADER: "with a broader code",
        CodedStatus.SUGGESTED: "with suggestions only",
        CodedStatus.NOTHING_TO_CODE: "with nothing to code",
        CodedStatus.SHORTENED: "too long, decided by the beginning of the text",
        CodedStatus.BLANK: "blank",
        CodedStatus.REFUSED: "refused",
        CodedStatus.DICTIONARY: "known from the dictionary",
    }
    parts = [
        f"{number(tally.statuses[status])} {text}"
        for status, text in words.items()
        if tally.statuses[status]
    ]
    return f"{rows(tally.rows)}: {', '.join(parts)}." if parts else "The table has no rows."


def _threshold_sentence(
    tally: Tally, thresholds: list[dict[str, Any]], about: AboutDrop
) -> str | None:
    """None where the service gave codes without confidences."""
    if tally.results.unknown and not tally.results.known:
        return None
    entry = entry_at(thresholds, about.threshold)
    return sentence(entry, tally.rows, tally.empty, about.rows_an_hour, known=tally.known)


def _confidence(tally: Tally) -> dict[str, Any]:
    results, suggestions = tally.results, tally.best_suggestions
    return {
        "mean": rounded(results.mean),
        "meanOfSuggestions": rounded(suggestions.mean),
        "unknown": results.unknown,
        "bins": [
            {
                "from": place / BINS,
                "results": coded,
                "meanOfResults": rounded(mean_of(total, coded)),
                "suggestions": suggested,
            }
            for place, (coded, total, suggested) in enumerate(
                zip(results.counts, results.sums, suggestions.counts, strict=True)
            )
        ],
    }


def _codes(tally: Tally) -> dict[str, Any]:
    codes = tally.codes
    return {
        "rows": codes.rows,
        "distinct": len(codes.counts),
        "others": codes.others,
        "top": [
            {
                "code": visible(code),
                "label": visible(codes.label_of(code)),
                "rows": count,
                "share": share(count, codes.rows),
            }
            for code, count in codes.top(TOP_CODES)
        ],
    }


def _uncoded(tally: Tally, plan: TablePlan) -> dict[str, Any]:
    return {
        "rows": tally.best_suggestions.known + tally.best_suggestions.unknown,
        "fields": [visible(name, MAX_NAME_CHARACTERS) for name in plan.mapping.fields],
        "exact": tally.uncoded.is_exact,
        "top": [
            {
                "texts": [visible(text) for text in each.texts],
                "rows": each.least,
                "rowsAtMost": each.most,
            }
            for each in tally.uncoded.top(TOP_TEXTS)
        ],
    }
