"""Lets the tests of this folder share the worker they start as a process of its own."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
