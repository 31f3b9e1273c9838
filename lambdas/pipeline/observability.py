"""Logs, traces and metrics of the functions, through Powertools, and what must not be in them."""

import logging
import re
from collections.abc import Callable, Mapping
from functools import wraps
from typing import Any, Protocol, cast

from aws_lambda_powertools import Logger, Tracer, single_metric
from aws_lambda_powertools.logging.formatter import LambdaPowertoolsFormatter
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext

from pipeline.errors import DropcoderError
from shared.environment import metrics_namespace

HIDDEN = "[hidden]"

LONGEST_TEXT = 10_000  # characters of an error or of another system's words that are read; ours

# Every pattern takes what it has looked at with it (`*+` gives nothing back), or a text of many
# beginnings would be read again from each of them.
_URL = re.compile(r"[Hh](?i:ttps?)://[^\s?'\"\\<>]*+(?:\?[^\s'\"\\<>]*+)?")
_JSON_WEB_TOKEN = re.compile(r"\beyJ[\w-]{8,}+(?:\.[\w-]*+){2,}+|\beyJ[\w-]*+")
# Names that leave no doubt: presigned parameters (both signature versions), tokens, the header. A
# set of first letters is searched for several times faster than a choice of words.
_NAMED_SECRET = re.compile(
    r"(?P<name>[ACSacs](?i:ignature=|ecurity-Token=|redential=|WSAccessKeyId=|lient_secret="
    r"|ccess_token="
    r"|uthori[sz]ation['\"\\]*+\s*+[:=]\s*+(?:['\"\\\[(]|b(?=['\"]))*+(?:(?:Bearer|Basic)\s++)?+))"
    r"(?P<value>[^\s&'\"\\,}<>]++|\\?['\"][^'\"\\]*+)"
)
# Alone, these two are words of any text, and what follows may be a word or a file's name.
_AFTER_SCHEME = re.compile(
    r"\b(?P<name>[Bb](?i:earer|asic)\s++\\?['\"]?)(?P<value>[A-Za-z0-9._~+/%-]{16,}+=*+)"
)
_FILE_NAME = re.compile(r"(?i)\.(?:csv|gz|jsonl?|md|parquet|tsv|txt|xlsx?|ya?ml|zip)\W*\Z")
_WORDS = re.compile("[A-Z]?[a-z]*+(?:[._~/%-]++[A-Z]?[a-z]*+)*+")


def redacted(text: str) -> str:
    """`text` without the parts that would let its reader act as somebody else.

    Queries of URLs go as a whole; paths stay, since they help to find what is meant. Takes time in
    proportion to the text's length.
    """
    text = _URL.sub(_without_query, text)
    text = _JSON_WEB_TOKEN.sub(lambda match: HIDDEN if "." in match[0] else match[0], text)
    text = _NAMED_SECRET.sub(lambda match: match["name"] + HIDDEN, text)
    return _AFTER_SCHEME.sub(_without_credentials, text)


def _without_query(match: re.Match[str]) -> str:
    place, mark, _ = match[0].partition("?")
    return f"{place}?{HIDDEN}" if mark else place


def _without_credentials(match: re.Match[str]) -> str:
    """Credentials are long and have digits or capitals inside (RFC 6750, RFC 7617: base64)."""
    value = match["value"]
    if _FILE_NAME.search(value) or _WORDS.fullmatch(value):
        return match[0]
    return match["name"] + HIDDEN


def _beginning(text: str) -> str:
    """The first `LONGEST_TEXT` characters of a text, without a word that the cut goes through.

    Half a secret does not look like one."""
    if len(text) <= LONGEST_TEXT:
        return text
    whole, blank, _ = text[:LONGEST_TEXT].rpartition(" ")
    return (whole if blank else text[:LONGEST_TEXT]) + "…"


def quoted(text: str, *, longest: int = 500) -> str:
    """`text` of another system, fit for a message: one line, no secrets, not too long."""
    line = " ".join(redacted(_beginning(text)).split())
    return line if len(line) <= longest else line[: longest - 1] + "…"


SERVICE = "pipeline"

Handler = Callable[[dict[str, Any], LambdaContext], Any]


class RedactingFormatter(LambdaPowertoolsFormatter):
    """Powertools' JSON lines, with anything that looks like a secret taken out."""

    def serialize(self, log: Any) -> str:
        return redacted(super().serialize(log=log))


class Hidden(Exception):
    """Stands for an unexpected error whose text would have held a secret, under its name."""


class Measures(Protocol):
    """Counts things worth an alarm or a graph."""

    def __call__(self, name: str, value: float = 1, *, unit: str = "Count", **dims: str) -> None:
        """Records `value`; `dims` are dimensions beside the service."""


def emit(name: str, value: float = 1, *, unit: str = "Count", **dims: str) -> None:
    """Prints a metric in CloudWatch's embedded format: the deployment's, service=pipeline."""
    with single_metric(
        name=name,
        unit=MetricUnit(unit),
        value=value,
        namespace=metrics_namespace(),
        default_dimensions={"service": SERVICE},
    ) as metric:
        for dimension, text in dims.items():
            metric.add_dimension(name=dimension, value=text)


logger = Logger(service=SERVICE, logger_formatter=RedactingFormatter())

# At DEBUG these write whole addresses, headers and bodies; no setting shall switch that on.
for chatty in ("urllib3", "botocore", "boto3"):
    logging.getLogger(chatty).setLevel(logging.WARNING)

# Botocore only: patched HTTP libraries would put the addresses of presigned URLs into traces.
tracer = Tracer(service=SERVICE, patch_modules=("botocore",))


def correlation_id_of(event: Mapping[str, Any]) -> str | None:
    """The drop id in a function's input, the first one where there are several."""
    part, drops = event.get("part"), event.get("drops")
    segments = part.get("segments") if isinstance(part, Mapping) else drops
    if isinstance(segments, list) and segments and isinstance(segments[0], Mapping):
        drop_id = segments[0].get("drop_id")
        return drop_id if isinstance(drop_id, str) else None
    return None


def observed(handler: Handler) -> Handler:
    """A handler with structured logs, a trace, and the drop id as its correlation id.

    Lambda prints an exception's text by itself, past our formatter; so one whose text holds a
    secret, or is very long, is raised without. Its class's name stays: the state machine knows it.
    """

    @logger.inject_lambda_context(clear_state=True)
    @tracer.capture_lambda_handler(capture_response=False, capture_error=False)
    @wraps(handler)
    def observed_handler(event: dict[str, Any], context: LambdaContext) -> Any:
        correlation_id = correlation_id_of(event)
        if correlation_id is not None:
            logger.set_correlation_id(correlation_id)
        try:
            return handler(event, context)
        except Exception as error:
            text = str(error)
            clean = redacted(_beginning(text))
            logger.warning(
                "ended by an error", extra={"error": type(error).__name__, "text": clean}
            )
            if clean == text:
                raise
            raise _with_text(error, clean) from None

    return cast(Handler, observed_handler)


def _with_text(error: Exception, text: str) -> Exception:
    """An error of the same class, or at least of a class of its name, that says `text`."""
    if isinstance(error, DropcoderError):
        error.args = (text,)
        return error
    # Others may need arguments of their own, or make their text of more than those.
    named: type[Hidden] = type(type(error).__name__, (Hidden,), {})
    return named(text)
