"""A sentence model of BERT's form, computed so that a text always gets the very same numbers.

Weights and what flows through the layers are whole numbers of eight bits, each row with a scale of
its own. Products of such numbers are summed in float32, which holds whole numbers up to 2^24
exactly; so the sums are exact, and neither the batch, nor the threads, nor the order in which a
processor adds can change a digit. Only texts of equally many pieces are computed together, so that
none is padded.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from coding_service.coder.sentence.word_pieces import WordPieces
from coding_service.coder.text.features import Floats

Arrays = Mapping[str, npt.NDArray[Any]]
LARGEST = 127  # of a signed byte, both ways
FINEST_SHARE = 255  # steps of an attention weight
EXACT_TERMS = 768  # so many products of two such numbers are summed exactly in a float32
ROWS_AT_A_TIME = 1_024  # pieces computed together; ours: more gain nothing, and need memory
TINY = np.float32(1e-9)


@dataclass(frozen=True, slots=True)
class Scaled:
    """Whole numbers, and what each column of them counts."""

    numbers: Floats
    """Inputs x outputs: whole numbers from -127 to 127."""
    scale: Floats
    """What one means, for each output."""
    bias: Floats
    """What is added to each output."""

    @classmethod
    def read(cls, arrays: Arrays, name: str) -> "Scaled":
        """From the arrays of a file. Raises `KeyError` if one is missing."""
        numbers = arrays[f"{name}.numbers"].astype(np.float32)
        return cls(numbers, arrays[f"{name}.scale"], arrays[f"{name}.bias"])

    @classmethod
    def rounding(cls, weights: Floats, bias: Floats) -> "Scaled":
        """From weights, inputs x outputs, and what is added to each output."""
        numbers, scale = rounded(np.ascontiguousarray(weights.T))
        return cls(np.ascontiguousarray(numbers.T), scale[:, 0], bias)

    def arrays(self, name: str) -> dict[str, npt.NDArray[Any]]:
        """As a file holds them."""
        return {
            f"{name}.numbers": self.numbers.astype(np.int8),
            f"{name}.scale": self.scale,
            f"{name}.bias": self.bias,
        }

    def of(self, rows: Floats) -> Floats:
        """Rows x outputs."""
        numbers, scale = rounded(rows)
        sums = numbers[:, :EXACT_TERMS] @ self.numbers[:EXACT_TERMS]
        for first in range(EXACT_TERMS, numbers.shape[1], EXACT_TERMS):
            part = slice(first, first + EXACT_TERMS)
            sums += numbers[:, part] @ self.numbers[part]
        sums *= scale
        sums *= self.scale
        sums += self.bias
        return sums


@dataclass(frozen=True, slots=True)
class Norm:
    """A layer's normalisation of each row."""

    gain: Floats
    bias: Floats
    smallest: np.float32
    """Added to the variance."""

    @classmethod
    def read(cls, arrays: Arrays, name: str) -> "Norm":
        """From the arrays of a file. Raises `KeyError` if one is missing."""
        smallest = np.float32(arrays[f"{name}.smallest"])
        return cls(arrays[f"{name}.gain"], arrays[f"{name}.bias"], smallest)

    def arrays(self, name: str) -> dict[str, npt.NDArray[Any]]:
        """As a file holds them."""
        return {
            f"{name}.gain": self.gain,
            f"{name}.bias": self.bias,
            f"{name}.smallest": np.asarray(self.smallest),
        }

    def of(self, rows: Floats) -> Floats:
        """Rows of mean 0 and variance 1, then stretched and moved. Overwrites `rows`."""
        rows -= rows.mean(axis=-1, keepdims=True)
        rows /= np.sqrt((rows * rows).mean(axis=-1, keepdims=True) + self.smallest)
        rows *= self.gain
        rows += self.bias
        return rows


@dataclass(frozen=True, slots=True)
class Layer:
    """One of the encoder's layers."""

    attention: Scaled
    """Queries, keys and values, side by side."""
    attended: Scaled
    attended_norm: Norm
    widening: Scaled
    narrowing: Scaled
    norm: Norm

    @classmethod
    def read(cls, arrays: Arrays, name: str) -> "Layer":
        """From the arrays of a file. Raises `KeyError` if one is missing."""
        return cls(
            Scaled.read(arrays, f"{name}.attention"),
            Scaled.read(arrays, f"{name}.attended"),
            Norm.read(arrays, f"{name}.attended_norm"),
            Scaled.read(arrays, f"{name}.widening"),
            Scaled.read(arrays, f"{name}.narrowing"),
            Norm.read(arrays, f"{name}.norm"),
        )

    def arrays(self, name: str) -> dict[str, npt.NDArray[Any]]:
        """As a file holds them."""
        return {
            **self.attention.arrays(f"{name}.attention"),
            **self.attended.arrays(f"{name}.attended"),
            **self.attended_norm.arrays(f"{name}.attended_norm"),
            **self.widening.arrays(f"{name}.widening"),
            **self.narrowing.arrays(f"{name}.narrowing"),
            **self.norm.arrays(f"{name}.norm"),
        }

    def of(self, rows: Floats, texts: int, heads: int) -> Floats:
        """The layer's output for `texts` texts of equally many pieces."""
        mixed = self.attended.of(_attend(self.attention.of(rows), texts, heads))
        mixed += rows
        rows = self.attended_norm.of(mixed)
        narrow = self.narrowing.of(_gelu(self.widening.of(rows)))
        narrow += rows
        return self.norm.of(narrow)


@dataclass(frozen=True, slots=True)
class Pieces:
    """What a text's pieces are before the first layer."""

    numbers: npt.NDArray[np.int8]
    """Pieces x width."""
    scale: Floats
    """What one means, for each piece."""
    places: Floats
    """Places x width: added to the piece at each place."""
    norm: Norm

    def of(self, numbers: npt.NDArray[np.int64]) -> Floats:
        """Texts x pieces as rows."""
        rows = self.numbers[numbers] * self.scale[numbers][..., None]
        rows += self.places[: numbers.shape[1]]
        return self.norm.of(rows.reshape(-1, rows.shape[-1]))


@dataclass(frozen=True)
class SentenceEncoder:
    """A sentence model, ready to read texts; safe to share between threads."""

    word_pieces: WordPieces
    pieces: Pieces
    layers: Sequence[Layer]
    heads: int
    """Of each layer's attention."""
    mean: bool
    """Whether a text is the mean of its pieces; else it is its first mark."""

    @classmethod
    def read(cls, arrays: Arrays) -> "SentenceEncoder":
        """From the arrays of a file. Raises `KeyError`, `ValueError` if one is missing or odd."""
        vocabulary = arrays["vocabulary"].tobytes().decode().split("\n")
        layers, heads = int(arrays["layers"]), int(arrays["heads"])
        places, lower_case = arrays["pieces.places"], bool(arrays["lower_case"])
        norm = Norm.read(arrays, "pieces.norm")
        return cls(
            WordPieces.of(vocabulary, lower_case=lower_case, most=len(places)),
            Pieces(arrays["pieces.numbers"], arrays["pieces.scale"], places, norm),
            [Layer.read(arrays, f"layer{number}") for number in range(layers)],
            heads,
            bool(arrays["mean"]),
        )

    def arrays(self) -> dict[str, npt.NDArray[Any]]:
        """As a file holds them."""
        found = {
            "vocabulary": np.frombuffer("\n".join(self.word_pieces.numbers).encode(), np.uint8),
            "lower_case": np.asarray(self.word_pieces.lower_case),
            "layers": np.asarray(len(self.layers)),
            "heads": np.asarray(self.heads),
            "mean": np.asarray(self.mean),
            "pieces.numbers": self.pieces.numbers,
            "pieces.scale": self.pieces.scale,
            "pieces.places": self.pieces.places,
            **self.pieces.norm.arrays("pieces.norm"),
        }
        for number, layer in enumerate(self.layers):
            found |= layer.arrays(f"layer{number}")
        return found

    @property
    def width(self) -> int:
        """How many numbers a text becomes."""
        return int(self.pieces.places.shape[1])

    def of(self, texts: Sequence[str]) -> Floats:
        """Texts x width: a vector of length one for each text, of length zero for a blank."""
        found = np.zeros((len(texts), self.width), np.float32)
        by_length: dict[int, list[tuple[int, tuple[int, ...]]]] = {}
        for row, text in enumerate(texts):
            numbers = self.word_pieces.of_text(text)
            if len(numbers) > 2:  # noqa: PLR2004 - the two marks alone are a blank
                by_length.setdefault(len(numbers), []).append((row, numbers))
        for length, alike in by_length.items():
            most = max(1, ROWS_AT_A_TIME // length)
            for first in range(0, len(alike), most):
                rows, numbers = zip(*alike[first : first + most], strict=True)
                found[list(rows)] = self._read(np.asarray(numbers, np.int64))
        return found

    def _read(self, numbers: npt.NDArray[np.int64]) -> Floats:
        texts, length = numbers.shape
        rows = self.pieces.of(numbers)
        for layer in self.layers:
            rows = layer.of(rows, texts, self.heads)
        pieces = rows.reshape(texts, length, -1)
        found: Floats = pieces.mean(axis=1) if self.mean else pieces[:, 0].copy()
        found /= np.maximum(np.sqrt((found * found).sum(axis=1, keepdims=True)), TINY)
        return found


def rounded(rows: Floats) -> tuple[Floats, Floats]:
    """Each row as whole numbers from -127 to 127, and what one of them means."""
    largest = np.maximum(rows.max(axis=-1, keepdims=True), -rows.min(axis=-1, keepdims=True))
    largest = np.maximum(largest, TINY)
    numbers = rows * (np.float32(LARGEST) / largest)
    np.rint(numbers, out=numbers)
    return numbers, largest * np.float32(1 / LARGEST)


def _attend(rows: Floats, texts: int, heads: int) -> Floats:
    """What each piece takes from all pieces of its text."""
    length, width = len(rows) // texts, rows.shape[1] // 3
    parts = rows.reshape(texts, length, 3, heads, width // heads).transpose(2, 0, 3, 1, 4)
    queries, query_scale = rounded(parts[0])
    keys, key_scale = rounded(parts[1])
    shares = queries @ keys.swapaxes(-1, -2)
    shares *= query_scale * np.float32((width // heads) ** -0.5)
    shares *= key_scale.swapaxes(-1, -2)
    shares -= shares.max(axis=-1, keepdims=True)
    np.exp(shares, out=shares)
    shares *= np.float32(FINEST_SHARE)
    np.rint(shares, out=shares)
    largest = np.maximum(np.abs(parts[2]).max(axis=(2, 3), keepdims=True), TINY)
    values = np.rint(parts[2] * (np.float32(LARGEST) / largest))
    taken = shares @ values
    taken *= largest * np.float32(1 / LARGEST) / shares.sum(axis=-1, keepdims=True)
    return np.ascontiguousarray(taken.transpose(0, 2, 1, 3)).reshape(len(rows), width)


def _gelu(rows: Floats) -> Floats:
    """The Gaussian error linear unit by its tanh form (Hendrycks and Gimpel, 2016)."""
    bent = rows * rows
    bent *= np.float32(0.044715)
    bent += np.float32(1)
    bent *= rows
    bent *= np.float32(0.7978845608)  # the square root of 2 / pi
    np.tanh(bent, out=bent)
    bent += np.float32(1)
    bent *= rows
    bent *= np.float32(0.5)
    return bent
