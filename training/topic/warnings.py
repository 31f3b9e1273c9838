"""What an author should know about a topic that can be trained all the same."""

from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path

from coding_service.coder.text.normalise import fold
from training.topic.files import EVALUATION, EXAMPLES, read_evaluation
from training.topic.topic import Topic

FEWEST_EXAMPLES = 3
NAMED = 3  # of each kind; the rest are counted


def warnings_about(topic: Topic, folder: Path) -> Iterator[str]:
    """A sentence for each thing that is amiss.

    Raises `TopicError` if there is an evaluation file, and a line of it cannot be used.
    """
    counts = Counter(each.code for each in topic.examples)
    few = [leaf for leaf in topic.hierarchy.leaves if counts[leaf] < FEWEST_EXAMPLES]
    if few:
        yield (
            f"{_named(few)}: fewer than {FEWEST_EXAMPLES} examples. "
            "Such a code is hardly ever found; write more"
        )
    codes: dict[str, set[str | None]] = {}
    for each in topic.examples:
        codes.setdefault(_key(each.texts), set()).add(each.code)
    fitting_and_not = [text for text, found in codes.items() if None in found and len(found) > 1]
    if fitting_and_not:
        yield (
            f"{_named(fitting_and_not)}: both with a code and with null in {EXAMPLES}. "
            "Remove one of the two"
        )
    shared = [text for text, found in codes.items() if len(found - {None}) > 1]
    if shared:
        yield (
            f"{_named(shared)}: under several codes in {EXAMPLES}. Right for a text that names "
            "their group; otherwise remove all but one"
        )
    evaluation = folder / EVALUATION
    if evaluation.exists() and not evaluation.stat().st_size:
        yield f"{EVALUATION} is empty: there is nothing to evaluate with. Write records into it"
    elif evaluation.exists():
        asked = [_key(each.texts) for each in read_evaluation(evaluation, topic)]
        # That an empty record fits no code is asked and taught in the same words.
        taught = [text for text in asked if text and text in codes]
        if taught:
            yield (
                f"{_named(taught)}: in {EVALUATION} and in {EXAMPLES} too. "
                "The evaluation flatters; remove them from one of the two"
            )


def _key(texts: Mapping[str, str]) -> str:
    return " | ".join(fold(text) for text in texts.values()).rstrip(" |")


def _named(found: list[str]) -> str:
    shown = ", ".join(repr(each) for each in found[:NAMED])
    return shown if len(found) <= NAMED else f"{shown} and {len(found) - NAMED} more"
