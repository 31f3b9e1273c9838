"""What the tests of erasing share."""

from collections.abc import Iterator

import pytest

from tests.support.erasure import World, world


@pytest.fixture
def here() -> Iterator[World]:
    with world() as made:
        yield made
