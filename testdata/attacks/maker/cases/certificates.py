"""The signer's certificate: keys that nobody should have, and chains that lead nowhere (26, 28)."""

from math import gcd, prod

from .. import algorithms, cms, oids
from ..curves import P256
from ..der import algorithm, bits, integer, null, oid, sequence, tlv
from ..keys import Certificate, Identity, RsaKey, certificate, ec_spki, identity, is_prime, primes
from ..mime import ENTITY, mail, multipart_signed

ALICE = [b"alice@example.com"]
DSA, DSA_SHA256 = "1.2.840.10040.4.1", "2.16.840.1.101.3.4.3.2"


def add(corpus):
    alice = identity("alice")
    keys(corpus, alice)
    inherited_parameters(corpus)
    chains(corpus, alice)


def keys(corpus, alice):
    def signed_with(spki, sign, signature_algorithm, name="sha256", **changes):
        leaf = certificate("alice", spki, 0x5000, ALICE)
        info = cms.signer_info(
            Identity(leaf, None),
            ENTITY,
            name=name,
            sign=sign,
            signature=signature_algorithm,
            **changes,
        )
        return mail(
            multipart_signed(
                ENTITY,
                cms.signed_data(
                    ENTITY, [info], [leaf], detached=True, digests=[cms.digest_algorithm(name)]
                ),
            )
        )

    rsa256 = cms.rsa_signature_algorithm("sha256")

    def rsa(word, about, key, encode=algorithms.pkcs1_encoded, valid=False, sign=None, **expected):
        sign = sign or (lambda it: key.apply_private(encode("sha256", it, key.size)))
        message = signed_with(key.spki(), sign, rsa256)
        if valid:
            corpus.valid(f"28-rsa-{word}.eml", 28, about, message, **expected)
        else:
            corpus.invalid(
                f"28-rsa-{word}.eml", 28, about, message, **{"signature": ["invalid"], **expected}
            )

    # Many short primes: as long as they say, and quick to make; what is checked is the size.
    for size, count, valid in [(16384, 32, False), (8192, 16, True)]:
        factors = primes(f"rsa {size}", 512, count, 65537)
        rsa(
            f"{size}",
            f"RSA of {size} bits, and the signature holds",
            RsaKey(prod(factors), 65537, factors),
            valid=valid,
        )
    pair = primes("rsa pair", 1024, 2, 3 * 5 * 65537)
    rsa(
        "control",
        "RSA-2048, a key of the attacker's making",
        RsaKey(prod(pair), 65537, pair),
        valid=True,
    )
    one = RsaKey(prod(pair), 1, pair)
    rsa(
        "exponent-1",
        "e = 1: every encoded message is its own signature",
        one,
        sign=lambda it: algorithms.pkcs1_encoded("sha256", it, one.size),
    )
    huge = next(e for e in range(2**33 + 1, 2**33 + 1000, 2) if coprime(e, pair))
    rsa(
        "exponent-huge",
        "e = 2^33 + something: past the bound of verifiers",
        RsaKey(prod(pair), huge, pair),
    )
    corpus.invalid(
        "28-rsa-exponent-even.eml",
        28,
        "e = 2, and the signature is a root",
        signed_by_root(signed_with, rsa256),
        signature=["invalid"],
    )
    rsa(
        "modulus-even",
        "an even modulus",
        RsaKey(prod(pair) - 1, 65537, pair),
        sign=lambda it: bytes(255) + b"\x01",
    )
    rsa("modulus-1", "n = 1", RsaKey(1, 65537, []), sign=lambda it: b"\x00")
    rsa("modulus-0", "n = 0", RsaKey(0, 65537, []), sign=lambda it: b"\x00")
    rsa("exponent-0", "e = 0", RsaKey(prod(pair), 0, pair), sign=lambda it: bytes(255) + b"\x01")
    corpus.invalid(
        "28-rsa-negative.eml",
        28,
        "a negative modulus",
        signed_with(
            sequence(
                algorithm(oids.RSA_ENCRYPTION, null()),
                bits(sequence(integer(-prod(pair)), integer(65537))),
            ),
            lambda it: bytes(256),
            rsa256,
        ),
        signature=["invalid"],
    )

    k = alice.key
    for word, change, about in [
        ("signature-0", lambda it: bytes(len(it)), "the signature is zero"),
        ("signature-short", lambda it: it[1:], "the signature is an octet short"),
        ("signature-long", lambda it: b"\x00" + it, "the signature is an octet long, of zero"),
        ("signature-empty", lambda it: b"", "the signature is empty"),
        ("signature-past-modulus", lambda it: past(it, k.modulus), "s + n in the place of s"),
    ]:
        corpus.invalid(
            f"28-{word}.eml",
            28,
            f"RSA: {about}",
            mail(
                multipart_signed(ENTITY, cms.signed_by(alice, ENTITY, detached=True, change=change))
            ),
            signature=["invalid"],
        )

    dave = identity("dave")
    ecdsa = algorithm(oids.ECDSA["sha256"])
    x, y = P256.base
    secret = dave.key
    point = P256.multiply(secret, P256.base)
    header = {"From": ["From: dave@example.com"]}
    for word, change, about in [
        (None, None, "P-256 as it should be"),
        ("zeros", lambda it: sequence(integer(0), integer(0)), "r = s = 0"),
        (
            "order",
            lambda it: sequence(integer(P256.order), integer(P256.order)),
            "r = s = n",
        ),
        ("negative", lambda it: sequence(integer(-5), integer(5)), "r is negative"),
        (
            "raw",
            lambda it: b"".join(
                cms.read(part)[1][-32:].rjust(32, b"\x00") for part in cms.inside(it)
            ),
            "r and s without their DER",
        ),
        ("trailing", lambda it: it + b"\x00", "an octet after the signature"),
    ]:
        message = mail(
            multipart_signed(
                ENTITY,
                cms.signed_by(
                    dave,
                    ENTITY,
                    detached=True,
                    sign=cms.by_ecdsa(secret),
                    signature=ecdsa,
                    change=change,
                ),
            ),
            replaced=header,
        )
        if word is None:
            corpus.valid("28-ecdsa.eml", 28, about, message)
        else:
            corpus.invalid(
                f"28-ecdsa-{word}.eml", 28, f"ECDSA: {about}", message, signature=["invalid"]
            )
    for word, encoded in [
        ("off-curve", P256.uncompressed((point[0], point[1] ^ 1))),
        ("infinity", b"\x00"),
        ("coordinates-of-p", b"\x04" + P256.prime.to_bytes(32, "big") * 2),
        ("empty", b""),
        ("hybrid", bytes([6 + point[1] % 2]) + P256.uncompressed(point)[1:]),
        ("short", P256.uncompressed(point)[:-1]),
    ]:
        corpus.invalid(
            f"28-point-{word}.eml",
            28,
            f"a P-256 certificate whose point is wrong: {word}",
            signed_with(ec_spki(encoded), cms.by_ecdsa(secret), ecdsa),
            signature=["invalid"] if word != "hybrid" else None,
        )
    corpus.valid(
        "28-point.eml",
        28,
        "the same with the right point",
        signed_with(ec_spki(P256.uncompressed(point)), cms.by_ecdsa(secret), ecdsa),
    )
    corpus.invalid(
        "28-curve-unknown.eml",
        28,
        "a curve that nobody knows",
        signed_with(
            sequence(algorithm(oids.EC_PUBLIC_KEY, oid("1.2.3.4")), bits(P256.uncompressed(point))),
            cms.by_ecdsa(secret),
            ecdsa,
        ),
        signature=["invalid"],
    )
    corpus.invalid(
        "28-curve-absent.eml",
        28,
        "an EC key without curve",
        signed_with(
            sequence(algorithm(oids.EC_PUBLIC_KEY), bits(P256.uncompressed(point))),
            cms.by_ecdsa(secret),
            ecdsa,
        ),
        signature=["invalid"],
    )

    ed25519 = algorithm(oids.ED25519)
    identity_point = b"\x01" + bytes(31)
    corpus.invalid(
        "28-ed25519-small-order.eml",
        28,
        "the Ed25519 key is the neutral point: R = 1, S = 0 would sign everything",
        signed_with(
            sequence(ed25519, bits(identity_point)),
            lambda it: identity_point + bytes(32),
            ed25519,
            "sha512",
        ),
        signature=["invalid"],
    )
    corpus.invalid(
        "28-ed25519-short.eml",
        28,
        "an Ed25519 key of 31 octets",
        signed_with(sequence(ed25519, bits(bytes(31))), lambda it: bytes(64), ed25519, "sha512"),
        signature=["invalid"],
    )
    corpus.invalid(
        "28-x25519-signer.eml",
        28,
        "a certificate for X25519 signs",
        signed_with(
            sequence(algorithm(oids.X25519), bits(bytes(32))),
            lambda it: bytes(64),
            ed25519,
            "sha512",
        ),
        signature=["invalid"],
    )
    corpus.invalid(
        "28-key-unknown.eml",
        28,
        "a key of a kind that nobody knows",
        signed_with(
            sequence(algorithm("1.2.3.4"), bits(bytes(32))), lambda it: bytes(64), ed25519, "sha512"
        ),
        signature=["invalid"],
    )


def inherited_parameters(corpus):
    """A DSA certificate that leaves p, q and g to its issuer's (RFC 3279 2.3.2), and a false issuer.

    He takes the victim's y for g, so that the private key is 1; q is a product of small primes, and
    p one of primes modulo which y has an order that divides q.
    """
    y = int.from_bytes(algorithms.stream("y of DSA", 255), "big")
    small = [number for number in range(3, 250, 2) if is_prime(number)]
    q = smooth(small)
    p = 1
    for number in range(1, 1 << 16):
        choice = int.from_bytes(algorithms.digest("sha256", f"order {number}".encode()), "big")
        order = prod(
            prime
            for place, prime in enumerate(small)
            if q % prime == 0 and choice >> 4 * place & 15 < 1 + number % 4
        )
        prime = 2 * order + 1
        if not is_prime(prime) or p % prime == 0 or pow(y, order, prime) != 1:
            continue
        # What is left has to be wide enough for one prime more, or nothing.
        if (p * prime).bit_length() <= 2030 or (p * prime).bit_length() == 2048:
            p *= prime
        if p.bit_length() == 2048:
            break
    assert p.bit_length() == 2048 and q.bit_length() == 256 and pow(y, q, p) == 1 and y < p
    victim = certificate("alice", sequence(algorithm(DSA), bits(integer(y))), 0x5004, ALICE)
    parameters = sequence(integer(p), integer(q), integer(y))
    issuer = certificate(
        "Intermediate",
        sequence(algorithm(DSA, parameters), bits(integer(y))),
        0x5005,
        [],
        "stranger",
    )

    def sign(data):
        value = int.from_bytes(algorithms.digest("sha256", data), "big")
        nonces = (it for it in range(2**200, q) if gcd(it, q) == 1)
        for nonce in nonces:
            r = pow(y, nonce, p) % q
            s = pow(nonce, -1, q) * (value + r) % q
            if r and gcd(s, q) == 1:
                return sequence(integer(r), integer(s))

    info = cms.signer_info(
        Identity(victim, None), ENTITY, sign=sign, signature=algorithm(DSA_SHA256)
    )
    for word, order in [("", [victim, issuer]), ("-first", [issuer, victim])]:
        corpus.invalid(
            f"28-dsa-inherited-forged{word}.eml",
            28,
            "DSA parameters from a false issuer that the message brings along",
            mail(multipart_signed(ENTITY, cms.signed_data(ENTITY, [info], order, detached=True))),
            arguments=["--allow-legacy"],
        )


def smooth(small):
    """256 bits of distinct small primes."""
    q = prod(small)
    while q.bit_length() > 256:
        excess = q.bit_length() - 256
        q //= min(
            (it for it in small if q % it == 0), key=lambda it: abs(it.bit_length() - 1 - excess)
        )
    return q


def coprime(exponent, factors):
    return all(gcd(exponent, factor - 1) == 1 for factor in factors)


def past(signature, modulus):
    value = int.from_bytes(signature, "big") + modulus
    return value.to_bytes((value.bit_length() + 7) // 8, "big")


def signed_by_root(signed_with, signature_algorithm):
    """One message in four has a square root; the signing time is moved until there is one."""
    pair = [it for it in primes("rsa roots", 1024, 8, 65537) if it % 4 == 3][:2]
    key = RsaKey(pair[0] * pair[1], 2, pair)
    for second in range(60):
        attributes = [
            *cms.standard_attributes(ENTITY)[:2],
            cms.signing_time(f"2611211200{second:02}Z"),
        ]
        encoded = algorithms.pkcs1_encoded("sha256", tlv(0x31, *sorted(attributes)), key.size)
        root = square_root(pair, encoded)
        if any(root):
            assert key.apply_public(root) == encoded
            return signed_with(
                key.spki(), lambda it: root, signature_algorithm, attributes=attributes
            )
    raise AssertionError("no message has a root")


def square_root(factors, encoded):
    """A number whose square is this one modulo each prime, or zeros where there is none."""
    value, modulus = int.from_bytes(encoded, "big"), prod(factors)
    found = 0
    for prime in factors:
        if prime % 4 != 3 or pow(value, (prime - 1) // 2, prime) != 1:
            return bytes(len(encoded))
        root, others = pow(value, (prime + 1) // 4, prime), modulus // prime
        found += root * others * pow(others, -1, prime)
    return (found % modulus).to_bytes(len(encoded), "big")


def chains(corpus, alice):
    """The three judgements apart: a good signature by someone whom nobody vouches for."""
    k = alice.key
    for word, changes, about in [
        ("stranger", {"issuer": "stranger"}, "issued by an authority that nobody trusts"),
        ("expired", {"begin": "20200101000000Z", "end": "20201231235959Z"}, "expired"),
        ("future", {"begin": "21900101000000Z"}, "not yet valid"),
        ("encrypt-only", {"key_usage": 0x20}, "not for signing (keyEncipherment alone)"),
        ("broken", {"tbs_change": None, "broken": True}, "changed after it was signed"),
    ]:
        broken = changes.pop("broken", False)
        leaf = certificate("alice", k.spki(), 0x5001, ALICE, **changes)
        if broken:
            leaf = Certificate(leaf.der[:-1] + bytes([leaf.der[-1] ^ 1]))
        corpus.invalid(
            f"26-{word}.eml",
            26,
            f"the signer's certificate is {about}",
            mail(multipart_signed(ENTITY, cms.signed_by(Identity(leaf, k), ENTITY, detached=True))),
            # Which of the two judgements the key usage belongs to is a matter of taste.
            signature=["valid"] if word != "encrypt-only" else None,
            chain=["invalid"] if word != "encrypt-only" else None,
        )
    leaf = certificate("alice", k.spki(), 0x5001, ALICE)
    corpus.valid(
        "26-control.eml",
        26,
        "the same, as it should be",
        mail(multipart_signed(ENTITY, cms.signed_by(Identity(leaf, k), ENTITY, detached=True))),
        chain=["valid"],
    )
    # Alice's own certificate, put to use as an authority.
    sub = certificate("alice", k.spki(), 0x5002, ALICE)
    leaf = certificate(
        "mallory", identity("mismatch").key.spki(), 1, ALICE, issuer_name=sub.subject
    )
    mallory = Identity(leaf, identity("mismatch").key)
    forged = resigned(leaf, k)
    corpus.invalid(
        "26-leaf-as-authority.eml",
        26,
        "Alice's certificate signs another one for her address",
        mail(
            multipart_signed(
                ENTITY,
                cms.signed_data(
                    ENTITY,
                    [cms.signer_info(Identity(forged, mallory.key), ENTITY)],
                    [forged, sub],
                    detached=True,
                ),
            )
        ),
        signature=["valid"],
        chain=["invalid"],
    )


def resigned(leaf, key):
    tbs, signature_algorithm, _ = cms.inside(leaf.der)
    signature = key.apply_private(algorithms.pkcs1_encoded("sha256", tbs, key.size))
    return Certificate(sequence(tbs, signature_algorithm, bits(signature)))
