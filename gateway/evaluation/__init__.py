"""How good the detectors are on labelled mail: figures, the misses, and other detectors beside them.

Development's measure, no part of the gateway: nothing that serves mail imports this. Labels are the JSON lines of a
corpus (`file`, `label` block, allow or gray, `why`, `where`, `case`, `note`); gray is reported and never counted.
"""
