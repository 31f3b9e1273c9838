"""What another system may send in place of the JSON that was agreed on."""

import json
from typing import Any

from hypothesis import strategies as st

NUMBERS = ("NaN", "-Infinity", "1e999", "9" * 400, "9" * 5_000, "-0", "1e5", "1")
TEXTS = ('"\\ud800"', '"\\u0000"', '"x"', '""', '"=?utf-8?q?=80?="')
LEVELS = (101, 900, 20_000)


def garbage(*names: str) -> st.SearchStrategy[bytes]:
    """Bytes of every sort; `names` are the fields that their reader looks for."""
    values = _values(names)
    bodies = values.map(str.encode)
    return st.one_of(
        bodies,
        st.binary(max_size=64),
        st.text(max_size=32).map(lambda text: json.dumps(text).encode()),
        st.sampled_from(LEVELS).flatmap(_nested),
        st.tuples(bodies, st.integers(0, 80)).map(lambda cut: cut[0][: cut[1]]),
        bodies.map(lambda body: body.replace(b"x", b"\xff")),
        bodies.map(lambda body: b"\xef\xbb\xbf" + body),
        bodies.map(lambda body: body.decode().encode("utf-16")),
        st.just(b""),
    )


def _values(names: tuple[str, ...]) -> st.SearchStrategy[str]:
    """JSON, and what is nearly JSON, as text: fields that are looked for hold anything."""
    scalars = st.sampled_from([*NUMBERS, *TEXTS, "null", "true", "{}", "[]"])
    keys = st.sampled_from([*names, "other"]) if names else st.just("other")

    def holding(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
        fields = st.dictionaries(keys, inner, max_size=len(names) + 1)
        return st.one_of(
            st.lists(inner, max_size=3).map(lambda each: f"[{','.join(each)}]"),
            fields.map(
                lambda each: (
                    "{" + ",".join(f'"{name}": {text}' for name, text in each.items()) + "}"
                )
            ),
        )

    return st.recursive(scalars, holding, max_leaves=12)


def _nested(levels: int) -> st.SearchStrategy[bytes]:
    closed: Any = st.sampled_from([b"[%b]", b'{"a": %b}'])
    return st.one_of(
        st.just(b"[" * levels),
        st.just(b"[" * levels + b"]" * levels),
        closed.map(lambda form: form % (b'{"a":' * levels + b"1" + b"}" * levels)),
    )
