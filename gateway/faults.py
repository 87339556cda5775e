"""Errors of our own, told without their text: a text may quote the message that brought them about (promise 3)."""

from __future__ import annotations

from collections.abc import Mapping

_FRAMES = 6
"""The innermost frames: enough to find the line, few enough to read."""


def told(error: BaseException) -> str:
    """The kind of an error and the lines it came from, innermost last: `KeyError at gateway.smtp.relay:42 > …`."""
    places = []
    trace = error.__traceback__
    while trace is not None:
        places.append(f"{trace.tb_frame.f_globals.get('__name__', '?')}:{trace.tb_lineno}")
        trace = trace.tb_next
    cause = error.__cause__ or error.__context__
    origin = f", from {told(cause)}" if cause is not None else ""
    return f"{type(error).__name__} at {' > '.join(places[-_FRAMES:]) or 'an unknown place'}{origin}"


def told_of_loop(context: Mapping[str, object]) -> str:
    """The same for what an event loop reports: its words about the callback hold reprs, so only the error is told."""
    error = context.get("exception")
    return told(error) if isinstance(error, BaseException) else str(context.get("message", "no error named"))
