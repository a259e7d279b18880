"""PKCS#12 files that cost more than they give (31)."""

import hashlib
import hmac

from .. import algorithms, cms, oids
from ..der import algorithm, explicit, integer, null, octets, oid, sequence
from ..keys import TESTDATA, identity, pem
from ..mime import ENTITY, auth_enveloped, mail
from .content import SECRET

ITERATIONS = 1000
SALT = b"salt of 16 octet"
ARGUMENTS = ["--password-file", "{keys}/encrypted@example.com.password"]
# The file is at fault, or what it holds is not there, or its password is taken for wrong.
REFUSED = [64, 65, 66, 77, 78]


def add(corpus):
    bob = identity("bob")
    password = (TESTDATA / "keys/encrypted@example.com.password").read_text().rstrip("\n")
    key = pem("keys/bob@example.com.pem")[0]
    content_key = cms.content_key("pkcs12")
    message = mail(
        auth_enveloped(
            cms.enveloped_gcm([cms.key_transport(bob, content_key)], content_key, ENTITY)
        )
    )

    def case(word, about, file):
        name = f"31-{word}.p12"
        corpus.files[name] = file
        arguments = ["--key", "{keys}/" + name, *ARGUMENTS]
        if word == "control":
            corpus.opens("31-for-bob.eml", 31, about, message, arguments)
        else:
            corpus.stays_shut(
                "31-for-bob.eml", 31, f"PKCS#12: {about}", message, arguments, REFUSED, never=SECRET
            )

    def shrouded(scheme=None, value=None):
        scheme, value = scheme or pbes2(), value or encrypted(key, password)
        return bag(sequence(scheme, octets(value)))

    def with_bags(*bags, **changes):
        return pfx(data(sequence(data(sequence(*bags)))), password, **changes)

    case("control", "a PKCS#12 file with Bob's key", with_bags(shrouded()))
    case("empty", "the file is empty", b"")
    case("no-content", "ContentInfo without content", pfx(sequence(oid(oids.DATA)), password))
    case("empty-content", "ContentInfo with an empty OCTET STRING", pfx(data(b""), password))
    case("empty-safe", "an AuthenticatedSafe of nothing", pfx(data(sequence()), password))
    case("empty-bags", "a SafeContents of nothing", with_bags())
    case(
        "content-not-data",
        "ContentInfo of another type",
        pfx(cms.content_info("1.2.3.4", octets(b"")), password),
    )
    case(
        "signed",
        "authSafe is SignedData that is empty",
        pfx(cms.content_info(oids.SIGNED_DATA, sequence()), password),
    )
    case(
        "inner-no-content",
        "a ContentInfo without content in the AuthenticatedSafe",
        pfx(data(sequence(sequence(oid(oids.DATA)))), password),
    )
    case("version", "version 2", with_bags(shrouded(), version=2))
    for word, count in [
        ("2-31", 2**31),
        ("2-31-less-1", 2**31 - 1),
        ("2-64", 2**64),
        ("0", 0),
        ("negative", -1),
        ("10000001", 10_000_001),
    ]:
        case(f"mac-{word}", f"a MAC of {count} iterations", with_bags(shrouded(), told=count))
        case(
            f"pbkdf2-{word}",
            f"PBKDF2 of {count} iterations",
            with_bags(shrouded(pbes2(told=count))),
        )
    case(
        "mac-wrong",
        "the MAC does not hold",
        with_bags(shrouded(), mac_change=lambda it: bytes(len(it))),
    )
    case("mac-empty", "an empty MAC", with_bags(shrouded(), mac_change=lambda it: b""))
    case(
        "mac-unknown",
        "a MAC by a digest that nobody knows",
        with_bags(shrouded(), mac_digest=algorithm("1.2.3.4")),
    )
    case("key-length", "PBKDF2 is to give 2^31 octets", with_bags(shrouded(pbes2(length=2**31))))
    scrypt = sequence(octets(SALT), integer(2**40), integer(8), integer(1))
    case(
        "scrypt-2-40",
        "scrypt that needs 2^50 octets of memory",
        with_bags(shrouded(pbes2(derivation=algorithm("1.3.6.1.4.1.11591.4.11", scrypt)))),
    )
    case(
        "iv-short", "an initialisation vector of 8 octets", with_bags(shrouded(pbes2(iv=bytes(8))))
    )
    case(
        "pbes1-2-31",
        "PBES1 (3DES) of 2^31 iterations",
        with_bags(
            shrouded(algorithm("1.2.840.113549.1.12.1.3", sequence(octets(SALT), integer(2**31))))
        ),
    )
    deep = bag_of("1.2.840.113549.1.12.10.1.6", sequence())
    for _ in range(40):
        deep = bag_of("1.2.840.113549.1.12.10.1.6", sequence(deep))
    case("deep", "SafeContents forty deep", with_bags(deep))
    case(
        "many",
        "a hundred bags of a kind that nobody knows",
        with_bags(*[sequence(oid("1.2.3"), explicit(0, null()))] * 100),
    )
    case(
        "garbage-key",
        "the decrypted key is none",
        with_bags(shrouded(value=encrypted(sequence(integer(1)), password))),
    )
    case("length", "a length of 2^64 - 1", b"\x30\x88" + b"\xff" * 8 + with_bags(shrouded())[4:])


def data(content):
    return cms.content_info(oids.DATA, octets(content))


def bag_of(kind, value):
    return sequence(oid(kind), explicit(0, value))


def bag(value):
    return bag_of(oids.SHROUDED_KEY_BAG, value)


def encryption_key(password):
    return hashlib.pbkdf2_hmac("sha256", password.encode(), SALT, ITERATIONS, 32)


def encrypted(key, password):
    return algorithms.cbc_encrypt(encryption_key(password), bytes(range(16)), key)


def pbes2(told=ITERATIONS, iv=bytes(range(16)), length=None, derivation=None):
    parameters = sequence(
        octets(SALT),
        integer(told),
        integer(length) if length else b"",
        algorithm(oids.HMAC_SHA256, null()),
    )
    derivation = derivation or algorithm(oids.PBKDF2, parameters)
    return algorithm(oids.PBES2, sequence(derivation, algorithm(oids.AES_CBC[32], octets(iv))))


def pfx(content, password, version=3, told=ITERATIONS, mac_change=None, mac_digest=None):
    """RFC 7292 4; `told` is the number of iterations that stands there, whatever they were."""
    value = (
        cms.read(cms.read(cms.inside(content)[1])[1])[1] if len(cms.inside(content)) > 1 else b""
    )
    code = hmac.new(mac_key(password), value, "sha256").digest()
    code = mac_change(code) if mac_change else code
    digest = sequence(mac_digest or cms.digest_algorithm("sha256", null()), octets(code))
    return sequence(integer(version), content, sequence(digest, octets(SALT), integer(told)))


def mac_key(password):
    """RFC 7292 B.2 with ID 3, for the one block that SHA-256 needs."""

    def filled(value):
        return (value * 64)[: 64 * ((len(value) + 63) // 64)]

    text = password.encode("utf-16-be") + b"\x00\x00"
    value = b"\x03" * 64 + filled(SALT) + filled(text)
    for _ in range(ITERATIONS):
        value = hashlib.sha256(value).digest()
    return value
