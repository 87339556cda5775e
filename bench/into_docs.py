"""Put what comes in on stdin into a page, between `<!-- bench: NAME -->` and `<!-- end -->`, and print it too.

python bench/audit_rates.py | python bench/into_docs.py docs/audit.md rates
"""

from __future__ import annotations

import re
import sys
from pathlib import Path


def main() -> int:
    page, name = Path(sys.argv[1]), sys.argv[2]
    lines = []
    for line in sys.stdin:
        print(line, end="", flush=True)
        lines.append(line)
    if not lines:
        return 1  # what measures has failed and said why: the page keeps what it has
    place = re.compile(rf"(<!-- bench: {re.escape(name)} -->\n).*?(<!-- end -->)", re.DOTALL)
    text, count = place.subn(lambda found: f"{found[1]}\n{''.join(lines)}\n{found[2]}", page.read_text())
    if count != 1:
        print(f"{page} has no place for {name}", file=sys.stderr)
        return 1
    page.write_text(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
