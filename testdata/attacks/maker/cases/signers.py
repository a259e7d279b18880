"""Signers and certificates: none, many, twins, wrong keys, content in the wrong place (8, 9)."""

from .. import cms, oids
from ..der import integer, null, octets, oid, sequence, tlv
from ..keys import Identity, certificate, identity
from ..mime import ENTITY, UNSIGNED, body, mail, multipart_signed, opaque

ALICE = [b"alice@example.com"]


def add(corpus):
    alice, mallory = identity("alice"), identity("mismatch")
    # Mallory's certificate is not for this key; the key is what the attacker has.
    content_twice(corpus, alice)
    how_many(corpus, alice)
    twins(corpus, alice, mallory.key)
    content_types(corpus, alice)
    bare(corpus, alice)


def both_forms(data):
    return mail(multipart_signed(ENTITY, data)), mail(opaque(data))


def content_twice(corpus, alice):
    inside = cms.signed_by(alice, ENTITY)
    corpus.invalid(
        "08-econtent-equal.eml",
        8,
        "multipart/signed whose signature carries the same content again",
        mail(multipart_signed(ENTITY, inside)),
    )
    corpus.invalid(
        "08-econtent-other.eml",
        8,
        "multipart/signed: what is signed is inside the p7s, what is shown is not",
        mail(multipart_signed(UNSIGNED, inside)),
    )
    corpus.invalid(
        "08-econtent-empty.eml",
        8,
        "multipart/signed whose p7s carries an empty content",
        mail(multipart_signed(UNSIGNED, cms.signed_by(alice, b""))),
    )
    both = cms.signed_data(ENTITY, [cms.signer_info(alice, UNSIGNED)], [alice.certificate])
    corpus.invalid(
        "08-econtent-signed-other.eml",
        8,
        "multipart/signed: the signature is over the first part, the p7s carries something else",
        mail(multipart_signed(UNSIGNED, both)),
    )
    corpus.invalid(
        "08-opaque-empty.eml",
        8,
        "pkcs7-mime with a detached signature: the content is nowhere",
        mail(opaque(cms.signed_by(alice, ENTITY, detached=True))),
        exit=[1, 65],
        verdict=None,
    )


def how_many(corpus, alice):
    good = cms.signer_info(alice, ENTITY)
    again = cms.signer_info(alice, ENTITY, name="sha512")
    bad = cms.signer_info(
        alice, ENTITY, name="sha512", change=lambda it: it[:-1] + bytes([it[-1] ^ 1])
    )
    digests = [cms.digest_algorithm("sha256"), cms.digest_algorithm("sha512")]

    def signed(infos, certificates=(alice.certificate,)):
        return mail(
            multipart_signed(
                ENTITY, cms.signed_data(ENTITY, infos, certificates, detached=True, digests=digests)
            )
        )

    corpus.valid(
        "09-two-good.eml",
        9,
        "two signatures of Alice, both good",
        signed([good, again]),
        signature=["valid", "valid"],
    )
    corpus.invalid(
        "09-good-then-bad.eml",
        9,
        "a good signature, then a bad one",
        signed([good, bad]),
        signature=["valid", "invalid"],
    )
    corpus.invalid(
        "09-bad-then-good.eml",
        9,
        "a bad signature, then a good one",
        signed([bad, good]),
        signature=["invalid", "valid"],
    )
    bob = identity("bob")
    both = [alice.certificate, bob.certificate]
    corpus.invalid(
        "09-two-people.eml",
        9,
        "Alice and Bob both sign; the mail is from Alice",
        signed([good, cms.signer_info(bob, ENTITY)], both),
        signature=["valid", "valid"],
        address=["match", "mismatch"],
    )
    unknown = cms.signer_info(bob, ENTITY)
    corpus.invalid(
        "09-without-certificate.eml",
        9,
        "the second signer's certificate is not there",
        signed([good, unknown]),
    )
    corpus.invalid(
        "09-only-without-certificate.eml",
        9,
        "the only signer's certificate is not there",
        signed([good], []),
    )
    for count, word in [(16, "accepted"), (17, "one too many")]:
        infos = [
            cms.signer_info(
                alice,
                ENTITY,
                attributes=[
                    *cms.standard_attributes(ENTITY)[:2],
                    cms.signing_time(f"2611211200{second:02}Z"),
                ],
            )
            for second in range(count)
        ]
        message = signed(infos)
        if count == 16:
            corpus.valid("09-sixteen.eml", 9, "sixteen SignerInfos: accepted", message)
        else:
            corpus.invalid(
                "09-seventeen.eml",
                9,
                "seventeen SignerInfos: one too many",
                message,
                exit=[1, 65],
                verdict=None,
                says=["16"],
            )
    nobody = cms.signed_data(b"", [], [alice.certificate], detached=True, digests=[])
    corpus.invalid(
        "09-nobody.eml",
        9,
        "multipart/signed whose p7s holds certificates and no signer",
        mail(multipart_signed(ENTITY, nobody)),
        verdict=None,
        says=["signer"],
    )
    corpus.invalid(
        "09-nobody-opaque.eml",
        9,
        "signed-data with content and no signer",
        mail(opaque(cms.signed_data(ENTITY, [], [alice.certificate], digests=[]))),
        verdict=None,
        says=["signer"],
    )
    corpus.invalid(
        "09-certs-only.eml",
        9,
        "certs-only: certificates, and no claim that anything is signed",
        mail(opaque(nobody, "certs-only", name="smime.p7c")),
        verdict="unsigned",
    )
    corpus.valid(
        "09-other-certificates.eml",
        9,
        "among the certificates an attribute certificate and another kind",
        mail(
            multipart_signed(
                ENTITY,
                cms.signed_data(
                    ENTITY,
                    [good],
                    [],
                    detached=True,
                    version=5,
                    certificate_elements=[
                        alice.certificate.der,
                        tlv(0xA2, sequence(), integer(1)),
                        tlv(0xA3, oid("1.2.3.4"), null()),
                    ],
                ),
            )
        ),
    )
    corpus.invalid(
        "09-certificate-garbage.eml",
        9,
        "a SEQUENCE that is no certificate beside Alice's",
        mail(
            multipart_signed(
                ENTITY,
                cms.signed_data(
                    ENTITY,
                    [good],
                    [],
                    detached=True,
                    certificate_elements=[sequence(integer(1)), alice.certificate.der],
                ),
            )
        ),
        exit=[0, 1, 65],
        verdict=None,
    )
    corpus.invalid(
        "09-version.eml",
        9,
        "SignerInfo version 7",
        signed([cms.signer_info(alice, ENTITY, version=7)]),
        exit=[0, 1, 65],
        verdict=None,
    )


def twins(corpus, alice, forger):
    """Certificates that claim Alice's issuer and serial, or her key identifier, for another key."""
    genuine = alice.certificate
    # Signed by nobody we trust, though it names the issuer of Alice's.
    fake = certificate(
        "alice",
        forger.spki(),
        0x1001,
        ALICE,
        issuer="stranger",
        issuer_name=genuine.issuer,
        key_identifier=genuine.key_identifier,
    )
    mallory = Identity(fake, forger)
    for by_key_identifier, word in [(False, "serial"), (True, "key-identifier")]:
        forged = cms.signer_info(mallory, ENTITY, by_key_identifier=by_key_identifier)
        good = cms.signer_info(alice, ENTITY, by_key_identifier=by_key_identifier)
        version = 3 if by_key_identifier else 1
        for order, first in [([genuine, fake], "genuine-first"), ([fake, genuine], "fake-first")]:

            def signed(info):
                elements = [it.der for it in order]
                return mail(
                    multipart_signed(
                        ENTITY,
                        cms.signed_data(
                            ENTITY,
                            [info],
                            [],
                            detached=True,
                            version=version,
                            certificate_elements=elements,
                        ),
                    )
                )

            corpus.invalid(
                f"09-twin-{word}-forged-{first}.eml",
                9,
                f"signed by the key of a certificate with Alice's {word}; hers is there too, {first}",
                signed(forged),
            )
            corpus.valid(
                f"09-twin-{word}-{first}.eml",
                9,
                f"signed by Alice; a certificate with her {word} and another key is there too, {first}",
                signed(good),
                signature=["valid"],
                chain=["valid"],
            )
    # A renewed certificate has the old one's key, and so its identifier: that the old one has
    # expired is nothing against the signature.
    expired = certificate(
        "alice",
        alice.key.spki(),
        0x5006,
        ALICE,
        key_identifier=genuine.key_identifier,
        begin="20200101000000Z",
        end="20201231235959Z",
    )
    info = cms.signer_info(alice, ENTITY, by_key_identifier=True)
    for order, first in [
        ([genuine, expired], "genuine-first"),
        ([expired, genuine], "expired-first"),
    ]:
        signed = cms.signed_data(ENTITY, [info], order, detached=True, version=3)
        corpus.valid(
            f"09-renewed-{first}.eml",
            9,
            f"Alice's certificate and an expired one for the same key, {first}",
            mail(multipart_signed(ENTITY, signed)),
            signature=["valid"],
            chain=["valid"],
        )
    corpus.invalid(
        "09-twin-alone.eml",
        9,
        "signed by the false key, with its certificate alone",
        mail(multipart_signed(ENTITY, cms.signed_by(mallory, ENTITY, detached=True))),
        signature=["valid"],
        chain=["invalid"],
    )


def content_types(corpus, alice):
    """The content decides; what the MIME parameters say of it is at most reported."""
    data = cms.signed_by(alice, ENTITY)
    for word, message in {
        "smime-type-enveloped": mail(opaque(data, "enveloped-data")),
        "smime-type-unknown": mail(opaque(data, "nonsense")),
        "smime-type-absent": mail(opaque(data, None)),
        "x-pkcs7-mime": mail(opaque(data, media_type="application/x-pkcs7-mime")),
        "octet-stream": mail(opaque(data, None, "application/octet-stream")),
        "name-p7s": mail(opaque(data, None, name="smime.p7s")),
    }.items():
        corpus.valid(
            f"09-{word}.eml",
            9,
            f"signed-data labelled otherwise: {word.replace('-', ' ')}",
            message,
        )
    corpus.invalid(
        "09-certs-only-lie.eml",
        9,
        "signed-data without signer, labelled signed-data",
        mail(
            opaque(
                cms.signed_data(b"", [], [alice.certificate], detached=True, digests=[]),
                "signed-data",
                name="smime.p7m",
            )
        ),
        verdict=None,
    )
    receipt = sequence(integer(1), oid(oids.DATA), octets(b"identifier"), octets(bytes(256)))
    for word, kind, content in [
        ("receipt", oids.RECEIPT, receipt),
        ("unknown", "1.2.3.4.5", ENTITY),
    ]:
        info = cms.signer_info(alice, content, kind=kind)
        message = mail(
            opaque(
                cms.signed_data(content, [info], [alice.certificate], kind=kind, version=3),
                "signed-receipt" if word == "receipt" else None,
            )
        )
        corpus.case(
            f"09-content-{word}.eml",
            9,
            f"a signed content that is no MIME entity ({word}): named, not guessed",
            message,
            exit=[0, 1],
            signature=["valid"],
        )
    # Signed twice over: the eContent is SignedData itself, without MIME between (not S/MIME).
    inner = cms.signed_by(alice, ENTITY)
    info = cms.signer_info(alice, inner, kind=oids.SIGNED_DATA)
    corpus.case(
        "09-content-signed-data.eml",
        9,
        "SignedData directly inside SignedData",
        mail(
            opaque(
                cms.signed_data(
                    inner, [info], [alice.certificate], kind=oids.SIGNED_DATA, version=3
                )
            )
        ),
        exit=[0, 1, 65],
    )


def bare(corpus, alice):
    """CMS objects that are no mail."""
    inside, outside = cms.signed_by(alice, ENTITY), cms.signed_by(alice, ENTITY, detached=True)
    corpus.files["08-content.txt"], corpus.files["08-content-other.txt"] = ENTITY, UNSIGNED
    arguments = ["--from", "alice@example.com"]
    with_content = [*arguments, "--content", "{messages}/08-content.txt"]
    other_content = [*arguments, "--content", "{messages}/08-content-other.txt"]
    corpus.valid("08-bare.p7m", 8, "a DER file", inside, arguments=arguments)
    corpus.invalid(
        "08-bare-detached.p7s",
        8,
        "a detached signature without content",
        outside,
        arguments=arguments,
        exit=[1, 64, 65, 66],
        verdict=None,
    )
    corpus.valid("08-bare-detached.p7s", 8, "with the content", None, arguments=with_content)
    corpus.invalid(
        "08-bare-detached.p7s",
        8,
        "with another content",
        None,
        arguments=other_content,
        signature=["invalid"],
    )
    corpus.invalid(
        "08-bare.p7m",
        8,
        "content inside, and another one given",
        None,
        arguments=other_content,
        exit=[1, 64, 65],
        verdict=None,
    )
    corpus.invalid(
        "08-bare-trailing.p7m",
        8,
        "something follows the CMS object",
        inside + ENTITY,
        arguments=arguments,
        exit=[0, 1, 65],
        verdict=None,
    )
    armoured = b"-----BEGIN CMS-----\r\n" + body(inside) + b"-----END CMS-----\r\n"
    corpus.valid("08-bare.pem", 8, "the same in PEM", armoured, arguments=arguments)
