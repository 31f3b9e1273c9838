"""`python -m infra.assets`: builds the assets that the settings deploy."""

import argparse
import sys
from collections.abc import Sequence

from infra.assets import AssetError, build
from infra.assets.building import CODING_SERVICE, PACKAGES
from infra.settings.command_line import command_context
from infra.settings.settings import Settings, check_names
from infra.settings.types import SettingsError


def main(arguments: Sequence[str]) -> int:
    """Builds what is named, or what the settings deploy.

    Returns the process's exit status: 0, or 1 after a message on standard error.
    """
    parser = argparse.ArgumentParser(prog="python -m infra.assets", description=__doc__)
    parser.add_argument("packages", nargs="*", choices=[*PACKAGES, []], metavar="PACKAGE")
    parser.add_argument(
        "-c",
        "--context",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="a deploy-time setting, as for the cdk command",
    )
    chosen = parser.parse_args(arguments)
    try:
        context = command_context(chosen.context)
        check_names(context)
        settings = Settings.from_context(context.get)
        for package in chosen.packages or _deployed(settings):
            build(package, settings, say=_say)
    except (AssetError, SettingsError) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def _deployed(settings: Settings) -> list[str]:
    return [each for each in PACKAGES if each != CODING_SERVICE or settings.coding_service]


def _say(line: str) -> None:
    # Standard error: standard output belongs to the template that `cdk synth` prints.
    print(f"assets: {line}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
