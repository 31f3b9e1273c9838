"""A model with two readers codes by the same steps, in smaller ranges."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from coding_service.coder.model import TrainedModel
from coding_service.inference.cut import SLOWER_WITH_SENTENCES
from coding_service.inference.state import StepStatus
from tests.support.aws import played_aws
from tests.support.coding_service.sentence_models import sentence_model_folder
from tests.support.coding_service.service import Service, file_of, make_service, state_of
from tests.support.coding_service.topic_folders import SETTINGS, topic_folder
from training.fit.train import train_into
from training.topic.files import read_topic

RECORDS = 400
BOTH = SETTINGS + "readers: linear+sentence\nsentenceModel: ../tiny\n"


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("both")
    sentence_model_folder(folder / "tiny")
    return train_into(read_topic(topic_folder(folder / "trades", settings=BOTH)), folder / "m")[0]


@pytest.fixture
def two_readers(directory: Path) -> Iterator[Service]:
    with played_aws():
        service = make_service(directory.parents[1])
        service.range_bytes = len(file_of(RECORDS))
        yield service


def should_code_a_file_in_ranges_when_its_model_has_two_readers(
    two_readers: Service, directory: Path
) -> None:
    content = file_of(RECORDS)
    upload = two_readers.upload(two_readers.create().operation_id, content)

    assert two_readers.lifecycle.begin(upload) is StepStatus.LARGE
    assert len(two_readers.cut(state_of(upload))["ranges"]) >= SLOWER_WITH_SENTENCES
    coded = two_readers.coded(upload)

    assert coded.records == RECORDS
    assert 0 < coded.suggested < RECORDS
    expected = TrainedModel.load(directory).code_lines(content)
    assert two_readers.output(upload.operation_id) == expected


def should_code_a_small_file_whole_when_its_model_has_two_readers(two_readers: Service) -> None:
    upload = two_readers.upload(two_readers.create().operation_id, file_of(RECORDS // 10))

    assert two_readers.lifecycle.begin(upload) is StepStatus.SMALL


def should_code_as_much_at_once_as_ever_when_a_model_has_one_reader(service: Service) -> None:
    service.range_bytes = len(file_of(RECORDS))
    upload = service.upload(service.create().operation_id, file_of(RECORDS))

    assert service.lifecycle.begin(upload) is StepStatus.SMALL
    assert len(service.cut(state_of(upload))["ranges"]) == 1
