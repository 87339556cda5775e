"""The field's values, without I/O: address, envelope, message, place, finding, verdict, reply.

Everything else in the house speaks in these words. Nothing here knows a clock, a file, a log or a socket.
"""
