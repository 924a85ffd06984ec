"""What is loaded stays out of the collector's way; what is garbage by then does not stay with it."""

from __future__ import annotations

import gc
import weakref

from nanochat_engine.process.garbage import keep_what_is_loaded


class Node:
    def __init__(self) -> None:
        self.own = self


def test_only_what_is_made_after_loading_is_walked_by_collections() -> None:
    gc.disable()
    dead = weakref.ref(Node())
    loaded = Node()
    try:
        keep_what_is_loaded()
        later = Node()
        walked = {id(each) for each in gc.get_objects()}
    finally:
        gc.unfreeze()
        gc.enable()
    assert dead() is None
    assert id(later) in walked
    assert id(loaded) not in walked
