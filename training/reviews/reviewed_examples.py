"""Examples out of what people have decided: the files that review pages export."""

import hashlib
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from coding_service.coder.code_tree import Hierarchy
from tables.dictionary.dictionary import Dictionary, KnownText
from tables.dictionary.learn import learned
from tables.errors import TableRefused
from tables.review.distinct_texts import text_id
from tables.review.reviewed_file import ReviewedFile, read_reviewed
from training.errors import TopicError
from training.topic.held_out import title_key
from training.topic.topic import Example, Question, Topic

OTHER_TOPIC = "Add files of reviews of this topic, and of the classification that it has now"


@dataclass(frozen=True, slots=True)
class Reviewed:
    """What reviewed files teach a topic."""

    examples: tuple[Example, ...]
    """One for each text, with a code of the deepest level."""
    files: tuple[ReviewedFile, ...]
    left_out: Mapping[str, int]
    """Texts that are no examples, by why."""
    last: str
    """The day of the latest decision, ISO 8601; "" without any."""

    def added_to(self, topic: Topic, *, weight: int, sample: Path) -> Topic:
        """The topic with these examples, each so many times, as another one to train."""
        sampled = hashlib.sha256(sample.read_bytes()).hexdigest()
        digest = hashlib.sha256(f"{topic.fingerprint}\n{weight}\n{sampled}\n".encode())
        digest.update("\n".join(sorted(each.sha256 for each in self.files)).encode())
        settings = replace(topic.settings, released=max(topic.settings.released, self.last))
        return replace(
            topic,
            settings=settings,
            examples=topic.examples + self.examples * weight,
            fingerprint=digest.hexdigest(),
            added=self._facts(weight, {"file": sample.name, "sha256": sampled}),
        )

    def _facts(self, weight: int, sample: Mapping[str, str]) -> dict[str, Any]:
        """As the model's card holds it."""
        return {
            "texts": len(self.examples),
            "weight": weight,
            "leftOut": dict(self.left_out),
            "files": [
                {"file": each.name, "sha256": each.sha256, "people": list(each.people)}
                for each in self.files
            ],
            "sample": dict(sample),
        }


def read_reviews(paths: Sequence[Path], topic: Topic, sample: Collection[Question]) -> Reviewed:
    """The examples in exported files, of one drop or several, without the texts of the sample.

    Two texts are one where the coder takes their titles for one. Raises `TopicError` for a file
    that is none, or of another topic.
    """
    files = {path: _read(path) for path in paths}
    found = learned(Dictionary(0, {}), tuple(files.values()))
    names = tuple(topic.settings.fields)
    title = max(names, key=lambda name: topic.settings.fields[name])
    held = {_key(each.texts, title) for each in sample}
    left_out = Counter({why: found.texts[why] for why in ("disagreed", "altered")})
    examples, last = [], ""
    for entry in found.dictionary.entries.values():
        _check(entry, names, topic.hierarchy, files)
        texts = {name: entry.texts.get(name, "") for name in names}
        why = _no_example(entry, topic.hierarchy, _key(texts, title), held)
        if why is not None:
            left_out[why] += 1
            continue
        examples.append(Example(texts, entry.code))
        last = max(last, entry.at[:10])
    left = {why: count for why, count in left_out.items() if count}
    return Reviewed(tuple(examples), tuple(files.values()), left, last)


def _no_example(
    entry: KnownText, hierarchy: Hierarchy, key: str, held: Collection[str]
) -> str | None:
    """Why a text can't teach; None where it can."""
    if entry.code is None:
        return "cannotBeCoded"  # too vague mostly, and no text of another topic
    if len(entry.code) != hierarchy.lengths[-1]:
        return "broader"
    if not key:
        return "withoutWords"
    return "inTheSample" if key in held else None


def _key(texts: Mapping[str, str], title: str) -> str:
    return title_key(texts[title]) or title_key(" ".join(texts.values()))


def _read(path: Path) -> ReviewedFile:
    try:
        return read_reviewed(path.read_bytes(), path.name)
    except TableRefused as refused:
        problem = refused.reason.removeprefix(f"{path.name} ").removesuffix(".")
        raise TopicError(path, None, problem, refused.next_step.removesuffix(".")) from None


def _check(
    entry: KnownText,
    names: Collection[str],
    hierarchy: Hierarchy,
    files: Mapping[Path, ReviewedFile],
) -> None:
    """Raises `TopicError` where the topic lacks a field or the code of an entry."""
    strange = next((name for name, text in entry.texts.items() if text and name not in names), None)
    if strange is not None:
        problem = f"the topic lacks the field {strange}"
    elif entry.code is not None and entry.code not in hierarchy.codes:
        problem = f"{entry.by} decided on {entry.code}, which the topic lacks"
    else:
        return
    raise TopicError(_decided_in(entry, files), None, problem, OTHER_TOPIC)


def _decided_in(entry: KnownText, files: Mapping[Path, ReviewedFile]) -> Path:
    """The first file in which a text is decided as it counts."""
    item = text_id(entry.texts.values(), entry.drop_id)
    return next(
        path
        for path, file in files.items()
        if any(
            (each.item, each.code, each.is_made) == (item, entry.code, True)
            for each in file.decisions
        )
    )
