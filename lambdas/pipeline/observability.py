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

HIDDEN = "[hidden]"

# What makes a URL or a header a secret: presigned parameters (both signature versions), tokens.
_SECRET_VALUES = re.compile(
    r"(?i)"
    r"(?P<name>X-Amz-Signature=|X-Amz-Security-Token=|X-Amz-Credential=|Signature=|AWSAccessKeyId="
    r"|\bBearer\s+|\bBasic\s+|client_secret=|access_token=|Authori[sz]ation['\"\\]*\s*[:=]\s*['\"\\]*(?:(?:Bearer|Basic)\s+)?)"
    r"(?P<value>[^\s&'\"\\,}<>]+|\\?['\"][^'\"\\]*)"
)


_JSON_WEB_TOKEN = re.compile(r"\beyJ[\w-]{8,}\.[\w-]+\.[\w-]*")
_URL_WITH_QUERY = re.compile(r"(?i)(https?://[^\s?'\"\\<>]*)\?[^\s'\"\\<>]*")


def redacted(text: str) -> str:
    """`text` without the parts that would let its reader act as somebody else.

    Queries of URLs go as a whole; paths stay, since they help to find what is meant.
    """
    text = _URL_WITH_QUERY.sub(rf"\1?{HIDDEN}", text)
    text = _JSON_WEB_TOKEN.sub(HIDDEN, text)
    return _SECRET_VALUES.sub(lambda match: match["name"] + HIDDEN, text)


def quoted(text: str, *, longest: int = 500) -> str:
    """`text` of another system, fit for a message: one line, no secrets, not too long."""
    line = " ".join(redacted(text).split())
    return line if len(line) <= longest else line[: longest - 1] + "…"


NAMESPACE = "Dropcoder"
SERVICE = "pipeline"

Handler = Callable[[dict[str, Any], LambdaContext], Any]


class RedactingFormatter(LambdaPowertoolsFormatter):
    """Powertools' JSON lines, with anything that looks like a secret taken out."""

    def serialize(self, log: Any) -> str:
        return redacted(super().serialize(log=log))


class Hidden(Exception):
    """Stands for an unexpected error whose text would have held a secret."""


class Measures(Protocol):
    """Counts things worth an alarm or a graph."""

    def __call__(self, name: str, value: float = 1, *, unit: str = "Count", **dims: str) -> None:
        """Records `value`; `dims` are dimensions beside the service."""


def emit(name: str, value: float = 1, *, unit: str = "Count", **dims: str) -> None:
    """Prints a metric in CloudWatch's embedded format: namespace Dropcoder, service=pipeline."""
    with single_metric(
        name=name,
        unit=MetricUnit(unit),
        value=value,
        namespace=NAMESPACE,
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

    Lambda prints an exception's text by itself, past our formatter; so an unexpected one whose
    text holds a secret is raised as `Hidden` instead.
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
            clean = redacted(text)
            logger.warning("ended by an error", extra={"error": type(error).__name__, "text": text})
            if clean == text:
                raise
            raise Hidden(f"{type(error).__name__}: {clean}") from None

    return cast(Handler, observed_handler)
