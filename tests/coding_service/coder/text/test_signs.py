"""Signs of what a text names, of each record alone."""

import numpy as np
import pytest

from coding_service.coder.text.encode import encode
from coding_service.coder.text.features import Floats
from coding_service.coder.text.signs import ScopeSigns
from coding_service.coder.text.vocabulary import WHOLE, Lexicon

HEADS = np.asarray([0, WHOLE, WHOLE // 5], np.uint8)


def should_find_the_signs_of_a_title_and_of_what_stands_beside_it() -> None:
    known = [b"bus", b"driver", b"late"]
    lexicon = Lexicon(known, pairs=0, weights=np.ones(3, np.float32), unseen_weight=1.0, room=9)
    texts = ["the bus driver", "", "late bus", "", "zyx", "", "", "bus", "", ""]

    def signs(texts: list[str]) -> Floats:
        records = encode(texts, [1.0, 0.5], lexicon, np.zeros(0, np.int64))
        return ScopeSigns(HEADS, lexicon).of(records)

    found = signs(texts)

    expected = [[1, 0, 0, 0], [0.2, 0, 0, 0], [0, 1, 0, 0], [0, 0, 1, 1], [0, 0, 1, 0]]
    assert found == pytest.approx(np.asarray(expected), abs=1e-6)
    some = [3, 0, 2]
    alone = signs([text for row in some for text in texts[2 * row : 2 * row + 2]])
    assert (alone == found[some]).all()
