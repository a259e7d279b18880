#!/usr/bin/env python3
"""Issues a certificate again for another public key, which OpenSSL 3.0 does not do with given dates.

    reissue.py CERTIFICATE PUBLIC-KEY ISSUER-KEY OUT      all of them PEM

The key identifier stays that of the first key: RFC 5280 4.2.1.2 leaves open how one is made.
"""

import subprocess
import sys


def element(tag, *parts):
    content = b"".join(parts)
    size = len(content)
    if size < 0x80:
        return bytes([tag, size]) + content
    octets = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes([tag, 0x80 | len(octets)]) + octets + content


def elements(content):
    """Each element of a constructed one, header and all."""
    found = []
    while content:
        size, start = content[1], 2
        if size & 0x80:
            start += size & 0x7F
            size = int.from_bytes(content[2:start], "big")
        found.append(content[: start + size])
        content = content[start + size :]
    return found


def inside(whole):
    start = 2 + (whole[1] & 0x7F if whole[1] & 0x80 else 0)
    return elements(whole[start:])


def openssl(*arguments, given=None):
    return subprocess.run(["openssl", *arguments], input=given, check=True, capture_output=True).stdout


def main(certificate, public_key, issuer_key, out):
    der = openssl("x509", "-in", certificate, "-outform", "DER")
    spki = openssl("pkey", "-pubin", "-in", public_key, "-outform", "DER")
    tbs, algorithm, _ = inside(der)
    # RFC 5280 4.1: version, serialNumber, signature, issuer, validity, subject, then the key.
    fields = inside(tbs)
    fields[6] = spki
    tbs = element(0x30, *fields)
    signature = openssl("dgst", "-sha256", "-sign", issuer_key, given=tbs)
    der = element(0x30, tbs, algorithm, element(0x03, b"\0", signature))
    openssl("x509", "-inform", "DER", "-out", out, given=der)


main(*sys.argv[1:])
