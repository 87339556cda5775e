"""Learn from the labelled texts how sensitive sentences are worded: writes policies/lavuk/ord/learned.yaml.

scripts/learn.py            (make learn)
scripts/learn.py --cross    mails judged by what was learned from other authors; writes nothing
"""

from __future__ import annotations

import argparse
import datetime
import sys
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from gateway.detect import Detectors, Rules  # noqa: E402
from gateway.detect.rules import LearnedRules  # noqa: E402
from gateway.detect.sensitive import SensitiveDetector  # noqa: E402
from gateway.detect.wording import Wording  # noqa: E402
from gateway.evaluation.learning import Learned, Text, digest, examples, learn, texts_of_mails, texts_of_rows  # noqa: E402
from gateway.mail.finding import Confidence  # noqa: E402
from gateway.mail.fragment import Fragment  # noqa: E402
from gateway.mail.place import Place, Step  # noqa: E402
from gateway.reading import read_policy  # noqa: E402

FILE = ROOT / "policies/lavuk/ord/learned.yaml"
HEADING = """\
# How sentences read: what their words (beginnings of five letters, `*` before the end of a long one) and pairs of words
# (`*` for one between) add to or take from the odds that the sentence says something of somebody in particular, in
# hundredths; then the same of passages, with the words around (`~`), and the odds that such a thing is said anywhere
# in the mail. `@` is a name, `#` a number.
# Made by `make learn` from training/ and tests/detect/rows, not by hand; docs/detection.md explains it.
"""
PARTS = 8
"""Authors are judged in so many parts, each by what the other parts taught."""

DAY = datetime.date(2026, 11, 26)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cross", action="store_true", help="measure on each author what others taught")
    options = parser.parse_args()
    detection = dict(read_policy(ROOT / "policies/lavuk").detection)
    detection["ord"] = {name: data for name, data in detection["ord"].items() if data["kind"] != "learned"}
    rules = Rules.from_mapping(detection)
    detector, wording = SensitiveDetector(rules.words), Wording(LearnedRules(), rules.words.persons.names)
    try:
        rows = texts_of_rows(ROOT / "tests/detect/rows") + texts_of_rows(ROOT / "training")
        authors = texts_of_mails(ROOT / "training")
    except (OSError, ValueError) as fault:
        print(f"learn: {fault}", file=sys.stderr)
        return 2
    of_rows = examples(rows, detector, wording)
    of_authors = {author: examples(mails, detector, wording) for author, mails in authors.items()}
    if options.cross:
        for part in range(PARTS):
            judged = list(authors)[part::PARTS]
            others = [example for other in authors if other not in judged for example in of_authors[other]]
            learned = learn([*of_rows, *others])
            for author in judged:
                _measure(author, authors[author], detection, learned)
        return 0
    found = [*of_rows, *(example for each in of_authors.values() for example in each)]
    learned = learn(found)
    mails = [mail for each in authors.values() for mail in each]
    FILE.write_text(learned.as_yaml(HEADING, digest([*rows, *mails])), encoding="utf-8")
    weights = len(learned.sentence.of) + len(learned.passage.of)
    print(f"{len(rows)} rows and {len(mails)} mails, {len(found)} sentences, {weights} weights")
    return 0


def _measure(author: str, mails: Sequence[Text], detection: dict[str, dict[str, object]], learned: Learned) -> None:
    detectors = Detectors(
        Rules.from_mapping({**detection, "ord": {**detection["ord"], "learned": learned.as_mapping()}})
    )
    stopped = [mail for mail in mails if _is_stopped(detectors, mail)]
    found = sum(mail.is_sensitive for mail in stopped)
    sensitive = sum(mail.is_sensitive for mail in mails)
    print(
        f"{author:8} found {found} of {sensitive}, falsely stopped {len(stopped) - found} of {len(mails) - sensitive}"
    )


def _is_stopped(detectors: Detectors, mail: Text) -> bool:
    subject, _, body = mail.text.partition("\n\n")
    fragments = [Fragment(Place((Step("subject"),)), subject), Fragment(Place((Step("text"),)), body)]
    return any(finding.confidence >= Confidence.LIKELY for finding in detectors.find(fragments, today=DAY))


if __name__ == "__main__":
    sys.exit(main())
