"""Every competitor that needs nothing but Python delivers the file's bytes, and is measured."""

from pathlib import Path

import pytest

from bench.report.runs import Runner, Undelivered
from bench.streams.competitors import Competitor, Name, competitors, environment
from bench.streams.sample_files import write_sample
from bench.streams.sample_results import write_results
from bench.streams.storages import DROPS, SERVICE, storages

pytestmark = pytest.mark.slow
FILE_BYTES = 10_000_000  # several blocks, and more than one part of an upload


@pytest.mark.parametrize(("bucket", "written"), [(DROPS, write_sample), (SERVICE, write_results)])
def should_deliver_the_bytes_of_the_file(tmp_path: Path, bucket: str, written: object) -> None:
    file = tmp_path / bucket / "file.jsonl"
    with storages(tmp_path, nginx=None, tls=False, cores=[]) as found:
        assert callable(written)
        written(file, FILE_BYTES)
        runner = Runner(found, environment(found, tmp_path), cores=[], tries=1)
        taken = [runner.fastest(each, file) for each in competitors(found, file, quick=True)]
        assert {each.name for each in taken} >= {Name.DROPCODER, Name.NAIVE, Name.TEMPORARY_FILE}
        assert all(each.file_bytes == file.stat().st_size for each in taken)
        assert all(each.cpu_seconds > 0 and each.peak_bytes > 0 for each in taken)


def should_fail_when_other_bytes_arrive(tmp_path: Path) -> None:
    file = tmp_path / DROPS / "file.jsonl"
    with storages(tmp_path, nginx=None, tls=False, cores=[]) as found:
        write_sample(file, 1_000_000)
        runner = Runner(found, environment(found, tmp_path), cores=[], tries=1)
        (honest, *_) = competitors(found, file, quick=True)
        idle = Competitor(honest.side, honest.name, (("true",),))
        with pytest.raises(Undelivered, match="0 bytes in 0 files"):
            runner.fastest(idle, file)
