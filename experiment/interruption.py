"""Interruption: Ctrl-C at a moment that does no harm.

Everywhere else Python's own handler raises KeyboardInterrupt, as often as Ctrl-C comes: where
Python has to swallow one, as in a __del__, the next is heard.

Before it: dataset.py. After it: extraction.py. Chapter 13.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any


@contextmanager
def undisturbed() -> Iterator[None]:
    """A Ctrl-C within the block is ignored: what puts things in order after an error or a first
    Ctrl-C, and must be short, is not left half done by a second."""
    with _handler(signal.SIG_IGN):
        yield


@contextmanager
def postponed() -> Iterator[None]:
    """A Ctrl-C within the block, which must be short, takes effect at its end."""
    came: list[int] = []
    try:
        with _handler(lambda number, frame: came.append(number)):
            yield
    finally:
        if came:
            signal.raise_signal(signal.SIGINT)


@contextmanager
def _handler(
    handler: Callable[[int, FrameType | None], Any] | signal.Handlers,
) -> Iterator[None]:
    """handler takes SIGINT for as long as the block lasts: where it can (only the main thread hears
    of signals) and may (a program that was started to ignore it goes on to do so)."""
    previous = signal.getsignal(signal.SIGINT)
    if threading.current_thread() is not threading.main_thread() or previous is signal.SIG_IGN:
        yield
        return
    signal.signal(signal.SIGINT, handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, previous)
