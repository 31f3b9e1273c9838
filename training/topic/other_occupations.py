"""Texts of occupations that a codelist does not hold, drawn from a topic that holds many.

A model that knows a part of the occupations takes the others for the nearest of its own. Taught as
"none of the topic's codes", their titles keep it from that.
"""

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence

from coding_service.coder.code_tree import Hierarchy
from training.topic.held_out import title_key
from training.topic.topic import Example

SHARE = 0.5  # of the topic's own examples; docs/coder.md has what others gave


def other_occupations(
    own: Sequence[Example],
    hierarchy: Hierarchy,
    fields: Mapping[str, float],
    general: Sequence[Example],
    general_fields: Mapping[str, float],
) -> tuple[Example, ...]:
    """Examples of `general` whose occupation the codelist does not hold, their code None.

    The codelist holds an occupation if one of its titles, whatever the order of words, is a title
    or a label of the codelist. A title that several occupations have says nothing of which. Half as
    many are drawn as the codelist has examples of its own, the same ones each time.
    """
    title, general_title = _heaviest(fields)[0], _heaviest(general_fields)[0]
    labels = (hierarchy.codes[leaf].label for leaf in hierarchy.leaves)
    known = {title_key(text) for text in (*labels, *(each.texts[title] for each in own))}
    occupations: dict[str, set[str]] = defaultdict(set)
    for each in general:
        occupations[title_key(each.texts[general_title])].add(each.code or "")
    held = {
        code
        for said, codes in occupations.items()
        if len(codes) == 1 and said in known
        for code in codes
    }
    others = (
        each
        for each in general
        if each.code and each.code not in held and title_key(each.texts[general_title]) not in known
    )
    single = [
        each for each in others if len(occupations[title_key(each.texts[general_title])]) == 1
    ]
    names = list(zip(_heaviest(fields), _heaviest(general_fields), strict=False))
    distinct = dict.fromkeys(_texts(single, names, fields))
    drawn = sorted(distinct, key=lambda texts: hashlib.sha256("\n".join(texts).encode()).digest())
    return tuple(
        Example(dict(zip(fields, texts, strict=True)), None, is_drawn=True)
        for texts in drawn[: round(SHARE * len(own))]
    )


def _texts(
    examples: Iterable[Example], names: Sequence[tuple[str, str]], fields: Mapping[str, float]
) -> Iterator[tuple[str, ...]]:
    """Of each example the text of every field; the heaviest of one topic is that of the other."""
    for each in examples:
        named = {name: each.texts[other] for name, other in names}
        yield tuple(named.get(field, "") for field in fields)


def _heaviest(fields: Mapping[str, float]) -> list[str]:
    return sorted(fields, key=lambda field: -fields[field])
