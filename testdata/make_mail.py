#!/usr/bin/env python3
"""Writes the mails of testdata/mail, each byte chosen on purpose.

Usage: make_mail.py DIRECTORY. Standard library only; the same bytes come out on every run. Beside
the mails it writes manifest.json (what the tests expect of each) and README.md (the same, to read).
"""

import base64
import json
import os
import random
import struct
import sys
import zlib

MAILS = []


def mail(name, note, text, expect="sealed", to=("bob@example.com",), cc=(), bcc=(), ends="\r\n"):
    """Registers one mail. `text` is str (UTF-8) or bytes with LF ends, turned into `ends`
    (None: the bytes as they are). `expect` is "sealed", or why sealing must be refused."""
    body = text.encode() if isinstance(text, str) else text
    if ends is not None:
        body = body.replace(b"\n", ends.encode())
    MAILS.append((name, note, body, expect, list(to), list(cc), list(bcc)))


def header(subject, extra="", to="bob@example.com", date=True, message_id=None):
    """A plain header block from alice, without the empty line that ends it."""
    name = message_id or "".join(c if c.isalnum() else "." for c in subject.lower())
    lines = ["From: Alice Example <alice@example.com>"]
    if to:
        lines.append(f"To: {to}")
    lines.append(f"Subject: {subject}")
    if date:
        lines.append("Date: Fri, 06 Feb 2026 10:00:00 +0100")
        lines.append(f"Message-ID: <{name}@example.com>")
    lines.append("MIME-Version: 1.0")
    return "\n".join(lines) + "\n" + extra


def noise(seed, length):
    return random.Random(seed).randbytes(length)


def encode(data):
    return base64.encodebytes(data).decode()


def png(seed, width, height):
    """A PNG of noise in stored deflate blocks, so that no zlib version changes its bytes."""
    rows = b"".join(b"\0" + noise(f"{seed}{y}", 3 * width) for y in range(height))

    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    blocks = b"\x78\x01"
    for start in range(0, len(rows), 65535):
        block = rows[start : start + 65535]
        last = start + 65535 >= len(rows)
        blocks += struct.pack("<BHH", last, len(block), len(block) ^ 0xFFFF) + block
    blocks += struct.pack(">I", zlib.adler32(rows))
    size = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", size) + chunk(b"IDAT", blocks) + chunk(b"IEND", b"")


def pdf(seed, length):
    """A one-page PDF that carries a stream of noise."""
    stream = noise(seed, length)
    return (
        b"%%PDF-1.4\n%%\xe2\xe3\xcf\xd3\n1 0 obj\n<< /Type /Catalog /Pages 2 0 R >>\nendobj\n"
        b"2 0 obj\n<< /Type /Pages /Kids [3 0 R] /Count 1 >>\nendobj\n"
        b"3 0 obj\n<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents 4 0 R >>\nendobj\n"
        b"4 0 obj\n<< /Length %d >>\nstream\n" % length
    ) + stream + b"\nendstream\nendobj\ntrailer\n<< /Size 5 /Root 1 0 R >>\n%%EOF\n"


WORDS = (
    "market harbour letter season garden winter paper signal copper museum bridge engine "
    "orchard window festival river notebook lantern valley station kitchen library"
).split()


def paragraph(random_source, words):
    return " ".join(random_source.choice(WORDS) for _ in range(words)).capitalize() + "."


def newsletter_html(articles):
    choose = random.Random("newsletter")
    rows = []
    for number in range(articles):
        rows.append(
            '  <tr>\n    <td style="padding:24px;font-family:Helvetica,Arial,sans-serif;color:#222222">\n'
            f'      <h2 style="margin:0 0 8px">{paragraph(choose, 4)}</h2>\n'
            + "".join(
                f'      <p style="margin:0 0 12px;line-height:1.5">{paragraph(choose, 9)}<br>\n'
                f"      {paragraph(choose, 9)}</p>\n"
                for _ in range(4)
            )
            + f'      <p><a href="https://news.example.com/2026/{number}?utm_source=mail&amp;utm_medium=news">'
            f"Read on &rarr;</a></p>\n    </td>\n  </tr>\n"
        )
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head><meta charset="utf-8"><title>News</title></head>\n'
        '<body style="margin:0;background:#f4f4f4">\n<table role="presentation" width="600">\n'
        + "".join(rows)
        + '</table>\n<p><a href="{{unsubscribe}}">Unsubscribe</a></p>\n</body>\n</html>\n'
    )


def newsletter_text(articles):
    choose = random.Random("text")
    return "".join(
        f"{paragraph(choose, 4)}\n\n{paragraph(choose, 9)}\nhttps://news.example.com/2026/{n}\n\n"
        for n in range(articles)
    )


def large_mails():
    mail(
        "newsletter.eml",
        "about 19 KB, an HTML newsletter, multipart/alternative, wholly 7-bit: comes out unchanged",
        header(
            "The February newsletter",
            'Content-Type: multipart/alternative; boundary="=_news"\n'
            "List-Unsubscribe: <https://news.example.com/u/1>\n",
        )
        + "\n--=_news\nContent-Type: text/plain; charset=us-ascii\n\n"
        + newsletter_text(17)
        + "--=_news\nContent-Type: text/html; charset=us-ascii\n\n"
        + newsletter_html(15)
        + "--=_news--\n",
    )
    mail(
        "attachments.eml",
        "about 577 KB: 8-bit HTML, an inline PNG, a PDF and a CSV",
        header(
            "Report with attachments",
            'Content-Type: multipart/mixed; boundary="=_mixed"\n',
            to="bob@example.com, Carol <carol@example.com>",
        )
        + '\nThis is a multi-part message in MIME format.\n--=_mixed\n'
        + 'Content-Type: multipart/related; boundary="=_related"; type="text/html"\n\n--=_related\n'
        + "Content-Type: text/html; charset=utf-8\nContent-Transfer-Encoding: 8bit\n\n"
        + "<h1>Übersicht für März</h1>\n<p>Grüße — naïve café, 3 €</p>\n"
        + newsletter_html(12)
        + '--=_related\nContent-Type: image/png; name="chart.png"\nContent-ID: <chart@example.com>\n'
        + "Content-Disposition: inline; filename=chart.png\nContent-Transfer-Encoding: base64\n\n"
        + encode(png("chart", 240, 200))
        + "--=_related--\n--=_mixed\n"
        + 'Content-Type: application/pdf; name="Quarterly report.pdf"\n'
        + 'Content-Disposition: attachment; filename="Quarterly report.pdf"\n'
        + "Content-Transfer-Encoding: base64\n\n"
        + encode(pdf("report", 266_300))
        + "--=_mixed\nContent-Type: text/csv; charset=us-ascii; header=present\n"
        + 'Content-Disposition: attachment; filename="figures.csv"\n\nmonth,sent,opened\n'
        + "".join(f"2025-{m:02},{m * 1009},{m * 499}\n" for m in range(1, 13))
        + "--=_mixed--\n",
        cc=(),
        to=("bob@example.com", "carol@example.com"),
    )


PLAIN = "Hello Bob,\n\nall is well.\n\n-- \nAlice\n"


def line_ends():
    text = header("Line ends", "Content-Type: text/plain; charset=us-ascii\n") + "\n" + PLAIN
    mail("crlf.eml", "plain ASCII text with CRLF: comes out unchanged", text)
    mail("lf.eml", "the same with LF", text, ends="\n")
    mixed = b"".join(
        line + (b"\r\n" if number % 2 else b"\n")
        for number, line in enumerate(text.encode().split(b"\n")[:-1])
    )
    mail("mixed-ends.eml", "the same with LF and CRLF in turn", mixed, ends=None)
    mail(
        "lone-cr.eml",
        "lone carriage returns in the body: text that no relay may see bare",
        text.encode().replace(b"\n", b"\r\n").replace(b"all is well.", b"all\ris\rwell."),
        ends=None,
    )
    mail("no-final-newline.eml", "the last line has no end", text.rstrip("\n"))
    mail("mbox.eml", 'an mbox "From " line first', "From alice@example.com Fri Feb  6 10:00:00 2026\n" + text, ends="\n")
    mail("empty-body.eml", "headers, the empty line, and nothing", header("Empty", "Content-Type: text/plain\n") + "\n")
    mail("header-only.eml", "headers, and not even the empty line", header("Header only"))


def bodies():
    mail(
        "utf8-8bit.eml",
        "8-bit UTF-8 text",
        header("UTF-8", "Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: 8bit\n")
        + "\nGrüße aus München — 3 €\n日本語\n",
    )
    mail(
        "latin1-8bit.eml",
        "8-bit Latin-1 text",
        (
            header("Latin-1", "Content-Type: text/plain; charset=iso-8859-1\nContent-Transfer-Encoding: 8bit\n")
            + "\nGrüße aus Köln, garçon\n"
        ).encode("latin-1"),
    )
    mail(
        "undeclared-8bit.eml",
        "8-bit text with neither charset nor encoding declared",
        header("Undeclared") + "\nGrüße\n",
    )
    mail(
        "no-mime.eml",
        "a mail of 1982: no MIME header field at all",
        "From: alice@example.com\nTo: bob@example.com\nSubject: Plain\n"
        "Date: Fri, 06 Feb 2026 10:00:00 +0100\nMessage-ID: <no-mime@example.com>\n\nHello.\n",
    )
    mail(
        "nul.eml",
        "NUL octets in a text part",
        header("NUL", "Content-Type: text/plain\n").encode() + b"\nbefore\0after\n",
    )
    mail(
        "long-lines.eml",
        "lines over 998 octets in 7-bit text",
        header("Long lines", "Content-Type: text/html; charset=us-ascii\n") + "\n<p>" + "long line " * 250 + "</p>\n",
    )
    mail(
        "flowed.eml",
        "format=flowed with trailing spaces, which must survive",
        header("Flowed", "Content-Type: text/plain; charset=us-ascii; format=flowed; delsp=no\n")
        + "\nThis paragraph flows over \nthree lines with \ntrailing spaces.\n\n> quoted \n> text\n-- \nAlice\n",
    )
    mail(
        "flowed-8bit.eml",
        "format=flowed in 8-bit UTF-8: re-encoded, its trailing spaces kept",
        header(
            "Flowed too",
            "Content-Type: text/plain; charset=utf-8; format=flowed\nContent-Transfer-Encoding: 8bit\n",
        )
        + "\nZwölf Boxkämpfer jagen \nViktor quer über den \ngroßen Sylter Deich.\t\n",
    )
    mail(
        "quoted-printable.eml",
        "quoted-printable already: comes out unchanged",
        header("QP", "Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: quoted-printable\n")
        + "\nGr=C3=BC=C3=9Fe, a soft=\n break, an equals sign =3D and a trailing space=20\n",
    )
    mail(
        "base64.eml",
        "base64 already: comes out unchanged",
        header("Base64", "Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: BASE64\n")
        + "\n"
        + encode("Grüße\r\n".encode() * 20),
    )
    mail(
        "base64-one-line.eml",
        "base64 in one line of 4000 characters: relays would break it",
        header(
            "One line",
            'Content-Type: application/octet-stream; name="blob.bin"\nContent-Transfer-Encoding: base64\n',
        )
        + "\n"
        + base64.b64encode(noise("one line", 3000)).decode()
        + "\n",
    )
    mail(
        "binary.eml",
        "Content-Transfer-Encoding: binary, every octet once",
        header(
            "Binary",
            'Content-Type: application/octet-stream; name="all.bin"\n'
            "Content-Disposition: attachment; filename=all.bin\nContent-Transfer-Encoding: binary\n",
        ).replace("\n", "\r\n").encode()
        + b"\r\n"
        + bytes(range(256)),
        ends=None,
    )
    mail(
        "from-and-dots.eml",
        'body lines of one dot, with leading dots, and beginning with "From "',
        header("Dots", "Content-Type: text/plain\n")
        + "\nFrom here on it is quiet.\n.\n..\n.hidden\n>From there\nFrom nowhere\n.\n",
    )


def structures():
    mail(
        "nested.eml",
        "multiparts in multiparts, with preamble and epilogue",
        header("Nested", 'Content-Type: multipart/mixed; boundary="a"\n')
        + "\npreamble\n--a\nContent-Type: multipart/mixed; boundary=a.b\n\n--a.b\n"
        + 'Content-Type: multipart/alternative; boundary="a.b.c"\n\n--a.b.c\nContent-Type: text/plain; charset=utf-8\n'
        + "Content-Transfer-Encoding: 8bit\n\ntief: ü\n--a.b.c\nContent-Type: text/html; charset=us-ascii\n\n"
        + "<p>deep</p>\n--a.b.c--\n--a.b--\n\nepilogue of a.b\n--a\nContent-Type: text/plain\n\nlast\n--a--\nepilogue\n",
    )
    inner = (
        "From: carol@example.com\nTo: alice@example.com\nSubject: Inner\nMIME-Version: 1.0\n"
        "Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: 8bit\n\ninnen: äöü\n"
    )
    mail(
        "forwarded.eml",
        "message/rfc822 with an 8-bit text inside: re-encoded inside, for RFC 2046 5.2.1 forbids it outside",
        header("Fwd: Inner", "Content-Type: multipart/mixed; boundary=fwd\n")
        + "\n--fwd\nContent-Type: text/plain\n\nSee below.\n--fwd\nContent-Type: message/rfc822\n"
        + "Content-Disposition: attachment; filename=inner.eml\nContent-Transfer-Encoding: 8bit\n\n"
        + inner
        + "--fwd--\n",
    )
    mail(
        "forwarded-whole.eml",
        "message/rfc822 at the top",
        header("Fwd", "Content-Type: message/rfc822\n") + "\n" + inner.replace("äöü", "aou").replace("8bit", "7bit"),
    )
    mail(
        "no-closing-boundary.eml",
        "the closing boundary is missing",
        header("Cut off", "Content-Type: multipart/mixed; boundary=cut\n")
        + "\n--cut\nContent-Type: text/plain\n\nfirst\n--cut\nContent-Type: text/plain\n\nsecond\n",
    )
    mail(
        "missing-boundary-parameter.eml",
        "multipart/mixed without a boundary parameter",
        header("No boundary", "Content-Type: multipart/mixed\n") + "\n--x\nContent-Type: text/plain\n\ntext\n--x--\n",
        expect="any",
    )
    mail(
        "odd-case-folded.eml",
        "Content-Type folded and in odd case",
        header(
            "Odd case",
            "cOnTeNt-TyPe: TEXT/Plain;\n\tCharSet=\n  \"US-ASCII\"\nCONTENT-transfer-ENCODING:\n 7BIT\n"
            "content-language: en\n",
        )
        + "\nHello.\n",
    )
    mail(
        "rfc2231-name.eml",
        "a file name in RFC 2231 pieces",
        header(
            "RFC 2231",
            "Content-Type: application/octet-stream;\n name*0*=utf-8''%C3%9Cbersicht%20;\n name*1=\"2026.bin\"\n"
            "Content-Disposition: attachment;\n filename*0*=utf-8''%C3%9Cbersicht%20;\n filename*1=\"2026.bin\"\n"
            "Content-Transfer-Encoding: base64\n",
        )
        + "\nAAECAwQFBgcICQ==\n",
    )
    mail(
        "raw-8bit-name.eml",
        "a file name in raw UTF-8",
        header("Raw name", "Content-Type: multipart/mixed; boundary=raw\n")
        + '\n--raw\nContent-Type: application/octet-stream; name="Übersicht.bin"\n'
        + 'Content-Disposition: attachment; filename="Übersicht.bin"\nContent-Transfer-Encoding: base64\n\n'
        + "AAECAwQFBgcICQ==\n--raw--\n",
    )
    mail(
        "calendar.eml",
        "an invitation: text/calendar with method, in 8-bit",
        header("Meeting", "Content-Type: multipart/alternative; boundary=cal\n")
        + "\n--cal\nContent-Type: text/plain\n\nMeeting\n--cal\n"
        + 'Content-Type: text/calendar; charset="utf-8"; method=REQUEST\nContent-Transfer-Encoding: 8bit\n\n'
        + "BEGIN:VCALENDAR\nVERSION:2.0\nPRODID:-//mailseal//tests//EN\nMETHOD:REQUEST\nBEGIN:VEVENT\n"
        + "UID:1@example.com\nDTSTAMP:20260206T090000Z\nDTSTART:20260207T090000Z\nSUMMARY:Frühstück\n"
        + "END:VEVENT\nEND:VCALENDAR\n--cal--\n",
    )
    mail(
        "already-signed.eml",
        "multipart/signed inside: signed again around it, and not a byte inside changed",
        header(
            "Signed already",
            'Content-Type: multipart/signed; protocol="application/pkcs7-signature";\n micalg=sha-256; boundary=sig\n',
        )
        + "\n--sig\nContent-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: quoted-printable\n\n"
        + "Gr=C3=BC=C3=9Fe\n--sig\nContent-Type: application/pkcs7-signature; name=smime.p7s\n"
        + "Content-Transfer-Encoding: base64\n\n"
        + encode(noise("signature", 300))
        + "--sig--\n",
    )


def recipients():
    body = "\nHello.\n"
    mail(
        "bcc.eml",
        "To, Cc and two Bcc: the Bcc in no copy",
        header("Blind copies", "Cc: carol@example.com\nBcc: dave@example.com,\n Pk <pkcs1@example.com>\n") + body,
        cc=("carol@example.com",),
        bcc=("dave@example.com", "pkcs1@example.com"),
    )
    mail(
        "groups.eml",
        "groups, quoted names, comments, an encoded word that holds an address, upper case",
        header(
            "Groups",
            'Cc: "Doe, Carol \\"C\\"" <carol@EXAMPLE.com> (work (really)),\n'
            " =?utf-8?q?mallory=40example=2Ecom?= <dave@example.com>\n",
            to="Friends: bob@example.com, (a comment) pkcs1@example.com;, undisclosed: ;",
        )
        + body,
        to=("bob@example.com", "pkcs1@example.com"),
        cc=("carol@example.com", "dave@example.com"),
    )
    mail(
        "idn.eml",
        "a recipient at an internationalised domain: looked up as an A-label",
        header("IDN", to="Bob <bob@bücher.example>") + body,
        to=("bob@xn--bcher-kva.example",),
        expect="any",
    )
    mail(
        "duplicates.eml",
        "one recipient three times: sent to once",
        header("Twice", "Cc: BOB@example.com, bob@EXAMPLE.COM\n") + body,
        expect="any",
    )
    mail(
        "resent.eml",
        "Resent-To is not a recipient",
        header("Resent", "Resent-From: carol@example.com\nResent-To: nobody@example.com\n") + body,
    )
    plain = "To: bob@example.com\nSubject: {}\nDate: Fri, 06 Feb 2026 10:00:00 +0100\nMessage-ID: <{}@example.com>\n"
    mail("no-from.eml", "no From", plain.format("No From", "no-from") + body, expect="no From")
    mail(
        "two-from-fields.eml",
        "two From fields (attack 14)",
        "From: alice@example.com\nFrom: carol@example.com\n" + plain.format("Two", "two-from") + body,
        expect="two From",
    )
    mail(
        "two-from-mailboxes.eml",
        "one From field of two mailboxes",
        "From: alice@example.com, carol@example.com\n" + plain.format("Two", "two-mailboxes") + body,
        expect="two From",
    )
    mail(
        "from-group.eml",
        "From is a group",
        "From: Team: alice@example.com;\n" + plain.format("Group", "from-group") + body,
        expect="any",
    )
    mail(
        "traversal.eml",
        "From ../../x@example.com leaves no directory (attack 32)",
        'From: "../../x"@example.com\n' + plain.format("Traversal", "traversal") + body,
        expect="no key",
    )
    mail(
        "traversal-recipient.eml",
        "To /etc/x@example.com leaves no directory (attack 32)",
        header("Traversal", to='"/etc/x"@example.com') + body,
        to=("/etc/x@example.com",),
        expect="no key",
    )
    mail("no-recipient.eml", "neither To, Cc nor Bcc", header("Nobody", to="") + body, to=(), expect="no recipient")
    mail(
        "empty-group.eml",
        "To holds an empty group only",
        header("Nobody", to="undisclosed-recipients:;") + body,
        to=(),
        expect="no recipient",
    )
    mail("no-date.eml", "neither Date nor Message-ID: both are added", header("No date", date=False) + body)


def unparseable():
    mail("empty.eml", "no octet at all", b"", ends=None, to=(), expect="malformed")
    mail("blob.bin", "512 octets of noise", noise("blob", 512), ends=None, to=(), expect="malformed")


def main(directory):
    os.makedirs(directory, exist_ok=True)
    for old in os.listdir(directory):
        os.remove(os.path.join(directory, old))
    for part in (large_mails, line_ends, bodies, structures, recipients, unparseable):
        part()
    manifest, table = [], []
    for name, note, body, expect, to, cc, bcc in MAILS:
        with open(os.path.join(directory, name), "wb") as out:
            out.write(body)
        manifest.append({"name": name, "note": note, "expect": expect, "to": to, "cc": cc, "bcc": bcc})
        table.append(f"| `{name}` | {len(body)} | {note} | {expect} |\n")
    with open(os.path.join(directory, "manifest.json"), "w", encoding="utf-8") as out:
        json.dump(manifest, out, indent=1, ensure_ascii=False)
        out.write("\n")
    with open(os.path.join(directory, "README.md"), "w", encoding="utf-8") as out:
        out.write(
            "# The mails\n\nWritten by `../make_mail.py`, this table too. Each is from alice@example.com unless it "
            "says otherwise.\n\n*Expected*: `sealed`, or why sealing is refused; `any`: either, but never a panic and "
            "never half a message.\n`manifest.json` says the same to the tests, with the recipients of each.\n\n"
            "| mail | octets | what is in it | expected |\n|---|---|---|---|\n"
        )
        out.writelines(table)


if __name__ == "__main__":
    main(sys.argv[1])
