"""Notices: what people hear when a message is stopped. Pure: facts in, bytes or one line of text out.

`build_bounce` makes the whole message, `reply_line` the text of a 550. Neither ever holds a value that was found,
a file name or a copy of the message (promise 3).
"""

from gateway.notice.advice import way_in_words
from gateway.notice.bounce import build_bounce, build_notification
from gateway.notice.facts import Facts, Notice, Organisation
from gateway.notice.reply_line import reply_line, short_reply_line
from gateway.notice.texts import Wording

__all__ = [
    "Facts",
    "Notice",
    "Organisation",
    "Wording",
    "build_bounce",
    "build_notification",
    "reply_line",
    "short_reply_line",
    "way_in_words",
]
