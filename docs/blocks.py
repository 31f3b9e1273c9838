"""The generated blocks of the documents.

A block stands between `<!-- name -->` (or `<!-- name: argument -->`) and `<!-- end -->`; what is
between the two is written by `make docs`, and a test compares it.
"""

import json
import re
from collections.abc import Callable, Mapping
from pathlib import Path

from bench.inference.cost import block as inference_cost_block
from bench.inference.cost import sentence_block
from bench.inference.workers import Run
from bench.report.report import block as bench_block
from docs.drawing import draw
from docs.faults_table import faults_table, no_rows_table
from docs.imports import read_tree
from docs.quotas_table import quotas_block
from docs.rooms import room_picture, room_table
from docs.settings_table import changed_settings_table, service_settings_table, settings_table
from infra.project_files import PROJECT
from infra.settings.types import SettingNotFinished
from localcloud.deployment import LOCAL_SETTINGS
from simulation.report import price_list

NO_DOCUMENTS = frozenset({"node_modules", "build", "out", "cdk.out"})
_BLOCK = re.compile(
    r"(?P<begin><!-- (?P<name>[A-Za-z ]+?)(?:: (?P<argument>\S+))? -->\n).*?(?P<end><!-- end -->)",
    re.DOTALL,
)


class BlockError(Exception):
    """A document asks for a block that cannot be made; names the document and the block."""


def documents() -> list[Path]:
    """Every Markdown file of the project."""
    found = [*PROJECT.glob("*.md"), *PROJECT.glob("[!.]*/**/*.md")]
    return sorted(path for path in found if path.relative_to(PROJECT).parts[0] not in NO_DOCUMENTS)


def filled(text: str, *, where: str) -> str:
    """The document `text` with every block made anew.

    `where` is the document's name, for the error. Raises `BlockError` where a block is unknown, the
    file that it draws is missing, or a setting that it lists is not finished.
    """

    def fill(block: re.Match[str]) -> str:
        name, argument = block["name"], block["argument"] or ""
        if name not in BLOCKS:
            known = ", ".join(sorted(BLOCKS))
            raise BlockError(f"{where}: there is no block {name!r}; there are: {known}")
        try:
            made = BLOCKS[name](argument)
        except OSError as error:
            raise BlockError(
                f"{where}: the block {name!r} cannot be made: {argument}: {error.strerror}"
            ) from error
        except SettingNotFinished as error:
            raise BlockError(f"{where}: the block {name!r} cannot be made: {error}") from error
        return f"{block['begin']}{made}{block['end']}"

    return _BLOCK.sub(fill, text)


def _drawn(file: str) -> str:
    return f"```mermaid\n{draw(json.loads((PROJECT / file).read_text('utf-8')))}```\n"


BLOCKS: Mapping[str, Callable[[str], str]] = {
    "settings": lambda _: settings_table(),
    "settings of CodingService": lambda _: service_settings_table(),
    "settings of the local cloud": lambda _: changed_settings_table(LOCAL_SETTINGS),
    "drawn": _drawn,
    "rooms": lambda tree: room_picture(read_tree(PROJECT, tree)),
    "room table": lambda tree: room_table(read_tree(PROJECT, tree)),
    "bench": bench_block,
    "files a day": lambda _: quotas_block(),
    "workers": lambda _: f"{Run.kept().setting}\n\n{Run.kept().table()}",
    "files cost": lambda _: price_list.block(),
    "inference cost": lambda _: inference_cost_block(),
    "sentence cost": lambda _: sentence_block(),
    "faults": lambda _: faults_table(),
    "faults that are no rows": lambda _: no_rows_table(),
}
