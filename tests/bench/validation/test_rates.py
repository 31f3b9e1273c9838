import pytest

from bench.validation.rates import main


def should_print_a_rate_and_a_ratio_for_every_way_when_it_runs(
    capsys: pytest.CaptureFixture[str],
) -> None:
    main(megabytes=1, rounds=1)

    printed = capsys.readouterr().out
    for name in ("input: Validation", "output: OutputScan"):
        rate, ratio = printed.split(name)[1].split()[:2]
        assert float(rate) > 0
        assert float(ratio) > 0
    assert float(printed.split("input: json.loads a line")[1].split()[1]) == 1
