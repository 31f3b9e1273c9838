"""Reads the documents: their prose, code spans, fenced blocks, headings and links."""

import re
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from docs.blocks import documents
from infra.project_files import PROJECT

_FENCE = re.compile(
    r"^ *```(?P<kind>\w*) *(?P<label>\w*)\n(?P<body>.*?)^ *```$", re.DOTALL | re.MULTILINE
)
_COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)
_SPAN = re.compile(r"`([^`]+)`")
_LINK = re.compile(r"(?<!!)\[[^\]]+\]\(([^)\s]+)\)")
_HEADING = re.compile(r"^#{1,6} (.+)$", re.MULTILINE)
_NOT_IN_ANCHORS = re.compile(r"[^\w\- ]")


@dataclass(frozen=True)
class Fence:
    """A fenced block: its language, a word after that, and what is in it."""

    kind: str
    label: str
    body: str


@dataclass(frozen=True)
class Document:
    """A Markdown file of the project."""

    path: Path
    text: str

    def __str__(self) -> str:
        return str(self.path.relative_to(PROJECT))

    @property
    def fences(self) -> list[Fence]:
        return [Fence(**found.groupdict()) for found in _FENCE.finditer(self.text)]

    @property
    def prose(self) -> str:
        """What is outside of fences and comments."""
        return _COMMENT.sub("", _FENCE.sub("", self.text))

    @property
    def spans(self) -> list[str]:
        """Inline code, each on one line."""
        return [" ".join(span.split()) for span in _SPAN.findall(self.prose)]

    @property
    def code(self) -> list[str]:
        """Inline code, and the lines of fences (joined where they end in a backslash)."""
        lines = (fence.body.replace("\\\n", " ").splitlines() for fence in self.fences)
        return [*self.spans, *(line for body in lines for line in body)]

    @property
    def links(self) -> list[str]:
        return _LINK.findall(self.prose)

    @property
    def anchors(self) -> set[str]:
        """Where a link may lead, as GitHub names headings."""
        seen: Counter[str] = Counter()
        found = set()
        for heading in _HEADING.findall(_FENCE.sub("", self.text)):
            anchor = _NOT_IN_ANCHORS.sub("", heading.lower()).strip().replace(" ", "-")
            found.add(f"{anchor}-{seen[anchor]}" if seen[anchor] else anchor)
            seen[anchor] += 1
        return found

    def section(self, heading: str) -> str:
        """What stands below a heading, up to the next one of its own level or above."""
        found = re.search(rf"^(?P<level>#+) {re.escape(heading)}$", self.text, re.MULTILINE)
        assert found, f"{self} has no section {heading!r}"
        rest = self.text[found.end() :]
        end = re.search(rf"^#{{1,{len(found['level'])}}} ", rest, re.MULTILINE)
        return rest[: end.start()] if end else rest


def table_rows(text: str) -> list[list[str]]:
    """The cells of all Markdown tables in a text, without heads and rules."""
    rows = []
    for table in re.findall(r"(?:^\|.*\|\n)+", text, re.MULTILINE):
        rows += [
            [cell.strip() for cell in re.split(r"(?<!\\)\|", line.strip("|"))]
            for line in table.splitlines()[2:]
        ]
    return rows


def read_documents() -> list[Document]:
    """Every document."""
    return [Document(path, path.read_text("utf-8")) for path in documents()]


def document(name: str) -> Document:
    """One document, by its path in the project."""
    return Document(PROJECT / name, (PROJECT / name).read_text("utf-8"))
