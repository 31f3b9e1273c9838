"""HTML that can't be anything else: whatever is no `Markup` yet is escaped on its way in."""

from collections.abc import Collection, Iterable, Sequence
from html import escape
from itertools import chain
from typing import NewType

from tables.report.words import visible

Markup = NewType("Markup", str)
"""Text that is HTML as it stands."""

NOTHING = Markup("")


def text(content: str) -> Markup:
    """Words of ours."""
    return Markup(escape(visible(content)))


def theirs(content: str) -> Markup:
    """Words of other people: never markup, whatever they hold, and their writing direction ends
    with them."""
    return Markup(f"<bdi>{text(content)}</bdi>")


def element(name: str, *content: Markup, **attributes: str) -> Markup:
    """An element. A trailing `_` of an attribute's name is dropped, another `_` becomes `-`."""
    written = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{text(value)}"' for key, value in attributes.items()
    )
    return Markup(f"<{name}{written}>{''.join(content)}</{name}>")


def joined(parts: Iterable[Markup], between: str = "") -> Markup:
    """One after the other."""
    return text(between).join(parts)  # type: ignore[return-value]  # as long as all are Markup


def paragraph(content: str, **attributes: str) -> Markup:
    """A paragraph of ours."""
    return element("p", text(content), **attributes)


def section(name: str, title: str, *content: Markup) -> Markup:
    """A part of the page with its heading; `name` is its anchor."""
    heading = element("h2", text(title), id=f"{name}-title")
    return element("section", heading, *content, id=name, aria_labelledby=f"{name}-title")


def table(
    caption: str,
    head: Sequence[str],
    body: Iterable[Sequence[Markup]],
    *,
    numeric: Collection[int] = (),
    marked: Collection[int] = (),
    is_wide: bool = False,
) -> Markup:
    """A table whose rows are named by their first cells.

    `numeric` are the places of the columns with numbers, `marked` those of rows that stand out. A
    column without a title only draws what another one says: a narrow screen leaves it out.
    On a narrow screen a wide one moves in a frame of its own, which the keyboard reaches.
    """
    kinds = [
        "drawn" if not title else "number" if place in numeric else "words"
        for place, title in enumerate(head)
    ]
    titles = [
        element("th", text(title), scope="col", class_=kind) if title else element("td")
        for title, kind in zip(head, kinds, strict=True)
    ]
    lines = []
    for place, cells in enumerate(body):
        first = element("th", cells[0], scope="row", class_=kinds[0])
        others = (
            element("td", cell, class_=kind)
            for cell, kind in zip(cells[1:], kinds[1:], strict=True)
        )
        marks = {"class_": "marked"} if place in marked else {}
        lines.append(element("tr", first, *others, **marks))
    whole = element(
        "table",
        element("caption", text(caption)),
        element("thead", element("tr", *titles)),
        element("tbody", *lines),
    )
    if is_wide:
        return element(
            "div", whole, class_="frame", role="region", aria_label=caption, tabindex="0"
        )
    return whole


def pairs(rows: Iterable[tuple[Markup, Markup]]) -> Markup:
    """Names and what they stand for."""
    cells = chain.from_iterable((element("dt", name), element("dd", value)) for name, value in rows)
    return element("dl", *cells)


def folded(summary: str, *content: Markup) -> Markup:
    """What is there for whoever wants it."""
    return element("details", element("summary", text(summary)), *content)
