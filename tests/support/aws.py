"""AWS as moto plays it, for every test that needs one."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING, Any

import botocore.useragent
import moto.core.responses
from moto.core.base_backend import BaseBackend
from moto.core.model_instances import reset_model_data
from moto.core.models import MockAWS, botocore_stubber
from moto.dynamodb.parsing import expressions

from tests.support.parts import expect_aws

if TYPE_CHECKING:
    from moto.core.config import DefaultConfig


def _put(owner: object, name: str, function: object) -> None:
    setattr(owner, name, function)


def _remember(owner: object, name: str) -> None:
    _put(owner, name, cache(getattr(owner, name)))


# What each call to AWS works out again: the names of a class's methods, the words of a User-Agent
# without the letters that may not be in one, the syntax of an update (which is copied before it is
# changed).
_remember(moto.core.responses, "method_names_from_class")
_remember(botocore.useragent, "sanitize_user_agent_string_component")
_remember(expressions.UpdateExpressionParser, "make")  # type: ignore[attr-defined]  # has no types

_urls = vars(BaseBackend)["urls"].fget
_urls_of: dict[type[BaseBackend], Any] = {}


def _urls_once(backend: BaseBackend) -> Any:
    """The addresses of a service, which every call would put together again.

    By the class, as a backend would be kept with what a test stored in it."""
    kind = type(backend)
    if kind not in _urls_of:
        _urls_of[kind] = _urls(backend)
    return _urls_of[kind]


_put(BaseBackend, "urls", property(_urls_once))


@cache
def _remember_grammar() -> None:
    """Reads a definition's text, and the paths in it, once: that takes longer than most executions.

    What is executed is made anew, as an execution may change it. Imported by those that execute,
    as the grammar and what it imports (all that EC2 offers, say) take longer than many test files.
    """
    from moto.stepfunctions.parser.asl.parse.asl_parser import AmazonStateLanguageParser  # noqa: PLC0415
    from moto.stepfunctions.parser.asl.parse.preprocessor import Preprocessor  # noqa: PLC0415
    from moto.stepfunctions.parser.asl.utils import json_path  # noqa: PLC0415

    parse = AmazonStateLanguageParser.parse

    @cache
    def syntax_of(definition: str) -> Any:
        _, syntax = parse(definition)
        return syntax

    def parse_once(definition: str) -> tuple[Any, Any]:
        syntax = syntax_of(definition)
        return Preprocessor().visit(syntax), syntax

    _put(AmazonStateLanguageParser, "parse", staticmethod(parse_once))
    _remember(json_path, "parse")


class _PlayedAWS(MockAWS):
    """`mock_aws` for boto3 alone. For `requests`, which nothing here calls AWS with, it would
    register a thousand addresses each time, which takes longer than many tests."""

    def _enable_patching(self, reset: bool = True) -> None:
        botocore_stubber.enabled = True
        if reset:
            self.reset()

    def _disable_patching(self, remove_data: bool) -> None:
        botocore_stubber.enabled = False
        if remove_data:
            self.reset()
            reset_model_data()


@contextmanager
def played_aws(*, executes: bool = False) -> Iterator[None]:
    """An empty AWS inside the context, forgotten at its end.

    boto3's default session outlives it: a new one reads AWS's descriptions of its services again,
    which takes longer than most tests.

    With `executes`, state machines are executed, with functions that need no Docker.
    """
    expect_aws()
    if executes:
        _remember_grammar()
    config: DefaultConfig = {
        "core": {"reset_boto3_session": False},
        "lambda": {"use_docker": False},
        "stepfunctions": {"execute_state_machine": executes},
    }
    with _PlayedAWS(config):
        yield
