"""CPR numbers in text: what must be found, what must not, and why."""

import datetime
from pathlib import Path

import pytest

from gateway.detect import Detectors, summarise
from gateway.detect.number import birth_date, check_digit_holds, is_early
from gateway.mail.finding import Confidence
from gateway.mail.fragment import Fragment
from gateway.mail.place import HTML, SUBJECT, TEXT

TODAY = datetime.date(2026, 11, 24)
BLOCKS = Confidence.LIKELY


def numbers(find, text: str, least: Confidence = BLOCKS) -> set[str]:
    return {found.identity.reveal() for found in find(text) if found.category == "cpr" and found.confidence >= least}


FOUND = [
    ("cpr-nr. 150322-6239", "1503226239", "hyphen, introduced, broken check digit: the made-up number of a child"),
    ("CPR: 1503226239", "1503226239", "ten digits in one run"),
    ("cpr 150322 6239", "1503226239", "a space"),
    ("cpr 150322.6239", "1503226239", "a dot"),
    ("cpr 150322/6239", "1503226239", "a slash"),
    ("cpr 150322,6239", "1503226239", "a comma"),
    ("cpr 150322:6239", "1503226239", "a colon"),
    ("cpr 150322_6239", "1503226239", "an underscore"),
    ("cpr 150322*6239", "1503226239", "an asterisk"),
    ("cpr 150322--6239", "1503226239", "two hyphens"),
    ("cpr 150322 - 6239", "1503226239", "hyphen with spaces"),
    ("cpr 150322 – 6239", "1503226239", "en dash with spaces"),
    ("cpr 150322—6239", "1503226239", "em dash"),
    ("cpr 150322−6239", "1503226239", "minus"),
    ("cpr 150322‑6239", "1503226239", "non-breaking hyphen"),
    ("cpr 150322\u00a06239", "1503226239", "no-break space"),
    ("cpr 15\u200b03\u200b22\u200b-6239", "1503226239", "zero-width spaces"),
    ("cpr 1503\u00ad22-62\u00ad39", "1503226239", "soft hyphens"),
    ("cpr １５０３２２－６２３９", "1503226239", "full-width"),
    ("cpr ١٥٠٣٢٢-٦٢٣٩", "1503226239", "Arabic-Indic digits"),
    ("cpr 15 03 22 6239", "1503226239", "date in pairs"),
    ("cpr 15-03-22-6239", "1503226239", "date in pairs with hyphens"),
    ("cpr 15.03.22-6239", "1503226239", "date with dots"),
    ("cpr 15/03/22 - 6239", "1503226239", "date with slashes"),
    ("cpr 15.03.2022-6239", "1503226239", "full year"),
    ("cpr 15032022-6239", "1503226239", "full year in one run"),
    ("cpr 150322-62 39", "1503226239", "the serial divided"),
    ("cpr 1 5 0 3 2 2 - 6 2 3 9", "1503226239", "every digit by itself"),
    ("cpr150322-6239", "1503226239", "glued to the word before"),
    ("cpr1503226239Mads", "1503226239", "glued on both sides"),
    ("cpr_150322-6239_mads", "1503226239", "underscores are letters to \\b"),
    ("150322-6239", "1503226239", "nothing around it: the hyphen alone says it"),
    ("(150322-6239)", "1503226239", "in parentheses"),
    ("Karla Vinther\t150322\t6239\tcpr", "1503226239", "two cells"),
    ("cpr 150322-\n6239", "1503226239", "broken at the end of a line"),
    ("cpr 150322- \r\n6239", "1503226239", "broken by format=flowed"),
    ("> cpr 150322-\n> 6239", "1503226239", "broken inside a quotation"),
    ("Barnets nummer er 150322 6239 (altså cpr)", "1503226239", "the word comes after"),
    ("cpr for Ida, som vi talte om i går, er så vidt jeg ved 1503226239", "1503226239", "the word is far away"),
    ("https://portal.example/sag?cpr=1503226239&x=1", "1503226239", "in a link, but the link says cpr"),
    ("Faktura 12 vedr. cpr 150322-6239", "1503226239", "a label does not outweigh the word beside it"),
    ("P-nr. 1003072211 men cpr 150322-6239", "1503226239", "a P-number nearby changes nothing"),
    ("personnummer 070761-4285", "0707614285", "the official specimen is a number like any other"),
    ("Nancy Berggren 251248-9996", "2512489996", "MedCom's test person, check digit broken on purpose"),
    ("090110-2554", "0901102554", "valid check digit"),
    ("Står der 0901102554 hos jer?", "0901102554", "ten digits with a valid check digit, no word"),
    ("090110 2554 er min", "0901102554", "a space and a valid check digit"),
    ("Henrik Bach: 1806041781", "1806041781", "beside a name"),
    ("erstatningscpr 660688-1620", "6606881620", "replacement number, day raised by 60"),
    ("jan. 1960: 010160-9989", "0101609989", "exception date, check digit broken"),
    ("cpr 290204-4007", "2902044007", "leap day of 2004: the seventh digit decides the century"),
    ("Personnr: 150322--6239", "1503226239", "personnr"),
    ("født 150322 6239", "1503226239", "born"),
    ("Sag: 070761-4285", "0707614285", "a case may be a person's: a valid check digit and the hyphen outweigh it"),
    ("Medlem 070761-4285 har meldt sig ud", "0707614285", "so may a member"),
    ("cpr 15/3-22 6239", "1503226239", "a date without its noughts"),
    ("cpr 5.3.2022-6239", "0503226239", "day and month without theirs"),
    ("Cpr: 15. marts '22 6239", "1503226239", "the month in words, the year cut short"),
    ("cpr 150 322 6239", "1503226239", "in groups that no date has"),
    ("cpr 2022-03-15-6239", "1503226239", "from the year on"),
    ("cpr=150322%2D6239", "1503226239", "the hyphen coded as in a link"),
    ("cpr 150322&nbsp;6239", "1503226239", "HTML's code in plain text"),
    ("cpr=150322%E2%80%936239", "1503226239", "an en dash coded as in a link"),
    ("cpr 150322&#x2013;6239", "1503226239", "its number in HTML"),
    ('"cpr": "150322\\u20136239"', "1503226239", "as in JSON"),
    ("cpr &#49;50322-6239", "1503226239", "a digit coded"),
    ("cpr 2022.03.15-6239", "1503226239", "from the year on, with dots"),
    ("cpr 1.503.226.239", "1503226239", "thousands marked, as a spreadsheet shows a number"),
    ("cpr 503.226.239", "0503226239", "so too, the leading nought lost"),
    ("cpr 150322-6 239", "1503226239", "the serial divided unevenly"),
    ("cpr 150322 - 6 2 3 9", "1503226239", "each digit of the serial by itself"),
    ("cpr 150322 .......... 6239", "1503226239", "dots that lead across a form"),
    ("She was born 15 March 2022, last four 6239", "1503226239", "an English date and the last four"),
    ("born on the 15th of March 2022, last four digits are 6239", "1503226239", "an English date in full"),
    ("Cpr: 15-oct-2022 6238", "1510226238", "an English month, cut short"),
    ("pnr.: 090110 2554", "0901102554", "a label of numbers in one run says nothing of divided ones"),
    ("Vikaren hedder Ida Holm, nr. 1503226239, og møder mandag", "1503226239", "a number that is called a person's"),
    ("kontrakt_090110-2554.pdf", "0901102554", "the contract is a person's"),
    ("Idas er O9OllO-2554", "0901102554", "letters for digits, written as a CPR number else"),
    ("Til systemet: nul ni nul en et nul og så to fem fem fire", "0901102554", "in words, with a valid check digit"),
    ("mit cpr, læs det bagfra: 9326-223051", "1503226239", "to be read from its end"),
    ("Jeg skrev kun 150322-xxxx før, men det er altså 150322 og så 6239", "1503226239", "a masked one introduces it"),
    ("only the temporary one: 750322-6239, Kind regards", "7503226239", "a replacement number, nothing else around it"),
    ("cpr 150322-xxxx, hvor xxxx er 6239", "1503226239", "the mask is told afterwards"),
    ("Født: 150322 Kontrol: 6239", "1503226239", "a form's two fields"),
    ("cpr 150 322 - 62 39", "1503226239", "odd groups and a dash between spaces"),
    ("Hans cpr-nummer er 150322- så 6239", "1503226239", "said with its hyphen"),
    ("cpr 15032-26239", "1503226239", "the hyphen in the wrong place"),
    ("Crp nr er 1503226-239", "1503226239", "so too"),
    (
        "Du manglede hendes personnummer. De første seks er 150322. Jeg blev afbrudt, derfor kommer resten her: 6239.",
        "1503226239",
        "the rest comes later",
    ),
    ("Hun er født den femtende marts toogtyve, og efter stregen står der 6239", "1503226239", "the date in words"),
    ("født den første april nul ni, de sidste fire er 2554", "0104092554", "a year with its nought"),
    ("født 15. marts totusind og toogtyve, de sidste fire er 6239", "1503226239", "a year in full"),
    ("cpr 150322 \u2192 6239", "1503226239", "an arrow"),
    ("150322/6239 står der", "1503226239", "a stroke, nothing around it"),
    ("Emma Holm 1503226239", "1503226239", "a full name beside it"),
    ("Emma H. 1503226239", "1503226239", "a name and an initial"),
    ("emma, 150322 6239, er startet", "1503226239", "a given name in small letters"),
    ("Pigen 150322.6239 skal flytte", "1503226239", "a word for a person and a dot"),
    ("Kvittering for 1503226239 Emma Holm", "1503226239", "what the receipt is for is not the receipt's number"),
    ("Behandling efter aftale, 412 kr. Borger: 091208-2113.", "0912082113", "a label ends with its sentence"),
    ("Kontoret skriver, at 150322-6239 mangler", "1503226239", "an office is no account"),
    ("Udbetales til NemKonto 1503226239", "1503226239", "a NemKonto is known by the CPR number"),
    ("erstatningsnummer 750322-6239", "7503226239", "the word for a replacement number"),
    ("cpr 150322\u02bc6239", "1503226239", "an apostrophe of another script"),
    ("cpr 150322\u22156239", "1503226239", "a stroke of mathematics"),
    ("født 15/3 '22 og slutter på 6239", "1503226239", "loose date and words between"),
    ("Barnet 1503226239", "1503226239", "a word for a person right before it"),
    ("15 03 22 6239 Emma Holm", "1503226239", "a name after it is no town"),
    ("Lønkonto til 090110-2554", "0901102554", "what the account is for is not the account's number"),
    ("sygesikringsbevis 1503226239", "1503226239", "health card"),
    (
        "mine ting\nfrederik\n140312-0800\nlundevej 8",
        "1403120800",
        "reads like a time of day, but stands as a number does",
    ),
    ("cpe nr på Valde er 150322-6239", "1503226239", "a slip in the word itself"),
    ("ce pe er nummeret er 150322 6239", "1503226239", "the word as it is said"),
    ("Personnr. med decimaler:\nIda Holm 1503226239,00", "1503226239", "decimals that a spreadsheet gave it"),
    ("cpr-nr: l5O322-GZ39 eller l5O322-6Z39", "1503226239", "S, B and Z for digits too"),
    ("[13:03] Far: hans cpr-nr er\n[13:03] Far: 150322\n[13:04] Far: 6239", "1503226239", "the halves in two messages"),
    ("cpr_foerste=150322\ncpr_sidste=6239\nsamtykke=ja", "1503226239", "the halves in two fields of a form"),
    ("Nikolines cpr: 150322-623", "150322623?", "a digit too few"),
    ("Nikolines cpr: 150322-62391", "1503226239", "a digit too many"),
    ("Hun är född 15 mars 2022. De fyra sista siffrorna är 6239", "1503226239", "in Swedish"),
    ("150322-6239<tel:1503226239> er Philips", "1503226239", "a telephone's link, made by the mail program"),
    ("hans cpr=2Dnummer er 150322=2D6239", "1503226239", "a transfer encoding that was not undone"),
    ("cpr 150322-6=\n239", "1503226239", "its soft line end"),
    ("fÃ¸dt 150322â€“6239", "1503226239", "letters and dash read in the wrong charset"),
    ("cpr to seks et to to fem bindestreg ni seks nul seks", "2612259606", "in words with the hyphen's name"),
    ("Her Danish ID: two three zero eight two three dash four five one seven", "2308234517", "in English words"),
    ("hendes personnummer er tolv tolv toogtyve femogtres fireogfirs", "1212226584", "in pairs, no nought"),
    ("cpr | 1 | 5 | 0 | 3 | 2 | 2 | - | 6 | 2 | 3 | 9 |", "1503226239", "in boxes"),
    ("personnr.: 150322\n           -6239", "1503226239", "the rest on the next line, set in"),
    (
        "| Navn  | CPR-nr  | År |\n| Aksel | 150322- | 12 |\n|       | 6239    |    |",
        "1503226239",
        "two lines of a cell",
    ),
    ("Barnets cpr-nr.\n\n150322\n\n6239\n\nAdresse", "1503226239", "a table's cells, one under the other"),
    ("CPR for Mason: (150) 322-6239", "1503226239", "as telephones write numbers abroad"),
    ("cpr 15x03x22x6239 (fjern x'erne)", "1503226239", "letters thrown in"),
    ("Personnummer 150322⁶²³⁹", "1503226239", "raised digits"),
    ("<PersonCivilRegistrationIdentifier>1503226239<", "1503226239", "as public systems call it"),
    ("min makkers nummer til adgangskortet: 090110-2554", "0901102554", "what a number is for is not its label"),
    ("Police på bilen, 090110-2554", "0901102554", "a label and its thing, then the number"),
    ("se https://a.example/v_-3Fcpr-3D1503226239-26trin", "1503226239", "in a link that a filter has rewritten"),
    ("https://a.example/?ordre=9912&pnr=150322%2D6239&x=1", "1503226239", "pnr, and divided"),
    ("pnr         navn\n7205184639  Okafor", "7205184639", "pnr over what are no P-numbers"),
    ("Her er cpr-numrene:\n\nSolsikken  1503226239\nRegnbuen   1604236230", "1604236230", "introduced for all rows"),
    ("Hun er født 15-03-22.\n\nDe sidste 4 er 6239 :-)", "1503226239", "a smile is no currency"),
    ("Jeg staver det: 1-5-0-3-2-2-6-2-3-9. Det er cpr på Mynte", "1503226239", "told in the next sentence what it was"),
    ("Banken skal bruge mit nummer til foreningens konto, det er 090110-2554", "0901102554", "a label before a comma"),
    ("ID type: National ID\nID no.: DK-090110-2554", "0901102554", "the country before it"),
    ("https://intra.example/personale/090110-2554/kontrakt", "0901102554", "in a link, under the persons"),
    ("Personnr.:Â 150322Â 6239", "1503226239", "a hard space read in the wrong charset, half of it lost"),
    (
        "Jeg skrev 150322-623, der skal et 9-tal til, så burde Idas personnummer gå igennem",
        "150322623?",
        "a digit too few",
    ),
    ("Hugo was born on March 15, 2022 and the last four digits of his CPR are 6239", "1503226239", "the month first"),
    (
        "personnummer i pos. 3-12:\n\n201503226239SKOVBO OLGA    K0101F\n201604236230SKOVBO ERIK    K0101F",
        "1604236230",
        "records of fixed width",
    ),
    ("* POS 1-4 LBNR  5-14 CPR  15-34 NAVN\n00021503226239HOLM IDA   02140600", "1503226239", "so too"),
    ("WARN auth - bruger=0901102554 realm=vagt\nHun bruger sit cpr som brugernavn", "0901102554", "a field's value"),
    ("Frodes cpr er 150322-****\nog stjernerne er: 6239", "1503226239", "the stars are told"),
    ("Elev: Rolf Degn     Cpr.nr.: 1 50 322-62 39", "1503226239", "scattered by a fax"),
    ("DOB: 15/03/2022\nCPR ends in: 6239", "1503226239", "two fields in English"),
    ("G:\\Kontor\\2025\\150322-6239 Karla Bager\\samtykke.docx", "1503226239", "the name of a folder"),
    (
        "6239\n\nDen tir. skrev Lis:\n> Jeg har de første seks, 150322, men hvad er de fire sidste i cpr-nummeret?",
        "1503226239",
        "the answer stands above the question",
    ),
    ("Mit personnummer til lønsedlen er 1503 226 239.", "1503226239", "grouped like a phone number"),
    ("CPR 150322 –\n\n\n\n\n\n\n\n6239", "1503226239", "a hyphen, and the rest some lines below"),
    (
        "Ja, det er 6239 til sidst.\n\nRuth skrev:\n> Han er født 150322, men hvad er de sidste fire i cpr?",
        "1503226239",
        "an answer with a word more",
    ),
    ("Ove Falster (cpr 150\n322-6239) flytter", "1503226239", "broken at the end of a line, in the date"),
    (
        "Navn          Fødselsdag     4 sidste\nAgnethe V.    12.11.21       7669\nUma R.      15.03.22    6239\n"
        "Det er cpr, delt i to",
        "1503226239",
        "two columns set with spaces",
    ),
    ("Mit perso nr. er 150322-6239", "1503226239", "half a word"),
    ("født 15/03-2022. Cpr: datoen kender du jo nu, og så slutter det på 6239", "1503226239", "what it ends with"),
    ('id;navn;pnr;stue\n1041;"Juhl, Villum";1503226239;ROED', "1503226239", "pnr over what is no P-number"),
    ("WARN  pnr=1503226239 navn=KALLE* aarsag=ingen", "1503226239", "so in a log"),
    ("Alle personnumre er blevet til beløb:\n\nIda Holm   1.503.226.239,00", "1503226239", "thousands and decimals"),
    (
        "Koden er dit eget nummer uden bindestreg, altså 1503226239. Ring, hvis den driller",
        "1503226239",
        "told how it is written",
    ),
    ("cpr på Malene er 150322x6239 , du ved hvordan", "1503226239", "an x for the hyphen"),
    ('150 kr  tlf 70 10 93 06  "klub 1503226239 Emilie"\nHun har skrevet barnets cpr', "1503226239", "after a phone"),
    ("så kom brevet, han har fået nr. 150322-6239", "1503226239", "somebody has got a number"),
    ("Lønnr.: 20071     Pnr.: 090110-2554     Afd.: 312", "0901102554", "the label before has a number of its own"),
    (
        "Hendes cpr har jeg skrevet ned, og det er vist nok, efter hvad hun sagde selv, 150322-1239",
        "1503221239",
        "so too",
    ),
    ("barn nr. 3 på listen\n\nEmma, 150322-6239, start 1/11", "1503226239", "a label that has its number"),
    ("En-fem nul-tre to-to er starten på hendes personnummer, resten er 6239", "1503226239", "words, then the rest"),
    ("birthDate=2022-03-15; cprSuffix=6239; name=Emma", "1503226239", "fields of a program"),
    ("Stamdata\n\n\nEnhed\tCPR\tCVR\nA\t1503226239\t12345678", "1503226239", "a column's head in a document"),
    ("bent 0911080822 er mødt", "0911080822", "a name written small"),
    ("født 2022-03-15, cpr 6239", "1503226239", "the last four under the name of the whole"),
    ("Fødselsdato: 15.03.2022\nCPR: 6239", "1503226239", "so, in two fields"),
    ("cpr: xxxxxx-6239, født 15/3 2022", "1503226239", "the date masked there, and told"),
    ("født 2022-03-15, de sidste fire er 6239", "1503226239", "the date from the year on"),
    ("navn;foedt;sidste fire\nEmma;2022-03-15T00:00:00;6239\n", "1503226239", "so, and the hour that a program adds"),
    ("Nyt kort til Asta Grum, 2110053048, adgang til hoveddøren", "2110053048", "what comes next is no label"),
    ("tvillingerne Ida 150322-6239 og Eva 150322-6240", "1503226240", "named: neighbours all the same"),
]

NOT_FOUND = [
    ("P-nr. 1003072211", "P-number that is a possible date"),
    ("P-nummeret er nyt: 1007112153.", "P-number in a sentence"),
    ("Kundenummer 1711093156", "customer number with a valid check digit"),
    ("Fakturanr. 1712021175 er sendt to gange", "invoice"),
    ("ordrenummer 210311-3299", "order number with a hyphen"),
    ("Jeres j.nr. 200610-1952", "journal number"),
    ("Sagsnr. 070761-4285", "but the number of a case is a label as strong as others"),
    ("Sag 1711093156 er lukket", "and ten digits in one run are more often the case's own"),
    ("NemKonto: reg. 9999 konto 1311061581", "an account, though a NemKonto"),
    ("1234 1311061581", "ten digits after a bank's registration number"),
    (
        "Læs om cpr-numre på https://cpr.example/artikel/1203224567",
        "a link beside the word, which does not say cpr itself",
    ),
    ("lavuk.example/sag/0901102554", "a link without its scheme"),
    ("cpr-kursus 2024-03-15 0900", "a date and a time, though the word is near"),
    (
        "1701234567 1701234612 1701234699 1701234701 1701234811 1701234902 1701235001 1701235120 start",
        "moments of a machine",
    ),
    ("Telefon: 1203 2245 / 6712 3456", "two telephone numbers"),
    ("Budget: 1.503.226.239 kr. i alt", "a sum with its thousands marked"),
    ("Rent. 150322 .......... 6239", "a form's leading dots, no word"),
    ("ISBN 978-87-0912-225-0. Betalt med kort XXXX XXXX XXXX 4471", "a masked card"),
    ("hendes nummer er 150322-xxxx, og lokalet er 6239 kr. værd", "masked, and a sum"),
    ("P-nr. 0901102554", "a P-number may hold a check digit"),
    ("Du skal gå baglæns ned ad trappen, 9326-223051 er koden", "backwards, but no word for CPR numbers"),
    ("Lokale 15032-26239", "no word for CPR numbers"),
    ("et nul to nul tre nul fire nul fem nul", "digits in words that are no date"),
    ("Bamse nr. 1503226239", "a thing with a number"),
    ("Serie OIOlOI-OOOl", "nearly all letters"),
    ("The roof was laid in March 2022, the last four tiles in May", "no four digits"),
    ("konto 9999 131106 1581", "bank account after its registration number"),
    ("Kontonummeret er 9999-2610010620", "joined to the registration number"),
    ("70 10 22 42 og 70 10 33 10", "telephone numbers in pairs"),
    ("Ring på 70103301 70103302 eller 7010 3303/7010 3304.", "telephone numbers in a row"),
    ("+4570104401, 004570104403, 4570104404", "telephone numbers with the country code"),
    ("EAN 5798000000000", "thirteen digits"),
    ("IBAN DK09 9999 2012 0631 40", "IBAN"),
    ("202611231405", "twelve digits: a moment"),
    ("scan_1401261840.pdf", "a moment in a file name"),
    ("backup_140126-1840.zip", "a moment in a file name, with a hyphen"),
    ("log-140126-1840", "a moment in a name without an end"),
    ("Møde 24.11.26 1430", "date and time"),
    ("24.11.2026 kl. 14.30", "date and time with a word between"),
    ("dato 12.05.2023, 2400 København NV", "date and postal code"),
    ("1767225600", "Unix time that is no date"),
    ("01012012345", "eleven digits"),
    ("90101201234", "the digit before belongs to the number"),
    ("320120-1234", "no such day"),
    ("cpr 311122-4321", "November has thirty days"),
    ("cpr 290203-0007", "1903 was no leap year"),
    ("cpr 240836-4000", "born in the future"),
    ("cpr 140308-xxxx", "masked by the writer"),
    ("010120-0000", "serial 0000 is never given"),
    ("https://app.example/c/4139626709/1108030719/bekraeft?sig=99d68", "in a link"),
    ("<5563060277.2404073160.JavaMail.app@mx01.example>", "in a message id"),
    ("550e8400-e29b-1201-2412-446655440000", "in a UUID"),
    ("sha1 0a0518bf435e319c9d1201241234aa", "in a hash"),
    ("XK3P-100308-1234-QQ7T", "in a licence key"),
    ("sag INC2407110482", "glued to a capital code"),
    ("version 14.03.08.1234", "a version"),
    ("Sommerferie: 29.06-09.08 2026", "from one date to another"),
    ("Tilbudsnr. er 090602 0270.", "an offer's number"),
    ("1403 x 0812 pixels", "pixels"),
    ("Policenummeret for ladcyklen er 200610-1952", "words that only join do not part a label from its number"),
    ("Vi beder aldrig om cpr. Ordrenummeret er 2609150318", "the word for CPR numbers ended its sentence"),
    ("12/03/25 2100 København Ø: legeplads", "a date and a town"),
    ("Sommerpasning 070725-0108 (altså 7. juli til 1. august)", "from one day to a later one"),
    ("felt A 120410-1210 mm", "a measure"),
    ("Filnavn: 2811241407_0003.pdf (dato og tid, løbenummer)", "a serial number is no word for CPR numbers"),
    ("det hedder dato-løbenummer, så 261206-3764 er altså bare sagsnummeret", "told what it is some words later"),
    ("Bilag    Posteringsnr.\n4417     0112073485\n4418     2507214648", "a head over a column set with spaces"),
    ("120319-4455  Regnslag rød .. 149,-\n120319-4456  Regnslag blå .. 149,-", "item numbers in order"),
    ("Emma er født 15.03.2022. Vi bruger cpr 2024-listen", "a year's list"),
    ("Kursus i CPR 1530 den 15.03.2022", "no birth date"),
    ("Der ligger 2110053048, ordrenummeret, klar", "told after a comma what it was"),
    ("Kørsel 2711261200 er lukket. CPR skal I som altid indtaste i portalen.", "the word begins another sentence"),
    ("1. præmie: 110926-0417\n2. præmie: 110926-0133\n3. præmie: 110926-0988", "several of the same day"),
    ("tank bon 1311260822 ligger i handskerummet. bent", "a name in the next sentence"),
    ("Stamkort\n\n\nEnhed\tP-nummer\tCVR\nA\t1012052701\t12345678", "its column's head, in a document too"),
    ("Hej Simone. Opkrævning 0206228286 på 3.215 kr. er sendt.", "a demand for payment"),
    ("Her er deres P-numre:\n\nSolsikken   1012040136\nKastanjen   1011031583", "introduced by the line above"),
    ("Codes for the city festival: 0505011783, 0808174625", "a label, some words and a colon"),
    ("Bank 9999 2111050816\nSkriv ikke cpr-numre til os", "the word stands in another sentence on its own line"),
    ("Leasingaftale 071119-8069", "an agreement of any kind"),
    (
        "Pakkenr. 0903021403. De fire sidste i pakkenummeret er koden. Hent inden 1600",
        "the last four of something, and an hour",
    ),
    ("P-nr. 101205-1332", "a P-number, though divided: they begin so"),
    ("hedder Dennis, kan vi komme 12/3-25 1015 eller senere", "a day and an hour beside a name"),
    ("Født: 150322\nLokale: 6239", "two fields of a form that are not its halves"),
    ("Bestellung Nr. 0708020869 vom Montag", "an order in German"),
    ("Kursus om personnumre, 12. marts 2026\n\n0830-0900  Morgenmad", "a date and an interval of hours"),
    ("2 x CPR/AED training, 8.400,00\nDates: 12-03-26, 19-03-26, 26-03-26", "first aid, and dates in a row"),
    ("pos. 3-12 i sangbogen:\n201503226239ABC", "places of something else"),
    ("Offert 210325-0098\n\nHär kommer offert på gungställning", "an offer in Swedish"),
    ("1430\n\nLokale 3\n\nHvad er de fire sidste i koden?", "four digits and a question, but no birth date"),
    ("pnr;ean\n1003072211;5798000000000", "pnr over what can be a P-number"),
    ("02:14 INFO batch 0411250214 slut rc=0\n02:15 INFO felt 'cpr' maskeret", "the word in another line of a log"),
    ("[#2309254118] Din sag er oprettet. Send ikke cpr i svaret.", "joined to a mark, though the word is near"),
    ("Anlægsnr. 0802117291 skal synes inden 30/4. Sidste rapport er ude", "`4. Sidste` is no *4 sidste*"),
    ("0704  11  42  26  05  06  10  12  12  35  27", "a row of a table"),
    ("Stelnumrene på de fire vogne er:\n\n(1) 0812487727\n(2) 0704090331", "introduced, some words before the colon"),
    ("Fakturanummer på den fra Malerfirmaet\n\n1211081127\n\nDet er den på 18.440 kr", "the heading says what it is"),
    ("Rum    Brik\n14     0506149637\n22     0811013994", "a head that says something else"),
    ("Kolli | Vogn | Kl.\n12 | 2106013686 | 0712", "so too, between bars"),
    ("Koder f.eks. 1803185858", "`f.` of *f.eks.* is no birth"),
    ("Numre: 2211786338, 8553576604, 7536072746 og 1808050046", "one of several, most of which cannot be one"),
]


@pytest.mark.parametrize(("text", "want", "why"), FOUND, ids=[row[2] for row in FOUND])
def test_found(find, text: str, want: str, why: str) -> None:
    assert want in numbers(find, text)


@pytest.mark.parametrize(("text", "why"), NOT_FOUND, ids=[row[1] for row in NOT_FOUND])
def test_not_found(find, text: str, why: str) -> None:
    assert not numbers(find, text)


@pytest.mark.parametrize(
    ("text", "want"),
    [
        pytest.param("cpr 090110-2554", Confidence.CERTAIN, id="word, hyphen and check digit"),
        pytest.param("090110-2554", Confidence.LIKELY, id="hyphen and check digit"),
        pytest.param("150322-6239", Confidence.LIKELY, id="hyphen alone"),
        pytest.param("1503226239", Confidence.POSSIBLE, id="ten digits alone, check digit broken"),
    ],
)
def test_confidence(find, text: str, want: Confidence) -> None:
    assert [found.confidence for found in find(text)] == [want]


def test_equal_numbers_in_one_place_count_once(find) -> None:
    found = find("cpr 150322-6239 og igen 1503226239, cpr")
    assert len(found) == 1


def test_the_same_number_in_two_places_is_two_findings(detectors: Detectors) -> None:
    fragments = [Fragment(place, "cpr 150322-6239") for place in (SUBJECT, TEXT, HTML)]
    found = detectors.find(fragments, today=TODAY)
    assert [str(each.place) for each in found] == ["subject", "text", "html"]


def test_summary_counts_distinct_numbers(find) -> None:
    [row] = summarise(find("cpr 150322-6239, cpr 1503226239, cpr 160617-9957"))
    assert (row.detector, row.category, row.where, row.count) == ("cpr", "cpr", "text", 2)


def test_findings_never_show_a_number(find) -> None:
    found = find("Karla Vinther, cpr 150322-6239")
    shown = repr(found) + str(found) + " ".join(evidence for each in found for evidence in each.evidence)
    assert "150322" not in shown
    assert "6239" not in shown
    assert "Karla" not in shown


def test_allowed_numbers_are_exact(rules_data) -> None:
    from gateway.detect import Rules

    data = {**rules_data, "cpr": {**rules_data["cpr"], "allow": ["070761-4285"]}}
    detectors = Detectors(Rules.from_mapping(data))
    found = detectors.find([Fragment(TEXT, "cpr 070761-4285 og cpr 150322-6239")], today=TODAY)
    assert [each.identity.reveal() for each in found] == ["1503226239"]


@pytest.mark.parametrize(
    ("digits", "want"),
    [
        ("0101000000", datetime.date(1900, 1, 1)),
        ("0101364000", datetime.date(2036, 1, 1)),
        ("0101374000", datetime.date(1937, 1, 1)),
        ("0101379001", datetime.date(1937, 1, 1)),
        ("0101575000", datetime.date(2057, 1, 1)),
        ("0101585000", datetime.date(1858, 1, 1)),
        ("0101993001", datetime.date(1999, 1, 1)),
        ("6101200000", datetime.date(1920, 1, 1)),
        ("2902000000", None),
        ("2902004000", datetime.date(2000, 2, 29)),
    ],
)
def test_century_table(digits: str, want: datetime.date | None) -> None:
    assert birth_date(digits) == want


def test_check_digit() -> None:
    assert check_digit_holds("0707614285")
    assert not check_digit_holds("2512489996")


def test_a_text_said_twice_is_found_in_both_places(detectors: Detectors) -> None:
    """The HTML reading of a long mail says what its text says, with other line ends: read once, told twice."""
    lines = ["Møde om sommerfesten, alle er velkomne, husk kaffe.", ""] * 90
    said = [*lines, "cpr 150322-6239", *lines]
    fragments = [Fragment(TEXT, "\r\n".join(said)), Fragment(HTML, "\n" + "\n".join(filter(None, said)))]
    found = detectors.find(fragments, today=TODAY)
    assert [(str(each.place), each.identity.reveal()) for each in found] == [
        ("text", "1503226239"),
        ("html", "1503226239"),
    ]


def test_a_text_that_begins_alike_is_read_by_itself(detectors: Detectors) -> None:
    filling = "Møde om sommerfesten, alle er velkomne, husk kaffe.\n" * 90
    fragments = [Fragment(TEXT, filling), Fragment(HTML, filling + "cpr 150322-6239")]
    assert [str(each.place) for each in detectors.find(fragments, today=TODAY)] == ["html"]


TABLE = [
    pytest.param("ordrenummer", "0901102554", False, id="a column of order numbers"),
    pytest.param(
        "tekst", "0901102554", False, id="a column that says nothing: one valid check digit of many is chance"
    ),
    pytest.param("tekst", "090110-2554", True, id="a column that says nothing, but the hyphen does"),
    pytest.param("tekst", "1503226239", False, id="a column that says nothing, broken check digits"),
    pytest.param("CPR", "1503226239", True, id="a column of CPR numbers"),
    pytest.param("CPR", "150322-6239", True, id="a column of CPR numbers with hyphens"),
]


@pytest.mark.parametrize(("head", "number", "want"), TABLE)
def test_a_number_in_a_table_of_many(find, head: str, number: str, want: bool) -> None:
    """Beyond some hundred numbers a table is judged column by column."""
    rows = [f"{line};Bolde og net;45{line:08};{line % 9}" for line in range(300)]
    rows[150] = f"150;Bolde og net;{number};3"
    filling = [f"{line};Bolde og net;2{line % 9}0412{1000 + line};3" for line in range(200)]
    found = numbers(find, "\n".join([f"nr;vare;{head};antal", *rows, *filling]))
    assert (number.replace("-", "") in found) == want


def test_every_number_of_a_long_column_is_counted(find) -> None:
    rows = [f"{line};{1 + line % 28:02}0318{4000 + line}" for line in range(2_000)]
    [row] = summarise(find("\n".join(["nr;cpr", *rows])))
    assert row.count == 2_000


def test_a_subject_is_read_with_the_body(detectors: Detectors) -> None:
    fragments = [Fragment(SUBJECT, "150322 6239"), Fragment(TEXT, "Hej. Nummeret i emnet er drengens cpr.")]
    found = detectors.find(fragments, today=TODAY)
    assert [(str(each.place), each.confidence) for each in found] == [("subject", Confidence.LIKELY)]


@pytest.mark.parametrize(
    ("digits", "want"),
    [
        ("0912080043", True),
        ("0912081099", True),
        ("0912081100", False),
        ("1503224099", True),
        ("1503225099", True),
        ("1503226239", False),
        ("1503229002", True),
    ],
)
def test_serials_are_given_in_order(digits: str, want: bool) -> None:
    assert is_early(digits) == want


def test_the_page_on_detection_explains_every_weight(rules_data) -> None:
    page = (Path(__file__).resolve().parents[2] / "docs" / "detection.md").read_text("utf-8")
    assert [name for name in rules_data["cpr"]["weights"] if f"`{name}`" not in page] == []
