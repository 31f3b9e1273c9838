"""What machine an asset is built for."""

import platform
import sys
from dataclasses import dataclass

from infra.settings.settings import Settings

# The runtime `python3.14` (infra/constructs/functions.py) runs on Amazon Linux 2023, whose glibc
# is 2.34 (AWS Lambda developer guide, "Lambda runtimes"). Wheels for older glibc run there too.
LAMBDA_PYTHON = "3.14"
LAMBDA_GLIBC_MINOR = 34
# The oldest glibc that wheels of each processor name (PEP 600).
OLDEST_GLIBC_MINOR = {"aarch64": 17, "x86_64": 5}
# Names from before PEP 600 that still stand in wheels' tags.
LEGACY_PLATFORMS = {
    "aarch64": ("manylinux2014_aarch64",),
    "x86_64": ("manylinux2014_x86_64", "manylinux2010_x86_64", "manylinux1_x86_64"),
}
# How the settings and AWS call a processor, and how Linux does.
MACHINES = {"arm64": "aarch64", "x86_64": "x86_64"}


@dataclass(frozen=True)
class Target:
    """A machine that functions run on."""

    name: str
    """The name for people, for example `AWS Lambda arm64, Python 3.14`."""
    machine: str
    """`aarch64` or `x86_64`, as ELF files and wheels say it."""
    python: str
    """Python's version, `3.14`."""
    is_host: bool
    """Whether it is this very machine, as the local cloud runs functions."""

    @property
    def pip_options(self) -> tuple[str, ...]:
        """What makes pip choose wheels for this target; nothing for this machine."""
        if self.is_host:
            return ()
        options = ["--python-version", self.python, "--implementation", "cp"]
        for tag in self.platforms:
            options += ["--platform", tag]
        return tuple(options)

    @property
    def platforms(self) -> tuple[str, ...]:
        """Every platform tag that runs there, newest glibc first."""
        oldest = OLDEST_GLIBC_MINOR[self.machine]
        return (
            *(
                f"manylinux_2_{minor}_{self.machine}"
                for minor in range(LAMBDA_GLIBC_MINOR, oldest - 1, -1)
            ),
            *LEGACY_PLATFORMS[self.machine],
        )


def target_of(settings: Settings) -> Target:
    """The machine that the settings deploy to."""
    if settings.local_cloud:
        python = f"{sys.version_info.major}.{sys.version_info.minor}"
        machine = platform.machine()
        return Target(f"this machine, Python {python}", machine, python, is_host=True)
    return Target(
        name=f"AWS Lambda {settings.architecture}, Python {LAMBDA_PYTHON}",
        machine=MACHINES[settings.architecture],
        python=LAMBDA_PYTHON,
        is_host=False,
    )
