import pytest

from bench.validation.alternatives import ends_by_numpy, main


def should_print_seconds_and_a_ratio_for_every_step_when_it_runs(
    capsys: pytest.CaptureFixture[str],
) -> None:
    main(megabytes=1, rounds=1)

    rows = [line.rsplit(maxsplit=2) for line in capsys.readouterr().out.splitlines()[1:]]
    assert len(rows) == 12
    assert all(float(taken) >= 0 and float(ratio) > 0 for _, taken, ratio in rows)


def should_find_the_longest_line_and_one_that_ends_otherwise() -> None:
    assert ends_by_numpy(b"{}\n{--}\n") == (True, 5)
    assert ends_by_numpy(b"{}\n{\n}\n")[0] is False
