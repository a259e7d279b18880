"""Keys that sign certificates, and public keys that nobody has to have the private half of.

Every signature is the same in every run: nonces and salts are digests, and Ed25519 has none.
"""

from pathlib import Path

from maker import algorithms, cms, oids
from maker.curves import P256, P384, P521
from maker.der import (
    algorithm,
    bits,
    children,
    integer,
    null,
    octets,
    oid,
    read,
    sequence,
    unsigned,
)
from maker.keys import RsaKey, ec_secret

CRYPTO = Path(__file__).resolve().parents[2] / "crypto"


class Key:
    """A public key, the AlgorithmIdentifier of its signatures, and the function that makes them."""

    def __init__(self, spki, algorithm=None, sign=None):
        self.spki, self.algorithm, self.sign = spki, algorithm, sign
        self.identifier = algorithms.digest("sha1", spki)


def _der(name):
    return (CRYPTO / f"{name}.der").read_bytes()


# ---- elliptic curves


def ec_spki(curve, point):
    return sequence(algorithm(oids.EC_PUBLIC_KEY, oid(curve)), bits(point))


def p256(seed, digest="sha256"):
    """A key of P-256 that depends on the seed alone."""
    secret = int.from_bytes(algorithms.stream(seed, 32), "big") % P256.order
    spki = ec_spki(oids.P256, P256.uncompressed(P256.multiply(secret, P256.base)))
    return Key(spki, algorithm(oids.ECDSA[digest]), _by_ecdsa(P256, secret, digest))


def ec(name, digest):
    """A key of testdata/crypto: p256, p384 or p521."""
    curve = {"p256": P256, "p384": P384, "p521": P521}[name]
    secret = ec_secret(_der(f"{name}.pkcs8"))
    sign = _by_ecdsa(curve, secret, digest)
    return Key(_der(f"{name}.spki"), algorithm(oids.ECDSA[digest]), sign)


def _by_ecdsa(curve, secret, digest):
    def sign(data):
        return sequence(*(integer(value) for value in curve.ecdsa(secret, digest, data)))

    return sign


# ---- RSA


def rsa(name, digest="sha256", parameters=null()):
    """A key of testdata/crypto with PKCS #1 v1.5."""
    key = RsaKey.from_pkcs8(_der(f"{name}.pkcs8"))

    def sign(data):
        return key.apply_private(algorithms.pkcs1_encoded(digest, data, key.size))

    return Key(_der(f"{name}.spki"), algorithm(oids.SIGNATURE[digest], parameters), sign)


def rsa_pss(name, digest="sha256", salt=32):
    """The same with PSS. The key may be restricted to it."""
    key = RsaKey.from_pkcs8(_der(f"{name}.pkcs8"))

    def sign(data):
        bits_of_it = key.modulus.bit_length()
        salted = algorithms.stream("salt", salt)
        return key.apply_private(algorithms.pss_encoded(digest, data, bits_of_it, salted))

    parameters = cms.pss_parameters(digest, salt)
    return Key(_der(f"{name}.spki"), algorithm(oids.PSS, parameters), sign)


def rsa_numbers(modulus, exponent):
    """A public key of these numbers, good or not."""
    return Key(RsaKey(modulus, exponent, []).spki())


# ---- others


def ed25519():
    def sign(data):
        return algorithms.ed25519(str(CRYPTO / "ed25519.pkcs8.der"), data)

    return Key(_der("ed25519.spki"), algorithm(oids.ED25519), sign)


def dsa():
    """DSA of 2048 and 256 bits with SHA-256."""
    identifier, secret = children(_der("dsa2048.pkcs8"))[1:3]
    p, q, g = (unsigned(number) for number in children(children(identifier)[1]))
    x = unsigned(read(secret)[1])

    def sign(data):
        value = int.from_bytes(algorithms.digest("sha256", data), "big")
        nonce = int.from_bytes(algorithms.digest("sha512", octets(data)), "big") % q
        r = pow(g, nonce, p) % q
        return sequence(integer(r), integer(pow(nonce, -1, q) * (value + x * r) % q))

    return Key(_der("dsa2048.spki"), algorithm(oids.DSA_WITH_SHA256), sign)


def public(name):
    """A public key of testdata/crypto, of any kind."""
    return Key(_der(f"{name}.spki"))
