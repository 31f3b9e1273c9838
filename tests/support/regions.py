"""AWS's regions and the ends of their host names, as botocore knows them."""

from functools import cache
from typing import Any

import botocore.session


@cache
def regions_of_s3() -> tuple[tuple[str, str, str], ...]:
    """Partition, region and DNS suffix of each region that has S3."""
    session = botocore.session.Session()
    loader: Any = session.get_component("data_loader")
    return tuple(
        (partition["partition"], region, partition["dnsSuffix"])
        for partition in loader.load_data("endpoints")["partitions"]
        for region in session.get_available_regions("s3", partition["partition"])
    )
