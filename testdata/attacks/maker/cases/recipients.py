"""RecipientInfos: parameters left out, keys that do not fit, points off the curve (1, 6, 28)."""

import hashlib

from .. import algorithms, cms, oids
from ..curves import P256
from ..der import (
    algorithm,
    bits,
    children,
    explicit,
    implicit,
    integer,
    null,
    octets,
    oid,
    read,
    sequence,
    tlv,
)
from ..keys import TESTDATA, identity
from ..mime import ENTITY, auth_enveloped, enveloped, mail
from .content import KEY, SECRET, SHUT

KEY_ALONE = ["--key", "{keys}/bob@example.com.pem"]
DAVE = ["--key", "{keys}/dave@example.com.pem", "--cert", "{keys}/dave@example.com.crt"]


def add(corpus):
    bob, dave = identity("bob"), identity("dave")
    transport_parameters(corpus, bob)
    agreement(corpus, dave)
    x25519(corpus)
    wrong_padding(corpus, bob)
    chosen(corpus, bob)
    kinds(corpus, bob)
    passwords(corpus)


def to(recipients, key, content=ENTITY):
    return mail(auth_enveloped(cms.enveloped_gcm(recipients, key, content)))


def transport_parameters(corpus, bob):
    size = bob.key.size
    sha256 = cms.digest_algorithm("sha256")
    hash_field, mask_field = explicit(0, sha256), explicit(1, algorithm(oids.MGF1, sha256))
    label = explicit(2, algorithm(oids.P_SPECIFIED, octets(b"label")))
    for word, parameters, name, encoding, exit in [
        ("absent", b"", "sha1", {}, [0, *SHUT]),
        ("null", null(), "sha1", {}, [0, *SHUT]),
        ("empty", sequence(), "sha1", {}, [0]),
        ("no-source", sequence(hash_field, mask_field), "sha256", {}, [0]),
        ("hash-alone", sequence(hash_field), "sha256", {"mask_name": "sha1"}, [0]),
        ("mask-alone", sequence(mask_field), "sha1", {"mask_name": "sha256"}, [0]),
        ("label", sequence(hash_field, mask_field, label), "sha256", {"label": b"label"}, [0]),
        (
            "other-label",
            sequence(hash_field, mask_field, label),
            "sha256",
            {"label": b"other"},
            SHUT,
        ),
        ("mask-without-hash", sequence(explicit(1, algorithm(oids.MGF1))), "sha1", {}, [0, *SHUT]),
        ("mask-unknown", sequence(explicit(1, algorithm("1.2.3.4", sha256))), "sha1", {}, SHUT),
        (
            "source-unknown",
            sequence(explicit(2, algorithm("1.2.3.4", octets(b"")))),
            "sha1",
            {},
            SHUT,
        ),
        ("hash-unknown", sequence(explicit(0, algorithm("1.2.3.4"))), "sha1", {}, SHUT),
        ("twice", sequence(hash_field, hash_field, mask_field), "sha256", {}, SHUT),
        ("order", sequence(mask_field, hash_field), "sha256", {}, SHUT),
        ("integer", integer(1), "sha1", {}, SHUT),
    ]:
        key = cms.content_key(f"oaep {word}")
        encoded = algorithms.oaep_encoded(name, key, size, f"oaep {word}", **encoding)
        message = to([cms.key_transport(bob, key, encoded, algorithm(oids.OAEP, parameters))], key)
        corpus.case(
            f"01-oaep-{word}.eml",
            1,
            f"OAEP parameters: {word.replace('-', ' ')}",
            message,
            "open",
            KEY,
            exit,
            output=True if exit == [0] else False if 0 not in exit else None,
        )
    key = cms.content_key("pkcs1 without null")
    corpus.case(
        "01-pkcs1-without-null.eml",
        1,
        "rsaEncryption without its NULL",
        to([cms.key_transport(bob, key, encryption=algorithm(oids.RSA_ENCRYPTION))], key),
        "open",
        KEY,
        [0, *SHUT],
        output=None,
    )


def agreement(corpus, dave):
    """An ephemeral key of the attacker's making, a secret that he knows."""
    ephemeral = int.from_bytes(algorithms.digest("sha256", b"ephemeral"), "big") % P256.order
    public = P256.multiply(ephemeral, P256.base)
    of_dave = P256.multiply(dave.key, P256.base)
    shared = P256.multiply(ephemeral, of_dave)[0].to_bytes(32, "big")
    sid = dave.certificate.issuer_and_serial()
    wrapping = algorithm(oids.AES_WRAP[16])

    def originator(point, parameters=b""):
        return sequence(algorithm(oids.EC_PUBLIC_KEY, parameters), bits(point))

    def message(word, point, secret, parameters=None, curve=b"", scheme=oids.DH_SHA256_KDF):
        key = cms.content_key(f"agreed {word}")
        return to(
            [cms.key_agreement(sid, originator(point, curve), secret, key, scheme, parameters)], key
        )

    encoded = P256.uncompressed(public)
    for word, curve in [("control", b""), ("curve", oid(oids.P256)), ("curve-null", null())]:
        corpus.opens(
            f"01-ecdh-{word}.eml",
            1,
            f"ECDH on P-256, parameters of the ephemeral key: {word}",
            message(word, encoded, shared, curve=curve),
            DAVE,
        )
    for word, parameters in [
        ("absent", b""),
        ("null", null()),
        ("empty", sequence()),
        ("other", algorithm("1.2.3.4")),
        ("cbc", algorithm(oids.AES_CBC[16], octets(bytes(16)))),
        ("wrap-256", algorithm(oids.AES_WRAP[32])),
    ]:
        corpus.stays_shut(
            f"01-ecdh-wrap-{word}.eml",
            1,
            f"ECDH whose key wrap is {word}",
            message(word, encoded, shared, parameters),
            DAVE,
            SHUT,
            never=SECRET,
        )
    # Formulas for adding points do not use b: off the curve they still give a secret.
    off = (public[0], (public[1] + 1) % P256.prime)
    corpus.stays_shut(
        "28-ecdh-off-curve.eml",
        28,
        "the ephemeral point is off the curve, and the secret is what formulas give",
        message(
            "off",
            P256.uncompressed(off),
            P256.multiply(dave.key, off)[0].to_bytes(32, "big"),
        ),
        DAVE,
        SHUT,
        never=SECRET,
    )
    for word, point in [
        ("infinity", b"\x00"),
        ("empty", b""),
        ("zero", b"\x04" + bytes(64)),
        ("short", encoded[:-1]),
        ("long", encoded + b"\x00"),
        ("past-p", b"\x04" + b"\xff" * 64),
    ]:
        corpus.stays_shut(
            f"28-ecdh-{word}.eml",
            28,
            f"the ephemeral point is {word}",
            message(word, point, bytes(32)),
            DAVE,
            SHUT,
            never=SECRET,
        )
    corpus.stays_shut(
        "28-ecdh-other-curve.eml",
        28,
        "the ephemeral key says it is of P-384",
        message("p384", encoded, shared, curve=oid("1.3.132.0.34")),
        DAVE,
        SHUT,
        never=SECRET,
    )
    issuer = sequence(
        integer(3),
        explicit(0, sid),
        algorithm(oids.DH_SHA256_KDF, wrapping),
        sequence(sequence(sid, octets(bytes(24)))),
    )
    corpus.stays_shut(
        "01-ecdh-static.eml",
        1,
        "the originator is named by certificate (static-static)",
        to([implicit(1, issuer)], cms.content_key("static")),
        DAVE,
        SHUT,
    )


def x25519(corpus):
    """Every X25519 key agrees with a point of small order on zero, so everyone knows the secret."""
    arguments = ["--key", "{keys}/x25519.pkcs8.der"]
    sid = sequence(identity("dave").certificate.issuer, integer(0x6000))

    def message(word, point, secret=bytes(32)):
        key = cms.content_key(f"x25519 {word}")
        originator = sequence(algorithm(oids.X25519), bits(point))
        return to([cms.key_agreement(sid, originator, secret, key, oids.DH_HKDF_SHA256)], key)

    recipient = children((TESTDATA / "crypto/x25519.spki.der").read_bytes())[1]
    ephemeral = algorithms.digest("sha256", b"ephemeral X25519")
    corpus.opens(
        "28-x25519.eml",
        28,
        "X25519 as it should be",
        message(
            "control",
            algorithms.x25519(ephemeral, b"\x09" + bytes(31)),
            algorithms.x25519(ephemeral, read(recipient)[1][1:]),
        ),
        arguments,
    )
    for word, point in [
        ("zero", bytes(32)),
        ("one", b"\x01" + bytes(31)),
        (
            "order-8",
            bytes.fromhex("e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800"),
        ),
        ("p", (2**255 - 19).to_bytes(32, "little")),
    ]:
        about = f"X25519 with a point of small order: {word}; the secret is zero"
        corpus.stays_shut(
            f"28-x25519-{word}.eml", 28, about, message(word, point), arguments, SHUT, never=SECRET
        )
    for word, point in [("short", bytes(31)), ("long", bytes(33)), ("empty", b"")]:
        corpus.stays_shut(
            f"28-x25519-{word}.eml",
            28,
            f"an X25519 key whose length is wrong: {word}",
            message(word, point),
            arguments,
            SHUT,
        )


def wrong_padding(corpus, bob):
    """RFC 3218: whatever is wrong with the key transport, it looks like the wrong key and nothing else."""
    size, key = bob.key.size, cms.content_key("padding")
    filler = algorithms.stream("filler", size)
    blocks = {
        "type-1": b"\x00\x01" + b"\xff" * (size - 19) + b"\x00" + key,
        "first-octet": b"\x01\x02" + filler[: size - 19] + b"\x00" + key,
        "no-zero": b"\x00\x02" + filler[: size - 2],
        "zero-early": b"\x00\x02" + filler[:7] + b"\x00" + filler[: size - 26] + key,
        "key-15": algorithms.pkcs1_padded(key[:15], size, "15"),
        "key-17": algorithms.pkcs1_padded(key + b"\x00", size, "17"),
        "key-32": algorithms.pkcs1_padded(key + key, size, "32"),
        "key-0": algorithms.pkcs1_padded(b"", size, "0"),
        "key-long": b"\x00\x02" + filler[:8] + b"\x00" + filler[: size - 11],
        "other-key": algorithms.pkcs1_padded(cms.content_key("another"), size, "other"),
        "all-zero": bytes(size),
        "one": bytes(size - 1) + b"\x01",
    }
    noise = next(
        other for number in range(4096) if pads(other := cms.content_key(f"noise {number}"), key)
    )
    blocks["other-key-that-pads"] = algorithms.pkcs1_padded(noise, size, "noise")
    iv = algorithms.stream(f"iv {key.hex()}", 16)
    for arguments, kind in [(KEY, "certificate"), (KEY_ALONE, "key")]:
        for word, block in blocks.items():
            transport = cms.key_transport(bob, key, block)
            about = f"PKCS #1 v1.5: {word.replace('-', ' ')}"
            corpus.stays_shut(
                f"06-cbc-{word}.eml",
                6,
                f"{about}; AES-CBC",
                mail(enveloped(cms.enveloped_cbc([transport], key, ENTITY))),
                arguments,
                SHUT,
                never=SECRET,
                alike="bent",
            )
            corpus.stays_shut(
                f"06-gcm-{word}.eml",
                6,
                f"{about}; AES-GCM",
                to([transport], key),
                arguments,
                SHUT,
                never=SECRET,
                alike=f"pkcs1-gcm-{kind}",
            )
        encrypted = algorithms.cbc_encrypt(key, iv, ENTITY)
        bent = encrypted[:-17] + bytes([encrypted[-17] ^ 0x80]) + encrypted[-16:]
        corpus.stays_shut(
            "06-cbc-bent.eml",
            6,
            "the right key, and the padding of AES-CBC is wrong",
            mail(
                enveloped(
                    cms.enveloped_data(
                        [cms.key_transport(bob, key)],
                        cms.encrypted_content(oids.AES_CBC[16], octets(iv), bent),
                    )
                )
            ),
            arguments,
            SHUT,
            never=SECRET,
            alike="bent",
        )
        corpus.stays_shut(
            "06-gcm-bent.eml",
            6,
            "the right key, and the tag is wrong",
            mail(
                auth_enveloped(
                    cms.enveloped_gcm(
                        [cms.key_transport(bob, key)],
                        key,
                        ENTITY,
                        tag=lambda it: it[:-1] + bytes([it[-1] ^ 1]),
                    )
                )
            ),
            arguments,
            SHUT,
            never=SECRET,
            alike=f"pkcs1-gcm-{kind}",
        )
    # What anybody can see may be told.
    right = bob.key.apply_public(algorithms.pkcs1_padded(key, size, "right"))
    for word, encrypted in [
        ("short", right[1:]),
        ("long", b"\x00" + right),
        ("empty", b""),
        ("past-modulus", past(right, bob.key.modulus, size)),
        ("zero", bytes(size)),
    ]:
        corpus.stays_shut(
            f"06-encrypted-{word}.eml",
            6,
            f"the encrypted key is {word}",
            to([cms.key_transport(bob, key, encrypted=encrypted)], key),
            KEY,
            SHUT if word != "long" else [0, *SHUT],
            output=None if word == "long" else False,
        )
    # Manger: the first octet of OAEP.
    sha256 = cms.digest_algorithm("sha256")
    oaep = algorithm(
        oids.OAEP, sequence(explicit(0, sha256), explicit(1, algorithm(oids.MGF1, sha256)))
    )
    good = algorithms.oaep_encoded("sha256", key, size, "manger")
    for word, block in [
        ("first-octet", algorithms.oaep_encoded("sha256", key, size, "manger", first=1)),
        ("label", algorithms.oaep_encoded("sha256", key, size, "manger", label=b"x")),
        ("bent", good[:-1] + bytes([good[-1] ^ 1])),
        ("key-15", algorithms.oaep_encoded("sha256", key[:15], size, "manger")),
        (
            "other-key",
            algorithms.oaep_encoded("sha256", cms.content_key("another"), size, "manger"),
        ),
    ]:
        corpus.stays_shut(
            f"06-oaep-{word}.eml",
            6,
            f"OAEP: {word.replace('-', ' ')}",
            to([cms.key_transport(bob, key, block, oaep)], key),
            KEY,
            SHUT,
            never=SECRET,
            alike="oaep",
        )
    corpus.opens(
        "06-oaep.eml",
        6,
        "OAEP as it should be",
        to([cms.key_transport(bob, key, good, oaep)], key),
        KEY,
    )


def pads(other, key):
    """Whether this key makes content of the other one's, by its padding."""
    iv = algorithms.stream(f"iv {key.hex()}", 16)
    plain = algorithms.cbc_decrypt(other, iv, algorithms.cbc_encrypt(key, iv, ENTITY))
    return 1 <= plain[-1] <= 16 and plain.endswith(bytes([plain[-1]]) * plain[-1])


def past(encrypted, modulus, size):
    value = int.from_bytes(encrypted, "big") + modulus
    return value.to_bytes(size, "big") if value < 1 << 8 * size else b"\xff" * size


def chosen(corpus, bob):
    key = cms.content_key("chosen")
    good = cms.key_transport(bob, key)
    wrong = cms.key_transport(bob, cms.content_key("another"))
    broken = cms.key_transport(bob, key, encrypted=bytes(bob.key.size))
    for word, recipients in [
        ("wrong-first", [wrong, good]),
        ("right-first", [good, wrong]),
        ("broken-first", [broken, good]),
        ("twice", [good, good]),
    ]:
        for arguments in (KEY, KEY_ALONE):
            corpus.opens(
                f"06-chosen-{word}.eml",
                6,
                f"two RecipientInfos for Bob: {word.replace('-', ' ')}",
                to(recipients, key),
                arguments,
            )
    alice = identity("alice")
    swapped = cms.key_transport(bob, key, sid=alice.certificate.issuer_and_serial())
    # A key lives on in a renewed certificate: to try it all the same is no fault.
    corpus.case(
        "06-other-name.eml",
        6,
        "encrypted to Bob's key, named after Alice's certificate",
        to([swapped], key),
        "open",
        KEY,
        [0, 66],
        output=None,
    )
    corpus.opens(
        "06-other-name.eml",
        6,
        "Bob's key alone, without certificate, may be tried on everything",
        None,
        KEY_ALONE,
    )
    corpus.stays_shut(
        "06-not-for-bob.eml",
        6,
        "for Alice alone",
        to([cms.key_transport(alice, key)], key),
        KEY,
        [66],
        never=SECRET,
    )


def kinds(corpus, bob):
    key = cms.content_key("kinds")
    good = cms.key_transport(bob, key)
    other = implicit(4, sequence(oid("1.2.3.4"), null()))
    shared = implicit(
        2,
        sequence(
            integer(4), sequence(octets(b"name")), algorithm(oids.AES_WRAP[16]), octets(bytes(24))
        ),
    )
    password = implicit(
        3,
        sequence(
            integer(0),
            algorithm(oids.PWRI_KEK, algorithm(oids.AES_CBC[16], octets(bytes(16)))),
            octets(bytes(32)),
        ),
    )
    agreement = implicit(
        1,
        sequence(
            integer(3),
            explicit(0, implicit(1, sequence(algorithm("1.2.3.4"), bits(b"x")))),
            algorithm("1.2.3.5"),
            sequence(),
        ),
    )
    for word, recipients in [
        ("other", [other, good]),
        ("kek", [shared, good]),
        ("password", [password, good]),
        ("agreement", [agreement, good]),
        ("all", [other, shared, password, agreement, good]),
    ]:
        corpus.opens(
            f"06-kinds-{word}.eml",
            6,
            f"before Bob's, a RecipientInfo of another kind: {word}",
            to(recipients, key),
            KEY,
        )
    for word, recipients in [
        ("none", []),
        ("integer", [integer(5)]),
        ("unknown-tag", [tlv(0xA9, null())]),
        ("empty", [sequence()]),
    ]:
        corpus.stays_shut(
            f"02-recipients-{word}.eml",
            2,
            f"RecipientInfos: {word.replace('-', ' ')}",
            to(recipients, key),
            KEY,
            SHUT,
        )


def passwords(corpus):
    password = (TESTDATA / "keys/encrypted@example.com.password").read_text().rstrip("\n").encode()
    arguments = ["--password-file", "{keys}/encrypted@example.com.password"]
    for word, told, iterations, length in [
        ("control", 1000, 1000, None),
        ("2-31", 2**31, 1, None),
        ("2-64", 2**64, 1, None),
        ("0", 0, 1, None),
        ("negative", -1, 1, None),
        ("10000001", 10_000_001, 1, None),
        ("length-2-31", 1000, 1000, 2**31),
    ]:
        key, salt, iv = cms.content_key(f"password {word}"), b"salt of 16 octet", bytes(range(16))
        encryption_key = hashlib.pbkdf2_hmac("sha256", password, salt, iterations, 16)
        # RFC 3211 2.3.1: length, three check octets, the key, padding; encrypted twice over.
        block = bytes([16]) + bytes(octet ^ 0xFF for octet in key[:3]) + key
        block += algorithms.stream("pad", -len(block) % 16)
        once = algorithms.cbc_encrypt(encryption_key, iv, block, pad=lambda it: it)
        twice = algorithms.cbc_encrypt(encryption_key, once[-16:], once, pad=lambda it: it)
        derivation = sequence(
            octets(salt),
            integer(told),
            integer(length) if length else b"",
            algorithm(oids.HMAC_SHA256, null()),
        )
        info = implicit(
            3,
            sequence(
                integer(0),
                implicit(0, algorithm(oids.PBKDF2, derivation)),
                algorithm(oids.PWRI_KEK, algorithm(oids.AES_CBC[16], octets(iv))),
                octets(twice),
            ),
        )
        if word == "control":
            corpus.opens("31-password.eml", 31, "a password recipient", to([info], key), arguments)
        else:
            corpus.stays_shut(
                f"31-password-{word}.eml",
                31,
                f"PBKDF2 with {word.replace('-', ' ')} for its cost",
                to([info], key),
                arguments,
                [*SHUT, 77],
                never=SECRET,
            )
