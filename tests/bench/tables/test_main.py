import pytest

from bench.tables.__main__ import main


@pytest.mark.slow
def should_print_a_rate_and_a_ratio_for_every_way(capsys: pytest.CaptureFixture[str]) -> None:
    main(["--megabytes", "1", "--rounds", "1"])

    printed = capsys.readouterr().out
    for way in ("csv.DictReader + json.dumps", "Dropcoder", "DuckDB"):
        rate, ratio, peak = printed.split(way)[1].split()[:3]
        assert float(rate) > 0
        assert float(ratio) > 0
        assert float(peak) > 1
