"""Records in numbers, without words."""

from collections.abc import Sequence

import numpy as np

from coding_service.coder.text.encode import Bag, Encoded

LENGTH = 2.0


def records_of(bags: Sequence[Sequence[Sequence[int]]], field_weights: Sequence[float]) -> Encoded:
    """Records of the terms that each has in each field, all of vectors of `LENGTH`.

    The titles' hashes are the numbers of the records.
    """
    found = []
    for terms, weight in zip(bags, field_weights, strict=True):
        lengths = np.asarray(list(map(len, terms)), np.int64)
        every = np.asarray([term for record in terms for term in record], np.int64)
        found.append(Bag(every, np.cumsum(lengths) - lengths, lengths, weight))
    count = len(bags[0])
    return Encoded(
        tuple(found), np.full(count, LENGTH, np.float32), np.arange(count, dtype=np.uint64)
    )
