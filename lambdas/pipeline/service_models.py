"""Where botocore finds its descriptions of AWS's services, without looking through all of them."""

from pathlib import Path

import botocore.session
from botocore.loaders import Loader


class ListedByName(Loader):
    """Takes every folder of botocore's for a service.

    botocore itself looks into each of 400 folders before it reads the one that is wanted, and
    again for each kind of file: a tenth of a cold start (`make bench-starts`). That a file is
    not there it then says in other words, which nothing here relies on.
    """

    def list_available_services(self, type_name: str) -> list[str]:  # noqa: ARG002  botocore's
        places = [path for path in map(Path, self.search_paths) if path.is_dir()]
        return sorted({each.name for path in places for each in path.iterdir()})


def session() -> botocore.session.Session:
    """botocore's, with such a loader."""
    made = botocore.session.Session()
    made.register_component("data_loader", ListedByName())
    return made
