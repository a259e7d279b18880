#!/usr/bin/python3
"""Whether the DKIM signature of each mail holds, by dkimpy.

Usage: dkim_verify.py TXT_RECORD_FILE MAIL...; the record is that of lab._domainkey.example.com.
"""

import sys

import dkim


def main(record_path, *mails):
    with open(record_path, "rb") as file:
        record = file.read().strip()

    def txt(name, timeout=5):
        return record if name.rstrip(b".") == b"lab._domainkey.example.com" else None

    status = 0
    for path in mails:
        with open(path, "rb") as file:
            good = dkim.verify(file.read(), dnsfunc=txt, minkey=1024)
        if not good:
            print(f"{path}: DKIM does not hold")
            status = 1
    return status


sys.exit(main(*sys.argv[1:]))
