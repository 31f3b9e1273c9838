"""Coding records with a trained model: numpy, msgspec and nothing else."""

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TypeVar

import numpy as np

from coding_service.coder.both_readers import BothReaders, Reader
from coding_service.coder.choose_code import CONFIDENCE_STEPS, CodeChoices
from coding_service.coder.choose_records import RecordChooser
from coding_service.coder.code_lines import CodedLines, LineCoder
from coding_service.coder.code_tree import Code, Hierarchy
from coding_service.coder.linear.classifiers import Classifiers
from coding_service.coder.linear.code_odds import CodeOdds
from coding_service.coder.linear.exact_titles import ExactTitles
from coding_service.coder.linear.score_tables import ScoreTables
from coding_service.coder.model_card import ModelCard
from coding_service.coder.model_files import ModelParts, Vocabulary, read_model
from coding_service.coder.readings import RecordReader, title_ends
from coding_service.coder.text.encode import Encoded, encode
from coding_service.coder.text.features import Flags, Floats
from coding_service.coder.text.nothing import NothingToCode
from coding_service.coder.text.signs import ScopeSigns
from coding_service.coder.text.vocabulary import Lexicon, LexiconFullError
from protocol.records import RECORD_ID, RecordForm

BATCH_RECORDS = 32_768  # enough that each step is done for many, few enough for any memory
BATCH_ODDS = 1 << 26  # records x codes: fewer records where a topic has very many codes
WITH_SENTENCES = 8  # so many times fewer where a second reader is asked, which is slow anyway
UNSEEN_WORDS = 4_096  # remembered; each has a row in the tables
READ_CHARACTERS = 4_000  # of a longer text only the beginning is looked at

Computed = TypeVar("Computed")


@dataclass(frozen=True, slots=True)
class CodedLabel:
    """A code, its label, and the probability that it is right, 0 to 1."""

    category: str
    label: str
    confidence: float

    def to_json(self) -> dict[str, object]:
        """As the service writes it."""
        return {
            "codeCategory": self.category,
            "codeLabel": self.label,
            "codeConfidence": self.confidence,
        }


@dataclass(frozen=True, slots=True)
class Coding:
    """A coded record: a result, or 1 to 3 suggestions, or none where there is nothing to code."""

    record_id: str
    """The record's own recordId, "" where it has none."""
    result: CodedLabel | None
    """The deepest code whose confidence reaches the model's threshold."""
    suggestions: tuple[CodedLabel, ...]
    """Codes of the deepest level, the likeliest first; empty beside a result, and for a record that
    holds nothing to code."""

    def to_json(self) -> dict[str, object]:
        """The line of the output file (batch page, "Downloading processed data")."""
        if self.result is not None:
            return {"recordId": self.record_id, "result": self.result.to_json()}
        return {
            "recordId": self.record_id,
            "suggestions": [each.to_json() for each in self.suggestions],
        }


class RecordEncoder:
    """Turns records into numbers; each unseen word's rows are computed when it is first met."""

    def __init__(
        self, weights: Sequence[float], known: Vocabulary, lexicon: Lexicon, tables: ScoreTables
    ) -> None:
        """`weights` are those of the fields, the highest first."""
        self._weights = weights
        self._known = known
        self._lexicon = lexicon
        self._tables = tables
        self._learned = 0

    def encode(self, texts: Sequence[str]) -> Encoded:
        """Records as numbers. Raises `LexiconFullError` where they have too many unseen words."""
        try:
            encoded = self._encoded(texts)
        except LexiconFullError:
            self._lexicon.forget()
            self._learned = 0
            encoded = self._encoded(texts)
        unseen = self._lexicon.unseen
        self._tables.learn(unseen, self._learned, self._known.letters)
        self._learned = len(unseen)
        return encoded

    def _encoded(self, texts: Sequence[str]) -> Encoded:
        return encode(texts, self._weights, self._lexicon, self._known.pair_keys)


class CodingEngine:
    """A model's tables, and the words that it met since it was loaded.

    Every record gets the same answer whatever was coded before it or beside it.
    """

    def __init__(self, parts: ModelParts) -> None:
        known, phrases = parts.vocabulary, parts.card.phrases
        weights = list(parts.card.field_weights.items())
        # Stable, so that fields of equal weight keep their order.
        self._fields = sorted(weights, key=lambda field: -field[1])
        nothing = NothingToCode(phrases.nothing, known.words)
        lexicon = Lexicon(
            known.words,
            pairs=len(known.pair_keys),
            weights=known.weights,
            unseen_weight=known.letters.unseen_rarity,
            room=UNSEEN_WORDS,
            is_idle=nothing.may_hold,
        )
        self.classifiers = Classifiers.of(parts.hierarchy)
        tables = ScoreTables(
            self.classifiers, parts.weights, parts.card.temperatures, room=UNSEEN_WORDS
        )
        place = {code: place for place, code in enumerate(self.classifiers.codes)}
        lines = [
            [place[code] for code in reversed(parts.hierarchy.lineage(leaf))]
            for leaf in parts.hierarchy.leaves
        ]
        exact = ExactTitles(parts.exact_keys, parts.exact_leaves, np.asarray(lines, np.int64))
        self._chooser = RecordChooser(
            RecordReader(phrases, nothing, exact, lexicon, title_ends(known)),
            CodeOdds(
                self.classifiers,
                tables,
                exact,
                ScopeSigns(known.heads, lexicon),
                parts.card.scope,
            ),
            RecordEncoder([weight for _, weight in self._fields], known, lexicon, tables).encode,
        )
        self._lock = threading.Lock()  # the unseen words are shared

    @property
    def fields(self) -> tuple[str, ...]:
        """The text fields, the weightiest first: the order of a record's texts."""
        return tuple(name for name, _ in self._fields)

    def choose(self, texts: Sequence[str], threshold: float) -> CodeChoices:
        """The codes of records; `texts` has each record's `fields` one after the other."""
        found = self._in_halves(texts, lambda some: self._chooser.choose(some, threshold))
        return found[0] if len(found) == 1 else CodeChoices.joined(found)

    def probabilities(self, texts: Sequence[str], threshold: float) -> Floats:
        """Records x leaves; `choose` with this threshold would choose by them."""
        return self.odds(texts, threshold)[0]

    def odds(self, texts: Sequence[str], threshold: float) -> tuple[Floats, Flags]:
        """What `probabilities` gives, and which records are not read as they stand."""
        found = self._in_halves(texts, lambda some: self._chooser.probabilities(some, threshold))
        odds, otherwise = zip(*found, strict=True)
        return np.vstack(odds), np.concatenate(otherwise)

    def _in_halves(
        self, texts: Sequence[str], compute: Callable[[Sequence[str]], Computed]
    ) -> list[Computed]:
        """What `compute` gives for the records in order, in as few batches as there is room for."""
        try:
            with self._lock:
                return [compute(texts)]
        except LexiconFullError:
            half = len(texts) // len(self._fields) // 2 * len(self._fields)
            if not half:
                # One record: where no spaces divide words, every few characters are some.
                return self._in_halves([text[: len(text) // 2] for text in texts], compute)
            return [
                *self._in_halves(texts[:half], compute),
                *self._in_halves(texts[half:], compute),
            ]


@dataclass(frozen=True)
class TrainedModel:
    """A trained model, ready to code; safe to share between threads."""

    card: ModelCard
    hierarchy: Hierarchy
    engine: Reader

    @classmethod
    def load(cls, directory: Path) -> "TrainedModel":
        """The model in a directory. Raises `ModelError` if a file is missing or damaged."""
        return cls.of(read_model(directory))

    @classmethod
    def of(cls, parts: ModelParts) -> "TrainedModel":
        """The model that parts make."""
        engine = CodingEngine(parts)
        if parts.card.second_reader and parts.sentences:
            second = parts.card.second_reader
            both = BothReaders(engine, parts.sentences, second, parts.hierarchy)
            return cls(parts.card, parts.hierarchy, both)
        return cls(parts.card, parts.hierarchy, engine)

    @cached_property
    def batch_records(self) -> int:
        """How many records are coded at once."""
        most = min(BATCH_RECORDS, BATCH_ODDS // len(self.engine.classifiers.codes))
        return max(1, most // WITH_SENTENCES if self.card.second_reader else most)

    def code(self, records: Sequence[Mapping[str, str]]) -> list[Coding]:
        """Each record coded, in order.

        Any string is a text; a field that a record lacks is an empty one.
        """
        coded: list[Coding] = []
        for first in range(0, len(records), self.batch_records):
            batch = records[first : first + self.batch_records]
            chosen = self.engine.choose(self._texts(batch), self.card.threshold)
            coded.extend(self._codings(batch, chosen))
        return coded

    def probabilities(self, records: Sequence[Mapping[str, str]]) -> Floats:
        """Records x leaves (`hierarchy.leaves`); a row sums to the probability that any fits."""
        batches = [
            self.engine.probabilities(
                self._texts(records[first : first + self.batch_records]), self.card.threshold
            )
            for first in range(0, len(records), self.batch_records)
        ]
        return np.vstack([np.zeros((0, len(self.hierarchy.leaves)), np.float32), *batches])

    def others_of_category(self, record: Mapping[str, str], code: str) -> list[CodedLabel]:
        """The codes of the deepest level in a record's category but `code`, the likeliest first.

        The category is the code that was found, or the one above it where that is of the deepest
        level. Those whose confidence would be written as 0 are left out.
        """
        leaves = self.hierarchy.leaves
        category = self.hierarchy.codes[code].parent if code in leaves else code
        odds = self.probabilities([record])[0]
        inside = [
            place
            for place, leaf in enumerate(leaves)
            if leaf != code and (not category or self.hierarchy.covers(category, leaf))
        ]
        inside.sort(key=lambda place: -odds[place])
        labels = (_label(self.hierarchy.codes[leaves[n]], float(odds[n])) for n in inside)
        return [label for label in labels if label.confidence]

    def coded_lines(self, block: bytes, form: RecordForm) -> CodedLines:
        """A block of whole lines of a file coded, bytes to bytes.

        `block` is JSON Lines; the last may lack its newline. `form` belongs to the file and decides
        at its first line whether lines have recordIds. Raises `RecordLineFault` if a line is no
        record of the model.
        """
        return self._line_coder.code(block, form)

    def code_lines(self, block: bytes) -> bytes:
        """`coded_lines` for a block that is a whole file: its output."""
        return self.coded_lines(block, RecordForm(self.card.input_format)).output

    @cached_property
    def _line_coder(self) -> LineCoder:
        codes = [self.hierarchy.codes[code] for code in self.engine.classifiers.codes]
        leaves = [self.hierarchy.codes[code] for code in self.hierarchy.leaves]
        # Not `self` inside: a model that is let go is to leave memory at once.
        engine, threshold = self.engine, self.card.threshold
        return LineCoder(
            codes,
            leaves,
            engine.fields,
            lambda texts: engine.choose(texts, threshold),
            batch_records=self.batch_records,
        )

    def _texts(self, records: Sequence[Mapping[str, str]]) -> list[str]:
        most = READ_CHARACTERS // len(self.engine.fields)
        return [
            (record.get(field) or "")[:most] for record in records for field in self.engine.fields
        ]

    def _codings(
        self, records: Sequence[Mapping[str, str]], chosen: CodeChoices
    ) -> Iterator[Coding]:
        results = [self.hierarchy.codes[code] for code in self.engine.classifiers.codes]
        leaves = [self.hierarchy.codes[code] for code in self.hierarchy.leaves]
        for record, node, sure, options, odds in zip(
            records,
            chosen.node.tolist(),
            chosen.confidence.tolist(),
            chosen.leaves.tolist(),
            chosen.odds.tolist(),
            strict=True,
        ):
            record_id = record.get(RECORD_ID) or ""
            if node >= 0:
                yield Coding(record_id, _label(results[node], sure), ())
                continue
            suggestions = tuple(
                _label(leaves[leaf], odd)
                for leaf, odd in zip(options, odds, strict=True)
                if leaf >= 0
            )
            yield Coding(record_id, None, suggestions)


def _label(code: Code, confidence: float) -> CodedLabel:
    return CodedLabel(
        code.code, code.label, round(confidence * CONFIDENCE_STEPS) / CONFIDENCE_STEPS
    )
