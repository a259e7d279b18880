"""Algorithms and certificates exchanged for others, in what is signed or beside it (12)."""

from .. import algorithms, cms, oids
from ..der import algorithm, null, octets, sequence
from ..keys import identity
from ..mime import ENTITY, mail, multipart_signed
from .attributes import detached, with_attributes


def add(corpus):
    alice = identity("alice")
    other_algorithms(corpus, alice)
    eddsa(corpus)
    other_certificate(corpus, alice)


def other_algorithms(corpus, alice):
    sha256, sha512 = (cms.digest_algorithm(name) for name in ("sha256", "sha512"))
    corpus.invalid(
        "12-digest-sha512-inside.eml",
        12,
        "digestAlgorithm says SHA-256, messageDigest is one of SHA-512",
        with_attributes(alice, cms.standard_attributes(ENTITY, "sha512")),
        signature=["invalid"],
    )
    corpus.invalid(
        "12-signature-sha512.eml",
        12,
        "digestAlgorithm SHA-256, signature sha512WithRSA (RFC 5652 5.4: one digest for both)",
        detached(
            alice, sign=cms.by_rsa(alice, "sha512"), signature=cms.rsa_signature_algorithm("sha512")
        ),
        signature=["invalid"],
    )
    corpus.invalid(
        "12-digest-sha512.eml",
        12,
        "digestAlgorithm SHA-512, signature sha256WithRSA",
        mail(
            multipart_signed(
                ENTITY,
                cms.signed_data(
                    ENTITY,
                    [
                        cms.signer_info(
                            alice,
                            ENTITY,
                            digest=sha512,
                            attributes=cms.standard_attributes(ENTITY, "sha512"),
                        )
                    ],
                    [alice.certificate],
                    detached=True,
                    digests=[sha512],
                ),
            )
        ),
        signature=["invalid"],
    )
    corpus.valid(
        "12-sha512.eml",
        12,
        "SHA-512 in both",
        mail(
            multipart_signed(
                ENTITY,
                cms.signed_data(
                    ENTITY,
                    [cms.signer_info(alice, ENTITY, name="sha512")],
                    [alice.certificate],
                    detached=True,
                    digests=[sha512],
                ),
            )
        ),
    )
    corpus.invalid(
        "12-rsa-as-ecdsa.eml",
        12,
        "an RSA key with an ECDSA identifier",
        detached(alice, signature=algorithm(oids.ECDSA["sha256"])),
        signature=["invalid"],
    )
    corpus.invalid(
        "12-rsa-as-ed25519.eml",
        12,
        "an RSA key with the identifier of Ed25519",
        detached(alice, signature=algorithm(oids.ED25519)),
        signature=["invalid"],
    )
    corpus.invalid(
        "12-pkcs1-as-pss.eml",
        12,
        "a PKCS #1 v1.5 signature said to be PSS",
        detached(alice, signature=algorithm(oids.PSS, cms.pss_parameters("sha256", 32))),
        signature=["invalid"],
    )
    for name, parameters, word, about in [
        ("sha256", cms.pss_parameters("sha256", 32), None, "PSS as it should be"),
        (
            "sha512",
            cms.pss_parameters("sha512", 64),
            "digest",
            "PSS with another digest than digestAlgorithm",
        ),
        (
            "sha256",
            cms.pss_parameters("sha256", 20),
            "salt",
            "PSS whose parameters tell another salt length",
        ),
    ]:
        file = f"12-pss-{word or 'control'}.eml"
        message = detached(
            alice,
            sign=cms.by_pss(alice, name, {"sha256": 32, "sha512": 64}[name]),
            signature=algorithm(oids.PSS, parameters),
        )
        if word is None:
            corpus.valid(file, 12, about, message)
        else:
            corpus.invalid(file, 12, about, message, signature=["invalid"])
    # All defaults are SHA-1's (RFC 4055 3.1): legacy, and not what was signed here.
    for word, parameters in [("no-parameters", b""), ("empty-parameters", sequence())]:
        corpus.invalid(
            f"01-pss-{word}.eml",
            1,
            f"PSS with {word.replace('-', ' ')}",
            detached(
                alice,
                sign=cms.by_pss(alice, "sha256", 32),
                signature=algorithm(oids.PSS, parameters),
            ),
            signature=["invalid"],
        )
    md5 = [
        cms.content_type(),
        cms.attribute(oids.MESSAGE_DIGEST, octets(algorithms.digest("md5", ENTITY))),
    ]
    corpus.invalid(
        "12-md5.eml",
        12,
        "MD5: refused by name, the legacy flag or not",
        mail(
            multipart_signed(
                ENTITY,
                cms.signed_data(
                    ENTITY,
                    [
                        cms.signer_info(
                            alice,
                            ENTITY,
                            attributes=md5,
                            digest=cms.digest_algorithm("md5", null()),
                            sign=cms.by_rsa(alice, "md5"),
                            signature=algorithm("1.2.840.113549.1.1.4", null()),
                        )
                    ],
                    [alice.certificate],
                    detached=True,
                    digests=[cms.digest_algorithm("md5", null())],
                ),
            )
        ),
        arguments=["--allow-legacy"],
        signature=["invalid"],
        says=["md5"],
    )
    sha1 = mail(
        multipart_signed(
            ENTITY,
            cms.signed_data(
                ENTITY,
                [cms.signer_info(alice, ENTITY, name="sha1")],
                [alice.certificate],
                detached=True,
                digests=[cms.digest_algorithm("sha1")],
            ),
        )
    )
    corpus.invalid("12-sha1.eml", 12, "SHA-1 without --allow-legacy", sha1, says=["sha-1"])
    corpus.valid("12-sha1.eml", 12, "SHA-1 with it", None, arguments=["--allow-legacy"])
    protections(corpus, alice, sha256, sha512)


def protections(corpus, alice, sha256, sha512):
    rsa256, rsa512 = (cms.rsa_signature_algorithm(name) for name in ("sha256", "sha512"))
    standard = cms.standard_attributes(ENTITY)
    for word, value, about in [
        ("digest", cms.algorithm_protection(sha512, rsa256), "names SHA-512"),
        ("signature", cms.algorithm_protection(sha256, rsa512), "names sha512WithRSA"),
        ("mac", cms.algorithm_protection(sha256, rsa256, 2), "tells a MAC and no signature"),
        (
            "two-values",
            cms.attribute(
                oids.ALGORITHM_PROTECTION,
                sequence(sha256, cms.implicit(1, rsa256)),
                sequence(sha512, cms.implicit(1, rsa512)),
            ),
            "has two values",
        ),
        ("null", cms.attribute(oids.ALGORITHM_PROTECTION, null()), "is a NULL"),
    ]:
        corpus.invalid(
            f"12-protection-{word}.eml",
            12,
            f"CMSAlgorithmProtection {about} (RFC 6211 3)",
            with_attributes(alice, [*standard, value]),
            signature=["invalid"],
        )
    corpus.valid(
        "12-protection.eml",
        12,
        "CMSAlgorithmProtection names what was used",
        with_attributes(alice, [*standard, cms.algorithm_protection(sha256, rsa256)]),
    )


def eddsa(corpus):
    signer = identity("ed25519")
    for name, word in [
        ("sha512", "as RFC 8419 has it"),
        ("sha256", "with SHA-256, as it occurs: accepted"),
    ]:
        info = cms.signer_info(
            signer,
            ENTITY,
            name=name,
            sign=lambda it: algorithms.ed25519(signer.path, it),
            signature=algorithm(oids.ED25519),
        )
        data = cms.signed_data(
            ENTITY,
            [info],
            [signer.certificate],
            detached=True,
            digests=[cms.digest_algorithm(name)],
        )
        header = {"From": ["From: ed25519@example.com"]}
        corpus.valid(
            f"12-ed25519-{name}.eml",
            12,
            f"Ed25519 {word}",
            mail(multipart_signed(ENTITY, data), replaced=header),
            signature=["valid"],
        )


def other_certificate(corpus, alice):
    standard = cms.standard_attributes(ENTITY)
    bob = identity("bob").certificate
    own = sequence(sequence(octets(algorithms.digest("sha256", alice.certificate.der))))
    for word, attribute, about in [
        ("other", cms.signing_certificate(bob), "names Bob's certificate"),
        (
            "two-values",
            cms.attribute(
                oids.SIGNING_CERTIFICATE_V2, own, sequence(sequence(sequence(octets(bytes(32)))))
            ),
            "has two values",
        ),
        (
            "nobody",
            cms.attribute(oids.SIGNING_CERTIFICATE_V2, sequence(sequence())),
            "names nobody",
        ),
    ]:
        corpus.invalid(
            f"12-signing-certificate-{word}.eml",
            12,
            f"signingCertificateV2 {about} (RFC 5035 5.4)",
            with_attributes(alice, [*standard, attribute]),
            signature=["invalid"],
        )
    corpus.valid(
        "12-signing-certificate.eml",
        12,
        "signingCertificateV2 names the signer",
        with_attributes(alice, [*standard, cms.signing_certificate(alice.certificate)]),
    )
