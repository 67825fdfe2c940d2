"""What a signal to end does, at every moment of a command.

* While an event loop runs a command's work (:func:`running`), that work is cancelled, so that it
  comes to its end in order: its unit is left safe and its trace is completed. So does a second
  signal; a third one breaks it off.
* In the middle of an import, or of a loop's beginning or end, it is sent again a moment later: an
  exception there turns up as another one, or is lost.
* Where the command is over and the process only has to end, it changes nothing: there is an exit
  code already.
* While a command's end must not be broken off (:meth:`Interruptions.finishing`: a supply that feeds
  a unit is being left in a safe state), it changes nothing: it ends anyway.
* At any other moment it is a ``KeyboardInterrupt`` at once, as Ctrl-C is in every Python program.

SIGTERM, a terminal that is closed (SIGHUP) and Ctrl-Break on Windows are taken as Ctrl-C is; what
was ignored when the program was started (``nohup``, a shell's ``&``) stays ignored. Nothing heavy
is imported here: the program takes its signals before it imports anything else.
"""

from __future__ import annotations

import _thread
import atexit
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Final

ENDING: Final = ("SIGINT", "SIGTERM", "SIGHUP", "SIGBREAK")
"""Signals that end a command; SIGHUP is not on Windows, and SIGBREAK only there."""
IMPORTING: Final = "<frozen importlib._bootstrap>"
"""The code that stands under everything that runs because of an import."""
AGAIN_S: Final = 0.02
PATIENCE_S: Final = 5.0
"""How long a signal is put off, seconds; ours: longer than any import, and than a loop's end."""
FINISHING_S: Final = 30.0
"""How long a safe end is waited for, seconds; ours: a dozen answers that an instrument owes."""
CANCELLED_BY: Final = 2
"""So many signals cancel the work; more break it off."""


class Interruptions:
    """Answers the signals to end.

    Attributes:
        cancelled: How many signals have cancelled the work that runs or ran last.
    """

    def __init__(self) -> None:
        self.cancelled = 0
        self._cancel: Callable[[], object] | None = None
        self._is_held = False
        self._comes_again = False
        self._put_off_s: float | None = None
        self._over_s: float | None = None
        self._finishing_since_s: float | None = None

    def take(self) -> None:
        """Answer all signals to end from now on, but those that are ignored."""
        # What is registered first is called last: the interpreter's own end has no handlers.
        atexit.register(self._set, signal.SIG_IGN)
        self._set(self.handle)

    @staticmethod
    def _set(handler: Callable[[int, FrameType | None], None] | signal.Handlers) -> None:
        for name in ENDING:
            number = getattr(signal, name, None)
            if number is not None and signal.getsignal(number) is not signal.SIG_IGN:
                signal.signal(number, handler)

    def over(self) -> None:
        """The command has its end; a process that does not come to its own is ended."""
        self._over_s = time.monotonic()

    def handle(self, number: int, frame: FrameType | None) -> None:
        """A signal came.

        Raises:
            KeyboardInterrupt: Nothing speaks against it at this moment.
        """
        since_s = self._finishing_since_s
        if since_s is not None and time.monotonic() - since_s < FINISHING_S:
            return
        if self._over_s is not None:
            if time.monotonic() - self._over_s >= PATIENCE_S:
                signal.signal(number, signal.SIG_DFL)
                signal.raise_signal(number)
            return
        if self._cancel is not None:
            if self.cancelled < CANCELLED_BY:
                self.cancelled += 1
                self._cancel()
                return
        elif (self._is_held or _is_importing(frame)) and self._may_wait():
            self._send_again(number)
            return
        raise KeyboardInterrupt

    def _may_wait(self) -> bool:
        now_s = time.monotonic()
        if self._put_off_s is None:
            self._put_off_s = now_s
        return now_s - self._put_off_s < PATIENCE_S

    def _send_again(self, number: int) -> None:
        """Have the signal come again a moment later; several that are put off come as one."""
        if self._comes_again:
            return
        self._comes_again = True
        main_thread = _thread.get_ident()

        def send() -> None:
            time.sleep(AGAIN_S)
            self._comes_again = False
            if hasattr(signal, "pthread_kill"):  # it wakes whatever the thread waits for
                signal.pthread_kill(main_thread, number)
            else:
                signal.raise_signal(number)

        # Not a threading.Thread: a handler must not wait for locks, which its own thread may hold.
        _thread.start_new_thread(send, ())

    @contextmanager
    def finishing(self) -> Iterator[None]:
        """A block that a signal does not break off; it stands where a command ends anyway."""
        self._finishing_since_s = time.monotonic()
        try:
            yield
        finally:
            self._finishing_since_s = None

    @contextmanager
    def held(self) -> Iterator[None]:
        """A block in which a signal waits for :meth:`cancelling`, or for the end of the block."""
        self._is_held, self.cancelled, self._put_off_s = True, 0, None
        try:
            yield
        finally:
            self._is_held = False

    @contextmanager
    def cancelling(self, cancel: Callable[[], object]) -> Iterator[None]:
        """A block in which a signal calls ``cancel``."""
        self._cancel = cancel
        try:
            yield
        finally:
            self._cancel, self._put_off_s = None, None


def _is_importing(frame: FrameType | None) -> bool:
    while frame is not None and frame.f_code.co_filename != IMPORTING:
        frame = frame.f_back
    return frame is not None


interruptions: Final = Interruptions()
"""Of this process."""
