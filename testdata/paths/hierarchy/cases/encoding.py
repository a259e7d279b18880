"""What is in a certificate besides: unknown extensions, twins, serial numbers as CAs write them."""

from maker import oids
from maker.der import octets, sequence, tlv

from .. import names
from ..certificates import ca, leaf, path, root
from ..extensions import extension, key_usage, subject_alternative_name, unknown

LEVELS = {
    "leaf": lambda **changes: {"target": leaf(**changes)},
    "ca": lambda **changes: {"intermediates": [ca(**changes)]},
    "root": lambda **changes: {"trust": [root(**changes)]},
}
BARE_ANCHOR = {
    "openssl": "reject",
    "because": "openssl verify has no flag that takes an anchor's limits off",
}


def add(corpus):
    critical(corpus)
    twins(corpus)
    serial_numbers(corpus)
    odd(corpus)


def critical(corpus):
    """4.2, 6.1.4 (o), 6.1.5 (f)"""
    for level, changed in LEVELS.items():
        corpus.accept(
            f"{level}-unknown-extension",
            "4.2",
            f"the {level} has an extension that nobody knows",
            like="plain",
            **changed(more=[unknown(critical=False)]),
        )
        corpus.reject(
            f"{level}-unknown-critical-extension",
            "unknown-critical-extension",
            f"{level}-unknown-extension",
            "it is critical",
            **changed(more=[unknown(critical=True)]),
        )
    corpus.accept(
        "bare-root-unknown-critical-extension",
        "6.1.1 (d)",
        "the root's limits have been taken off",
        like="root-unknown-critical-extension",
        flags=["no-anchor-constraints"],
        **BARE_ANCHOR,
    )
    # RFC 5280 4.2.2.1: MUST be marked as non-critical.
    access = sequence(
        sequence(tlv(0x06, bytes.fromhex("2b06010505073001")), names.uri("http://ocsp.example"))
    )
    corpus.accept(
        "leaf-information-access",
        "4.2.2.1",
        "the leaf names an OCSP responder",
        like="plain",
        target=leaf(more=[extension("1.3.6.1.5.5.7.1.1", access)]),
    )
    corpus.reject(
        "leaf-information-access-critical",
        "unknown-critical-extension",
        "leaf-information-access",
        "that is critical, which RFC 5280 forbids",
        target=leaf(more=[extension("1.3.6.1.5.5.7.1.1", access, critical=True)]),
    )


def twins(corpus):
    """4.2: not more than one instance of an extension"""
    for level, changed in LEVELS.items():
        corpus.reject(
            f"{level}-extension-twice",
            "malformed",
            f"{level}-unknown-extension",
            "it is there twice",
            clause="4.2",
            **changed(more=[unknown(critical=False)] * 2),
            openssl="accept",
            because="OpenSSL looks for twins among the extensions that it reads alone",
        )
    corpus.reject(
        "leaf-key-usage-twice",
        "malformed",
        "plain",
        "the leaf has a keyUsage twice, one for signing and one for key agreement",
        clause="4.2",
        target=leaf(more=[key_usage("digitalSignature")]),
    )


def serial_numbers(corpus):
    """4.1.2.2: certificate users SHOULD handle those that are negative or zero."""

    def numbered(value):
        return {"target": leaf(serial=tlv(0x02, value))}

    for word, value, about in [
        ("20-octets", b"\x7f" + bytes(19), "of 20 octets"),
        ("21-octets", b"\x00\xff" + bytes(19), "of 21 octets, the first of zero"),
        ("40-octets", b"\x7f" + bytes(39), "of 40 octets"),
        ("negative", b"\xff\x00", "that is negative"),
        ("zero", b"\x00", "of zero"),
    ]:
        corpus.accept(
            f"serial-{word}",
            "4.1.2.2",
            f"the leaf has a serial number {about}",
            like="plain",
            **numbered(value),
        )
    corpus.reject(
        "serial-empty",
        "malformed",
        "serial-zero",
        "the leaf's serial number has no octets",
        **numbered(b""),
    )
    corpus.reject(
        "serial-padded",
        "malformed",
        "serial-zero",
        "the leaf's serial number is zero in two octets: CRLs have it in one",
        **numbered(b"\x00\x00"),
    )
    corpus.accept(
        "root-serial-negative",
        "4.1.2.2",
        "the root has a negative serial number",
        like="plain",
        trust=[root(serial=tlv(0x02, b"\x80"))],
    )


def odd(corpus):
    corpus.accept(
        "critical-false-written-out",
        "4.1",
        "an extension with critical FALSE written out, which DER forbids and CAs do",
        like="plain",
        target=leaf(
            more=[sequence(tlv(0x06, b"\x2a\x03"), tlv(0x01, b"\x00"), octets(octets(b"?")))]
        ),
    )
    corpus.reject(
        "octets-after-the-certificate",
        "malformed",
        "plain",
        "an octet follows the leaf",
        clause="4.1",
        target=leaf() + b"\x00",
        openssl="accept",
        because="openssl verify reads a file as far as it needs",
    )
    corpus.reject(
        "length-not-minimal",
        "malformed",
        "plain",
        "the leaf's outermost length in three octets more than DER has",
        clause="4.1",
        target=(lambda der: b"\x30\x84\x00\x00" + der[2:4] + der[4:])(leaf()),
        openssl="accept",
        because="OpenSSL reads BER",
    )
    corpus.reject(
        "subject-alternative-name-malformed",
        "malformed",
        "plain",
        "the leaf's subjectAltName ends within a name",
        clause="4.2.1.6",
        target=leaf(
            subject_alternative_name=extension(
                oids.SUBJECT_ALTERNATIVE_NAME, sequence(names.email("bob@example.com")[:-1])
            )
        ),
    )
    corpus.accept(
        "subject-alternative-name-critical",
        "4.2.1.6",
        "the leaf's subjectAltName is critical",
        **path(
            {
                "subject_alternative_name": subject_alternative_name(
                    names.email("bob@example.com"), critical=True
                )
            }
        ),
    )
