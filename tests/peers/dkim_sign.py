#!/usr/bin/python3
"""Signs the mail on standard input by dkimpy, for example.com.

Usage: dkim_sign.py SELECTOR KEY HEADER_CANONICALIZATION BODY_CANONICALIZATION; KEY is a PEM file of RSA
or, for Ed25519, of PKCS#8.
"""

import base64
import sys

import dkim


def main(selector, path, header, body):
    with open(path, "rb") as file:
        key = file.read()
    algorithm = b"rsa-sha256"
    lines = key.split(b"\n")
    if b"BEGIN PRIVATE KEY" in key and len(key) < 200:
        # dkimpy takes the seed alone, which ends the PKCS#8.
        key = base64.b64encode(base64.b64decode(b"".join(lines[1:-2]))[-32:])
        algorithm = b"ed25519-sha256"
    mail = sys.stdin.buffer.read()
    signature = dkim.sign(
        mail,
        selector.encode(),
        b"example.com",
        key,
        canonicalize=(header.encode(), body.encode()),
        signature_algorithm=algorithm,
    )
    sys.stdout.buffer.write(signature + mail)


main(*sys.argv[1:])
