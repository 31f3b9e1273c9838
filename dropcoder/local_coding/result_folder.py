"""Where results go on this machine: a folder of their own, filled at once, never overwritten."""

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory

from dropcoder.errors import CommandError, UsageError

PACKED = frozenset({".gz", ".zip"})


def checked_folder(
    wanted: Path, *, replace: bool, writes: Iterable[str] = (), reads: Iterable[Path] = ()
) -> Path:
    """The folder, which may be made by `filled`. Raises `UsageError` where something stands there.

    With `replace` a folder may: of its files, those that have the names of new ones are replaced.
    But nothing that the command `reads` may be one of the files that it `writes` there.
    """
    if wanted.exists() and not wanted.is_dir():
        raise UsageError(f"{wanted} is a file.", next_step="Name another folder: -o DIR")
    if not replace and wanted.is_dir() and any(wanted.iterdir()):
        raise UsageError(
            f"{wanted} is not empty, and nothing is overwritten unasked.",
            next_step="Name another folder (-o DIR), or have it filled again: --force",
        )
    there = [each for each in (wanted / name for name in writes) if each.exists()]
    for path in reads:
        if path.exists() and any(each.samefile(path) for each in there):
            raise UsageError(
                f"{from_here(path)} is read, and would be overwritten.",
                next_step="Name another folder: -o DIR",
            )
    return wanted


def name_of(file: str) -> str:
    """What a file is called without what says its format and that it is packed.

    `survey.2026.csv.gz` is `survey.2026`; an ending without a letter first is part of the name.
    """
    path = PurePosixPath(file)
    if path.suffix.lower() in PACKED:
        path = PurePosixPath(path.stem)
    return path.stem if path.suffix[1:2].isalpha() else path.name


def drop_folder(key: str, drop_id: str) -> str:
    """What the folder of a drop's results is called: by its file, and the beginning of its id."""
    return f"{name_of(key.rpartition('/')[2]) or 'drop'}-{drop_id[:8]}"


@contextmanager
def filled(folder: Path, *, at_times: Iterable[str] = ()) -> Iterator[Path]:
    """A folder beside it to write into; its files are in `folder` once all of them are written.

    Of the names that are written `at_times` alone, what an earlier run has left there goes.
    """
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with TemporaryDirectory(dir=folder.parent, prefix=f".{folder.name}-") as begun:
            yield Path(begun)
            folder.mkdir(exist_ok=True)
            for name in at_times:
                (folder / name).unlink(missing_ok=True)
            for each in sorted(Path(begun).iterdir()):
                each.replace(folder / each.name)
    except OSError as error:
        raise CommandError(
            f"{error.filename or folder}: {error.strerror or error}.",
            next_step="Name a folder that can be written to: -o DIR",
        ) from None


def from_here(path: Path) -> str:
    """The path as a person at this working directory would write it."""
    here, absolute = Path.cwd(), path.absolute()
    return os.fspath(absolute.relative_to(here) if absolute.is_relative_to(here) else absolute)
