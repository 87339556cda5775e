"""An answer worked out once, when it is first asked for."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Generic, TypeVar

Answer = TypeVar("Answer")


class once(Generic[Answer]):
    """Like functools.cached_property, which before Python 3.12 takes a lock for every answer."""

    def __init__(self, work: Callable[[Any], Answer]) -> None:
        self._work = work
        self.__doc__ = work.__doc__

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = name

    def __get__(self, instance: Any, owner: type | None = None) -> Answer:
        answer = instance.__dict__[self._name] = self._work(instance)
        return answer
