"""The month as a page in Danish that a leader understands: HTML with drawings in it, nothing fetched from anywhere.

The same page becomes PDF in a headless Chromium (`as_pdf`): one layout, searchable text and tags for screen readers,
and no PDF library to keep; whoever has no Chromium prints the page from any browser.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from html import escape
from pathlib import Path

from gateway.audit.danish import CATEGORIES, MONTHS, REASONS, in_danish, number, one_or_more
from gateway.audit.errors import AuditError
from gateway.audit.event import danish_time
from gateway.audit.report import Month, Names

_BROWSERS = ("chromium", "chromium-browser", "google-chrome")

_STYLE = """
:root{--ink:#1b2733;--soft:#566573;--line:#d5dce2;--bar:#1d5f8f;--bad:#a4262c;--good:#1e6b3a}
*{box-sizing:border-box}
body{font:16px/1.5 "Segoe UI",Roboto,"Liberation Sans",Arial,sans-serif;color:var(--ink);background:#fff;
max-width:54rem;margin:0 auto;padding:1.5rem}
h1{font-size:1.9rem;line-height:1.2;margin:0 0 .2rem}h2{font-size:1.2rem;margin:2rem 0 .3rem}
p{margin:.3rem 0 .8rem}.soft{color:var(--soft)}
ul.tiles{list-style:none;display:grid;grid-template-columns:repeat(3,minmax(0,1fr));gap:.8rem;padding:0;margin:1.2rem 0}
@media screen and (min-width:52rem){ul.tiles{grid-template-columns:repeat(6,minmax(0,1fr))}}
ul.tiles li{border:1px solid var(--line);border-radius:.5rem;padding:.7rem .9rem}
ul.tiles strong{display:block;font-size:1.7rem;line-height:1.2}
@media screen and (max-width:30rem){ul.tiles{grid-template-columns:repeat(2,minmax(0,1fr))}
ul.tiles strong{font-size:1.3rem}}
table{border-collapse:collapse;width:100%;margin:.4rem 0 .8rem}
th,td{text-align:left;padding:.3rem .6rem .3rem 0;border-bottom:1px solid var(--line);vertical-align:top}
th{font-weight:600}td.n,th.n{text-align:right;white-space:nowrap;width:4.5rem}
@media print,(min-width:40rem){table.cases td:nth-child(-n+3){white-space:nowrap}}
@media screen and (max-width:40rem){table.cases td,table.cases th{display:block;border:0;padding:.05rem 0}
table.cases thead{display:none}table.cases tr{display:block;border-bottom:1px solid var(--line);padding:.4rem 0}}
td.b{width:45%;vertical-align:middle}
td.b span{display:block;height:.85rem;background:var(--bar);border-radius:.15rem;min-width:2px}
svg{max-width:100%;height:auto;display:block}svg text{font:13px "Segoe UI",Roboto,"Liberation Sans",Arial,sans-serif;
fill:var(--ink)}
.bad{color:var(--bad);font-weight:600}.good{color:var(--good);font-weight:600}
section{break-inside:avoid}
@media print{body{padding:0;font-size:11pt;max-width:none}*{print-color-adjust:exact;-webkit-print-color-adjust:exact}}
@page{size:A4;margin:18mm 16mm}
"""


def page(month: Month, names: Names, made: datetime) -> str:
    """The whole page."""
    title = f"Postvagt i {_name(month)}"
    body = "\n".join(
        (
            f"<h1>{escape(title)}</h1>",
            f'<p class="soft">{escape(names.organisation)} · lavet {danish_time(made):%d-%m-%Y kl. %H:%M}</p>',
            _summary(month),
            _tiles(month),
            _weeks(month),
            _bars("Hvem blev stoppet?", "Mail fra hvert dagtilbud, som blev stoppet.", "Dagtilbud", month.by_dagtilbud),
            _bars("Hvad blev fundet?", "En mail kan tælle flere steder.", "Oplysning",
                  _danish(month.by_category, CATEGORIES)),
            _bars("Hvem skulle have haft mailen?", "Modtagerne af de mails, som blev stoppet.", "Modtagere",
                  month.by_class),
            _bars("Hvad kunne vi ikke læse?", "Filer, som Postvagt ikke kunne læse helt, også i mails der gik videre.",
                  "Grund", _danish(month.by_reason, REASONS)),
            _releases(month),
            _lists(names, danish_time(made).date()),
            _state(month),
        )
    )  # fmt: skip
    return (
        f'<!doctype html>\n<html lang="da">\n<head>\n<meta charset="utf-8">\n<title>{escape(title)}</title>\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<style>{_STYLE}</style>\n</head>\n<body>\n{body}\n</body>\n</html>\n"
    )


def as_pdf(html: str, target: Path, seconds: float = 60) -> None:
    """Print the page. AuditError says what is missing; the page itself is worth as much."""
    browser = next(filter(None, map(shutil.which, _BROWSERS)), None)
    if browser is None:
        raise AuditError("a PDF needs Chromium (Debian: apt-get install chromium); or print the page from a browser")
    with tempfile.TemporaryDirectory(prefix="postvagt-report-") as folder:
        source, made = Path(folder) / "report.html", Path(folder) / "report.pdf"
        source.write_text(html, encoding="utf-8")
        words = [
            browser, "--headless", "--disable-gpu", "--no-pdf-header-footer", "--disable-background-networking",
            f"--user-data-dir={folder}/profile", f"--print-to-pdf={made}", source.as_uri(),
        ]  # fmt: skip
        if os.geteuid() == 0:
            words.insert(
                1, "--no-sandbox"
            )  # Chromium refuses its sandbox as root; the page is our own, without scripts
        try:
            subprocess.run(words, check=True, capture_output=True, timeout=seconds)  # noqa: S603 (our own words)
            shutil.copyfile(made, target)
        except (OSError, subprocess.SubprocessError) as error:
            raise AuditError(f"Chromium made no PDF ({type(error).__name__}); print the page from a browser") from error


# ---------------------------------------------------------------- parts


def _name(month: Month) -> str:
    begins = danish_time(month.begins)
    return f"{MONTHS[begins.month - 1]} {begins.year}"


def _summary(month: Month) -> str:
    """The month in two sentences."""
    if not month.messages:
        return "<p>Der kom ingen mail gennem Postvagt i denne måned.</p>"
    said = f"Postvagt læste {one_or_more(month.messages, 'mail', 'mails')}. "
    if month.stopped:
        share = max(1, round(1000 * month.stopped / month.messages)) / 10
        said += f"{one_or_more(month.stopped, 'mail', 'mails')} blev stoppet ({_decimal(share)} %). "
    else:
        said += "Ingen mail blev stoppet. "
    if month.let_through:
        through = one_or_more(month.let_through, "mail", "mails")
        said += (
            f"Postvagt iagttog kun en del af tiden: {through} med personfølsomme oplysninger gik videre,"
            " fordi reglerne ikke blev håndhævet."
        )
    return f"<p>{escape(said.strip())}</p>"


def _tiles(month: Month) -> str:
    tiles = (
        (month.messages, "mails i alt"),
        (month.relayed, "sendt videre"),
        (month.stopped, "stoppet"),
        (month.deferred, "udsat"),
        (month.refused, "afvist"),
        (sum(not release.revoked for release in month.releases), "frigivet"),
    )
    items = "".join(f"<li><strong>{number(count)}</strong> {escape(words)}</li>" for count, words in tiles)
    return f'<ul class="tiles">{items}</ul>'


def _weeks(month: Month) -> str:
    """Columns by week; the same numbers stand in the drawing, so that nobody needs to measure."""
    most = max((stopped for _, stopped, _ in month.weeks), default=0)
    width, height, floor = 100, 150, 175
    columns = []
    for place, (week, stopped, _) in enumerate(month.weeks):
        tall = round(height * stopped / most) if most else 0
        x = place * width + 20
        columns.append(
            f'<rect x="{x}" y="{floor - tall}" width="60" height="{tall}" fill="#1d5f8f" rx="2"/>'
            f'<text x="{x + 30}" y="{floor - tall - 6}" text-anchor="middle">{number(stopped)}</text>'
            f'<text x="{x + 30}" y="{floor + 20}" text-anchor="middle">uge {week}</text>'
        )
    each = (f"uge {week}: {number(stopped)} af {number(total)}" for week, stopped, total in month.weeks)
    words = ", ".join(week.replace(" ", "\u00a0") for week in each)
    drawing = (
        f'<svg role="img" viewBox="0 0 {width * len(month.weeks)} 205" width="{width * len(month.weeks)}" height="205">'
        f"<title>Stoppede mails pr. uge</title><desc>{escape(words)}</desc>"
        f'<line x1="0" x2="{width * len(month.weeks)}" y1="{floor}" y2="{floor}" stroke="#d5dce2"/>'
        f"{''.join(columns)}</svg>"
    )
    return _section(
        "Hvornår?", "Stoppede mails i hver uge, ud af alle mails.", f'{drawing}<p class="soft">{escape(words)}.</p>'
    )


def _bars(title: str, lead: str, what: str, counts: Mapping[str, int]) -> str:
    if not counts:
        return _section(title, lead, "<p>Ingen i denne måned.</p>")
    most = max(counts.values())
    rows = "".join(
        f'<tr><td>{escape(name)}</td><td class="n">{number(count)}</td>'
        f'<td class="b" aria-hidden="true"><span style="width:{100 * count / most:.1f}%"></span></td></tr>'
        for name, count in sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    )
    head = f'<tr><th scope="col">{escape(what)}</th><th scope="col" class="n">Antal</th><td class="b"></td></tr>'
    return _section(title, lead, f"<table><thead>{head}</thead><tbody>{rows}</tbody></table>")


def _releases(month: Month) -> str:
    lead = "Mails, som blev stoppet ved en fejl, og som derfor måtte sendes én gang mere."
    rows = [
        (f"{release.at:%d-%m-%Y}", release.case_id, "taget tilbage" if release.revoked else "frigivet", release.by,
         release.why)
        for release in month.releases
    ]  # fmt: skip
    return _section("Falske alarmer", lead, _table(("Dato", "Sag", "Hvad", "Af", "Hvorfor"), rows))


def _lists(names: Names, today: date) -> str:
    lead = "Reglerne bygger på disse lister. En liste, som ingen har set efter, kan være forkert."
    rows = "".join(
        f"<tr><td>{escape(each.title)}</td><td>{each.checked:%d-%m-%Y}</td><td>{_mark(not each.is_overdue(today))}"
        f"{'skal ses efter nu' if each.is_overdue(today) else f'ses efter igen {each.review_after:%d-%m-%Y}'}</td></tr>"
        for each in names.lists
    )
    head = "".join(f'<th scope="col">{word}</th>' for word in ("Liste", "Set efter", "Næste gang"))
    return _section("Listerne", lead, f"<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>")


def _state(month: Month) -> str:
    lead = "Loggen er en kæde: ingen kan ændre eller fjerne noget, uden at det ses."
    lines = [f"<li>{_mark(good)}{escape(words)}</li>" for good, words in month.chain]
    if month.removed:
        gone = one_or_more(month.removed, "stoppet mail er slettet", "stoppede mails er slettet")
        lines.append(f"<li>{escape(gone)} efter fristen og er kun talt med i det samlede tal.</li>")
    if month.damaged:
        broken = one_or_more(month.damaged, "hændelse kan", "hændelser kan")
        lines.append(f"<li>{_mark(False)}{escape(broken)} ikke læses; postvagt audit verify siger hvilke.</li>")
    for kind, one, more in (
        ("ambiguity", "{} mail har et uvist udfald", "{} mails har et uvist udfald"),
        ("refused_policy", "Nye regler blev afvist {} gang", "Nye regler blev afvist {} gange"),
        (
            "reseal",
            "Kæden blev forseglet på ny {} gang efter et uheld",
            "Kæden blev forseglet på ny {} gange efter uheld",
        ),
        ("prune", "Gamle hændelser blev slettet {} gang", "Gamle hændelser blev slettet {} gange"),
        ("export", "Der blev taget {} udtræk af loggen", "Der blev taget {} udtræk af loggen"),
        ("start", "Postvagt blev startet {} gang", "Postvagt blev startet {} gange"),
    ):
        if count := month.service[kind]:
            lines.append(f"<li>{escape((one if count == 1 else more).format(number(count)))}.</li>")
    return _section("Er loggen i orden?", lead, f"<ul>{''.join(lines)}</ul>")


def _section(title: str, lead: str, body: str) -> str:
    return f'<section>\n<h2>{escape(title)}</h2>\n<p class="soft">{escape(lead)}</p>\n{body}\n</section>'


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    cells = ["".join(f"<td>{escape(cell)}</td>" for cell in row) for row in rows]
    if not cells:
        return "<p>Ingen i denne måned.</p>"
    top = "".join(f'<th scope="col">{escape(word)}</th>' for word in head)
    body = "".join(f"<tr>{row}</tr>" for row in cells)
    return f'<table class="cases"><thead><tr>{top}</tr></thead><tbody>{body}</tbody></table>'


def _mark(good: bool | None) -> str:
    if good is None:
        return ""
    return '<span class="good">✓</span> ' if good else '<span class="bad">✗</span> '


def _danish(counts: Mapping[str, int], words: Mapping[str, str]) -> dict[str, int]:
    return {in_danish(name, words): count for name, count in counts.items()}


def _decimal(value: float) -> str:
    return f"{value:.1f}".replace(".", ",")
