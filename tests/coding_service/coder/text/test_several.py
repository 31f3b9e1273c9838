"""Texts that may name several occupations are found in a batch, and cut."""

import unicodedata

import pytest

from coding_service.coder.text.phrases import Phrases
from coding_service.coder.text.several import Separators

ENDS = {"infirmiere", "chauffeur", "koch", "fahrer", "nurse", "driver"}
SEPARATORS = Separators(Phrases(between=("également", "außerdem", "as well as")), ENDS)
SEVERAL = {
    "infirmière également chauffeur": ("infirmiere", "chauffeur"),
    "INFIRMIÈRE ÉGALEMENT CHAUFFEUR": ("infirmiere", "chauffeur"),
    "infirmiere egalement chauffeur": ("infirmiere", "chauffeur"),
    unicodedata.normalize("NFD", "infirmière également chauffeur"): ("infirmiere", "chauffeur"),
    "koch außerdem fahrer": ("koch", "fahrer"),
    "KOCH AUSSERDEM FAHRER": ("koch", "fahrer"),
    "nurse\tas well as\ndriver": ("nurse", "driver"),
    "nurse as\nwell\tas driver": ("nurse", "driver"),
    "İ nurse/driver": ("i nurse", "driver"),
}


@pytest.mark.parametrize("text", SEVERAL)
def should_find_and_cut_a_text_however_what_is_between_is_spelt(text: str) -> None:
    batch = ["nurse", text, "driver", "wellness nurse"]

    assert 1 in SEPARATORS.rows(batch)
    parts = SEPARATORS.occupations(text)
    assert parts is not None
    assert tuple(map(str.strip, parts.texts)) == SEVERAL[text]


def should_find_nothing_when_no_text_has_a_separator() -> None:
    assert SEPARATORS.rows(["nurse\tdriver", "infirmière", "außerdemfahrer", ""]).tolist() == []
