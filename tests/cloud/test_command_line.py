"""`dropcoder` against a deployed Pipeline, by a person whom a verb's policy alone lets in."""

import json
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from dropcoder.errors import ExitStatus
from infra.project_files import PROJECT
from localcloud.cloud import LocalCloud
from localcloud.environment import ambient, client_exports
from tests.support.cloud.deployed import TOPIC
from tests.support.cloud.person import Person, a_person, names_of
from tests.support.cloud.subscriber import Subscriber
from tests.support.policies import policy_of
from tests.support.session import PROMPT, alike, played, recorded

SAMPLE = PROJECT / "samples" / "survey.csv"


@pytest.fixture
def person(cloud: LocalCloud, subscriber: Subscriber) -> Iterator[Person]:
    """Somebody who may do nothing yet; Pipeline has its credentials."""
    with a_person(cloud) as somebody:
        yield somebody


@pytest.fixture
def files(tmp_path: Path) -> Path:
    """A folder with the sample in it."""
    shutil.copy(SAMPLE, tmp_path)
    return tmp_path


def does(person: Person, cloud: LocalCloud, verb: str, *arguments: str, where: Path) -> str:
    """What the verb prints for a person who may do what its policy says, and nothing else."""
    person.may(policy_of(verb, names_of(cloud)))
    done = person.runs(verb.split(maxsplit=1)[0], *arguments, "--json", where=where)
    assert done.returncode == 0, (verb, done.stdout, done.stderr)
    return done.stdout


def should_do_what_each_verb_is_for_with_its_policy_alone(
    cloud: LocalCloud, person: Person, files: Path
) -> None:
    refused = person.runs("drop", "survey.csv", where=files)
    assert refused.returncode == ExitStatus.FAILED
    assert "AccessDenied" in refused.stderr
    assert "docs/command-line.md" in refused.stderr

    said = does(person, cloud, "drop", "survey.csv", "--topic", TOPIC, where=files)
    (dropped,) = json.loads(said)
    drop = dropped["dropId"]
    (ended,) = json.loads(does(person, cloud, "watch DROP", drop, where=files))
    assert ended["status"] == "complete"
    (listed,) = json.loads(does(person, cloud, "list", "--limit", "1", where=files))
    assert listed["dropId"] == drop
    shown = json.loads(does(person, cloud, "show", drop, where=files))
    assert shown["whereabouts"]["execution"] == "SUCCEEDED"
    got = json.loads(does(person, cloud, "get", drop, where=files))
    assert (files / got["table"]).is_file()
    assert person.runs("retry", drop, where=files).returncode == ExitStatus.USAGE
    assert person.runs("list", where=files).returncode == ExitStatus.FAILED, "it is not get's"

    # The same modules, here and there: the same table, byte for byte.
    model = json.loads((files / got["metadata"]).read_text("utf-8"))["modelId"]
    folder = PROJECT / "build" / "models" / TOPIC / model
    code = person.runs("code", "survey.csv", "--model", str(folder), where=files)
    assert code.returncode == 0, code.stderr
    here, there = files / "survey-coded" / "results.csv", files / got["table"]
    assert here.read_bytes() == there.read_bytes()


def should_drop_a_rejected_file_again_with_the_policy_of_retry(
    cloud: LocalCloud, person: Person, files: Path
) -> None:
    (files / "empty.csv").write_text("Job title\n")
    (dropped,) = json.loads(does(person, cloud, "drop", "empty.csv", where=files))
    person.may(policy_of("watch DROP", names_of(cloud)))
    watched = person.runs("watch", dropped["dropId"], where=files)
    assert watched.returncode == ExitStatus.REJECTED
    assert "Next: " in watched.stdout
    again = json.loads(does(person, cloud, "retry", dropped["dropId"], where=files))
    assert not again["redriven"]
    person.may(policy_of("watch DROP", names_of(cloud)))
    assert person.runs("watch", again["dropId"], where=files).returncode == ExitStatus.REJECTED


def should_drop_and_get_in_one_with_the_policy_of_both(
    cloud: LocalCloud, person: Person, files: Path
) -> None:
    arguments = ("survey.csv", "--wait", "--under", "waited")
    (done,) = json.loads(does(person, cloud, "drop --wait", *arguments, where=files))
    assert done["status"] == "complete"
    assert (files / done["files"]["page"]).is_file()


def should_hear_of_every_drop_that_ends_until_it_is_interrupted(
    cloud: LocalCloud, person: Person
) -> None:
    person.may(policy_of("watch", names_of(cloud)))
    exports = client_exports(cloud.reach) | {
        "AWS_ACCESS_KEY_ID": person.access_key,
        "AWS_SECRET_ACCESS_KEY": person.secret_key,
        "DROPCODER_NAME": cloud.pipeline.stack.removesuffix("-Pipeline"),
    }
    watching = subprocess.Popen(
        [sys.executable, "-m", "dropcoder", "watch", "--json"],
        cwd=PROJECT,
        env=ambient() | exports,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert watching.stdout
    assert watching.stderr
    try:
        assert "Watching" in watching.stderr.readline()
        cloud.s3().put_object(
            Bucket=cloud.pipeline.drop_bucket, Key=f"{TOPIC}/heard.csv", Body=b"Job title\n"
        )
        told = json.loads(watching.stdout.readline())
        assert (told["key"], told["status"]) == (f"{TOPIC}/heard.csv", "rejected")
    finally:
        watching.send_signal(signal.SIGINT)
        watching.communicate(timeout=60)
    assert watching.returncode == ExitStatus.INTERRUPTED
    queues = cloud.sqs().list_queues(QueueNamePrefix="dropcoder-watch-").get("QueueUrls", [])
    assert queues == []


def should_check_the_deployment_with_the_policy_of_doctor(
    cloud: LocalCloud, person: Person
) -> None:
    person.may(policy_of("doctor", names_of(cloud)))
    done = person.runs("doctor", "--json")
    found = {each["check"]: each for each in json.loads(done.stdout)}
    assert list(found) == ["credentials", "stack", "secret", "subscriptions", "alarms", "quotas"]
    assert not any("refused" in each["said"] for each in found.values()), done.stdout
    assert found["secret"]["ok"]
    secret = cloud.secrets().get_secret_value(SecretId=cloud.pipeline.credentials_secret)
    assert not any(
        value in done.stdout + done.stderr for value in json.loads(secret["SecretString"]).values()
    )


def should_say_what_to_do_when_the_stack_or_the_drop_is_unknown(
    cloud: LocalCloud, person: Person
) -> None:
    person.may(policy_of("get", names_of(cloud)))
    unknown = person.runs("get", "f" * 32)
    assert unknown.returncode == ExitStatus.NOT_FOUND
    nobody = person.runs("get", "f" * 32, "--name", "nobodys")
    assert nobody.returncode in (ExitStatus.USAGE, ExitStatus.FAILED)
    assert "Next: " in nobody.stderr


def should_play_the_recorded_session_once_more(
    cloud: LocalCloud, person: Person, files: Path
) -> None:
    everything = {"Effect": "Allow", "Action": "*", "Resource": "*"}
    person.may(json.dumps({"Version": "2012-10-17", "Statement": [everything]}))

    def run(arguments: list[str]) -> str:
        done = person.runs(*arguments, where=files)
        assert done.returncode == 0, (arguments, done.stdout, done.stderr)
        return done.stdout

    names = {
        cloud.pipeline.drop_bucket: "drop-bucket",
        cloud.pipeline.results_bucket: "results-bucket",
    }
    steps = recorded()
    page = "\n".join(f"{PROMPT}{each.command}\n{alike(each.output)}\n" for each in steps)
    assert played(steps, run, names) == page
