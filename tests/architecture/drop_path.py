"""This program lists the modules of Pipeline that a drop's id passes, from receive to finish.

It runs the test of a whole journey of one drop and watches every call of a function below
`lambdas/pipeline`. A module is passed where one of its functions is called with the id, or returns
or yields it. The id counts as given where an argument (`self` among them) is a text or bytes that
hold it, such as a key of the results bucket, or where it lies in fields, items or keys at most
`LEVELS` deep in dataclasses, mappings, sequences and objects of Pipeline. What the id is shows the
key under which the journey writes the manifest: `<key>/<drop id>/manifest.json`.

    python tests/architecture/drop_path.py [--project DIR] [--test FILE] [--name NAME]

A path and not a module's name starts it: another checkout's tests must not meet this one's.
"""

import argparse
import dataclasses
import os
import sys
import threading
from collections import defaultdict
from collections.abc import Generator, Iterable, Iterator, Mapping, Set
from inspect import CO_VARARGS, CO_VARKEYWORDS
from pathlib import Path
from types import CodeType, FrameType
from typing import Any

import pytest

JOURNEY = "should_bring_the_coded_file_back"  # how the name of the test of a plain journey begins
PIPELINE = Path("lambdas") / "pipeline"
MANIFEST = "/manifest.json"
LEVELS = 5  # more find no more modules: three do as well


class Watch:
    """The watch keeps the texts that each module of one folder is given or gives back."""

    def __init__(self, folder: Path) -> None:
        self._folder = f"{folder}{os.sep}"
        self.texts: dict[str, set[str]] = defaultdict(set)
        """A module, by its place in the folder, was given or gave back these."""
        self.manifests: set[str] = set()
        """The journey wrote manifests under these keys."""

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_call(self) -> Generator[None, object, object]:
        """pytest runs the test's own function here; moto runs executions in threads of its own."""
        threading.setprofile(self._seen)
        sys.setprofile(self._seen)
        try:
            return (yield)
        finally:
            sys.setprofile(None)
            threading.setprofile(None)

    def _seen(self, frame: FrameType, event: str, result: Any) -> None:
        code = frame.f_code
        if event == "call" and code.co_name == "_make_api_call":  # botocore's, for every AWS call
            parameters = frame.f_locals.get("api_params")
            key = parameters.get("Key", "") if isinstance(parameters, dict) else ""
            if str(key).endswith(MANIFEST):
                self.manifests.add(key)
        if event not in ("call", "return") or not code.co_filename.startswith(self._folder):
            return
        given = _arguments(code, frame.f_locals) if event == "call" else [result]
        module = code.co_filename.removeprefix(self._folder)
        for each in given:
            self.texts[module].update(_texts(each, LEVELS))

    def passed_by(self, text: str) -> list[str]:
        """The modules that a text passed, by their places."""
        return sorted(
            module for module, texts in self.texts.items() if any(text in each for each in texts)
        )


def _arguments(code: CodeType, found: Mapping[str, Any]) -> list[Any]:
    count = code.co_argcount + code.co_kwonlyargcount
    count += bool(code.co_flags & CO_VARARGS) + bool(code.co_flags & CO_VARKEYWORDS)
    return [found[name] for name in code.co_varnames[:count] if name in found]


def _texts(value: Any, levels: int) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, bytes | bytearray):
        yield value.decode("latin-1")
    elif levels:
        for each in _inside(value):
            yield from _texts(each, levels - 1)


def _inside(value: Any) -> Iterable[Any]:
    if isinstance(value, Mapping):
        return [*value.keys(), *value.values()]
    if isinstance(value, list | tuple | Set):
        return list(value)
    if isinstance(value, type):
        return ()
    if dataclasses.is_dataclass(value):
        # A field may still be unset while `__init__` runs.
        return [getattr(value, each.name, None) for each in dataclasses.fields(value)]
    is_of_pipeline = type(value).__module__.split(".")[0] == PIPELINE.name
    return list(getattr(value, "__dict__", {}).values()) if is_of_pipeline else ()


def watched(test: Path, name: str) -> Watch:
    """The watch has followed the tests of a file whose names hold `name`, in the folder at hand.

    Raises `SystemExit` where they failed, or there are none.
    """
    watch = Watch(Path.cwd() / PIPELINE)
    answer = pytest.main(["-q", "-p", "no:cacheprovider", str(test), "-k", name], plugins=[watch])
    if answer != pytest.ExitCode.OK:
        raise SystemExit(f"the journey did not end well: {test}, {name}")
    return watch


def main() -> None:
    """The program prints the modules, one a line, and how many they are."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--project", type=Path, default=Path(), help="folder of the checkout")
    parser.add_argument("--test", type=Path, help="file of the journey; found by its name if unset")
    parser.add_argument("--name", default=JOURNEY, help="part of the test's name")
    asked = parser.parse_args()
    os.chdir(asked.project)
    test = asked.test or next(Path("tests", PIPELINE.name).rglob("test_journey.py"), None)
    if test is None:
        parser.error("there is no test_journey.py below tests/pipeline; name the file with --test")
    watch = watched(test, asked.name)
    if len(watch.manifests) != 1:
        raise SystemExit(f"one drop was expected to end with a manifest: {watch.manifests}")
    (key,) = watch.manifests
    passed = watch.passed_by(key.removesuffix(MANIFEST).rpartition("/")[2])
    print("\n".join(passed))
    print(f"{len(passed)} modules of the {len(watch.texts)} that ran")


if __name__ == "__main__":
    main()
