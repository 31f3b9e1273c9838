"""What an author should know about a topic that can be trained all the same.

A sentence for each kind of thing that is amiss, whatever their number, and what to do about it.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from coding_service.coder.text.normalise import fold
from training.topic.files import EVALUATION, EXAMPLES, PHRASES, read_evaluation
from training.topic.held_out import title_key
from training.topic.phrases_yaml import coded_nothing
from training.topic.topic import Example, Question, Topic

FEWEST_EXAMPLES = 3
NAMED = 3  # of each kind; the rest are counted
NAMED_CHARACTERS = 60  # of each; a text of tasks is as long as people make it
MOST_SHARE = 0.3  # of the examples under one code, where there are many codes; ours
TIMES_USUAL = 10  # that of a code's usual number of examples; ours
NONE_WARNED = 20  # codes from which on a topic without `null` examples is told of them; ours


def warnings_about(topic: Topic, folder: Path) -> Iterator[str]:
    """A sentence for each kind of thing that is amiss.

    Raises `TopicError` if there is an evaluation file, and a line of it cannot be used.
    """
    yield from _counts(topic)
    yield from _contradictions(topic.examples)
    if empty := coded_nothing(topic):
        yield (
            f"{_named(empty)}: with a code in {EXAMPLES}, and nothing to code by {PHRASES}. "
            "Where it stands under one code alone it is coded, elsewhere not; remove one of the two"
        )
    evaluation = folder / EVALUATION
    if not evaluation.exists():
        yield (
            f"there is no {EVALUATION}: nobody can tell how good the model is. Write records with "
            "known codes into it, apart from the examples"
        )
    elif not evaluation.stat().st_size:
        yield f"{EVALUATION} is empty: there is nothing to evaluate with. Write records into it"
    else:
        questions = read_evaluation(evaluation, topic)
        yield from _known_answers(questions, topic.examples)


def _counts(topic: Topic) -> Iterator[str]:
    """Of codes with too few examples, and with far more than the others."""
    counts = Counter(each.code for each in topic.examples if each.code is not None)
    leaves = topic.hierarchy.leaves
    few = [leaf for leaf in leaves if counts[leaf] < FEWEST_EXAMPLES]
    if few:
        yield (
            f"{_named(few)}: fewer than {FEWEST_EXAMPLES} examples. "
            "Such a code is hardly ever found; write more"
        )
    usual = sorted(counts.values())[len(counts) // 2]
    most, number = counts.most_common(1)[0]
    if number > max(MOST_SHARE * counts.total(), TIMES_USUAL * usual):
        label = topic.hierarchy.codes[most].label
        yield (
            f"{most!r} ({label}) has {number:,} of the {counts.total():,} examples, a code usually "
            f"{usual:,}: what is in doubt is taken for it. Keep some {TIMES_USUAL * usual:,} of "
            "its examples, or write more for the others"
        )
    if len(leaves) >= NONE_WARNED and all(each.code is not None for each in topic.examples):
        yield (
            f"no example in {EXAMPLES} has the code null: the model learns from made-up words "
            "alone what fits no code. Add texts that people write and no code fits"
        )


def _contradictions(examples: tuple[Example, ...]) -> Iterator[str]:
    """Of the same text under several codes, or with a code and without."""
    codes: dict[str, set[str | None]] = {}
    for each in examples:
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


def _known_answers(questions: Sequence[Question], examples: Sequence[Example]) -> Iterator[str]:
    """Of evaluation records that the model is taught."""
    asked = {_texts_key(each.texts): _key(each.texts) for each in questions}
    own, drawn = (
        {_texts_key(each.texts) for each in examples if each.is_drawn is kind}
        for kind in (False, True)
    )
    # That an empty record fits no code is asked and taught in the same words.
    asked = {key: text for key, text in asked.items() if any(key)}
    if both := [text for key, text in asked.items() if key in own]:
        yield (
            f"{_named(both)}: in {EVALUATION} and in {EXAMPLES} too. "
            "The evaluation flatters; remove them from one of the two"
        )
    if both := [text for key, text in asked.items() if key in drawn - own]:
        yield (
            f"{_named(both)}: in {EVALUATION}, and taught as of no code, as otherOccupations draws "
            f"them. The evaluation flatters; remove them from {EVALUATION}, or add examples like "
            "those that have a code"
        )


def _texts_key(texts: Mapping[str, str]) -> tuple[str, ...]:
    """What records have in common that the coder takes for one, as far as its title goes."""
    return tuple(map(title_key, texts.values()))


def _key(texts: Mapping[str, str]) -> str:
    return " | ".join(fold(text) for text in texts.values()).rstrip(" |")


def _named(found: list[str]) -> str:
    shown = ", ".join(repr(_short(each)) for each in found[:NAMED])
    return shown if len(found) <= NAMED else f"{shown} and {len(found) - NAMED:,} more"


def _short(text: str) -> str:
    return text if len(text) <= NAMED_CHARACTERS else text[: NAMED_CHARACTERS - 1] + "…"
