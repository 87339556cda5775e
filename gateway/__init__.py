"""Postvagt: a mail gateway that stops personfølsomme oplysninger and names the lawful way.

Bytes become values once, at the edge; values become a verdict in pure code; the verdict becomes bytes once,
at the edge.
"""

__version__ = "0.1.0"
