"""One house for all tests of faults: each leaves it well."""

from collections.abc import Iterator

import pytest

from tests.benchmarks.harness import House
from tests.benchmarks.harness import house as running_house


@pytest.fixture(scope="session")
def shared_house() -> Iterator[House]:
    """A house with web, worker and beat, and twelve viewers."""
    with running_house(n_viewers=12) as built:
        yield built


@pytest.fixture
def house(shared_house: House) -> House:
    """The house, ready."""
    shared_house.run_until_ready()
    return shared_house


@pytest.fixture
def newcomers(house: House) -> tuple[str, str]:
    """Two viewers of whom nothing is known."""
    ids = house.sql(
        "INSERT INTO users (id, username) SELECT v, v FROM (SELECT 'new-' || gen_random_uuid() AS v"
        " FROM generate_series(1, 2)) AS made RETURNING id"
    )
    return ids[0][0], ids[1][0]
