"""The other side of the sandbox: a small clean process that forks readers, and the readers.

Impure, as sandbox.py, its other side, says why. The *nursery* is started once with an empty environment; it
loads every parser, gives up its privileges and the network, and forks a reader when asked. A reader takes documents
from one socket, bounded by rlimits, and is killed from outside through its pidfd whenever it is late. Nothing but JSON
and the bytes of pictures goes back, so a parser that is taken over can lie about its own document and nothing else.
"""

from __future__ import annotations

import codecs
import contextlib
import ctypes
import encodings.aliases
import gc
import json
import os
import re
import resource
import signal
import socket
import struct
import sys
from dataclasses import asdict
from typing import Any

from gateway.extract import archive, seccomp
from gateway.extract.budget import Budget
from gateway.extract.formats import FORMATS
from gateway.extract.walk import Risky, Walk
from gateway.mail.fragment import Fragment, Reason, Unreadable
from gateway.mail.place import Place, Step

_HEAD = struct.Struct("<II")
_CELL_NAME = re.compile(r"(?:[0-9]{1,5}\.)?[A-Z]{1,4}[0-9]{1,7}")
_PR_SET_PDEATHSIG, _PR_SET_DUMPABLE, _PR_SET_NO_NEW_PRIVS = 1, 4, 38
_CLONE_NEWUSER, _CLONE_NEWIPC, _CLONE_NEWNET = 0x10000000, 0x08000000, 0x40000000
_NOBODY = 65534
_LARGEST = 320 * 1024 * 1024
_SENT_AT_ONCE, _RECEIVED_AT_ONCE = 128 * 1024, 1 << 20
_libc = ctypes.CDLL(None, use_errno=True)


class Gone(Exception):
    """The other side has closed the line."""


# The line: a head with two lengths, a JSON text, and bytes.


def send(line: socket.socket, words: object, *blobs: bytes) -> None:
    """One frame: what is said as JSON, and the bytes it speaks of."""
    text = json.dumps(words, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "surrogatepass")
    size = sum(map(len, blobs))
    head = _HEAD.pack(len(text), size) + text
    if size <= _SENT_AT_ONCE:
        line.sendall(b"".join((head, *blobs)))
        return
    line.sendall(head)
    for blob in blobs:
        line.sendall(blob)


def receive(line: socket.socket) -> tuple[Any, bytes]:
    """One frame; Gone when the line ends before it is whole."""
    text_length, blob_length = _HEAD.unpack(_exactly(line, _HEAD.size))
    if text_length > _LARGEST or blob_length > _LARGEST:
        raise ValueError
    text = _exactly(line, text_length)
    return json.loads(text.decode("utf-8", "surrogatepass")), _exactly(line, blob_length)


def _exactly(line: socket.socket, size: int) -> bytes:
    """So many bytes. Most often they come whole, and then they are not copied again."""
    if not size:
        return b""
    got = line.recv(size, socket.MSG_WAITALL)
    pieces, left = [got], size - len(got)
    while left:
        if not got:
            raise Gone
        got = line.recv(min(left, _RECEIVED_AT_ONCE))
        pieces.append(got)
        left -= len(got)
    return pieces[0] if len(pieces) == 1 else b"".join(pieces)


def place_words(place: Place) -> list[list[str | int]]:
    return [list(step) for step in place.steps]


def place_of(words: list[list[Any]]) -> Place:
    """A place as it was sent; anything that is not one raises."""
    return Place(tuple(Step(str(kind)[:40], str(format)[:40], int(number)) for kind, format, number in words))


def marks_of(words: list[list[Any]]) -> tuple[tuple[int, str], ...]:
    """The cells of a sheet as they were sent; one that names no cell, or begins before the one ahead of it, raises."""
    marks = tuple((int(start), str(name)) for start, name in words)
    starts = [start for start, _ in marks]
    if not all(start >= 0 and _CELL_NAME.fullmatch(name) for start, name in marks) or starts != sorted(starts):
        raise ValueError
    return marks


def budget_words(budget: Budget) -> dict[str, Any]:
    return asdict(budget)


# The reader.


def _serve(line: socket.socket) -> None:
    """Answers requests until the line closes: one frame per document, so that what was read survives what kills it."""
    while True:
        request, blob = receive(line)
        walk = Walk(Budget(**request["budget"]), frozenset(request["defer"]), tuple(request["passwords"]))
        _allow_seconds(request["seconds"])
        pieces = _Pieces(blob)
        for words, format, depth, size in request["documents"]:
            _answer(line, walk, Risky(place_of(words), format, pieces.next(size), depth))


def _answer(line: socket.socket, walk: Walk, risky: Risky) -> None:
    """What one document gave. The texts go beside the JSON: escaping and parsing them would cost more than reading."""
    walk.fragments, walk.unreadable, walk.risky = [], {}, []
    walk.document(risky.data, risky.place, risky.format, risky.depth)
    texts = [fragment.text.encode("utf-8", "surrogatepass") for fragment in walk.fragments]
    sized = zip(walk.fragments, texts, strict=True)
    send(
        line,
        {
            "fragments": [[place_words(fragment.place), len(text), fragment.marks] for fragment, text in sized],
            "unreadable": [[place_words(item.place), item.reason] for item in walk.unreadable],
            "risky": [[place_words(item.place), item.format, item.depth, len(item.data)] for item in walk.risky],
        },
        *texts,
        *(item.data for item in walk.risky),
    )


def answer_of(words: dict[str, Any], blob: bytes) -> tuple[list[Fragment], list[Unreadable], list[Risky]]:
    """An answer as values; anything malformed raises, for the reader may have been taken over."""
    pieces = _Pieces(blob)
    fragments = [
        Fragment(place_of(place), pieces.next(size).decode("utf-8", "surrogatepass"), marks_of(marks))
        for place, size, marks in words["fragments"]
    ]
    unreadable = [Unreadable(place_of(place), Reason(reason)) for place, reason in words["unreadable"]]
    risky = []
    for place, format, depth, size in words["risky"]:
        if str(format) not in FORMATS:
            raise ValueError
        risky.append(Risky(place_of(place), str(format), pieces.next(size), int(depth)))
    return fragments, unreadable, risky


class _Pieces:
    """The bytes of a frame, taken one piece after the other."""

    def __init__(self, blob: bytes) -> None:
        self._blob = blob
        self._at = 0

    def next(self, size: int) -> bytes:
        start, self._at = self._at, self._at + size
        if not start <= self._at <= len(self._blob):
            raise ValueError
        return self._blob if self._at - start == len(self._blob) else self._blob[start : self._at]


def _allow_seconds(seconds: float) -> None:
    """Processor time for one request; the wall clock is watched from outside and ends first."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    limit = int(used.ru_utime + used.ru_stime + seconds) + 2
    resource.setrlimit(resource.RLIMIT_CPU, (limit, resource.RLIM_INFINITY))


def _read_forever(line: socket.socket, memory: int) -> None:
    """A forked reader: limits first, then documents, then the end."""
    status = 1
    try:
        _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
        if not seccomp.forbid():
            resource.setrlimit(resource.RLIMIT_NPROC, (0, 0))
        _serve(line)
    except Gone:
        status = 0
    except BaseException:  # whatever it was, the parent sees the line close; nothing is printed
        status = 2
    finally:
        os._exit(status)


# The nursery.


def main(control_fd: int, memory: int) -> None:
    """Loads every parser, gives up what it may, then forks a reader for each socket that is handed in.

    It ends when the control line does, and its readers end with it: nothing outlives the gateway.
    """
    control = socket.socket(fileno=control_fd)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    missing = _load()
    has_no_network = _give_up()
    gc.collect()
    gc.freeze()
    send(control, {"network": not has_no_network, "missing": missing})
    while True:
        _, fds, _, _ = socket.recv_fds(control, 1, 1)
        if not fds:
            return
        _fork(control, fds[0], memory)


def _fork(control: socket.socket, fd: int, memory: int) -> None:
    pid = os.fork()
    if pid == 0:
        control.close()
        _read_forever(socket.socket(fileno=fd), memory)
    os.close(fd)
    try:
        pidfd = os.pidfd_open(pid)
    except OSError:
        control.sendall(b"-")
        return
    socket.send_fds(control, [b"+"], [pidfd])
    os.close(pidfd)


def _load() -> list[str]:
    """Every reader's module, so that a fork needs no file; the formats whose library is not installed."""
    for encoding in set(encodings.aliases.aliases.values()):
        with contextlib.suppress(LookupError):
            codecs.lookup(encoding)
    missing = []
    for name, format in FORMATS.items():
        try:
            format.load()
        except Exception:  # a wheel whose system library is missing may fail in any way
            missing.append(name)
    if not archive.is_available():
        missing += [name for name, format in FORMATS.items() if format.reader == "archive:read_archive"]
    if "png" not in missing:
        from gateway.extract import pictures

        if not pictures.prepare():
            missing.append("ocr")
    return missing


def _give_up() -> bool:
    """Drops privileges and the network for good; whether the network is gone."""
    _libc.prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)
    is_root = os.geteuid() == 0
    flags = _CLONE_NEWNET | _CLONE_NEWIPC
    isolated = _libc.unshare(flags if is_root else flags | _CLONE_NEWUSER) == 0
    if is_root:
        os.setgroups([])
        os.setresgid(_NOBODY, _NOBODY, _NOBODY)
        os.setresuid(_NOBODY, _NOBODY, _NOBODY)
    _libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    return isolated or seccomp.is_available()


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
