"""Signatures (RFC 5280 6.1.3 (a)(1), 4.1.1.2), by every kind of key."""

from maker import oids
from maker.der import algorithm, bits, null, tlv

from .. import keys
from ..certificates import CA, STRANGER, Authority, ca, flipped, leaf, path, root
from ..keys import Key


def add(corpus):
    corpus.accept("plain", "6.1", "Bob by CA by Root, as it should be", **path())
    who_signed(corpus)
    algorithms_agree(corpus)
    kinds(corpus)


def who_signed(corpus):
    flip = {"signature_bits": lambda value: flipped(bits(value))}
    corpus.reject(
        "signature-of-leaf-changed",
        "bad-signature",
        "plain",
        "one bit of the leaf's signature is another",
        clause="6.1.3 (a)(1)",
        target=leaf(**flip),
    )
    corpus.reject(
        "signature-of-ca-changed",
        "bad-signature",
        "plain",
        "one bit of the CA's signature is another",
        clause="6.1.3 (a)(1)",
        intermediates=[ca(**flip)],
    )
    corpus.accept(
        "signature-of-root-changed",
        "6.1.1 (d)",
        "one bit of the root's own signature is another: of an anchor, name and key count",
        like="plain",
        trust=[root(**flip)],
    )
    corpus.reject(
        "signed-part-of-leaf-changed",
        "bad-signature",
        "plain",
        "the leaf's last octet is changed after signing",
        clause="6.1.3 (a)(1)",
        target=leaf(tbs_change=lambda tbs: tbs[:-1] + bytes([tbs[-1] ^ 1])),
    )
    corpus.reject(
        "signature-by-a-stranger",
        "bad-signature",
        "plain",
        "another key signs in the name of the CA",
        clause="6.1.3 (a)(1)",
        target=leaf(CA.with_key(STRANGER.key)),
    )
    corpus.reject(
        "signature-with-odd-bits",
        "bad-signature",
        "plain",
        "the BIT STRING of the leaf's signature says that its last bit is not used",
        clause="4.1.1.3",
        target=leaf(signature_bits=lambda value: tlv(0x03, b"\x01", value[:-1], b"\x00")),
    )


def algorithms_agree(corpus):
    sha384 = algorithm(oids.ECDSA["sha384"])
    corpus.reject(
        "algorithms-of-leaf-differ",
        "algorithm-mismatch",
        "plain",
        "the leaf says SHA-384 outside and SHA-256 inside",
        clause="4.1.1.2",
        target=leaf(outer_algorithm=sha384),
    )
    corpus.reject(
        "algorithms-of-ca-differ",
        "algorithm-mismatch",
        "plain",
        "the CA says SHA-384 outside and SHA-256 inside",
        clause="4.1.1.2",
        intermediates=[ca(outer_algorithm=sha384)],
    )
    by_rsa = Authority("RSA CA", keys.rsa("rsa2048"))
    corpus.accept(
        "rsa-algorithm-with-null",
        "4.1.1.2",
        "SHA-256 with RSA, NULL as its parameters",
        target=leaf(by_rsa),
        intermediates=[ca(by_rsa)],
        trust=[root()],
    )
    corpus.accept(
        "rsa-algorithm-without-null",
        "4.1.1.2",
        "the parameters left out, which RFC 4055 5 has readers accept",
        like="rsa-algorithm-with-null",
        target=leaf(by_rsa, algorithm=algorithm(oids.SIGNATURE["sha256"])),
    )
    corpus.reject(
        "rsa-algorithm-with-null-outside-only",
        "algorithm-mismatch",
        "rsa-algorithm-with-null",
        "the parameters left out inside, and NULL outside: what is not signed is another thing",
        target=leaf(
            by_rsa,
            algorithm=algorithm(oids.SIGNATURE["sha256"]),
            outer_algorithm=algorithm(oids.SIGNATURE["sha256"], null()),
        ),
    )
    corpus.reject(
        "ecdsa-algorithm-with-null",
        "unsupported-algorithm",
        "plain",
        "ECDSA with NULL as its parameters, which have to be absent (RFC 5754 3.3)",
        clause="4.1.1.2",
        target=leaf(algorithm=algorithm(oids.ECDSA["sha256"], null())),
        openssl="accept",
        because="OpenSSL does not look at the parameters of ECDSA",
    )


def kinds(corpus):
    """Every kind of key that OpenSSL 3.0 makes and we verify, as that of a CA."""
    for word, about, key in [
        ("rsa-2048", "RSA-2048, SHA-256", keys.rsa("rsa2048")),
        ("rsa-2056", "RSA of 2056 bits", keys.rsa("rsa2056")),
        ("rsa-3072", "RSA-3072, SHA-384", keys.rsa("rsa3072", "sha384")),
        ("rsa-4096", "RSA-4096, SHA-512", keys.rsa("rsa4096", "sha512")),
        ("rsa-exponent-3", "RSA with e = 3", keys.rsa("rsa2048-e3")),
        ("rsa-pss", "RSA with PSS", keys.rsa_pss("rsa2048")),
        ("rsa-pss-restricted", "a key for PSS alone", keys.rsa_pss("rsa2048-pss", "sha512", 64)),
        (
            "rsa-pss-sha384",
            "a key for PSS with SHA-384 and a salt of 32 octets or more",
            keys.rsa_pss("rsa2048-pss-sha384", "sha384", 32),
        ),
        ("p256-sha512", "P-256, SHA-512", keys.p256("CA", "sha512")),
        ("p384", "P-384, SHA-384", keys.ec("p384", "sha384")),
        ("p521", "P-521, SHA-512", keys.ec("p521", "sha512")),
        ("ed25519", "Ed25519", keys.ed25519()),
    ]:
        authority = Authority(f"CA {word}", key)
        corpus.accept(
            f"key-{word}",
            "4.1.2.7",
            f"the CA's key: {about}",
            target=leaf(authority),
            intermediates=[ca(authority)],
            trust=[root()],
        )
        corpus.reject(
            f"key-{word}-changed",
            "bad-signature",
            f"key-{word}",
            "the first octet of the signature is another",
            target=leaf(
                authority, signature_bits=lambda it: bits(it[:-1] + bytes([it[-1] ^ 0x80]))
            ),
        )
    restricted = Authority("CA rsa-pss-restricted", keys.rsa_pss("rsa2048-pss", "sha512", 64))
    corpus.reject(
        "key-rsa-pss-restricted-pkcs1",
        "bad-signature",
        "key-rsa-pss-restricted",
        "a key for PSS alone has signed with PKCS #1 v1.5 (RFC 4055 1.2)",
        target=leaf(restricted.with_key(_with_spki(keys.rsa("rsa2048-pss"), restricted.key))),
    )
    sha384 = Authority("CA rsa-pss-sha384", keys.rsa_pss("rsa2048-pss-sha384", "sha384", 32))
    corpus.reject(
        "key-rsa-pss-sha384-sha256",
        "bad-signature",
        "key-rsa-pss-sha384",
        "a key for PSS with SHA-384 has signed with SHA-256 (RFC 4055 3.3)",
        target=leaf(sha384.with_key(keys.rsa_pss("rsa2048-pss-sha384", "sha256", 32))),
    )
    corpus.reject(
        "key-rsa-pss-sha384-short-salt",
        "bad-signature",
        "key-rsa-pss-sha384",
        "a key for salts of 32 octets or more has signed with 20 (RFC 4055 3.3)",
        target=leaf(sha384.with_key(keys.rsa_pss("rsa2048-pss-sha384", "sha384", 20))),
    )


def _with_spki(signing, of):
    """Who signs with one algorithm and has the public key of another."""
    key = Key(of.spki, signing.algorithm, signing.sign)
    key.identifier = of.identifier
    return key
