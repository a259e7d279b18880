#!/usr/bin/env python3
"""Writes the messages of testdata/dkim/messages: signed for DKIM, each rule beside its nearest neighbour.

Usage: make_dkim.py DIRECTORY. Takes the keys from dkim/*.pem and dkim/lab.private beside this file,
signs with openssl, and reads RFC 6376 for itself: nothing of mailseal is in it. The same bytes come
out on every run. Beside the messages it writes dns.json (the key records) and manifest.json (what is
expected of each message: verdict, reason, aligned).
"""

import base64
import hashlib
import json
import os
import re
import subprocess
import sys
import tempfile

HERE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "dkim")
AT = 1795262400  # 2026-11-21T12:00:00Z, when the messages are judged
KEYS = {"lab": "lab.private", "k1024": "rsa1024.pem", "k1023": "rsa1023.pem", "ed": "ed25519.pem"}

HEADER = """From: Alice Example <alice@example.com>
To: Bob <bob@example.org>
Subject: The  February
\tnewsletter
Date: Sat, 21 Nov 2026 11:00:00 +0000
Message-ID: <1@example.com>
MIME-Version: 1.0
Content-Type: text/plain
"""
BODY = """Hello Bob,

  two spaces before,  two between, one after \x20
the end.


"""
NAMES = "From:To:Subject:Date:Message-ID"

MESSAGES = []
RECORDS = {}


def openssl(*arguments, octets=b""):
    return subprocess.run(["openssl", *arguments], input=octets, capture_output=True, check=True).stdout


def public(key):
    der = openssl("pkey", "-in", os.path.join(HERE, KEYS[key]), "-pubout", "-outform", "DER")
    # RFC 8463 3: of an Ed25519 key the 32 octets alone.
    return base64.b64encode(der[-32:] if key == "ed" else der).decode()


def record(selector, text, domain="example.com"):
    RECORDS[f"{selector}._domainkey.{domain}"] = text


def crlf(text):
    octets = text.encode() if isinstance(text, str) else text
    return octets.replace(b"\n", b"\r\n")


def canonical_body(body, form):
    """RFC 6376 3.4.3 and 3.4.4."""
    if form == "relaxed":
        lines = [re.sub(rb"[ \t]+", b" ", line).rstrip(b" ") for line in body.split(b"\r\n")]
        body = b"\r\n".join(lines)
    body = re.sub(rb"(\r\n)+\Z", b"", body)
    if not body:
        return b"\r\n" if form == "simple" else b""
    return body + b"\r\n"


def canonical_field(field, form):
    """RFC 6376 3.4.1 and 3.4.2; a field without its last line end."""
    if form == "simple":
        return field
    name, value = field.split(b":", 1)
    value = re.sub(rb"[ \t]+", b" ", value.replace(b"\r\n", b"")).strip(b" ")
    return name.strip(b" \t").lower() + b":" + value


def fields_of(header):
    return re.findall(rb"[^\r\n]+(?:\r\n[ \t][^\r\n]*)*", header)


def selected(fields, names):
    """RFC 6376 5.4.2: from the bottom up, each once."""
    left = list(fields)
    for name in names.split(":"):
        for index in reversed(range(len(left))):
            if left[index].split(b":", 1)[0].strip().lower() == name.strip().lower().encode():
                yield left.pop(index)
                break


def make(algorithm, key, octets):
    path = os.path.join(HERE, KEYS[key])
    if algorithm.startswith("rsa"):
        return openssl("dgst", "-" + algorithm[4:], "-sign", path, octets=octets)
    # openssl wants a file for Ed25519.
    with tempfile.NamedTemporaryFile() as file:
        file.write(hashlib.sha256(octets).digest())
        file.flush()
        return openssl("pkeyutl", "-sign", "-rawin", "-inkey", path, "-in", file.name)


def sign(header, body, key="lab", d="example.com", s=None, a=None, c="relaxed/relaxed", h=NAMES,
         extra="", length=None, bh=None, b=None):
    """The DKIM-Signature field of a message, with its last line end. `length` is l=."""
    a = a or ("ed25519-sha256" if key == "ed" else "rsa-sha256")
    head_form, body_form = c.split("/") if "/" in c else (c, "simple")
    octets = canonical_body(crlf(body), body_form)
    digest = hashlib.new(a.split("-")[1], octets[:length]).digest()
    bh = bh or base64.b64encode(digest).decode()
    tags = f"v=1; a={a}; c={c}; d={d};\r\n s={s or key}; {extra}"
    tags += f"l={length}; " if length is not None else ""
    field = f"DKIM-Signature: {tags}h={h};\r\n bh={bh};\r\n b=".encode()
    data = b"".join(canonical_field(it, head_form) + b"\r\n" for it in selected(fields_of(crlf(header)), h))
    signature = make(a, key, data + canonical_field(field, head_form))
    text = b or base64.b64encode(signature).decode()
    lines = [text[start : start + 70] for start in range(0, len(text), 70)]
    return field + "\r\n  ".join(lines).encode() + b"\r\n"


def message(name, note, verdict, reason=None, aligned=None, *, header=HEADER, body=BODY, fields=None,
            now=None, now_body=None, change=None, alignment="strict", **how):
    """Registers a message. `fields`: its signatures, else one made as `how` says; `now`, `now_body`:
    header and body in place of those that were signed; `change`: a last change to all of it."""
    signatures = b"".join(fields) if fields is not None else sign(header, body, **how)
    octets = signatures + crlf(now or header) + b"\r\n" + crlf(body if now_body is None else now_body)
    octets = change(octets) if change else octets
    aligned = verdict == "pass" if aligned is None else aligned
    MESSAGES.append((name, octets, {
        "file": f"{name}.eml", "note": note, "verdict": verdict, "reason": reason, "aligned": aligned,
        "alignment": alignment,
    }))


def records():
    for key in KEYS:
        kind = "ed25519" if key == "ed" else "rsa"
        record(key, f"v=DKIM1; k={kind}; p={public(key)}")
    lab = public("lab")
    record("bare", f"p={lab}")
    record("testing", f"v=DKIM1; t=y:x; p={lab}")
    record("strict", f"v=DKIM1; t=s; p={lab}")
    record("revoked", "v=DKIM1; p=")
    record("sha1", f"v=DKIM1; h=sha1; p={lab}")
    record("both", f"v=DKIM1; h=sha1:sha256; s=*; p={lab}")
    record("tlsrpt", f"v=DKIM1; s=tlsrpt; p={lab}")
    record("spf", "v=spf1 -all")
    record("broken", "v=DKIM1; k=rsa; p=AAAA")
    for domain in ["mail.example.com", "co.uk", "example.co.uk", "xn--bcher-kva.example", "list.example.net"]:
        record("lab", f"v=DKIM1; k=rsa; p={lab}", domain)


def passes():
    message("signed", "relaxed/relaxed, rsa-sha256, 2048 bits", "pass")
    for form in ["simple/simple", "simple/relaxed", "relaxed/simple", "relaxed", "simple"]:
        message("c-" + form.replace("/", "-"), f"c={form}", "pass", c=form)
    message("ed25519", "RFC 8463", "pass", key="ed")
    message("ed25519-changed", "the same, one letter of the Subject away", "fail", "signature", key="ed",
            now=HEADER.replace("newsletter", "newsl3tter"))
    message("lf", "kept in a file with LF", "pass", change=lambda it: it.replace(b"\r\n", b"\n"))
    message("white-space", "relaxed lets white space change", "pass",
            now=HEADER.replace("The  February\n\tnewsletter", "The\n February newsletter  "),
            now_body=BODY.replace("  two", " \t two"))
    message("white-space-simple", "simple does not", "fail", "signature", c="simple/simple",
            now=HEADER.replace("The  February", "The February"))
    message("empty-relaxed", "no body", "pass", body="")
    message("empty-simple", "no body", "pass", body="", c="simple/simple")
    message("blank-end", "the last lines of the body are white space", "pass", body="Hello\n \n\t\n")
    message("bare-key", "a record of p= alone", "pass", s="bare")
    message("no-content-type", "attack 18: what is not signed may change", "pass",
            now=HEADER.replace("text/plain", "multipart/mixed; boundary=x"))
    message("international", "From with an U-label, d= with its A-label", "pass",
            header=HEADER.replace("example.com>", "Bücher.example>"), d="xn--bcher-kva.example")
    message("international-d", "d= with an U-label too (RFC 8616)", "pass",
            header=HEADER.replace("example.com>", "bücher.example>"), d="BÜCHER.example")
    message("case", "domains have no case", "pass", header=HEADER.replace("example.com", "Example.COM"),
            d="EXAMPLE.com", s="LAB")


def changed():
    message("body-changed", "one letter", "fail", "body-hash", now_body=BODY.replace("Hello", "Hallo"))
    message("body-appended", "one line more", "fail", "body-hash", now_body=BODY + "more\n")
    message("body-return", "a carriage return that ends no line", "fail", "body-hash",
            change=lambda it: it.replace(b"Hello", b"Hel\rlo"))
    message("subject-changed", "one letter", "fail", "signature", now=HEADER.replace("Feb", "Fev"))
    message("from-changed", "another author", "fail", "signature", now=HEADER.replace("alice@", "mallory@"))
    message("subject-added", "a second Subject above, which h= does not keep away", "pass",
            now="Subject: other\n" + HEADER)
    message("subject-oversigned", "the same, but h= names it twice", "fail", "signature",
            now="Subject: other\n" + HEADER, h=NAMES + ":Subject")
    message("oversigned", "h= names it twice, and nobody added one", "pass", h=NAMES + ":Subject:X-Other")
    message("other-key", "signed with a key that is not at s=", "fail", "signature", key="k1024", s="lab")
    message("other-hash", "bh= of another body", "fail", "body-hash", bh=base64.b64encode(bytes(32)).decode())
    message("signature-zero", "b= of zeros", "fail", "signature", b=base64.b64encode(bytes(256)).decode())
    # What h= has it cannot have: the signature itself.
    message("signs-itself", "h= has DKIM-Signature, of which there is no other", "pass",
            h=NAMES + ":DKIM-Signature")


def weak():
    message("key-1024", "as short as a key may be", "pass", key="k1024")
    message("key-1023", "attack 20: one bit less", "permerror", "weak-key", key="k1023")
    message("sha1", "attack 20: rsa-sha1", "permerror", "rsa-sha1", a="rsa-sha1")
    message("revoked", "attack 20: empty p=", "permerror", "key-revoked", s="revoked")
    message("testing", "attack 20: t=y", "fail", "testing", s="testing")
    message("no-key", "no record", "permerror", "no-key", s="nowhere")
    message("key-spf", "another record", "permerror", "key-record", s="spf")
    message("key-broken", "p= that is no key", "permerror", "key-record", s="broken")
    message("key-sha1", "a key with h=sha1", "permerror", "key-record", s="sha1")
    message("key-both", "a key with h=sha1:sha256", "pass", s="both")
    message("key-tlsrpt", "a key with s=tlsrpt", "permerror", "key-record", s="tlsrpt")
    message("key-type", "a=rsa-sha256 with an Ed25519 key", "permerror", "key-type", key="lab", s="ed")
    message("key-type-other", "a=ed25519-sha256 with an RSA key", "permerror", "key-type", key="ed", s="lab")
    message("suffix", "attack 20: d= a public suffix", "fail", "public-suffix",
            header=HEADER.replace("@example.com>", "@co.uk>", 1), d="co.uk")
    message("below-suffix", "one label below", "pass",
            header=HEADER.replace("@example.com>", "@example.co.uk>", 1), d="example.co.uk")


def lengths():
    whole = len(canonical_body(crlf(BODY), "relaxed"))
    message("length-0", "attack 16: l=0", "fail", "body-length", length=0)
    message("length-part", "attack 16: l= of a part, and more appended", "fail", "body-length", length=20,
            now_body=BODY[:20] + "anything\n")
    message("length-whole", "attack 16: l= of all of it", "fail", "body-length", length=whole)


def times():
    message("expires-now", "x= is now", "pass", extra=f"t={AT - 60}; x={AT}; ")
    message("expired", "attack 17: x= was a second ago", "fail", "expired", extra=f"t={AT - 60}; x={AT - 1}; ")
    message("ahead", "t= is a day ahead", "pass", extra=f"t={AT + 86400}; ")
    message("far-ahead", "t= is a second more ahead", "fail", "future", extra=f"t={AT + 86401}; ")
    message("expires-never", "x= beyond the calendar", "pass", extra="x=9999999999999999999999; ")
    message("expires-first", "x= before t=", "permerror", "malformed", extra=f"t={AT}; x={AT - 1}; ")
    message("expires-word", "x= that is no number", "permerror", "malformed", extra="x=never; ")


def authors():
    message("no-from-signed", "h= without From", "permerror", "from-not-signed", h="To:Subject:Date")
    message("from-twice", "attack 17: a second From above", "fail", "from",
            now="From: mallory@evil.example\n" + HEADER)
    message("from-twice-below", "a second From below", "fail", "from", now=HEADER + "From: mallory@evil.example\n")
    message("from-twice-signed", "two From fields from the beginning", "fail", "from",
            header="From: mallory@evil.example\n" + HEADER, h="From:" + NAMES)
    message("from-two", "two mailboxes", "fail", "from", header=HEADER.replace("alice@", "carol@example.com, alice@"))
    message("from-space", "a second From with a space before its colon", "fail", "from",
            now="From : mallory@evil.example\n" + HEADER)
    message("display-name", "the name shown is another address", "pass",
            header=HEADER.replace("Alice Example", '"bob@example.org"'))
    sub = HEADER.replace("<alice@example.com>", "<alice@mail.example.com>")
    message("above", "attack 21: d= above the domain of From", "pass", "not-aligned", False, header=sub)
    message("above-relaxed", "the same, relaxed", "pass", header=sub, alignment="relaxed")
    message("below", "d= below the domain of From", "pass", "not-aligned", False, d="mail.example.com")
    message("below-relaxed", "the same, relaxed", "pass", d="mail.example.com", alignment="relaxed")
    message("stranger", "d= of somebody else", "pass", "not-aligned", False, d="list.example.net")
    message("stranger-relaxed", "the same, relaxed", "pass", "not-aligned", False, d="list.example.net",
            alignment="relaxed")
    message("identity-below", "i= below d=", "pass", extra="i=alice@mail.example.com; ")
    message("identity-below-strict", "the same with t=s", "permerror", "identity", s="strict",
            extra="i=alice@mail.example.com; ")
    message("identity-strict", "i= of d= itself with t=s", "pass", s="strict", extra="i=alice@Example.com; ")
    message("identity-other", "i= of another domain", "permerror", "identity", extra="i=@badexample.com; ")


def several():
    good = sign(HEADER, BODY)
    junk = b"DKIM-Signature: v=1; a=rsa-sha256; d=example.com; s=lab; h=From; bh=AAAA; b=AAAA\r\n"
    listed = sign(HEADER, BODY, d="list.example.net")
    message("two-algorithms", "Ed25519 and RSA (RFC 8463 2)", "pass", fields=[sign(HEADER, BODY, key="ed"), good])
    message("bad-good", "the first is broken, the second holds", "pass", fields=[junk, good])
    message("good-bad", "and the other way round", "pass", fields=[good, junk])
    message("list-author", "a list's and the author's", "pass", fields=[listed, good])
    message("list-alone", "a list's holds, the author's is broken", "pass", "not-aligned", False,
            fields=[listed, good.replace(b"d=example.com", b"d=example.COM")])
    message("eighth", "attack 19: seven broken ones before it", "pass", fields=[junk] * 7 + [good])
    message("ninth", "attack 19: eight broken ones before it", "fail", "too-many-signatures",
            fields=[junk] * 8 + [good])
    message("five-hundred", "attack 19: 500 of them", "fail", "too-many-signatures", fields=[junk] * 500)
    message("nine-good", "the first of many holds", "pass", fields=[good] + [junk] * 9)
    message("unsigned", "none", "none", "no-signature", fields=[])


def malformed():
    def instead(old, new):
        return lambda it: it.replace(old, new, 1)

    for name, old, new in [
        ("no-version", b"v=1; ", b""), ("version-2", b"v=1;", b"v=2;"), ("version-twice", b"v=1;", b"v=1; v=1;"),
        ("no-equals", b"v=1;", b"v=1; x;"), ("algorithm", b"rsa-sha256", b"rsa-md5"), ("no-domain", b"d=example.com;", b""),
        ("domain-dot", b"d=example.com;", b"d=example..com;"), ("selector", b"s=lab;", b"s=l b;"),
        ("no-bh", b"bh=", b"bx="), ("base64", b"b=", b"b=*"), ("canonicalization", b"c=relaxed/relaxed", b"c=relaxed/strict"),
        ("utf8", b"d=example.com;", b"d=ex\xffmple.com;"),
    ]:
        message("malformed-" + name, "no tag list or not all of it", "permerror", "malformed", change=instead(old, new))
    message("unknown-tag", "a tag nobody knows", "pass", extra="zz=1; ")
    message("folded-everywhere", "white space where it may be", "pass", extra="q = dns/txt :x/y ;\r\n\t")


def main(directory):
    os.makedirs(directory, exist_ok=True)
    for old in os.listdir(directory):
        os.remove(os.path.join(directory, old))
    for section in [records, passes, changed, weak, lengths, times, authors, several, malformed]:
        section()

    def write(name, octets):
        with open(os.path.join(directory, name), "wb") as file:
            file.write(octets)

    for name, octets, _ in MESSAGES:
        write(f"{name}.eml", octets)
    write("dns.json", json.dumps(RECORDS, indent=1).encode() + b"\n")
    cases = [case for _, _, case in MESSAGES]
    lines = ",\n".join(" " + json.dumps(case, ensure_ascii=False) for case in cases)
    write("manifest.json", f"[\n{lines}\n]\n".encode())


if __name__ == "__main__":
    main(sys.argv[1])
