"""Interruption: Ctrl-C at a moment that does no harm.

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
def interrupted_once() -> Iterator[None]:
    """Within the block the first Ctrl-C raises KeyboardInterrupt and the others are ignored: what
    the first one leaves to be put in order is not left half done by a second."""

    def once(number: int, frame: FrameType | None) -> None:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        raise KeyboardInterrupt

    with _handler(once):
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
def _handler(handler: Callable[[int, FrameType | None], Any]) -> Iterator[None]:
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
