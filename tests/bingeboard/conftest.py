"""The door's fixtures."""

from tests.door import ada, ada_token, bob, bob_token, catalogue, door, world
from tests.outside import provider

__all__ = ["ada", "ada_token", "bob", "bob_token", "catalogue", "door", "provider", "world"]
