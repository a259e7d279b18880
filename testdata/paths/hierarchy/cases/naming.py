"""Name chaining (RFC 5280 6.1.3 (a)(4)), with the comparison of section 7.1."""

from maker import oids
from maker.der import sequence

from .. import names
from ..certificates import ca, leaf, path, root
from ..names import attribute, bmp, common_name, printable, rdn, teletex


def add(corpus):
    spelling(corpus)
    order(corpus)
    empty(corpus)


def spelling(corpus):
    def named(common, organization=names.ORGANIZATION):
        return sequence(organization, rdn(attribute(oids.COMMON_NAME, common)))

    def chain(subject, issuer):
        """The CA is called one way in its certificate, another in Bob's."""
        return {
            "target": leaf(issuer_name=issuer),
            "intermediates": [ca(subject_name=subject)],
            "trust": [root()],
        }

    plain = named("Test CA")
    corpus.accept("name-alike", "7.1", "the same name, octet for octet", **chain(plain, plain))
    corpus.accept("name-case", "7.1", "in another case", **chain(plain, named("tEST ca")))
    corpus.accept(
        "name-case-beyond-ascii",
        "7.1",
        "an umlaut in another case",
        **chain(named("Käse"), named("KÄSE")),
        openssl="reject",
        because="OpenSSL folds the case of ASCII alone",
    )
    corpus.accept("name-spaces", "7.1", "with more spaces", **chain(plain, named("  Test   CA ")))
    corpus.accept(
        "name-printable",
        "7.1",
        "PrintableString for UTF8String",
        **chain(plain, named(printable("Test CA"))),
    )
    corpus.accept(
        "name-teletex",
        "7.1",
        "TeletexString for UTF8String",
        **chain(named("Käse"), named(teletex("Käse"))),
    )
    corpus.accept(
        "name-bmp", "7.1", "BMPString for UTF8String", **chain(named("Käse"), named(bmp("Käse")))
    )
    for word, issuer, about in [
        ("letter", named("Test CB"), "one letter is another"),
        ("space", named("TestCA"), "without the space"),
        ("umlaut", named("Tést CA"), "with an accent"),
        (
            "organization",
            named("Test CA", rdn(attribute(oids.ORGANIZATION, "mailseal"))),
            "of another organization",
        ),
        (
            "type",
            sequence(names.ORGANIZATION, rdn(attribute(oids.ORGANIZATIONAL_UNIT, "Test CA"))),
            "as an organizational unit",
        ),
        (
            "longer",
            sequence(names.ORGANIZATION, common_name("Test CA"), common_name("Test CA")),
            "with one more RDN",
        ),
        ("shorter", sequence(common_name("Test CA")), "without the organization"),
    ]:
        corpus.reject(
            f"name-{word}",
            "no-trusted-issuer",
            "name-alike",
            about,
            target=leaf(issuer_name=issuer),
        )


def order(corpus):
    one, other = (
        attribute(oids.COMMON_NAME, "Test CA"),
        attribute(oids.ORGANIZATION, "mailseal paths"),
    )

    def chain(subject, issuer):
        return {
            "target": leaf(issuer_name=sequence(*issuer)),
            "intermediates": [ca(subject_name=sequence(*subject))],
            "trust": [root()],
        }

    corpus.reject(
        "name-order",
        "no-trusted-issuer",
        "name-alike",
        "its two RDNs in the other order",
        target=leaf(issuer_name=sequence(common_name("Test CA"), names.ORGANIZATION)),
    )
    # RFC 5280 7.1: an RDN is a set, in whatever order it is written.
    unsorted = b"\x31" + bytes([len(one + other)]) + other + one
    assert unsorted != rdn(one, other)
    corpus.accept(
        "name-order-in-rdn",
        "7.1",
        "an RDN of two attributes, written in the other order than DER's",
        **chain([rdn(one, other)], [unsorted]),
    )
    corpus.reject(
        "name-rdn-taken-apart",
        "no-trusted-issuer",
        "name-order-in-rdn",
        "the two attributes in an RDN each",
        target=leaf(issuer_name=sequence(rdn(other), rdn(one))),
    )


def empty(corpus):
    corpus.accept(
        "subject-empty",
        "4.1.2.6",
        "the leaf has no subject but a subjectAltName",
        **path(leaf_changes={"subject_name": sequence()}),
    )
    corpus.reject(
        "issuer-empty",
        "no-trusted-issuer",
        "plain",
        "the leaf does not name its issuer",
        clause="4.1.2.4",
        target=leaf(issuer_name=sequence()),
    )
