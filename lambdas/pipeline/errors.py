"""Every error that Pipeline raises on purpose, as one tree.

DropcoderError
├── TryAgain                 the state machine's Retry names the leaves; passes by itself
│   ├── ServiceBusy
│   ├── StorageBusy
│   ├── AwsBusy
│   └── PartTaken
├── Final                    the state machine's Catch names the leaves; the part has failed
│   ├── ServiceRefused
│   ├── StorageRefused
│   ├── UploadsFailed
│   ├── ServiceThrottled
│   ├── ResultsGone
│   ├── ResultsMismatch
│   └── DropGone
├── Rejected                 never leaves Python: becomes the status `rejected`
│   ├── FileRejected
│   ├── TopicUnknown
│   └── ModelUnknown
└── OperatorNeeded           nobody catches it: the execution fails, and can be redriven
    ├── CredentialsMissing
    ├── CredentialsRefused
    ├── AddressRefused
    └── SettingInvalid

The state machine knows an error by the name of its class, so a leaf's name is part of the
contract with statemachine/drop.asl.json. Texts are read by people in notifications: they say
what happened and what to do next, and never hold a presigned URL, a token or a secret.
"""

from protocol.short_texts import LONGEST_REASON, cut


class DropcoderError(Exception):
    """Anything that Pipeline raises on purpose.

    Its text has at most `LONGEST_REASON` characters: a service's words may stand in it, and it
    travels in the state of an execution.
    """

    def __init__(self, text: str = "") -> None:
        super().__init__(cut(text, LONGEST_REASON))


class TryAgain(DropcoderError):
    """Passes by itself; the same call later may succeed."""


class ServiceBusy(TryAgain):
    """The coding service or its token endpoint is unreachable, overloaded or broken for now.

    `may_be_done` says whether the service may have done what it was asked, though no answer came.
    Mended by the service's operator, or by waiting."""

    def __init__(self, text: str = "", *, may_be_done: bool = True) -> None:
        super().__init__(text)
        self.may_be_done = may_be_done


class StorageBusy(TryAgain):
    """The storage behind a presigned URL, or S3, is overloaded or lost the connection.

    Mended by waiting."""


class AwsBusy(TryAgain):
    """An AWS call was throttled or met a fault of AWS. Mended by waiting."""


class PartTaken(TryAgain):
    """Another invocation works on the part. Mended by waiting until it ends or its lease does."""


class Final(DropcoderError):
    """No retry mends it: the part has failed, and the dropper is notified why."""


class ServiceRefused(Final):
    """The coding service gave a final answer. Mended by whoever runs or configures the service."""


class StorageRefused(Final):
    """The storage behind a presigned URL gave a final answer.

    Mended by dropping the file again; if it comes back, by the service's operator."""


class UploadsFailed(Final):
    """The operations that a part may have are used up, and none gave results.

    Mended by the service's operator; then by dropping the file again."""


class ServiceThrottled(Final):
    """The service said again and again that there are too many requests.

    Mended by the service's operator, or by a lower requestsPerSecond; then by dropping the file
    again."""


class ResultsGone(Final):
    """The service has deleted the results before they were collected (24 hours after success).

    Mended by dropping the file again."""


class ResultsMismatch(Final):
    """What came out does not agree with what went in, so the results can't be trusted.

    Mended by dropping the file again; if it comes back, by the service's operator."""


class DropGone(Final):
    """The dropped object version, or what it was prepared by, was deleted or replaced. Mended by
    dropping the file again."""


class Rejected(DropcoderError):
    """The drop can't be coded as it is. Mended by the person who dropped it.

    `next_step` says how, in words for that person."""

    def __init__(self, reason: str, *, next_step: str = "") -> None:
        super().__init__(reason)
        self.reason = str(self)
        self.next_step = cut(next_step, LONGEST_REASON)


class FileRejected(Rejected):
    """The file is not what the model takes. Mended by the dropper: mend the lines, drop again."""


class TopicUnknown(Rejected):
    """The service has no such topic. Mended by the dropper: use another folder."""


class ModelUnknown(Rejected):
    """The service has no such model of the topic. Mended by the dropper: use another folder."""


class OperatorNeeded(DropcoderError):
    """The person who runs Pipeline must change something; the execution can then be redriven."""


class CredentialsMissing(OperatorNeeded):
    """The credentials secret has not been filled. Mended by filling it."""


class CredentialsRefused(OperatorNeeded):
    """The service refuses the client's credentials or a fresh token.

    Mended by correcting the credentials secret, or by the service's operator."""


class AddressRefused(OperatorNeeded):
    """An address is not one that may be called: plain http, another host, a redirect, bad TLS.

    Mended by correcting the deploy-time settings of addresses and hosts."""


class SettingInvalid(OperatorNeeded):
    """An environment variable of the function is missing or malformed.

    Mended by correcting the deploy-time settings and deploying again."""
