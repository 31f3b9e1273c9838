"""What a topic learnt to read from a sentence model, and its file: `sentence.npz`."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

import numpy as np

from coding_service.coder.array_files import read_arrays
from coding_service.coder.errors import ModelError
from coding_service.coder.linear.classifiers import softmax
from coding_service.coder.sentence.encoder import Scaled, SentenceEncoder
from coding_service.coder.text.features import Floats

TEXTS_KEPT = 32_768  # whose sentences are remembered; ours: 50 MB for 384 numbers each


@dataclass(frozen=True)
class SentenceReader:
    """A frozen sentence model, and a linear layer over what it makes of a record's fields."""

    encoder: SentenceEncoder
    head: Scaled
    """Fields x width, one field after the other, to (leaves, then "none of them")."""
    _known: dict[str, Floats] = field(default_factory=dict, repr=False)

    @property
    def fields(self) -> int:
        """How many texts a record has."""
        return len(self.head.numbers) // self.encoder.width

    def odds(self, texts: Sequence[str]) -> Floats:
        """Records x (leaves, then "none of them"); a row sums to 1.

        `texts` has each field of the first record, then of the second, and so on.
        """
        sentences = self.sentences(texts).reshape(-1, self.fields * self.encoder.width)
        return softmax(self.head.of(sentences))

    def sentences(self, texts: Sequence[str]) -> Floats:
        """Texts x width, each distinct text read once."""
        # What is remembered may be forgotten by another thread meanwhile.
        remembered = {text: self._known.get(text) for text in texts}
        fresh = [text for text, sentence in remembered.items() if sentence is None]
        read = dict(zip(fresh, self.encoder.of(fresh), strict=True))
        if len(self._known) + len(read) > TEXTS_KEPT:
            self._known.clear()
        self._known.update(islice(read.items(), TEXTS_KEPT))
        known = remembered | read
        return np.asarray([known[text] for text in texts], np.float32)


def write_reader(reader: SentenceReader, path: Path) -> str:
    """Write `sentence.npz`; the same reader gives the same bytes. Returns its SHA-256 as hex."""
    np.savez(path, allow_pickle=False, **reader.encoder.arrays(), **reader.head.arrays("head"))
    return _digest(path)


def read_reader(path: Path, *, digest: str, fields: int, leaves: int) -> SentenceReader:
    """The reader in a file, for records of so many fields and a topic of so many leaves.

    Raises `ModelError` if the file is missing, damaged, not the one of `digest`, or does not fit.
    """
    try:
        if _digest(path) != digest:
            raise ModelError(path, "it is not the file that the model's card names")
        arrays = read_arrays(path)
        encoder, head = SentenceEncoder.read(arrays), Scaled.read(arrays, "head")
    except OSError as error:
        raise ModelError(path, error.strerror or "cannot be read") from error
    except (ValueError, KeyError, TypeError) as error:
        raise ModelError(path, f"damaged: {error!r}") from error
    if head.numbers.shape != (fields * encoder.width, leaves + 1):
        raise ModelError(path, "what it learnt is not for these fields and codes")
    return SentenceReader(encoder, head)


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
