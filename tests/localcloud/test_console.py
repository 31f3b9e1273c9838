"""What a person sees, on a terminal and in a log."""

import io
import re

import pytest

from dropcoder.terminal.text import shortened
from localcloud.console import Console


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def should_write_a_line_for_each_change_when_there_is_no_terminal() -> None:
    out = io.StringIO()
    console = Console(out)
    for seconds in (1, 2, 3):
        console.live(f"Wait, {seconds} s", told="Wait")
    console.live("Collect, 4 s", told="Collect")
    assert out.getvalue() == "Wait, 1 s\nCollect, 4 s\n"


def should_keep_one_line_up_to_date_when_there_is_a_terminal() -> None:
    out = Terminal()
    console = Console(out)
    console.live("Wait, 1 s")
    console.live("Wait, 2 s")
    console.say("Done")
    assert "\n" not in out.getvalue().removesuffix("Done\n")
    assert out.getvalue().endswith("\r\x1b[2KDone\n")


def should_show_the_seconds_when_a_phase_is_over() -> None:
    out = io.StringIO()
    with Console(out).phase("Deploy"):
        pass
    assert re.search(r"^Deploy +\d+\.\d s$", out.getvalue(), re.MULTILINE)


def should_say_that_a_phase_did_not_go_on_when_it_failed() -> None:
    out = io.StringIO()
    with pytest.raises(ValueError, match="no"), Console(out).phase("Deploy"):
        raise ValueError("no")
    assert "did not go on" in out.getvalue()


def should_align_columns_when_texts_have_wide_characters() -> None:
    out = io.StringIO()
    Console(out).table(["text", "code"], [["看護師", "254400"], ["nurse", "254499"]])
    assert out.getvalue().splitlines()[2:] == ["  看護師  254400", "  nurse   254499"]


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("short", "short"),
        ("rather long", "rather…"),
        ("a\x1b[31mb", "a [31mb"),
        ("看護師看護", "看護師…"),
    ],
)
def should_stay_in_its_width_when_a_text_is_shortened(text: str, shown: str) -> None:
    assert shortened(text, 7) == shown


def should_write_nothing_that_steers_the_terminal_whatever_a_key_holds() -> None:
    out = io.StringIO()
    console = Console(out)
    console.say("complete  anzsco/esc\x1b[31mred\r\x07.csv")
    console.live("running: \x1b]0;title\x07")
    console.table(["key"], [["a\x1b[2Jb"]])
    assert out.getvalue().replace("\n", "").isprintable()
    assert "esc?[31mred" in out.getvalue()
