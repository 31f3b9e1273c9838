"""Which deployed Pipeline is meant, and AWS's refusals in words for who has the keyboard."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

import boto3
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    EndpointConnectionError,
    NoCredentialsError,
    NoRegionError,
    PartialCredentialsError,
    ProfileNotFound,
)

from dropcoder.errors import CommandError, NotFound, StillGoing, Unconfirmed, UsageError
from erasure.deployment import Clients, Deployment, find_deployment
from erasure.errors import BadRequest, EraseError, NotConfirmed, NothingKnown
from erasure.errors import StillGoing as ErasureMustWait
from infra.settings.settings import Settings
from shared.aws_errors import code_of

LOGIN = (
    "Give the shell credentials and a region (aws configure, AWS_PROFILE, --profile, --region); "
    'for the local cloud: eval "$(make -s env)"'
)
PIPELINE = "Pipeline"  # what its stack is called, behind the deployment's name
EXPIRED = frozenset({"ExpiredToken", "ExpiredTokenException", "RequestExpired"})
UNKNOWN_CALLER = frozenset(
    {"InvalidClientTokenId", "InvalidAccessKeyId", "SignatureDoesNotMatch", "UnrecognizedClient"}
)
POLICY = "Ask for what it needs: docs/command-line.md has the policy of each verb."
_NO_LOGIN = (NoCredentialsError, PartialCredentialsError, NoRegionError, ProfileNotFound)


_KINDS: Final[tuple[tuple[type[EraseError], type[CommandError]], ...]] = (
    (BadRequest, UsageError),
    (NothingKnown, NotFound),
    (ErasureMustWait, StillGoing),
    (NotConfirmed, Unconfirmed),
    (EraseError, CommandError),
)


@dataclass(frozen=True, slots=True)
class Pipeline:
    """A deployed Pipeline, and how it is reached."""

    clients: Clients
    deployment: Deployment


def reach(*, name: str | None, profile: str | None = None, region: str | None = None) -> Pipeline:
    """The Pipeline of the deployment `name`, or of the stack that is called so; None: the only one
    of the account and region.

    The account is that of the shell's credentials, or of `profile`. Raises `BadRequest` where there
    is none or several, and boto3's errors: inside `aws_told` both get their words.
    """
    clients = Clients.of(boto3.Session(profile_name=profile, region_name=region))
    return Pipeline(clients, find_deployment(clients.cloudformation, _stack(name)))


def _stack(name: str | None) -> str:
    if name is None or name.endswith(PIPELINE):
        return name or ""
    return Settings(name=name).stack_name(PIPELINE)


@contextmanager
def aws_told() -> Iterator[None]:
    """Raises `CommandError` in place of AWS's refusals, boto3's errors and those of `erasure`."""
    try:
        yield
    except EraseError as error:
        kind = next(told for known, told in _KINDS if isinstance(error, known))
        raise kind(str(error), next_step=error.next_step) from None
    except ClientError as error:
        raise _refused(error) from None
    except _NO_LOGIN as error:
        raise CommandError(f"There is no way to AWS: {error}", next_step=LOGIN) from None
    except EndpointConnectionError as error:
        raise CommandError(
            str(error), next_step="Check the network; if it is the local cloud's: make up"
        ) from None
    except BotoCoreError as error:
        raise CommandError(str(error), next_step="Mend that, and run it again.") from None


def _refused(error: ClientError) -> CommandError:
    code = code_of(error)
    said = f"AWS refused {error.operation_name}: {code}."
    if code in EXPIRED:
        return CommandError(said, next_step="Log in again (aws sso login, say).")
    if code.removesuffix("Exception") in UNKNOWN_CALLER:
        return CommandError(said, next_step=LOGIN)
    if "AccessDenied" in code or code == "403":
        return CommandError(said, next_step=POLICY)
    return CommandError(said, next_step="Mend that, and run it again.")
