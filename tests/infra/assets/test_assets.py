"""How assets are put together, without the package registry."""

import importlib.util
import os
import stat
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from infra.assets import AssetError, Target, build, misfits, target_of
from infra.assets.__main__ import main
from infra.assets.bytecode import compile_beforehand, compiler_for
from infra.assets.dependencies import pinned, tidy
from infra.assets.models import ensure_models
from infra.assets.sources import source_files
from infra.settings.settings import Settings

ARM = target_of(Settings(architecture="arm64"))
X86 = target_of(Settings(architecture="x86_64"))
LOCAL = "https://localhost:4566"
# An ELF header as far as the machine: magic, padding, type, machine (ELF specification).
ELF = {
    "aarch64": b"\x7fELF" + bytes(14) + b"\xb7\x00",
    "x86_64": b"\x7fELF" + bytes(14) + b"\x3e\x00",
}


def wheel(folder: Path, tag: str) -> None:
    """Leaves what pip leaves of a wheel's tags."""
    path = folder / "thing-1.dist-info" / "WHEEL"
    path.parent.mkdir()
    path.write_text(f"Wheel-Version: 1.0\nTag: {tag}\n")


def nobody(line: str) -> None:
    """Listens to no progress."""


class Registry:
    """Stands for pip: puts one file in and counts."""

    def __init__(self, content: bytes = b"") -> None:
        self.installs = 0
        self.content = content
        self.requirements = ""

    def __call__(self, requirements: str, folder: Path, target: Target) -> None:
        self.installs += 1
        self.requirements = requirements
        folder.mkdir(parents=True)
        (folder / "dependency.so").write_bytes(self.content)


def should_ask_for_wheels_of_the_runtime_and_of_every_older_glibc() -> None:
    assert ARM.platforms[0] == "manylinux_2_34_aarch64"
    assert "manylinux2014_aarch64" in ARM.platforms
    assert "manylinux_2_35_aarch64" not in ARM.platforms
    assert "manylinux1_x86_64" in X86.platforms
    assert ARM.pip_options[:4] == ("--python-version", "3.14", "--implementation", "cp")


def should_leave_the_choice_of_wheels_to_pip_for_this_machine() -> None:
    target = target_of(Settings(local_cloud=LOCAL))
    assert target.is_host
    assert target.pip_options == ()


def should_leave_out_what_the_runtime_provides_with_its_hashes() -> None:
    pins = {name: f"{name}==1 \\\n    --hash=sha256:{name}\n" for name in ("a", "botocore", "c")}
    assert pinned("".join(pins.values())) == pins["a"] + pins["c"]


def should_leave_nothing_that_names_this_machine(tmp_path: Path) -> None:
    for name in (
        *("bin/tool", "pkg/__pycache__/pkg.cpython-311.pyc", "pkg/__init__.py"),
        *("pkg-1.dist-info/RECORD", "pkg-1.dist-info/INSTALLER", "pkg-1.dist-info/METADATA"),
        *("pkg-1.dist-info/WHEEL", "pkg-1.dist-info/licenses/LICENSE"),
    ):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    tidy(tmp_path)
    left = {path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*") if path.is_file()}
    assert left == {
        *("pkg/__init__.py", "pkg-1.dist-info/METADATA", "pkg-1.dist-info/WHEEL"),
        "pkg-1.dist-info/licenses/LICENSE",
    }


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("lib.so", ELF["x86_64"], "compiled for x86_64, not aarch64"),
        ("lib.cpython-311-aarch64-linux-gnu.so", ELF["aarch64"], "Python 311, not 314"),
        ("lib.dylib", b"", "another operating system"),
    ],
)
def should_name_a_file_that_the_target_cannot_load(
    tmp_path: Path, name: str, content: bytes, reason: str
) -> None:
    (tmp_path / name).write_bytes(content)
    (found,) = misfits(tmp_path, ARM)
    assert name in found
    assert reason in found


@pytest.mark.parametrize("tag", ["cp314-cp314-manylinux_2_39_aarch64", "cp314-cp314-win_amd64"])
def should_name_a_wheel_that_the_target_cannot_load(tmp_path: Path, tag: str) -> None:
    wheel(tmp_path, tag)
    (found,) = misfits(tmp_path, ARM)
    assert tag.rsplit("-", 1)[1] in found


@pytest.mark.parametrize(
    "tag", ["py3-none-any", "cp314-abi3-manylinux_2_17_aarch64.manylinux2014_aarch64"]
)
def should_accept_what_the_target_can_load(tmp_path: Path, tag: str) -> None:
    wheel(tmp_path, tag)
    (tmp_path / "lib.cpython-314-aarch64-linux-gnu.so").write_bytes(ELF["aarch64"])
    (tmp_path / "lib.abi3.so").write_bytes(ELF["aarch64"])
    (tmp_path / "script.py").write_text("pass")
    assert misfits(tmp_path, ARM) == []


def should_build_again_only_when_something_that_goes_in_has_changed(tmp_path: Path) -> None:
    registry, said = Registry(), list[str]()
    for settings in (
        Settings(assets=str(tmp_path)),
        Settings(assets=str(tmp_path)),
        Settings(assets=str(tmp_path), architecture="x86_64"),
    ):
        folder = build("pipeline", settings, say=said.append, installer=registry)
    assert registry.installs == 2
    assert sum("up to date" in line for line in said) == 1
    assert (folder / "protocol" / "statuses.py").is_file()
    assert (folder / "pipeline" / "__init__.py").is_file()
    assert not (folder / "bootstrap").exists()
    assert "botocore==" not in registry.requirements


def should_hold_bytecode_that_needs_no_source_when_a_fitting_python_builds_it(
    tmp_path: Path,
) -> None:
    folder = build(
        "pipeline",
        Settings(assets=str(tmp_path), local_cloud=LOCAL),
        say=nobody,
        installer=Registry(),
    )
    source = folder / "protocol" / "statuses.py"
    compiled = Path(importlib.util.cache_from_source(str(source)))
    assert compiled.is_file()
    source.write_text("raise AssertionError('compiled again')")
    done = subprocess.run(
        [sys.executable, "-c", "import protocol.statuses as it; print(it.__spec__.cached)"],
        env={"PYTHONPATH": str(folder)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout.strip() == str(compiled), done.stderr


def should_do_without_bytecode_when_no_python_fits() -> None:
    assert compiler_for(replace(ARM, python="2.0")) is None


def should_say_which_module_is_wrong_when_one_does_not_compile(tmp_path: Path) -> None:
    (tmp_path / "broken.py").write_text("def")
    with pytest.raises(AssetError, match=r"broken\.py"):
        compile_beforehand(tmp_path, python=sys.executable)


def should_build_again_when_a_build_was_cut_short(tmp_path: Path) -> None:
    settings, registry = Settings(assets=str(tmp_path)), Registry()
    build("pipeline", settings, say=nobody, installer=registry)
    (tmp_path / "pipeline.inputs").unlink()
    build("pipeline", settings, say=nobody, installer=registry)
    assert registry.installs == 2


def should_keep_the_last_asset_when_a_file_does_not_fit(tmp_path: Path) -> None:
    settings = Settings(assets=str(tmp_path))
    build("pipeline", settings, say=nobody, installer=Registry(ELF["aarch64"]))
    x86 = Settings(assets=str(tmp_path), architecture="x86_64")
    with pytest.raises(AssetError, match=r"dependency\.so"):
        build("pipeline", x86, say=nobody, installer=Registry(ELF["aarch64"]))
    assert (tmp_path / "pipeline" / "dependency.so").read_bytes() == ELF["aarch64"]


def should_run_handlers_by_the_runtime_client_in_the_local_cloud(tmp_path: Path) -> None:
    settings = Settings(assets=str(tmp_path), local_cloud=LOCAL)
    python = Path("/opt/lambda/bin/python")
    folder = build("pipeline", settings, say=nobody, python=python, installer=Registry())
    bootstrap = folder / "bootstrap"
    assert bootstrap.stat().st_mode & stat.S_IXUSR
    assert f'python="{python}"' in bootstrap.read_text()
    assert 'exec "$python" -m awslambdaric "$_HANDLER"' in bootstrap.read_text()


def should_leave_training_out_of_the_functions() -> None:
    places = {place for place, _ in source_files("coding_service")}
    assert "coding_service/coder/model.py" in places
    assert {place.partition("/")[0] for place in places} == {"coding_service", "protocol", "shared"}


def should_not_train_when_models_are_newer_than_their_topic(tmp_path: Path) -> None:
    topic, model = tmp_path / "topics" / "t", tmp_path / "models" / "t" / "id"
    for folder, name in ((topic, "topic.yaml"), (model, "card.json")):
        folder.mkdir(parents=True)
        (folder / name).touch()
    os.utime(topic / "topic.yaml", (1, 1))
    said: list[str] = []
    ensure_models(tmp_path / "models", said.append, topics=tmp_path / "topics")
    assert said == []


def should_show_why_training_failed(tmp_path: Path) -> None:
    (tmp_path / "topics" / "t").mkdir(parents=True)
    (tmp_path / "topics" / "t" / "topic.yaml").write_text("nonsense: [")
    with pytest.raises(AssetError, match="make train"):
        ensure_models(tmp_path / "models", nobody, topics=tmp_path / "topics")


def should_say_so_when_there_is_no_topic(tmp_path: Path) -> None:
    with pytest.raises(AssetError, match=r"topic\.yaml"):
        ensure_models(tmp_path / "models", nobody, topics=tmp_path)


def should_end_with_a_message_and_status_1_when_a_setting_is_unusable(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["-c", "architecture=sparc"]) == 1
    assert "arm64 or x86_64" in capsys.readouterr().err
