"""MIME that programs read differently, one way to do it a row: every reading that any of them has is read.

Boundaries, comments, transfer encodings, charsets, encoded words and line ends that contradict each other or the rules.
"""

# ruff: noqa: E501  (one trick a row)
from __future__ import annotations

import base64
import gzip
import re
import unicodedata

import pytest

from gateway.extract import Budget, read
from gateway.mail.message import Message

NUMBER = "070761-4285"
DATA = NUMBER.encode()
B64 = base64.b64encode(b"CPR er " + DATA + b" for barnet")
QP = b"".join(b"=%02X" % byte for byte in DATA)
UTF7 = b"CPR +ADAANwAwADcANgAxAC0ANAAyADgANQ-"
UU = b"+,#<P-S8Q+30R.#4 \r\n \r\nend\r\n"
HEAD = b"From: a@lavuk.dk\r\nMIME-Version: 1.0\r\n"
TEXT = b"Content-Type: text/plain\r\n"
CTE = b"Content-Transfer-Encoding: "
PART = TEXT + CTE + b"base64\r\n\r\n" + B64
BODY = b"--x\r\n" + PART + b"\r\n--x--\r\n"
FOUND = re.compile(r"070761\s{0,2}-?\s{0,3}4285")
UNSEEN = re.compile("[\u00ad\u200b-\u200f]")


def parts(kind: bytes, *inside: bytes, end: bytes = b"--x--\r\n") -> bytes:
    body = b"".join(b"--x\r\n" + part + b"\r\n" for part in inside)
    return HEAD + b"Content-Type: " + kind + b"\r\n\r\n" + body + end


def mixed(*inside: bytes, end: bytes = b"--x--\r\n") -> bytes:
    return parts(b"multipart/mixed; boundary=x", *inside, end=end)


# fmt: off
NASTY = {
    "comment inside boundary param": parts(b"multipart/mixed; (hej) boundary=(x)x",PART),
    "comment after boundary": parts(b"multipart/mixed; boundary=x (comment)",PART),
    "nested comments in type": parts(b"multipart/(a(b)c)mixed; boundary=x",PART),
    "comment w/ semicolon": parts(b"multipart/mixed (a; boundary=y); boundary=x",PART),
    "boundary quoted with escapes": parts(b'multipart/mixed; boundary="\\x"',PART),
    "boundary unterminated quote": parts(b'multipart/mixed; boundary="x',PART),
    "boundary w/ trailing space quoted": parts(b'multipart/mixed; boundary="x "',PART),
    "boundary w/ leading space": parts(b'multipart/mixed; boundary=" x"',PART),
    "boundary single quotes": parts(b"multipart/mixed; boundary='x'",PART),
    "two boundaries params, second right": parts(b'multipart/mixed; boundary=y; boundary=x',PART),
    "two boundaries, both used": HEAD + b'Content-Type: multipart/mixed; boundary=y; boundary=x\r\n\r\n--y\r\n\r\nHej\r\n--y--\r\n' + BODY,
    "two CT headers w/ different boundary": HEAD + b'Content-Type: multipart/mixed; boundary=y\r\nContent-Type: multipart/mixed; boundary=x\r\n\r\n--y\r\n\r\nHej\r\n--y--\r\n' + BODY,
    "boundary* rfc2231": parts(b"multipart/mixed; boundary*=us-ascii''%78",PART),
    "boundary*0 pieces": HEAD + b'Content-Type: multipart/mixed; boundary*0="ab"; boundary*1="cd"\r\n\r\n--abcd\r\n'+PART+b"\r\n--abcd--",
    "boundary and boundary*0": HEAD + b'Content-Type: multipart/mixed; boundary=q; boundary*0="ab"; boundary*1="cd"\r\n\r\n--abcd\r\n'+PART+b"\r\n--abcd--",
    "boundary empty": HEAD + b'Content-Type: multipart/mixed; boundary=""\r\n\r\n--\r\n'+PART+b"\r\n----",
    "boundary encoded word": HEAD + b'Content-Type: multipart/mixed; boundary="=?utf-8?q?x?="\r\n\r\n' + BODY,
    "boundary eq space": parts(b"multipart/mixed; boundary = x",PART),
    "boundary uppercase": parts(b"MULTIPART/MIXED; BOUNDARY=x",PART),
    "boundary with CRLF fold": parts(b"multipart/mixed;\r\n\tboundary=\r\n x",PART),
    "type missing slash": parts(b"multipart; boundary=x",PART),
    "type garbage then param": parts(b"foo bar multipart/mixed; boundary=x",PART),
    "type leading semicolon": parts(b"; multipart/mixed; boundary=x",PART),
    "header field NUL in name": HEAD + b"Content-Type\x00: x\r\n"+b"Content-Transfer-\x00Encoding: base64\r\n\r\n"+B64,
    "CTE w/ comment": HEAD + TEXT + b"Content-Transfer-Encoding: (x) base64\r\n\r\n"+B64,
    "CTE trailing junk": HEAD + TEXT + b"Content-Transfer-Encoding: base64;foo=bar\r\n\r\n"+B64,
    "CTE trailing junk 2": HEAD + TEXT + b"Content-Transfer-Encoding: base64 foo\r\n\r\n"+B64,
    "CTE trailing dot": HEAD + TEXT + b"Content-Transfer-Encoding: base64.\r\n\r\n"+B64,
    "CTE comma": HEAD + TEXT + b"Content-Transfer-Encoding: base64,8bit\r\n\r\n"+B64,
    "CTE quoted": HEAD + TEXT + b'Content-Transfer-Encoding: "base64"\r\n\r\n'+B64,
    "CTE base-64": HEAD + TEXT + b'Content-Transfer-Encoding: base-64\r\n\r\n'+B64,
    "CTE x-base64": HEAD + TEXT + b'Content-Transfer-Encoding: x-base64\r\n\r\n'+B64,
    "CTE b": HEAD + TEXT + b'Content-Transfer-Encoding: b\r\n\r\n'+B64,
    "CTE quotedprintable": HEAD + TEXT + b'Content-Transfer-Encoding: quoted_printable\r\n\r\n'+QP,
    "CTE space colon": HEAD + TEXT + b'Content-Transfer-Encoding : base64\r\n\r\n'+B64,
    "CTE no colon space": HEAD + TEXT + b'Content-Transfer-Encoding:base64\r\n\r\n'+B64,
    "CTE folded": HEAD + TEXT + b'Content-Transfer-Encoding:\r\n base64\r\n\r\n'+B64,
    "CTE in the middle NUL": HEAD + TEXT + b'Content-Transfer-Encoding: base\x0064\r\n\r\n'+B64,
    "CTE encoded word": HEAD + TEXT + b'Content-Transfer-Encoding: =?utf-8?q?base64?=\r\n\r\n'+B64,
    "CTE duplicate 8bit first": HEAD + TEXT + b'Content-Transfer-Encoding: 8bit\r\nContent-Transfer-Encoding: base64\r\n\r\n'+B64,
    "CTE qp over base64": HEAD + TEXT + b'Content-Transfer-Encoding: quoted-printable\r\nContent-Transfer-Encoding: base64\r\n\r\n'+B64,
    "CTE missing, body b64, text": HEAD + TEXT + b'\r\n'+B64,
    "b64 no newline end & junk chars": HEAD + TEXT + b'Content-Transfer-Encoding: base64\r\n\r\n'+b"$"+b"$".join(bytes([c]) for c in B64),
    "b64 padding then more": HEAD + TEXT + b'Content-Transfer-Encoding: base64\r\n\r\n'+base64.b64encode(b"Hej a")+B64,
    "b64 single = in the middle unaligned": HEAD + TEXT + CTE + b"base64\r\n\r\n" + B64[:5] + b"=" + B64[5:],
    "b64 url-safe alphabet": HEAD + TEXT + b'Content-Transfer-Encoding: base64\r\n\r\n'+base64.urlsafe_b64encode(b"\xfb\xff "+DATA+b"   \xff\xfe\xfb"),
    "b64 comments lines": HEAD + TEXT + b'Content-Transfer-Encoding: base64\r\n\r\n(hej)\r\n'+B64,
    "b64 leading text line": HEAD + TEXT + b'Content-Transfer-Encoding: base64\r\n\r\nHej med dig\r\n\r\n'+B64,
    "b64 ends at -- line": HEAD + PART+b"\r\n--\r\nHilsen",
    "b64 half-plain": HEAD + TEXT + b'Content-Transfer-Encoding: base64\r\n\r\nCPR 070761-4285\r\n',
    "uuencode CTE": HEAD + TEXT + b'Content-Transfer-Encoding: x-uuencode\r\n\r\nbegin 644 x\r\n' + UU,
    "uuencode w/o begin in CTE": HEAD + TEXT + b'Content-Transfer-Encoding: uuencode\r\n\r\n' + UU,
    "qp lowercase": HEAD + TEXT + b'Content-Transfer-Encoding: quoted-printable\r\n\r\n'+QP.lower(),
    "qp soft break w/ CRCRLF": HEAD + TEXT + b'Content-Transfer-Encoding: quoted-printable\r\n\r\n070761=\r\r\n-4285',
    "qp in html entity": HEAD + b"Content-Type: text/html\r\n"+b'Content-Transfer-Encoding: quoted-printable\r\n\r\n07=\r\n0761&#=34=35;4285',
    "utf-7 text": HEAD + b"Content-Type: text/plain; charset=utf-7\r\n\r\n"+UTF7,
    "utf-7 x-unicode-1-1": HEAD + b"Content-Type: text/plain; charset=unicode-1-1-utf-7\r\n\r\n"+UTF7,
    "utf-7 not declared html meta": HEAD + b'Content-Type: text/html\r\n\r\n<meta http-equiv=content-type content="text/html; charset=utf-7">'+UTF7,
    "utf-7 two charsets": HEAD + b"Content-Type: text/plain; charset=utf-8; charset=utf-7\r\n\r\n"+UTF7,
    "charset quoted space": HEAD + b'Content-Type: text/plain; charset=" utf-7 "\r\n\r\n'+UTF7,
    "charset comment": HEAD + b'Content-Type: text/plain; charset=utf-7 (x)\r\n\r\n'+UTF7,
    "charset rfc2231": HEAD + b"Content-Type: text/plain; charset*=us-ascii''utf-7\r\n\r\n"+UTF7,
    "charset imap-utf7? subject": b"Subject: =?utf-7?q?+ADAANwAwADcANgAxAC0ANAAyADgANQ-?=\r\n\r\n",
    "iso-2022-jp escapes between digits": HEAD + b"Content-Type: text/plain; charset=iso-2022-jp\r\n\r\n0707\x1b(B61-42\x1b(B85",
    "iso-2022-jp escapes, other charset": HEAD + b"Content-Type: text/plain; charset=utf-8\r\n\r\n0707\x1b(B61-42\x1b(B85",
    "hz": HEAD + b"Content-Type: text/plain; charset=hz-gb-2312\r\n\r\n0707~\n61-42~\n85",
    "utf-16be b64 w/o BOM": HEAD + b"Content-Type: text/plain; charset=utf-16\r\nContent-Transfer-Encoding: base64\r\n\r\n"+base64.b64encode(("æ"+DATA.decode()).encode('utf-16-be')),
    "cp037 ebcdic": HEAD + b"Content-Type: text/plain; charset=cp037\r\nContent-Transfer-Encoding: base64\r\n\r\n"+base64.b64encode(("nr "+DATA.decode()).encode('cp037')),
    "ebcdic 2nd charset": HEAD + b"Content-Type: text/plain; charset=utf-8\r\nContent-Type: text/plain; charset=cp037\r\nContent-Transfer-Encoding: base64\r\n\r\n"+base64.b64encode(("nr "+DATA.decode()).encode('cp037')),
    "subject nested encoded word": b"Subject: =?utf-8?b?"+base64.b64encode(b"=?utf-8?q?"+QP+b"?=")+b"?=\r\n\r\nHej",
    "subject q with spaces": b"Subject: =?utf-8?q?070761 =2D 4285?=\r\n\r\nHej",
    "subject b split mid-quantum": b"Subject: =?utf-8?b?"+B64[:10]+b"?=\r\n =?utf-8?b?"+B64[10:]+b"?=\r\n\r\nHej",
    "subject unclosed": b"Subject: =?utf-8?b?"+B64+b"\r\n\r\nHej",
    "subject with lang": b"Subject: =?utf-8*da?b?"+B64+b"?=\r\n\r\nHej",
    "subject in quotes": b'Subject: "=?utf-8?b?'+B64+b'?="\r\n\r\nHej',
    "subject no charset": b'Subject: =??b?'+B64+b'?=\r\n\r\nHej',
    "subject folded in the word": b'Subject: =?utf-8?b?'+B64[:8]+b'\r\n '+B64[8:]+b'?=\r\n\r\nHej',
    "subject digits split by folding": b'Subject: CPR 070761\r\n -4285\r\n\r\nHej',
    "subject CR only": b'Subject: Hej\rX: CPR 070761-4285\r\n\r\nHej',
    "filename rfc2231 out of order": mixed(b"Content-Type: a/b; name*2*=%34285.txt; name*0*=utf-8''070; name*1=761-\r\n\r\nHej"),
    "filename rfc2231 gap": mixed(b"Content-Type: a/b; name*0=0707; name*2=61-4285\r\n\r\nHej"),
    "filename rfc2231 no first quotes": mixed(b"Content-Disposition: attachment; filename*="+b"%30%37%30%37%36%31-4285\r\n\r\nHej"),
    "filename percent, plain": mixed(b"Content-Disposition: attachment; filename="+b"%30%37%30%37%36%31-4285\r\n\r\nHej"),
    "filename mixed 2231+2047": mixed(b"Content-Disposition: attachment; filename*0=\"=?utf-8?q?=30707\"; filename*1=\"61-4285?=\"\r\n\r\nHej"),
    "filename utf-16 2231": mixed(b"Content-Disposition: attachment; filename*=utf-16be''"+b"".join(b"%%00%%%02X"%c for c in DATA)+b"\r\n\r\nHej"),
    "content-description": mixed(TEXT + b"Content-Description: "+DATA+b"\r\n\r\nHej"),
    "content-location/id": mixed(TEXT + b"Content-Location: "+DATA+b".txt\r\n\r\nHej"),
    "missing blank before body in part": mixed(TEXT + b"Hej CPR "+DATA),
    "part header starts w/ space": mixed(b" Content-Type: text/plain\r\nContent-Transfer-Encoding: base64\r\n\r\n"+B64),
    "part header after blank w/ spaces": mixed(b"Content-Type: text/plain\r\n \t\r\nContent-Transfer-Encoding: base64\r\n\r\n"+B64),
    "header ends with space-only line": HEAD + TEXT + b"Content-Transfer-Encoding: base64\r\n \r\n"+B64,
    "LF only": mixed(PART).replace(b"\r\n",b"\n"),
    "CR only": mixed(PART).replace(b"\r\n",b"\r"),
    "mixed LF header, CRLF": HEAD.replace(b"\r\n",b"\n")+TEXT + b"Content-Transfer-Encoding: base64\n\r\n"+B64,
    "CRLF LF": HEAD + TEXT + b"Content-Transfer-Encoding: base64\r\n\n"+B64,
    "CR CR LF ends": mixed(PART).replace(b"\r\n",b"\r\r\n"),
    "text before first header": b"Hej med jer\r\n"+HEAD + b"Content-Transfer-Encoding: base64\r\n\r\n"+B64,
    "From line": b"From x@y Mon Jan 1 00:00:00 2020\r\n"+HEAD + TEXT + b"Content-Transfer-Encoding: base64\r\n\r\n"+B64,
    "garbage line in the header then CTE": HEAD + b"garbage line here\r\n"+b"Content-Transfer-Encoding: base64\r\n\r\n"+B64,
    "missing final boundary": mixed(PART,end=b""),
    "nested same boundary": mixed(b"Content-Type: multipart/mixed; boundary=x\r\n\r\n" + BODY),
    "nested prefix boundary": HEAD + b"Content-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\nContent-Type: multipart/mixed; boundary=xy\r\n\r\n--xy\r\n"+PART+b"\r\n--xy--\r\n--x--",
    "boundary line w/ trailing text": HEAD + b"Content-Type: multipart/mixed; boundary=x\r\n\r\n--x hej\r\n"+PART+b"\r\n--x--",
    "boundary prefix matched by lenient": HEAD + b"Content-Type: multipart/mixed; boundary=x\r\n\r\n--xhej\r\n"+PART+b"\r\n--x--",
    "part after close": mixed(TEXT + b"\r\nHej")+BODY,
    "preamble with part": HEAD + b"Content-Type: multipart/mixed; boundary=x\r\n\r\n--y\r\n"+PART+b"\r\n--y--\r\n--x\r\n\r\nHej\r\n--x--",
    "multipart under text/plain header dup": HEAD + TEXT + b"Content-Type: multipart/mixed; boundary=x\r\n\r\n" + BODY,
    "multipart CTE base64 nested": HEAD + b"Content-Type: multipart/mixed; boundary=x\r\nContent-Transfer-Encoding: base64\r\n\r\n"+base64.encodebytes(b"" + BODY),
    "multipart CTE qp nested": HEAD + b"Content-Type: multipart/mixed; boundary=x\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n"+(b"" + BODY).replace(b"=",b"=3D"),
    "rfc822 CTE base64": HEAD + b"Content-Type: message/rfc822\r\nContent-Transfer-Encoding: base64\r\n\r\n"+base64.encodebytes(b"Subject: x\r\nContent-Transfer-Encoding: base64\r\n\r\n"+B64),
    "rfc822 attached with wrong type": mixed(b"Content-Type: text/rfc822-headers\r\n\r\nSubject: "+DATA),
    "delivery status": parts(b"multipart/report; boundary=x",b"Content-Type: message/delivery-status\r\n\r\nFinal-Recipient: rfc822; "+DATA),
    "disposition notif": parts(b"multipart/report; boundary=x",b"Content-Type: message/disposition-notification\r\n\r\nX: "+DATA),
    "message/partial first": HEAD + b"Content-Type: message/partial; number=1; total=2; id=a\r\n\r\nSubject: "+DATA+b"\r\n\r\n",
    "text/enriched": HEAD + b"Content-Type: text/enriched\r\n\r\n070<bold>761</bold>-4285",
    "text/richtext": HEAD + b"Content-Type: text/richtext\r\n\r\n070<bold>761</bold>-4285<nl>",
    "html comment split": HEAD + b"Content-Type: text/html\r\n\r\n070<!-- x -->761-<b></b>4285",
    "html wbr": HEAD + b"Content-Type: text/html\r\n\r\n070761<wbr>-4285",
    "html zero width": HEAD + b"Content-Type: text/html; charset=utf-8\r\n\r\n070&#x200b;761-42&shy;85",
    "html in text/plain": HEAD + b"Content-Type: text/plain\r\n\r\n<html>070<b>761</b>-4285",
    "html as a/b attachment .html": mixed(b'Content-Type: application/octet-stream; name="a.html"\r\n\r\nHej <b>070</b><i>761</i>-4285'),
    "mht attachment": mixed(b'Content-Type: application/octet-stream; name="a.mht"\r\n\r\nMIME-Version: 1.0\r\nContent-Type: multipart/related; boundary=z\r\n\r\n--z\r\n'+PART+b"\r\n--z--"),
    "ics in octet": mixed(b'Content-Type: application/octet-stream; name="a.ics"\r\n\r\nBEGIN:VCALENDAR\r\nDESCRIPTION:0707\r\n 61-4285\r\nEND:VCALENDAR'),
    "charset in rfc2231 pieces": HEAD + b"Content-Type: text/plain; charset*0=ut; charset*1=f-7\r\n\r\n"+UTF7,
    "gzip'd body (content-encoding)": HEAD + b"Content-Type: text/plain\r\nContent-Encoding: gzip\r\nContent-Transfer-Encoding: base64\r\n\r\n"+base64.encodebytes(gzip.compress(b"CPR "+DATA)),
    "8bit utf16 body w/ NULs": HEAD + b"Content-Type: text/plain; charset=utf-16le\r\nContent-Transfer-Encoding: binary\r\n\r\n"+("CPR "+DATA.decode()).encode('utf-16-le'),
    "header raw utf16 subject": b"Subject: =?utf-16le?b?"+base64.b64encode(("nr "+DATA.decode()).encode('utf-16-le'))+b"?=\r\n\r\n",
    "dup subject": b"Subject: Hej\r\nSubject: "+DATA+b"\r\n\r\n",
    "from display name qp": b"From: =?utf-8?q?"+QP+b"?= <a@b.dk>\r\n\r\n",
    "to group": b"To: "+DATA+b":a@b;\r\n\r\n",
    "to local part": b"To: "+DATA+b"@mail.dk\r\n\r\n",
    "Content-Type: text/plain; boundary multipart body": HEAD + b"Content-Type: text/plain; boundary=x\r\n\r\n" + BODY,
    "type application/octet multipart body": HEAD + b"Content-Type: application/octet-stream\r\n\r\n" + BODY,
    "multipart/digest default rfc822": parts(b"multipart/digest; boundary=x",b"\r\nSubject: x\r\nContent-Transfer-Encoding: base64\r\n\r\n"+B64),
    "pgp signed": HEAD + TEXT + b"\r\n-----BEGIN PGP SIGNED MESSAGE-----\r\nHash: SHA1\r\n\r\n- "+DATA+b"\r\n-----BEGIN PGP SIGNATURE-----\r\nabc\r\n-----END PGP SIGNATURE-----",
    "uu after qp": HEAD + TEXT + b"Content-Transfer-Encoding: quoted-printable\r\n\r\nbegin 644 x.txt\r\n+,#<P-S8Q+30R.#4=20\r\n=20\r\nend\r\n",
    "b64 blob in body begin-base64": HEAD + TEXT + b"\r\nbegin-base64 644 x\r\n"+B64+b"\r\n====\r\n",
    "CT no value": HEAD + b"Content-Type:\r\nContent-Transfer-Encoding: base64\r\n\r\n"+B64,
    "CT 998+ long params": parts(b"multipart/mixed; a="+b"y"*5000+b"; boundary=x",PART),
    "boundary > 70 chars": HEAD + b"Content-Type: multipart/mixed; boundary="+b"y"*200+b"\r\n\r\n--"+b"y"*200+b"\r\n"+PART+b"\r\n--"+b"y"*200+b"--",
    "boundary truncated to 70 by some": HEAD + b"Content-Type: multipart/mixed; boundary="+b"y"*80+b"\r\n\r\n--"+b"y"*70+b"\r\n"+PART+b"\r\n--"+b"y"*70+b"--",
    "boundary w/ 8bit": HEAD + "Content-Type: multipart/mixed; boundary=å\r\n\r\n--å\r\n".encode('latin-1')+PART+"\r\n--å--".encode('latin-1'),
    "boundary with semicolon in quotes": HEAD + b'Content-Type: multipart/mixed; boundary="a;b"\r\n\r\n--a;b\r\n'+PART+b"\r\n--a;b--",
    "param without name": parts(b'multipart/mixed; ="y"; boundary=x',PART),
    "quote imbalance before boundary": parts(b'multipart/mixed; name="abc; boundary=x',PART),
    "quote imbalance 2": parts(b'multipart/mixed; charset="utf-8; name="y"; boundary=x',PART),
    "two types one line comma": parts(b'text/plain, multipart/mixed; boundary=x',PART),
    "tabs instead of ; ": parts(b'multipart/mixed\tboundary=x',PART),
    "CTE of second dup in part: b64 + 7bit + qp": mixed(TEXT + b"Content-Transfer-Encoding: 7bit\r\nContent-Transfer-Encoding: quoted-printable\r\nContent-Transfer-Encoding: 8bit\r\nContent-Transfer-Encoding: base64\r\n\r\n"+B64),
    "four types": HEAD + b"Content-Type: a/b\r\nContent-Type: c/d\r\nContent-Type: e/f\r\nContent-Type: multipart/mixed; boundary=x\r\n\r\n" + BODY,
    "header >1000 fields": b"".join(b"X-%d: y\r\n"%i for i in range(3000))+TEXT + b"Content-Transfer-Encoding: base64\r\n\r\n"+B64,
}
# fmt: on


@pytest.mark.parametrize("name", NASTY)
def test_every_reading_of_nasty_mime_is_read(name: str) -> None:
    got = read(Message(NASTY[name]), Budget(ocr=False))
    texts = [UNSEEN.sub("", unicodedata.normalize("NFKC", fragment.text)) for fragment in got.fragments]
    assert any(map(FOUND.search, texts)), "the number is in no text"
