#!/usr/bin/env python3
"""Gives a PKCS#12 file without a MAC one by PBMAC1 (RFC 9879), which OpenSSL 3.0 cannot write.

    make_pbmac1.py WITHOUT WITH PASSWORD
"""

import hashlib
import hmac
import sys


def element(tag, *parts):
    content = b"".join(parts)
    size = len(content)
    if size < 0x80:
        return bytes([tag, size]) + content
    octets = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes([tag, 0x80 | len(octets)]) + octets + content


def value(der):
    """The value of the element that der begins with, and what follows it."""
    size, start = der[1], 2
    if size & 0x80:
        start += size & 0x7F
        size = int.from_bytes(der[2:start], "big")
    return der[start : start + size], der[start + size :]


def identifier(hexadecimal, *parameters):
    return element(0x30, element(0x06, bytes.fromhex(hexadecimal)), *parameters)


def main(without, with_mac, password):
    with open(without, "rb") as file:
        pfx, _ = value(file.read())
    _, content_info = value(pfx)
    inside, _ = value(content_info)
    _, explicit = value(inside)
    octet_string, _ = value(explicit)
    authenticated_safe, _ = value(octet_string)

    salt, iterations, key_length = b"a salt", 2048, 32
    key = hashlib.pbkdf2_hmac("sha512", password.encode(), salt, iterations, key_length)
    digest = hmac.new(key, authenticated_safe, "sha384").digest()
    null = element(0x05)
    pbkdf2 = identifier(
        "2a864886f70d01050c",
        element(
            0x30,
            element(0x04, salt),
            element(0x02, iterations.to_bytes(2, "big")),
            element(0x02, bytes([key_length])),
            identifier("2a864886f70d020b", null),  # hmacWithSHA512
        ),
    )
    hmac_with_sha384 = identifier("2a864886f70d020a", null)
    pbmac1 = identifier("2a864886f70d01050e", element(0x30, pbkdf2, hmac_with_sha384))
    mac_data = element(
        0x30,
        element(0x30, pbmac1, element(0x04, digest)),
        element(0x04, b"NOT USED"),
        element(0x02, b"\x01"),
    )
    with open(with_mac, "wb") as file:
        file.write(element(0x30, pfx, mac_data))


main(*sys.argv[1:])
