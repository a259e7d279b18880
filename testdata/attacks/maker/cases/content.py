"""Encrypted content: parameters, tags, a tag that is taken away (3, 4)."""

from .. import algorithms, cms, oids
from ..der import integer, null, octets, sequence, tlv
from ..keys import identity
from ..mime import ENTITY, UNSIGNED, auth_enveloped, enveloped, mail

KEY = ["--key", "{keys}/bob@example.com.pem", "--cert", "{keys}/bob@example.com.crt"]
ANYWAY = [*KEY, "--allow-unauthenticated"]
SECRET = "Please pay 100"
# What a message may end with that nothing can be made of: negative, malformed, or no key for it.
SHUT = [1, 65, 66]


def add(corpus):
    bob = identity("bob")
    gcm(corpus, bob)
    other_aead(corpus, bob)
    cbc_parameters(corpus, bob)
    swaps(corpus, bob)


def key_of(word):
    return cms.content_key(word)


def gcm(corpus, bob):
    def message(word, content=ENTITY, **changes):
        key = key_of(word)
        return mail(
            auth_enveloped(
                cms.enveloped_gcm([cms.key_transport(bob, key)], key, content, **changes)
            )
        )

    corpus.opens(
        "03-gcm.eml",
        3,
        "AES-128-GCM as it should be",
        message("gcm"),
        KEY,
        verdict="unsigned",
        integrity="aead",
    )
    twelve = algorithms.stream("nonce", 12)
    corpus.opens(
        "03-gcm-tag-12.eml",
        3,
        "a tag of 12 octets, which RFC 5084 3.2 allows, and ICVlen says so",
        message("tag 12", tag_length=12),
        KEY,
    )
    corpus.opens(
        "03-gcm-tag-12-default.eml",
        3,
        "the same by default: ICVlen is absent",
        message("tag 12 default", tag_length=None),
        KEY,
    )
    for word, about, changes in [
        ("nonce-0", "an empty nonce, and all else fits it", {"nonce": b""}),
        ("tag-1", "a tag of one octet, and ICVlen says so", {"tag_length": 1}),
        ("tag-4", "a tag of four octets, and ICVlen says so", {"tag_length": 4}),
        ("tag-8", "a tag of eight octets, and ICVlen says so", {"tag_length": 8}),
        ("tag-11", "a tag of eleven octets, and ICVlen says so", {"tag_length": 11}),
        ("tag-0", "no tag, and ICVlen says so", {"tag_length": 0, "tag": lambda it: b""}),
        ("tag-shorter", "ICVlen 16, the tag has 12", {"tag": lambda it: it[:12]}),
        ("tag-longer", "ICVlen 12, the tag has 16", {"tag_length": 12, "tag": lambda it: it}),
        (
            "tag-longer-default",
            "ICVlen absent, so 12; the tag has 16",
            {"tag_length": None, "tag": lambda it: it},
        ),
        (
            "tag-17",
            "ICVlen 17, and an octet more",
            {"tag_length": 17, "tag": lambda it: it + b"\x00"},
        ),
        ("tag-negative", "ICVlen -12", {"tag_length": -12, "tag": lambda it: it[:12]}),
        ("tag-huge", "ICVlen 2^64 + 12", {"tag_length": 2**64 + 12, "tag": lambda it: it[:12]}),
        ("no-parameters", "no parameters", {"parameters": b""}),
        ("null-parameters", "NULL parameters", {"parameters": null()}),
        ("empty-parameters", "an empty SEQUENCE of parameters", {"parameters": sequence()}),
        (
            "nonce-integer",
            "the nonce is an INTEGER",
            {"parameters": sequence(integer(5), integer(16))},
        ),
        (
            "parameters-more",
            "a third parameter",
            {"nonce": twelve, "parameters": sequence(octets(twelve), integer(16), integer(1))},
        ),
    ]:
        corpus.stays_shut(
            f"03-gcm-{word}.eml",
            3,
            f"AES-GCM: {about}",
            message(word, **changes),
            KEY,
            SHUT,
            never=SECRET,
        )
    corpus.stays_shut(
        "03-gcm-changed.eml",
        3,
        "one bit of the content is another",
        message("changed", tag=lambda it: it[:-1] + bytes([it[-1] ^ 1])),
        KEY,
        SHUT,
        never=SECRET,
    )
    corpus.stays_shut(
        "03-gcm-changed.eml",
        3,
        "and --allow-unauthenticated does not help",
        None,
        ANYWAY,
        SHUT,
        never=SECRET,
    )
    attributes = tlv(0x31, *sorted([cms.content_type(), cms.signing_time()]))
    for word, sent, valid in [
        ("attributes", attributes, True),
        ("attributes-gone", None, False),
        ("attributes-other", tlv(0x31, cms.content_type()), False),
    ]:
        key = key_of("attributes")
        nonce = algorithms.stream("attributes", 12)
        content, tag = algorithms.gcm_encrypt(key, nonce, ENTITY, attributes)
        info = cms.encrypted_content(oids.AES_GCM[16], cms.gcm_parameters(nonce, 16), content)
        data = cms.auth_enveloped_data(
            [cms.key_transport(bob, key)], info, tag, b"\xa1" + sent[1:] if sent else b""
        )
        message_ = mail(auth_enveloped(data))
        if valid:
            corpus.opens(
                f"03-gcm-{word}.eml", 3, "AES-GCM over attributes too (RFC 5083 2.2)", message_, KEY
            )
        else:
            corpus.stays_shut(
                f"03-gcm-{word}.eml",
                3,
                f"the authenticated {word.replace('-', ' are ')}",
                message_,
                KEY,
                SHUT,
                never=SECRET,
            )
    corpus.stays_shut(
        "03-gcm-empty.eml",
        3,
        "no content at all",
        mail(
            auth_enveloped(
                cms.auth_enveloped_data(
                    [cms.key_transport(bob, key_of("absent"))],
                    cms.encrypted_content(oids.AES_GCM[16], cms.gcm_parameters(twelve, 16), None),
                    bytes(16),
                )
            )
        ),
        KEY,
        SHUT,
    )


def other_aead(corpus, bob):
    """Nothing was encrypted here: the parameters alone have to be refused."""
    for word, kind, parameters, tag in [
        ("ccm-nonce-6", oids.AES_CCM[16], cms.gcm_parameters(bytes(6), 16), 16),
        ("ccm-nonce-14", oids.AES_CCM[16], cms.gcm_parameters(bytes(14), 16), 16),
        ("ccm-nonce-0", oids.AES_CCM[16], cms.gcm_parameters(b"", 16), 16),
        ("ccm-tag-4", oids.AES_CCM[16], cms.gcm_parameters(bytes(12), 4), 4),
        ("ccm-tag-13", oids.AES_CCM[16], cms.gcm_parameters(bytes(12), 13), 13),
        ("ccm-no-parameters", oids.AES_CCM[16], b"", 16),
        ("chacha-nonce-8", oids.CHACHA20_POLY1305, octets(bytes(8)), 16),
        ("chacha-nonce-24", oids.CHACHA20_POLY1305, octets(bytes(24)), 16),
        ("chacha-nonce-0", oids.CHACHA20_POLY1305, octets(b""), 16),
        ("chacha-tag-12", oids.CHACHA20_POLY1305, octets(bytes(12)), 12),
        ("chacha-no-parameters", oids.CHACHA20_POLY1305, b"", 16),
    ]:
        key = algorithms.digest("sha256", word.encode())[: 32 if "chacha" in word else 16]
        data = cms.auth_enveloped_data(
            [cms.key_transport(bob, key)],
            cms.encrypted_content(kind, parameters, bytes(40)),
            bytes(tag),
        )
        corpus.stays_shut(
            f"03-{word}.eml",
            3,
            f"AEAD parameters: {word.replace('-', ' ')}",
            mail(auth_enveloped(data)),
            KEY,
            SHUT,
        )


def cbc_parameters(corpus, bob):
    key = key_of("cbc")
    recipients = [cms.key_transport(bob, key)]
    iv = algorithms.stream("iv", 16)
    encrypted = algorithms.cbc_encrypt(key, iv, ENTITY)
    cbc = oids.AES_CBC[16]
    for word, parameters, content in [
        ("no-iv", b"", encrypted),
        ("null-iv", null(), encrypted),
        ("iv-0", octets(b""), encrypted),
        ("iv-8", octets(iv[:8]), encrypted),
        ("iv-17", octets(iv + b"\x00"), encrypted),
        ("iv-sequence", sequence(octets(iv)), encrypted),
        ("content-cut", octets(iv), encrypted[:-1]),
        ("content-empty", octets(iv), b""),
        ("content-absent", octets(iv), None),
    ]:
        data = cms.enveloped_data(recipients, cms.encrypted_content(cbc, parameters, content))
        corpus.stays_shut(
            f"03-cbc-{word}.eml",
            3,
            f"AES-CBC: {word.replace('-', ' ')}",
            mail(enveloped(data)),
            ANYWAY,
            SHUT,
            never=SECRET,
        )
    corpus.stays_shut(
        "03-cipher-unknown.eml",
        3,
        "a cipher that nobody knows: named",
        mail(
            enveloped(
                cms.enveloped_data(
                    recipients, cms.encrypted_content("1.2.3.4", octets(iv), encrypted)
                )
            )
        ),
        ANYWAY,
        SHUT,
        says=["1.2.3.4"],
    )
    corpus.stays_shut(
        "03-des.eml",
        3,
        "DES: refused by name, the legacy flag or not",
        mail(
            enveloped(
                cms.enveloped_data(
                    recipients, cms.encrypted_content("1.3.14.3.2.7", octets(iv[:8]), encrypted)
                )
            )
        ),
        [*ANYWAY, "--allow-legacy"],
        SHUT,
        says=["des"],
    )
    corpus.stays_shut(
        "03-3des-no-iv.eml",
        1,
        "3DES without its parameters",
        mail(
            enveloped(
                cms.enveloped_data(
                    recipients, cms.encrypted_content("1.2.840.113549.3.7", b"", encrypted)
                )
            )
        ),
        [*ANYWAY, "--allow-legacy"],
        SHUT,
    )
    corpus.stays_shut(
        "03-rc2-no-parameters.eml",
        1,
        "RC2 without its parameters",
        mail(
            enveloped(
                cms.enveloped_data(
                    recipients, cms.encrypted_content("1.2.840.113549.3.2", b"", encrypted)
                )
            )
        ),
        [*ANYWAY, "--allow-legacy"],
        SHUT,
    )


def swaps(corpus, bob):
    """AuthEnvelopedData made EnvelopedData, so that nobody asks for the tag any more."""
    key, nonce = key_of("swap"), algorithms.stream("swap", 12)
    recipients = [cms.key_transport(bob, key)]
    content, tag = algorithms.gcm_encrypt(key, nonce, algorithms.padded(ENTITY))
    corpus.opens(
        "04-gcm.eml",
        4,
        "what the attacker begins with",
        mail(
            auth_enveloped(
                cms.auth_enveloped_data(
                    recipients,
                    cms.encrypted_content(oids.AES_GCM[16], cms.gcm_parameters(nonce, 16), content),
                    tag,
                )
            )
        ),
        KEY,
        integrity="aead",
    )
    iv = nonce + b"\x00\x00\x00\x02"
    as_cbc = cms.enveloped_data(
        recipients, cms.encrypted_content(oids.AES_CBC[16], octets(iv), content)
    )
    # The key is the maker's to know: blocks that decrypt to chosen text, as an oracle would give them.
    chosen = algorithms.cbc_encrypt(key, iv, UNSIGNED)
    padded = cms.enveloped_data(
        recipients, cms.encrypted_content(oids.AES_CBC[16], octets(iv), chosen)
    )
    about = "AuthEnvelopedData rebuilt as EnvelopedData with AES-CBC"
    corpus.stays_shut(
        "04-cbc.eml", 4, f"{about}: noise", mail(enveloped(as_cbc)), KEY, SHUT, never=SECRET
    )
    corpus.stays_shut(
        "04-cbc-chosen.eml",
        4,
        f"{about}: text of the attacker's",
        mail(enveloped(padded)),
        KEY,
        [1],
        verdict="unsigned",
        integrity="none",
        never="9000",
    )
    corpus.opens(
        "04-cbc-chosen.eml",
        4,
        "and with --allow-unauthenticated, marked as that",
        None,
        ANYWAY,
        verdict="unsigned",
        integrity="none",
    )
    # The right beginning and an attacker's end: whether the padding is right must not be told.
    for word, last in [("padding-right", b"\x01"), ("padding-wrong", b"\x00")]:
        probe = algorithms.cbc_encrypt(
            key,
            iv,
            ENTITY.ljust(len(ENTITY) + -len(ENTITY) % 16, b"x")[:-1] + last,
            pad=lambda it: it,
        )
        data = cms.enveloped_data(
            recipients, cms.encrypted_content(oids.AES_CBC[16], octets(iv), probe)
        )
        corpus.stays_shut(
            f"04-{word}.eml",
            4,
            f"CBC with a plausible beginning, {word.replace('-', ' ')}: no oracle",
            mail(enveloped(data)),
            KEY,
            SHUT,
            never=SECRET,
            alike="bent",
        )
    for word, data in [
        (
            "gcm-in-enveloped",
            cms.enveloped_data(
                recipients,
                cms.encrypted_content(oids.AES_GCM[16], cms.gcm_parameters(nonce, 16), content),
            ),
        ),
        (
            "gcm-in-enveloped-tag",
            cms.enveloped_data(
                recipients,
                cms.encrypted_content(
                    oids.AES_GCM[16], cms.gcm_parameters(nonce, 16), content + tag
                ),
            ),
        ),
        (
            "cbc-in-auth-enveloped",
            cms.auth_enveloped_data(
                recipients, cms.encrypted_content(oids.AES_CBC[16], octets(iv), chosen), bytes(16)
            ),
        ),
    ]:
        corpus.stays_shut(
            f"04-{word}.eml",
            4,
            f"a cipher in a structure that is not for it: {word}",
            mail(enveloped(data)),
            ANYWAY,
            SHUT,
            never="pay",
        )
