"""What a key or an algorithm is worth: sizes, odd numbers, what only old mail has. Attack 28."""

from math import prod

from maker import oids
from maker.curves import P256
from maker.keys import primes

from .. import keys
from ..certificates import CA, Authority, ca, leaf, path, root
from ..extensions import key_usage
from ..keys import Key


def add(corpus):
    sizes(corpus)
    points(corpus)
    legacy(corpus)
    not_supported(corpus)


def sizes(corpus):
    """Attack 28: the leaf's own key."""
    corpus.accept("leaf-rsa", "4.1.2.7", "the leaf has a key of RSA-2048", **_with_key("rsa2048"))
    # Many short primes: as long as they say, and quick to make; what is checked is the size.
    long = prod(primes("paths 8192", 512, 16, 65537))
    longer = prod(primes("paths 16384", 512, 32, 65537))
    modulus = prod(primes("paths 2048", 512, 4, 65537))
    for word, about, numbers in [
        ("8192", "of 8192 bits", (long, 65537)),
        ("e-3", "with e = 3", (modulus, 3)),
        ("e-33-bits", "with e = 2^32 + 1", (modulus, 2**32 + 1)),
    ]:
        corpus.accept(
            f"leaf-rsa-{word}",
            "4.1.2.7",
            f"a key of RSA {about}",
            like="leaf-rsa",
            target=leaf(key=keys.rsa_numbers(*numbers)),
        )
    for word, about, numbers in [
        ("16384", "of 16384 bits", (longer, 65537)),
        ("e-1", "with e = 1", (modulus, 1)),
        ("e-even", "with e = 65536", (modulus, 65536)),
        ("e-34-bits", "with e = 2^33 + 1", (modulus, 2**33 + 1)),
        ("n-even", "with an even modulus", (modulus + 1, 65537)),
        ("n-negative", "with a negative modulus", (-modulus, 65537)),
    ]:
        corpus.reject(
            f"leaf-rsa-{word}",
            "unsupported-algorithm",
            "leaf-rsa",
            f"a key of RSA {about}",
            target=leaf(key=keys.rsa_numbers(*numbers)),
            openssl="accept",
            because="OpenSSL looks at the numbers of an RSA key only where it uses them",
        )


def points(corpus):
    """Attack 28: elliptic curves."""
    point = P256.multiply(7, P256.base)
    off = P256.uncompressed((point[0], point[1] ^ 1))

    def of(octets):
        return Key(keys.ec_spki(oids.P256, octets))

    corpus.accept(
        "leaf-point",
        "4.1.2.7",
        "the leaf's key is a point of P-256",
        like="plain",
        target=leaf(key=of(P256.uncompressed(point))),
    )
    corpus.accept(
        "leaf-point-compressed",
        "4.1.2.7",
        "the point is compressed (RFC 5480 2.2)",
        like="plain",
        target=leaf(key=of(P256.compressed(point))),
    )
    for word, about, octets in [
        ("off-curve", "is off the curve", off),
        ("short", "is an octet short", P256.uncompressed(point)[:-1]),
    ]:
        corpus.reject(
            f"leaf-point-{word}",
            "unsupported-algorithm",
            "leaf-point",
            f"the point {about}",
            target=leaf(key=of(octets)),
        )
    corpus.reject(
        "leaf-point-infinity",
        "unsupported-algorithm",
        "leaf-point",
        "the point is the one at infinity",
        target=leaf(key=of(b"\x00")),
        openssl="accept",
        because="OpenSSL refuses the point at infinity only where it uses the key",
    )
    corpus.reject(
        "ca-point-off-curve",
        "unsupported-algorithm",
        "plain",
        "the CA's key is a point off its curve",
        clause="4.1.2.7",
        intermediates=[ca(key=Key(keys.ec_spki(oids.P256, off)))],
    )


def _with_key(name):
    return path(leaf_changes={"key": keys.public(name)})


def legacy(corpus):
    """What allow-legacy is for: RFC 8551 4.3 and appendix B."""
    allowed = {"flags": ["allow-legacy"]}

    def pair(word, reason, about, openssl=None, because=None, **inputs):
        corpus.accept(
            f"{word}-allowed", "4.1.2.7", f"{about}, with --allow-legacy", **inputs, **allowed
        )
        corpus.reject(
            word,
            reason,
            f"{word}-allowed",
            f"{about}, without --allow-legacy",
            flags=[],
            openssl=openssl,
            because=because,
        )

    pair("leaf-rsa-1024", "weak-key", "the leaf's key is RSA-1024", **_with_key("rsa1024"))
    small = Authority("CA rsa-1024", keys.rsa("rsa1024"))
    pair(
        "ca-rsa-1024",
        "weak-key",
        "the CA's key is RSA-1024",
        target=leaf(small),
        intermediates=[ca(small)],
        trust=[root()],
    )
    pair(
        "root-rsa-1024",
        "weak-key",
        "the root's key is RSA-1024",
        target=leaf(),
        intermediates=[ca(issuer=small)],
        trust=[root(small)],
    )
    sha1 = CA.with_key(keys.p256("sha1 CA", "sha1"))
    pair(
        "leaf-sha-1",
        "legacy-algorithm",
        "the leaf is signed with SHA-1",
        target=leaf(sha1),
        intermediates=[ca(sha1)],
        trust=[root()],
    )
    old_root = Authority("Old root", keys.rsa("rsa2048", "sha1"))
    pair(
        "ca-sha-1",
        "legacy-algorithm",
        "the CA is signed with SHA-1",
        target=leaf(),
        intermediates=[ca(issuer=old_root)],
        trust=[root(old_root)],
    )
    corpus.accept(
        "root-sha-1",
        "6.1.1 (d)",
        "the root is signed with SHA-1 by itself, which nobody looks at",
        target=leaf(),
        intermediates=[ca(issuer=old_root.with_key(keys.rsa("rsa2048")))],
        trust=[root(old_root)],
    )
    dsa = Authority("CA dsa", keys.dsa())
    pair(
        "ca-dsa",
        "legacy-algorithm",
        "the CA's key is DSA",
        target=leaf(dsa),
        intermediates=[ca(dsa)],
        trust=[root()],
        openssl="accept",
        because="OpenSSL takes DSA for as good as RSA of the same length",
    )
    md5 = Authority("CA rsa-2048", keys.rsa("rsa2048", "md5"))
    corpus.accept(
        "leaf-sha-256-allowed",
        "4.1.1.2",
        "the leaf is signed with SHA-256",
        like="key-rsa-2048",
        **allowed,
    )
    corpus.reject(
        "leaf-md5",
        "unsupported-algorithm",
        "leaf-sha-256-allowed",
        "the leaf is signed with MD5, which --allow-legacy does not allow either",
        target=leaf(md5),
        openssl="accept",
        because="at the security level 0 OpenSSL takes MD5",
    )


def not_supported(corpus):
    """Keys that OpenSSL makes and we have no use for."""
    for name, about, difference in [
        ("secp256k1", "on secp256k1", {"openssl": "accept", "because": "OpenSSL has that curve"}),
        ("ed448", "of Ed448", {"openssl": "accept", "because": "OpenSSL has Ed448"}),
        ("p256-explicit", "on a curve that is spelt out (RFC 5480 2.1.1)", {}),
    ]:
        corpus.reject(
            f"leaf-{name}",
            "unsupported-algorithm",
            "leaf-point",
            f"the leaf's key is one {about}",
            target=leaf(key=keys.public(name)),
            **difference,
        )
    corpus.accept(
        "leaf-x25519",
        "4.1.2.7",
        "the leaf's key is X25519, for mail to it",
        target=leaf(key=keys.public("x25519"), key_usage=key_usage("keyAgreement")),
        intermediates=[ca()],
        trust=[root()],
        purpose="email-receiving",
        openssl="reject",
        because="OpenSSL's smimeencrypt wants keyEncipherment, whatever the key",
    )
    corpus.reject(
        "leaf-x25519-signing",
        "key-usage",
        "leaf-x25519",
        "the same for signing mail",
        purpose="email-signing",
    )
