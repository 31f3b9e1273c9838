"""Builds what the functions run from: `build/assets/<package>`, without Docker.

    python -m infra.assets [-c name=value …]

An asset is a folder with the handlers' package, `protocol`, and pinned dependencies as wheels
for the target: Python 3.14 on the chosen processor for AWS, this machine for the local cloud.
It is built again only when something that goes into it has changed. The package registry is
used here and nowhere else on the way from sources to a deployed stack.
"""

from infra.assets.building import build
from infra.assets.errors import AssetError
from infra.assets.fitting import misfits
from infra.assets.targets import Target, target_of

__all__ = ["AssetError", "Target", "build", "misfits", "target_of"]
