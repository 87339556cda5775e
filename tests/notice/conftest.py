"""Lets the notice tests share `stopped.py`: importlib mode puts no test folder on the path by itself."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
