"""Reading `phrases.yaml`: what people write in place of an occupation, and between two."""

from pathlib import Path

import yaml

from coding_service.coder.text.nothing import NothingToCode
from coding_service.coder.text.phrases import Phrases
from training.errors import TopicError
from training.topic.settings_yaml import read_text
from training.topic.topic import Topic


def read_phrases(path: Path) -> Phrases:
    """The phrases of a topic; none where it has no such file.

    Raises `TopicError` if it is not YAML, or holds anything but known kinds with a list of texts.
    """
    if not path.exists():
        return Phrases()
    try:
        # Every value as it is written: "no" is an answer here, and not false.
        lists = yaml.load(read_text(path), Loader=yaml.BaseLoader)  # noqa: S506  makes texts only
        return Phrases.of(lists or {})
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = None if mark is None else mark.line + 1
        remedy = "Correct it; a phrase with : or # needs quotes"
        raise TopicError(path, line, "not YAML", remedy) from error
    except (ValueError, AttributeError) as error:
        problem = str(error) if isinstance(error, ValueError) else "not a mapping"
        raise TopicError(
            path, None, problem, "Write lists of phrases, as topics/anzsco has"
        ) from error


def coded_nothing(topic: Topic) -> list[str]:
    """The examples with a code that hold nothing to code by the topic's phrases."""
    coded = [each.texts.values() for each in topic.examples if each.code is not None]
    words = {text.encode(errors="replace") for texts in coded for text in texts}
    nothing = NothingToCode(topic.phrases.nothing, sorted(words))
    empty = [texts for texts in coded if any(texts) and all(map(nothing.is_all_of, texts))]
    return sorted({" | ".join(texts).rstrip(" |") for texts in empty})
