"""What the tests of submitting share."""

from collections.abc import Iterator

import pytest

from pipeline.engines.coding_service.presigned import presigned_pool
from pipeline.ledger.drops import Drops
from pipeline.ledger.parts import Parts
from pipeline.ledger.shared_files import SharedFiles
from pipeline.storage.block_reader import BlockReader
from pipeline.storage.results_bucket import ResultsBucket
from pipeline.submit.handler import Submitter
from pipeline.validation.rejection_report import Rejections
from tests.support.pipeline.builders import Measured, SimulatedIo, a_polling, an_engine
from tests.support.pipeline.clouds import RESULTS, cloud
from tests.support.pipeline.memory_service import MemoryService
from tests.support.pipeline.submit_bench import Bench


@pytest.fixture
def bench() -> Iterator[Bench]:
    memory, io, measured = MemoryService(), SimulatedIo(), Measured()
    with cloud() as aws, memory.listening() as address, presigned_pool(None) as pool:
        host = address.removeprefix("http://")
        engine = an_engine(memory, aws.ledger, io, pool=pool, host=host)
        yield Bench(
            aws,
            memory,
            io,
            measured,
            Submitter(
                parts=Parts(aws.ledger, io.clock),
                engine_of=lambda _topic: engine,
                reader=BlockReader(aws.s3, sleep=io.sleep, block_bytes=1000),
                rejections=Rejections(ResultsBucket(aws.s3, RESULTS)),
                shared_files=SharedFiles(aws.ledger, io.clock),
                pinned_model=Drops(aws.ledger, io.clock).pinned_model,
                polling=a_polling(),
                clock=io.clock,
                measure=measured,
            ),
            engine,
        )
