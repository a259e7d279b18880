#!/usr/bin/python3
"""Compares a mail with what was sealed of it, by a MIME parser that is not mailseal's.

Usage: compare.py ORIGINAL ENTITY [SEALED]

ORIGINAL is the mail before sealing, ENTITY what openssl found inside, SEALED the mail that carries
it. Each leaf must decode to the same octets (line ends apart, where the original had other than
CRLF) with the same type, charset, file name and disposition; the entity must be fit to be signed
(CRLF only, 7-bit, lines of at most 998 octets, MIME fields alone at its top); and each field outside
must be there still, Bcc apart. Prints every difference; exit status 1 when there is one.
"""

import email
import email.utils
import re
import sys
import urllib.parse

differences = []


def differ(text):
    differences.append(text)


def read(path):
    with open(path, "rb") as file:
        return file.read()


def without_mbox_line(raw):
    return raw.split(b"\n", 1)[1] if raw.startswith(b"From ") else raw


def newlines(octets):
    return octets.replace(b"\r\n", b"\n").replace(b"\r", b"\n")


def leaves(message):
    return [part for part in message.walk() if not part.is_multipart()]


def containers(message):
    return [part.get_content_type() for part in message.walk() if part.is_multipart()]


def parameters(part):
    """The Content-Type's parameters, RFC 2231 and raw 8-bit alike brought to one form."""
    found = {}
    for name, value in part.get_params(failobj=[], header="content-type")[1:]:
        found[name.lower()] = text(value)
    found.pop("charset", None)
    return found


def text(value):
    return email.utils.collapse_rfc2231_value(value) if value else value


def readable_names(raw):
    """Brings raw UTF-8 in a file name to RFC 2231, which Python's parser reads."""

    def encoded(match):
        return match[1] + b"*=utf-8''" + urllib.parse.quote(match[2]).encode()

    return re.sub(rb'\b(name|filename)="([^"\r\n]*[\x80-\xff][^"\r\n]*)"', encoded, raw)


def facts(part):
    """What must survive of a leaf's header."""
    return {
        "type": part.get_content_type(),
        "charset": part.get_content_charset() or "us-ascii",
        "parameters": parameters(part),
        "disposition": part.get_content_disposition(),
        "filename": text(part.get_filename()),
        "id": part["content-id"],
        "description": part["content-description"],
    }


def compare_leaves(original, entity):
    ours, theirs = leaves(entity), leaves(original)
    if containers(original) != containers(entity):
        differ(f"structure: {containers(original)} became {containers(entity)}")
    if len(ours) != len(theirs):
        differ(f"{len(theirs)} leaves became {len(ours)}")
        return
    for number, (before, after) in enumerate(zip(theirs, ours)):
        old, new = before.get_payload(decode=True), after.get_payload(decode=True)
        if newlines(old) != newlines(new):
            differ(f"leaf {number}: {old[:200]!r} became {new[:200]!r}")
        for key, value in facts(before).items():
            now = facts(after)[key]
            # Undeclared 8-bit text may be given a charset; nothing else may change.
            undeclared = key == "charset" and "charset" not in str(before["content-type"] or "").lower()
            if value != now and not undeclared:
                differ(f"leaf {number}: {key} {value!r} became {now!r}")


def check_canonical(raw):
    if re.search(rb"(?<!\r)\n|\r(?!\n)", raw):
        differ("the entity has a bare CR or LF")
    if any(octet > 127 for octet in raw):
        differ("the entity is not 7-bit")
    if b"\0" in raw:
        differ("the entity has a NUL")
    longest = max(len(line) for line in raw.split(b"\r\n"))
    if longest > 998:
        differ(f"the entity has a line of {longest} octets")
    fields = email.message_from_bytes(raw).keys()
    foreign = [f for f in fields if not f.lower().startswith("content-") and f.lower() != "mime-version"]
    if foreign:
        differ(f"the entity has fields of the mail: {foreign}")


def unfolded(message):
    return [
        (name.lower(), re.sub(r"\s+", " ", str(value)).strip())
        for name, value in message.items()
        if not name.lower().startswith("content-")
    ]


def compare_outside(original, sealed):
    added = {"mime-version", "date", "message-id"}
    before = [f for f in unfolded(original) if f[0] not in added | {"bcc", "resent-bcc"}]
    after = [f for f in unfolded(sealed) if f[0] not in added]
    if before != after:
        differ(f"fields outside: {before} became {after}")
    for name in ("mime-version", "date", "message-id", "content-type", "from"):
        if len(sealed.get_all(name, [])) != 1:
            differ(f"{len(sealed.get_all(name, []))} fields {name} outside")
    if original["message-id"] and original["message-id"] != sealed["message-id"]:
        differ("the Message-ID changed")


def main(original_path, entity_path, sealed_path=None):
    raw = without_mbox_line(read(original_path))
    original, entity = email.message_from_bytes(readable_names(raw)), read(entity_path)
    check_canonical(entity)
    compare_leaves(original, email.message_from_bytes(entity))
    if sealed_path:
        compare_outside(original, email.message_from_bytes(read(sealed_path)))
    for difference in differences:
        print(difference)
    return 1 if differences else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
