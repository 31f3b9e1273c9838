"""Reads a `columns.yaml` into texts, lists and mappings, bounded in size and in depth.

Every value is text as it is written: a column may be called `No`, `1` or `2024-01-01`. What YAML
has beside that, such as anchors, tags and several documents, nobody needs here.
"""

from typing import Any

import yaml

from tables.errors import TableRefused
from tables.mapping.names import shown
from tables.plan import TableOptions
from tables.text.encodings import decoder_of, known_encoding, text_encoding

MAX_FILE_BYTES = 64 << 10  # a few lines are usual; ours
MAX_DEPTH = 3  # columns: {field: [names]}; ours
EXAMPLE = "It may be as short as: columns: {occp_text: Job title}"


def content_of(content: bytes, options: TableOptions) -> dict[str, Any]:
    """The file's keys with their values; {} for an empty file. Raises `TableRefused`."""
    if len(content) > MAX_FILE_BYTES:
        raise _refused(f"is larger than {MAX_FILE_BYTES >> 10} kB")
    text = _text_of(content, options)
    try:
        _check_events(text)
        node = yaml.compose(text, Loader=yaml.BaseLoader)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise _refused(f"is no YAML at line {line}: {shown(str(error.problem))}") from None
    except yaml.YAMLError:  # a control character
        raise _refused("has a character that YAML does not allow") from None
    value = {} if node is None else _value_of(node)
    if value == "":
        return {}
    if not isinstance(value, dict):
        raise _refused("has no keys")
    return value


def _text_of(content: bytes, options: TableOptions) -> str:
    encoding, mark = text_encoding(content, options)
    try:
        return decoder_of(encoding).decode(content[mark:], final=True)
    except UnicodeDecodeError:
        fallback = known_encoding(options.fallback_encoding)
        return decoder_of(fallback).decode(content, final=True)


def _check_events(text: str) -> None:
    """Refuses what would grow, or nest, beyond what such a file needs, before it is built."""
    depth = documents = 0
    for event in yaml.parse(text, Loader=yaml.BaseLoader):
        if isinstance(event, yaml.AliasEvent):
            raise _refused(f"has an alias (*) at line {_line(event)}")
        documents += isinstance(event, yaml.DocumentStartEvent)
        depth += isinstance(event, yaml.CollectionStartEvent)
        depth -= isinstance(event, yaml.CollectionEndEvent)
        if depth > MAX_DEPTH or documents > 1:
            raise _refused(f"has more than is read at line {_line(event)}")


def _value_of(node: yaml.Node) -> Any:
    """A node's value; as `_check_events` passed it, it is at most `MAX_DEPTH` deep."""
    if isinstance(node, yaml.SequenceNode):
        return [_value_of(each) for each in node.value]
    if not isinstance(node, yaml.MappingNode):
        return node.value
    values: dict[str, Any] = {}
    for key, value in node.value:
        name = _value_of(key)
        if not isinstance(name, str):
            raise _refused(f"has a key that is no text at line {_line(key)}")
        if name in values:
            raise _refused(f"has the key {shown(name)} twice, again at line {_line(key)}")
        values[name] = _value_of(value)
    return values


def _line(what: yaml.Node | yaml.Event) -> int:
    return what.start_mark.line + 1 if what.start_mark else 1


def _refused(what: str) -> TableRefused:
    return TableRefused(f"columns.yaml {what}.", f"{EXAMPLE}. Mend it and drop the table again.")
