"""A topic's dictionary on this machine: a folder with a file for each of its versions."""

from collections.abc import Sequence
from pathlib import Path

from coding_service.coder.model import TrainedModel
from dropcoder.errors import FileRejected, UsageError
from tables.dictionary.dictionary import Dictionary
from tables.dictionary.dictionary_file import (
    dictionary_bytes,
    name_of,
    newest,
    read_dictionary,
)
from tables.dictionary.learn import Learned, learned
from tables.errors import TableRefused
from tables.review.reviewed_file import read_reviewed


def dictionary_for(path: Path, model: TrainedModel) -> Dictionary:
    """The dictionary in a file, or the newest in a folder, to code with a model.

    Raises `UsageError` where there is none, or it has codes that the model's topic lacks, and
    `FileRejected` where it is damaged.
    """
    file = _newest_in(path) if path.is_dir() else path
    if file is None or not file.is_file():
        raise UsageError(
            f"There is no dictionary in {path}.",
            next_step=f"Name a folder with a {name_of(1)}, as `dropcoder dictionary` writes it.",
        )
    found = _read(file)
    codes = model.hierarchy.codes
    strange = next((e.code for e in found.entries.values() if e.code and e.code not in codes), None)
    if strange is not None:
        raise UsageError(
            f"{file} has the code {strange}, which {model.card.topic} lacks.",
            next_step="Name the dictionary of the topic that FILE is coded to.",
        )
    return found


def learn_into(folder: Path, reviewed: Sequence[Path]) -> tuple[Path | None, Learned]:
    """Writes the next version of the dictionary in a folder, which may be new; see `learned`.

    The file of the newest version, None where there is none even now, as nothing was decided.
    Raises `FileRejected` where a file is none that a review page exports.
    """
    if folder.exists() and not folder.is_dir():
        raise UsageError(f"{folder} is a file.", next_step="Name a folder for the dictionary.")
    before = _newest_in(folder)
    try:
        files = [read_reviewed(path.read_bytes(), path.name) for path in reviewed]
        known = Dictionary(0, {}) if before is None else _read(before)
        found = learned(known, files)
        if found.dictionary.version == known.version:
            return before, found
        content = dictionary_bytes(found.dictionary)
    except TableRefused as refused:
        raise FileRejected(refused.reason, next_step=refused.next_step) from None
    path = folder / name_of(found.dictionary.version)
    folder.mkdir(parents=True, exist_ok=True)
    _write_once(path, content)
    return path, found


def _newest_in(folder: Path) -> Path | None:
    name = newest(each.name for each in folder.iterdir()) if folder.is_dir() else None
    return None if name is None else folder / name


def _read(file: Path) -> Dictionary:
    try:
        return read_dictionary(file.read_bytes(), file.name)
    except TableRefused as refused:
        raise FileRejected(refused.reason, next_step=refused.next_step) from None


def _write_once(path: Path, content: bytes) -> None:
    """A version never changes: where another command has written it meanwhile, this one fails."""
    try:
        with path.open("xb") as out:
            try:
                out.write(content)
            except BaseException:
                path.unlink()
                raise
    except FileExistsError:
        raise UsageError(
            f"{path} was written meanwhile.", next_step="Run the command again."
        ) from None
