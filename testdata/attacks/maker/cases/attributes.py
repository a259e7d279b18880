"""Signed attributes: missing, doubled, of a wrong type, in another order, taken away (2, 10, 11)."""

from .. import algorithms, cms, oids
from ..der import algorithm, integer, null, octets, oid, sequence, set_of, text, tlv
from ..keys import identity
from ..mime import ENTITY, UNSIGNED, mail, multipart_signed, opaque


def add(corpus):
    alice = identity("alice")
    controls(corpus, alice)
    wrong_types(corpus, alice)
    stripped(corpus, alice)
    counts(corpus, alice)
    order(corpus, alice)
    unsigned(corpus, alice)


def detached(alice, **changes):
    return mail(multipart_signed(ENTITY, cms.signed_by(alice, ENTITY, detached=True, **changes)))


def with_attributes(alice, attributes, **changes):
    return detached(alice, attributes=attributes, **changes)


def controls(corpus, alice):
    corpus.valid(
        "00-detached.eml",
        2,
        "multipart/signed as it should be",
        detached(alice),
        signature=["valid"],
        chain=["valid"],
        address=["match"],
        coverage="whole",
    )
    corpus.valid(
        "00-opaque.eml",
        2,
        "the same, opaque",
        mail(opaque(cms.signed_by(alice, ENTITY))),
        signature=["valid"],
        coverage="whole",
    )
    corpus.invalid(
        "00-detached-changed.eml",
        2,
        "one octet of the content is another",
        detached(alice).replace(b"100 to Bob", b"900 to Bob"),
        signature=["invalid"],
    )
    corpus.invalid(
        "00-opaque-changed.eml",
        2,
        "one bit of the signature is another",
        mail(opaque(cms.signed_by(alice, ENTITY, change=lambda it: it[:-1] + bytes([it[-1] ^ 1])))),
        signature=["invalid"],
    )


def wrong_types(corpus, alice):
    info = cms.signer_info(alice, ENTITY)
    certificates = [alice.certificate]

    def signed(**changes):
        return mail(opaque(cms.signed_data(ENTITY, [info], certificates, **changes)))

    corpus.invalid(
        "02-no-digest-algorithms.eml", 2, "digestAlgorithms is an empty SET", signed(digests=[])
    )
    corpus.invalid(
        "02-other-digest-algorithms.eml",
        2,
        "digestAlgorithms names SHA-512 alone, the signer uses SHA-256",
        signed(digests=[cms.digest_algorithm("sha512")]),
    )
    corpus.valid(
        "02-more-digest-algorithms.eml",
        2,
        "digestAlgorithms names one more than is used",
        signed(digests=[cms.digest_algorithm("sha256"), cms.digest_algorithm("sha512")]),
    )
    corpus.valid(
        "02-digest-null.eml",
        1,
        "SHA-256 with NULL parameters everywhere (RFC 5754 2)",
        mail(
            opaque(
                cms.signed_data(
                    ENTITY,
                    [cms.signer_info(alice, ENTITY, digest=cms.digest_algorithm("sha256", null()))],
                    certificates,
                    digests=[cms.digest_algorithm("sha256", null())],
                )
            )
        ),
    )
    corpus.valid(
        "02-signature-without-null.eml",
        1,
        "sha256WithRSAEncryption without parameters (RFC 4055 5 has receivers accept it)",
        detached(alice, signature=cms.rsa_signature_algorithm("sha256", b"")),
    )
    corpus.invalid(
        "02-digest-odd-parameters.eml",
        1,
        "SHA-256 with an INTEGER for parameters",
        detached(alice, digest=cms.digest_algorithm("sha256", integer(1))),
        exit=[1, 65],
        verdict=None,
    )

    value = algorithms.digest("sha256", ENTITY)
    for word, encoded in [
        ("integer", integer(int.from_bytes(b"\x01" + value[1:], "big"))),
        ("bit-string", tlv(0x03, b"\x00", value)),
        ("text", text(value.hex())),
        ("sequence", sequence(octets(value))),
        ("null", null()),
        ("empty", octets(b"")),
        ("short", octets(value[:20])),
        ("long", octets(value + b"\x00")),
    ]:
        attributes = [cms.content_type(), cms.attribute(oids.MESSAGE_DIGEST, encoded)]
        about = f"messageDigest is no OCTET STRING of the digest: {word}"
        corpus.invalid(
            f"02-message-digest-{word}.eml",
            2,
            about,
            with_attributes(alice, attributes),
            signature=["invalid"],
        )
    for word, encoded in [
        ("text", text(oids.DATA)),
        ("null", null()),
        ("set", set_of(oid(oids.DATA))),
    ]:
        attributes = [cms.attribute(oids.CONTENT_TYPE, encoded), cms.message_digest(ENTITY)]
        corpus.invalid(
            f"02-content-type-{word}.eml",
            2,
            f"contentType is no identifier but a {word}",
            with_attributes(alice, attributes),
            signature=["invalid"],
        )
    corpus.invalid(
        "02-signing-time-text.eml",
        2,
        "signingTime is a UTF8String",
        with_attributes(
            alice,
            [
                cms.content_type(),
                cms.message_digest(ENTITY),
                cms.attribute(oids.SIGNING_TIME, text("261121120000Z")),
            ],
        ),
    )
    # Not an Attribute at all, in the place of one.
    corpus.invalid(
        "02-attribute-integer.eml",
        2,
        "an INTEGER among the signed attributes",
        with_attributes(alice, [*cms.standard_attributes(ENTITY), integer(5)]),
        exit=[1, 65],
        verdict=None,
    )
    corpus.invalid(
        "02-signer-integer.eml",
        2,
        "an INTEGER in the place of the SignerInfo",
        mail(opaque(cms.signed_data(ENTITY, [integer(5)], certificates))),
        exit=[1, 65],
        verdict=None,
    )
    corpus.invalid(
        "02-signature-bit-string.eml",
        2,
        "the signature is a BIT STRING",
        mail(opaque(cms.signed_data(ENTITY, [bit_string_signature(info)], certificates))),
        exit=[1, 65],
        verdict=None,
    )


def bit_string_signature(info):
    *fields, signature = cms.inside(info)
    return sequence(*fields, tlv(0x03, b"\x00", cms.read(signature)[1]))


def stripped(corpus, alice):
    """RFC 5652 14: a signature over attributes passed off as one over content."""
    attributes = tlv(0x31, *sorted(cms.standard_attributes(ENTITY)))
    info = cms.signer_info(alice, attributes, stripped=True)
    certificates = [alice.certificate]
    arguments = ["--from", "alice@example.com"]
    about = "the content is the attributes that Alice once signed, and no attributes are signed"
    corpus.invalid(
        "10-stripped.p7m",
        10,
        about,
        cms.signed_data(attributes, [info], certificates),
        arguments=arguments,
    )
    corpus.invalid(
        "10-stripped.eml",
        10,
        f"{about}; in a mail",
        mail(opaque(cms.signed_data(attributes, [info], certificates))),
    )
    corpus.invalid(
        "10-stripped-detached.p7m",
        10,
        f"{about}; detached",
        cms.signed_data(attributes, [info], certificates, detached=True),
        arguments=[*arguments, "--content", "{messages}/10-attributes.der"],
    )
    corpus.files["10-attributes.der"] = attributes
    # The same where line ends are made CRLF before the digest: LF stands for CRLF in the DER.
    number, content = 0, ENTITY
    while b"\r\n" not in algorithms.digest("sha256", content):
        number, content = number + 1, ENTITY + f"{number}\r\n".encode()
    set_ = tlv(0x31, *sorted(cms.standard_attributes(content)))
    if b"\n" not in set_.replace(b"\r\n", b""):
        info = cms.signer_info(alice, set_, stripped=True)
        signed = cms.signed_data(set_, [info], certificates, detached=True)
        message = mail(multipart_signed(set_.replace(b"\r\n", b"\n"), signed)).replace(
            b"\r\n", b"\n"
        )
        corpus.invalid(
            "10-stripped-lf.eml",
            10,
            f"{about}; with LF for each CRLF of theirs",
            message,
            exit=[1, 65],
            verdict=None,
        )
    plain = cms.signer_info(alice, ENTITY, stripped=True)
    corpus.valid(
        "10-no-attributes.eml",
        10,
        "a message signed without attributes, as it may be",
        mail(opaque(cms.signed_data(ENTITY, [plain], certificates))),
        signature=["valid"],
    )
    corpus.valid(
        "10-no-attributes-detached.eml",
        10,
        "the same, detached",
        mail(
            multipart_signed(ENTITY, cms.signed_data(ENTITY, [plain], certificates, detached=True))
        ),
    )
    corpus.invalid(
        "10-no-attributes-other-type.eml",
        10,
        "no signed attributes around another type than id-data (RFC 5652 5.3)",
        mail(opaque(cms.signed_data(ENTITY, [plain], certificates, kind=oids.TST_INFO, version=3))),
        signature=["invalid"],
    )
    # The other way round: what was signed as content comes back as attributes.
    as_content = cms.signer_info(alice, attributes, stripped=True)
    fields = cms.inside(as_content)
    moved = sequence(*fields[:3], tlv(0xA0, *cms.inside(attributes)), *fields[3:])
    corpus.valid(
        "10-attributes-put-back.eml",
        10,
        "the signature of 10-stripped with its attributes in their place",
        mail(opaque(cms.signed_data(ENTITY, [moved], certificates))),
    )


def counts(corpus, alice):
    kind, value, time = cms.standard_attributes(ENTITY)
    other = cms.message_digest(UNSIGNED)
    both = cms.attribute(
        oids.MESSAGE_DIGEST, *(octets(algorithms.digest("sha256", it)) for it in (ENTITY, UNSIGNED))
    )
    twice = tlv(
        0x31,
        octets(algorithms.digest("sha256", ENTITY)),
        octets(algorithms.digest("sha256", ENTITY)),
    )
    later = cms.signing_time("261121120001Z")
    capability = cms.attribute(oids.CAPABILITIES, sequence(algorithm(oids.AES_CBC[32])))
    preference = cms.attribute(
        oids.ENCRYPTION_KEY_PREFERENCE, cms.implicit(0, alice.certificate.issuer_and_serial())
    )
    protection = cms.algorithm_protection(
        cms.digest_algorithm("sha256"), cms.rsa_signature_algorithm("sha256")
    )
    for word, attributes in {
        "message-digest-missing": [kind, time],
        "content-type-missing": [value, time],
        "attributes-empty": [],
        "message-digest-twice": [kind, value, value],
        "message-digest-right-then-wrong": [kind, value, other],
        "message-digest-two-values": [kind, both],
        "message-digest-value-twice": [kind, sequence(oid(oids.MESSAGE_DIGEST), twice)],
        "message-digest-no-value": [kind, cms.attribute(oids.MESSAGE_DIGEST)],
        "content-type-twice": [kind, kind, value],
        "content-type-right-and-wrong": [kind, cms.content_type(oids.SIGNED_DATA), value],
        "content-type-two-values": [
            cms.attribute(oids.CONTENT_TYPE, oid(oids.DATA), oid(oids.SIGNED_DATA)),
            value,
        ],
        "content-type-no-value": [cms.attribute(oids.CONTENT_TYPE), value],
        "content-type-other": [cms.content_type(oids.SIGNED_DATA), value],
        "signing-time-twice": [kind, value, time, later],
        "signing-time-two-values": [
            kind,
            value,
            cms.attribute(
                oids.SIGNING_TIME, *(cms.utc_time(it) for it in ("261121120000Z", "261121120001Z"))
            ),
        ],
        "capabilities-twice": [
            kind,
            value,
            capability,
            cms.attribute(oids.CAPABILITIES, sequence(algorithm(oids.AES_CBC[16]))),
        ],
        "preference-twice": [kind, value, preference, preference],
        "algorithm-protection-twice": [kind, value, protection, protection],
    }.items():
        corpus.invalid(
            f"11-{word}.eml",
            11,
            f"signed attributes: {word.replace('-', ' ')}",
            with_attributes(alice, attributes),
            signature=["invalid"],
        )
    corpus.valid(
        "11-every-attribute-once.eml",
        11,
        "each of them once",
        with_attributes(
            alice,
            [
                kind,
                value,
                time,
                capability,
                preference,
                protection,
                cms.signing_certificate(alice.certificate),
            ],
        ),
        signature=["valid"],
    )
    corpus.valid(
        "11-unknown-attribute.eml",
        11,
        "an attribute that nobody knows, beside the others",
        with_attributes(alice, [kind, value, cms.attribute("1.2.3.4.5", integer(1))]),
    )
    # RFC 5652 11.4: a countersignature MUST be an unsigned attribute.
    corpus.invalid(
        "11-countersignature-signed.eml",
        11,
        "a countersignature among the signed attributes",
        with_attributes(
            alice, [kind, value, cms.attribute(oids.COUNTERSIGNATURE, cms.signer_info(alice, b"x"))]
        ),
        exit=[0, 1],
        verdict=None,
    )


def order(corpus, alice):
    attributes = sorted(cms.standard_attributes(ENTITY), reverse=True)
    corpus.valid(
        "11-order-of-wire.eml",
        11,
        "attributes in no order on the wire, signed in that of DER (RFC 5652 5.4)",
        with_attributes(alice, attributes, in_der_order=False),
        signature=["valid"],
    )
    corpus.invalid(
        "11-order-signed.eml",
        11,
        "attributes in no order, signed in none",
        with_attributes(alice, attributes, in_der_order=False, signed_in_der_order=False),
        exit=[0, 1],
        verdict=None,
    )
    kind, value, time = cms.standard_attributes(ENTITY)
    # A length in two octets where one would do: BER, and the same attribute.
    long_form = kind[:1] + b"\x81" + kind[1:]
    corpus.valid(
        "11-long-lengths.eml",
        11,
        "an attribute with a length in the long form, signed as DER",
        with_attributes(alice, [kind, value, time], wire_attributes=[long_form, value, time]),
    )
    corpus.invalid(
        "11-tag-of-wire-signed.eml",
        11,
        "signed under the tag [0] of the wire and not SET OF",
        detached(alice, sign=lambda it: cms.by_rsa(alice)(b"\xa0" + it[1:])),
        signature=["invalid"],
    )
    corpus.invalid(
        "11-wire-differs.eml",
        11,
        "the attributes on the wire are not those that were signed",
        mail(
            multipart_signed(
                UNSIGNED,
                cms.signed_by(
                    alice, ENTITY, detached=True, wire_attributes=cms.standard_attributes(UNSIGNED)
                ),
            )
        ),
        signature=["invalid"],
    )


def unsigned(corpus, alice):
    kind, value, _ = cms.standard_attributes(ENTITY)
    corpus.invalid(
        "11-message-digest-unsigned.eml",
        11,
        "messageDigest is an unsigned attribute",
        with_attributes(alice, [kind], unsigned=[value]),
        signature=["invalid"],
    )
    forged = cms.attribute(oids.COUNTERSIGNATURE, cms.signer_info(alice, b"something else"))
    corpus.valid(
        "11-unsigned-attributes.eml",
        11,
        "unsigned: a signingTime and a countersignature that does not hold; neither is believed",
        detached(alice, unsigned=[cms.signing_time("010101000000Z"), forged]),
        signature=["valid"],
        never="2001-01-01T00:00:00Z",
    )
    corpus.valid(
        "11-unsigned-garbage.eml",
        11,
        "unsigned attributes that are none",
        detached(
            alice, unsigned=[cms.attribute("1.2.3.4"), cms.attribute("1.2.3.4", null(), null())]
        ),
        signature=["valid"],
    )
