#!/usr/bin/env python3
"""Writes the mails that certificates are collected from in the benchmarks: newsletter.eml (19 KB) and
attachments.eml (577 KB) of testdata/mail, signed by alice@example.com as SignedData and for DKIM.

Usage: collect_mails.py DIRECTORY. testdata/collect/dns.json has the key of DKIM, testdata/pki/root.crt is
whom to trust, and the mails are judged as of 2026-11-21T12:00:00Z.
"""

import pathlib
import sys

sys.dont_write_bytecode = True
TESTDATA = pathlib.Path(__file__).resolve().parent.parent / "testdata"
sys.path.insert(0, str(TESTDATA))

import make_collect as make


def main(directory):
    for name in ("newsletter", "attachments"):
        octets = (TESTDATA / "mail" / f"{name}.eml").read_bytes()
        header, body = octets.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n").split(b"\r\n\r\n", 1)
        fields, of_entity, keep = [], [], fields_of(header)
        for field in keep:
            (of_entity if field.lower().startswith(b"content-") else fields).append(field)
        entity = b"\r\n".join(of_entity) + b"\r\n\r\n" + body
        signed = make.mail(make.opaque(make.signed(make.ALICE, entity)))
        (directory / f"{name}.eml").write_bytes(make.dkim(signed))


def fields_of(header):
    fields = []
    for line in header.split(b"\r\n"):
        if line[:1] in (b" ", b"\t"):
            fields[-1] += b"\r\n" + line
        else:
            fields.append(line)
    return fields


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]))
