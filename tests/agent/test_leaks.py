"""What nobody holds any more is freed at once: what only the collector of cycles finds, a freeze may keep for good."""

import gc
import weakref
from collections.abc import Iterator

import pytest

from agent.figures.book import Book, Shelf
from agent.figures.topology import Topology
from agent.stores.base import Record
from agent.stores.registering import STARTS, RegisterRow


class Registers:
    """A store whose registers change when a test says so."""

    state = 0

    def register_state(self) -> int:
        return self.state

    def register_rows(self, register: str) -> list[RegisterRow]:
        row = RegisterRow(register, "S-1", 1, None, None, {"name": "x", "owner_level": "county"}, 0, "test")
        return [row] if register == "sites" else []

    def records(self, kind: str | None = None) -> list[Record]:
        return []


@pytest.fixture(autouse=True)
def _no_collector() -> Iterator[None]:
    gc.disable()
    yield
    gc.enable()


@pytest.mark.parametrize("asks_late", [False, True])
def test_a_book_that_another_replaces_goes_with_the_topology_that_was_made_of_it(*, asks_late: bool) -> None:
    registers, shelf = Registers(), Shelf()

    def made(book: Book) -> Topology:
        return book.keep(1, lambda: Topology(book, ()))

    old = shelf.book(registers)
    topology = made(old)
    assert made(old) is topology, "kept while it is the book"
    registers.state += STARTS
    assert shelf.book(registers) is not old
    if asks_late:  # a question that began before goes on with the old one
        topology = made(old)
    gone = weakref.ref(topology), weakref.ref(old)
    del old, topology
    assert [each() for each in gone] == [None, None]
