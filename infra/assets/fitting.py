"""Finds files in a built asset that its target cannot load."""

import re
from collections.abc import Iterator
from pathlib import Path

from infra.assets.targets import Target

# ELF header: magic, then e_machine as two little-endian bytes at offset 18 (ELF specification).
ELF_MAGIC = b"\x7fELF"
ELF_MACHINE_AT = 18
ELF_MACHINES = {0xB7: "aarch64", 0x3E: "x86_64"}
# numpy/x.cpython-314-aarch64-linux-gnu.so names the Python that it was compiled for.
EXTENSION = re.compile(r"\.cpython-(?P<python>\d+)[a-z]*-(?P<machine>\w+?)-linux")
WHEEL_TAG = re.compile(r"^Tag: (?P<python>[^-]+)-(?P<abi>[^-]+)-(?P<platform>\S+)$", re.MULTILINE)
FOREIGN_SUFFIXES = frozenset({".pyd", ".dll", ".dylib"})


def misfits(folder: Path, target: Target) -> list[str]:
    """Files that do not fit the target, each with the reason; empty when all fit."""
    found: list[str] = []
    for path in sorted(each for each in folder.rglob("*") if each.is_file()):
        name = path.relative_to(folder).as_posix()
        found += [f"{name}: {reason}" for reason in _reasons(path, target)]
    return found


def _reasons(path: Path, target: Target) -> Iterator[str]:
    if path.suffix in FOREIGN_SUFFIXES:
        yield "made for another operating system"
    machine = _elf_machine(path)
    if machine and machine != target.machine:
        yield f"compiled for {machine}, not {target.machine}"
    if compiled := EXTENSION.search(path.name):
        wanted = target.python.replace(".", "")
        if compiled["python"] != wanted:
            yield f"compiled for Python {compiled['python']}, not {wanted}"
    if path.name == "WHEEL":
        yield from _wheel_reasons(path, target)


def _wheel_reasons(path: Path, target: Target) -> Iterator[str]:
    tags = [match["platform"] for match in WHEEL_TAG.finditer(path.read_text("utf-8"))]
    if target.is_host:
        return  # pip itself chose by this machine's tags
    fitting = {"any", *target.platforms}
    if not any(part in fitting for tag in tags for part in tag.split(".")):
        yield f"a wheel for {', '.join(tags)}, none of which runs on {target.name}"


def _elf_machine(path: Path) -> str | None:
    with path.open("rb") as file:
        head = file.read(ELF_MACHINE_AT + 2)
    if not head.startswith(ELF_MAGIC):
        return None
    code = int.from_bytes(head[ELF_MACHINE_AT : ELF_MACHINE_AT + 2], "little")
    return ELF_MACHINES.get(code, f"machine {code:#x}")
