"""What scores are worth is learned where there is something to learn it from."""

import numpy as np

from coding_service.coder.model import TrainedModel
from training.fit.calibrate import FEWEST, fit_scope


def should_learn_nothing_when_hardly_a_text_has_no_code(trades: TrainedModel) -> None:
    odds = np.full((FEWEST * 2, 3), 1 / 3, np.float32)
    coded = np.arange(len(odds)) >= FEWEST - 1

    assert fit_scope(odds, np.zeros((len(odds), 4), np.float32), coded) is None
    assert trades.card.scope is None
