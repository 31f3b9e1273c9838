"""Reading a topic folder: `topic.yaml`, `codes.csv`, `examples.jsonl`, `evaluation.jsonl`, and
`phrases.yaml` where there is one.

Every fault is a `TopicError` with file, line and what to do.
"""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from coding_service.coder.code_tree import Hierarchy
from coding_service.coder.text.normalise import words
from shared.received_json import JsonFault, read_object
from training.errors import TopicError
from training.topic.codes_csv import read_codes
from training.topic.other_occupations import other_occupations
from training.topic.phrases_yaml import read_phrases
from training.topic.settings_yaml import read_settings, read_text
from training.topic.topic import Example, Question, Topic

SETTINGS, CODES, EXAMPLES, EVALUATION, PHRASES = (
    "topic.yaml",
    "codes.csv",
    "examples.jsonl",
    "evaluation.jsonl",
    "phrases.yaml",
)
WITH_CODES = "whose codes are known"
KINDS = ("clear", "ambiguous", "out_of_scope")


def read_topic(folder: Path) -> Topic:
    """The topic in a folder, without its evaluation file; among its examples are those drawn from
    other occupations.

    Raises `TopicError` if a file is missing, or a line of it cannot be used.
    """
    settings = read_settings(folder / SETTINGS)
    hierarchy = read_codes(folder / CODES, settings.levels)
    examples = tuple(_read_examples(folder / EXAMPLES, settings.fields, hierarchy))
    taught = {example.code for example in examples}
    bare = [leaf for leaf in hierarchy.leaves if leaf not in taught]
    if bare:
        more = f", and so have {len(bare) - 1:,} more codes" if len(bare) > 1 else ""
        raise TopicError(
            folder / EXAMPLES,
            None,
            f"code {bare[0]} ({hierarchy.codes[bare[0]].label}) has no example{more}",
            f"Add examples, its label at least, or take it out of {CODES}",
        )
    if not any(words(text) for each in examples for text in each.texts.values()):
        raise TopicError(folder / EXAMPLES, None, "no example has a word", "Write texts into them")
    if settings.other_occupations is not None:
        general = folder / settings.other_occupations
        examples += _other_occupations(general, settings.fields, hierarchy, examples)
    phrases = read_phrases(folder / PHRASES)
    return Topic(settings, hierarchy, examples, fingerprint_of(folder), phrases)


def fingerprint_of(folder: Path) -> str:
    """SHA-256 of the files that a model is trained from, as hex.

    Raises `OSError` and `TopicError`.
    """
    trained_from = [folder / name for name in (SETTINGS, CODES, EXAMPLES)]
    if (folder / PHRASES).exists():
        trained_from.append(folder / PHRASES)
    general = read_settings(folder / SETTINGS).other_occupations
    if general is not None:
        trained_from += [folder / general / name for name in (SETTINGS, CODES, EXAMPLES)]
    digest = hashlib.sha256()
    for path in trained_from:
        digest.update(path.read_bytes())
        digest.update(b"\0")
    return digest.hexdigest()


def _other_occupations(
    general: Path, fields: Mapping[str, float], hierarchy: Hierarchy, own: tuple[Example, ...]
) -> tuple[Example, ...]:
    settings = read_settings(general / SETTINGS)
    codes = read_codes(general / CODES, settings.levels)
    examples = tuple(_read_examples(general / EXAMPLES, settings.fields, codes))
    return other_occupations(own, hierarchy, fields, examples, settings.fields)


def read_evaluation(path: Path, topic: Topic) -> tuple[Question, ...]:
    """The questions of an evaluation file of a topic.

    A record may say its `kind`; without one, a code of the deepest level is "clear", a shorter one
    "ambiguous", and null "out_of_scope". It may list other right codes under `also`. Raises
    `TopicError` if the file is missing, or a line of it cannot be used.
    """
    questions = []
    for record in _records(path, read_text(path, f"Name a file of records {WITH_CODES}")):
        texts, code = record.texts(topic.settings.fields), record.code(topic.hierarchy)
        kind = record.values.get("kind", _kind_of(code, topic.hierarchy))
        if kind not in KINDS:
            raise record.fault(f"kind {kind!r} is unknown", f"Use one of {', '.join(KINDS)}")
        questions.append(Question(texts, code, str(kind), record.also(topic.hierarchy)))
    if not questions:
        raise TopicError(path, None, "there is no record in it", f"Add records {WITH_CODES}")
    return tuple(questions)


def _read_examples(
    path: Path, fields: Mapping[str, float], hierarchy: Hierarchy
) -> Iterator[Example]:
    for record in _records(path, read_text(path)):
        texts, code = record.texts(fields), record.code(hierarchy)
        if code is not None and len(code) != hierarchy.lengths[-1]:
            raise record.fault(
                f"code {code} is not of the deepest level",
                f"Give one of {hierarchy.lengths[-1]} characters, or null for none of the topic's",
            )
        yield Example(texts, code)


@dataclass(frozen=True, slots=True)
class _Record:
    path: Path
    line: int
    values: Mapping[str, object]

    def fault(self, problem: str, remedy: str) -> TopicError:
        return TopicError(self.path, self.line, problem, remedy)

    def texts(self, fields: Mapping[str, float]) -> Mapping[str, str]:
        texts: dict[str, str] = {}
        for field in fields:
            text = self.values.get(field)
            if not isinstance(text, str):
                remedy = f'Give every field of {SETTINGS}, "" too'
                raise self.fault(f"{field} is not a string", remedy)
            texts[field] = text
        return texts

    def code(self, hierarchy: Hierarchy) -> str | None:
        if "code" not in self.values:
            remedy = "Give a code, or null for none of the topic's"
            raise self.fault("the code is missing", remedy)
        code = self.values["code"]
        if code is None:
            return None
        if not isinstance(code, str) or code not in hierarchy.codes:
            remedy = "Correct it, or add its row there"
            raise self.fault(f"code {code!r} is not in {CODES}", remedy)
        return code

    def also(self, hierarchy: Hierarchy) -> tuple[str, ...]:
        codes = self.values.get("also", [])
        if not isinstance(codes, list) or any(code not in hierarchy.codes for code in codes):
            problem = f"also is {codes!r}, not a list of codes of {CODES}"
            raise self.fault(problem, "Correct it, or leave it out")
        return tuple(codes)


def _records(path: Path, content: str) -> Iterator[_Record]:
    # Not splitlines: U+2028 and its like may stand inside a JSON string.
    for line, text in enumerate(content.split("\n"), start=1):
        if not text.strip():
            continue
        try:
            yield _Record(path, line, read_object(text))
        except JsonFault as fault:
            raise TopicError(path, line, str(fault), "Write one JSON object a line") from fault


def _kind_of(code: str | None, hierarchy: Hierarchy) -> str:
    if code is None:
        return "out_of_scope"
    return "clear" if len(code) == hierarchy.lengths[-1] else "ambiguous"
