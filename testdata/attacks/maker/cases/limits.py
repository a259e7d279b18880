"""Lengths and depths that nobody has, and content that grows (29, 30). The largest are made by the test."""

import zlib

from .. import cms, oids
from ..der import octets, read
from ..keys import identity
from ..mime import ENTITY, mail, multipart_signed, opaque

FROM = ["--from", "alice@example.com"]


def add(corpus):
    alice = identity("alice")
    lengths(corpus, alice)
    compressed(corpus, alice)


def lengths(corpus, alice):
    whole = cms.signed_by(alice, ENTITY)
    _, inside, _ = read(whole)
    huge = b"\x88" + b"\xff" * 8
    for word, data in {
        "2-64": b"\x30" + huge + inside,
        "2-63": b"\x30\x88\x7f" + b"\xff" * 7 + inside,
        "2-32": b"\x30\x84\xff\xff\xff\xff" + inside,
        "2-1008": b"\x30\xfe" + b"\xff" * 126 + inside,
        "reserved": b"\x30\xff" + inside,
        "one-more": whole[:2] + (len(inside) + 1).to_bytes(2, "big") + inside,
        "content": whole.replace(octets(ENTITY), b"\x04" + huge + ENTITY),
        "content-2-63": whole.replace(octets(ENTITY), b"\x04\x88\x7f" + b"\xff" * 7 + ENTITY),
        "indefinite-primitive": whole.replace(octets(ENTITY), b"\x04\x80" + ENTITY + b"\x00\x00"),
        "indefinite-open": b"\x30\x80" + inside,
        "tag-long": b"\x3f" + b"\xff" * 9 + b"\x7f\x00" + whole,
        "header-alone": whole[:1],
        "identifier": b"\x30\x80\x06" + huge,
    }.items():
        corpus.invalid(
            f"29-{word}.p7m",
            29,
            f"a length that is not there: {word}",
            data,
            arguments=FROM,
            exit=65,
            verdict=None,
        )
        corpus.invalid(
            f"29-{word}.eml",
            29,
            f"the same in a mail: {word}",
            mail(opaque(data)),
            exit=[1, 65],
            verdict=None,
        )


def compressed(corpus, alice):
    signed = multipart_signed(ENTITY, cms.signed_by(alice, ENTITY, detached=True))

    def wrapped(data, kind=oids.DATA):
        return opaque(cms.compressed_data(data, kind), "compressed-data", name="smime.p7z")

    corpus.valid(
        "30-compressed.eml",
        30,
        "a signed entity, compressed",
        mail(wrapped(zlib.compress(signed, 9))),
    )
    zeros = zlib.compress(ENTITY + bytes(4 << 20), 9)
    corpus.invalid(
        "30-bomb.eml",
        30,
        "4 MiB of zeros in 4 KiB: past 100 to 1",
        mail(wrapped(zeros)),
        exit=[1, 65],
        verdict=None,
        says=["100"],
    )
    entity = signed
    for depth in range(1, 10):
        entity = wrapped(zlib.compress(entity, 9))
        if depth == 7:
            corpus.valid(
                "30-compressed-7.eml",
                30,
                "seven layers of compression around a signed entity",
                mail(entity),
            )
    corpus.invalid(
        "30-compressed-9.eml", 30, "nine", mail(entity), exit=[1, 65], verdict=None, says=["8"]
    )
    for word, data in [
        ("cut", zlib.compress(signed, 9)[:-10]),
        ("checksum", zlib.compress(signed, 9)[:-1] + b"\x00"),
        ("empty", b""),
        ("garbage", b"\x78\xda" + b"\xff" * 40),
        ("trailing", zlib.compress(signed, 9) + b"more"),
        ("dictionary", b"\x78\xf9" + zlib.compress(signed, 9)[2:]),
        ("deflate", zlib.compress(signed, 9)[2:-4]),
    ]:
        exits = [0, 1, 65] if word == "trailing" else [1, 65]
        corpus.invalid(
            f"30-compressed-{word}.eml",
            30,
            f"compressed data that are wrong: {word}",
            mail(wrapped(data)),
            exit=exits,
            verdict=None,
        )
