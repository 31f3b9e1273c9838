"""Trees that tests make up."""

from collections.abc import Mapping
from pathlib import Path

from docs.imports import Tree, read_tree


def made_up(project: Path, files: Mapping[str, str], tree: str = "lambdas/app") -> Tree:
    """Writes the files, by their places in the tree, below the folder `project` and reads them."""
    for place, text in files.items():
        path = project / tree / place
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
    return read_tree(project, tree)
