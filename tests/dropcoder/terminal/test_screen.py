"""What goes to standard output, and what to standard error; nothing steers the terminal."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dropcoder.errors import FileRejected
from dropcoder.terminal.screen import Screen
from dropcoder.terminal.text import harmless, one_line, shortened, text_width

STEERING = "a\x1b[2Kb\u202ec\r"


def should_keep_results_and_all_else_apart(capsys: pytest.CaptureFixture[str]) -> None:
    screen = Screen()
    screen.say("result")
    screen.note("note")
    screen.document({"not": "asked for"})
    shown = capsys.readouterr()
    assert (shown.out, shown.err) == ("result\n", "note\n")


def should_print_one_document_for_programs(capsys: pytest.CaptureFixture[str]) -> None:
    screen = Screen(as_json=True)
    screen.say("result")
    screen.table(["a"], [["b"]])
    screen.facts({"a": "b"})
    screen.document({"name": "Köchin"})
    assert json.loads(capsys.readouterr().out) == {"name": "Köchin"}


def should_steer_no_terminal_by_what_strangers_wrote(capsys: pytest.CaptureFixture[str]) -> None:
    screen = Screen()
    screen.say(STEERING)
    screen.note(STEERING)
    screen.facts({"a": STEERING})
    screen.table(["head"], [[STEERING]])
    screen.error(FileRejected(STEERING, next_step=STEERING, rows=((2, STEERING),)))
    with screen.live() as live:
        live(STEERING, STEERING)
    shown = capsys.readouterr()
    assert (shown.out + shown.err).replace("\n", "").isprintable()


@given(st.text(max_size=60), st.integers(1, 20))
def should_leave_nothing_that_steers_in_any_text(text: str, width: int) -> None:
    assert one_line(text).isprintable()
    assert harmless(text).replace("\n", "").isprintable()
    cut = shortened(text, width)
    assert cut.isprintable()
    assert text_width(cut) <= width


def should_not_take_texts_for_markup(capsys: pytest.CaptureFixture[str]) -> None:
    Screen().error(FileRejected("[bold]cook[/bold] :smile:", next_step="[red]x"))
    said = capsys.readouterr().err
    assert "[bold]cook[/bold] :smile:" in said
    assert "[red]x" in said


def should_tell_a_log_what_is_new_alone(capsys: pytest.CaptureFixture[str]) -> None:
    with Screen().live() as live:
        for seconds in range(3):
            live(f"Wait, {seconds} s", "Wait")
        live("Collect, 4 s", "Collect")
    assert capsys.readouterr().err == "  Wait\n  Collect\n"


def should_keep_columns_straight_when_letters_are_wide(
    capsys: pytest.CaptureFixture[str],
) -> None:
    Screen().table(["text", "code"], [["料理人", "351"], ["cook", "3"]])
    assert capsys.readouterr().out == "text    code\n料理人  351\ncook    3\n"


def should_cut_a_text_to_the_columns_it_may_take() -> None:
    assert shortened("料理人です", 5) == "料理…"
    assert shortened("a\nb", 5) == "a b"
    assert harmless("a\nb\x07") == "a\nb?"
    assert one_line("a\nb") == "a?b"
