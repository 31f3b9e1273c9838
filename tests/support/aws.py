"""AWS as moto plays it, for every test that needs one."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from moto import mock_aws

if TYPE_CHECKING:
    from moto.core.config import DefaultConfig


@contextmanager
def played_aws(*, executes: bool = False) -> Iterator[None]:
    """An empty AWS inside the context, forgotten at its end.

    boto3's default session outlives it: a new one reads AWS's descriptions of its services again,
    which takes longer than most tests.

    :param executes: state machines are executed, with functions that need no Docker.
    """
    config: DefaultConfig = {
        "core": {"reset_boto3_session": False},
        "lambda": {"use_docker": False},
        "stepfunctions": {"execute_state_machine": executes},
    }
    with mock_aws(config=config):
        yield
