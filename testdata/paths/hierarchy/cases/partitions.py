"""CRLs for a part of the certificates or of the reasons, and by somebody else (RFC 5280 5.2.5)."""

from maker import oids
from maker.der import integer, sequence

from .. import names
from ..certificates import CA, ROOT, STRANGER, Authority, ca, leaf, root
from ..crls import crl, entry
from ..extensions import (
    certificate_issuer,
    crl_distribution_points,
    distribution_point,
    full_name,
    issuing_distribution_point,
    key_usage,
    relative_name,
)
from ..names import attribute, directory, uri
from .revocation import HERE, chain

THERE = full_name(uri("http://crl.example/2"))


def add(corpus):
    points(corpus)
    kinds(corpus)
    reasons(corpus)
    indirect(corpus)


def points(corpus):
    """4.2.1.13, 5.2.5, 6.3.3 (b)(2)(i): CRLs for a part of the certificates"""
    at_point = leaf(crl_distribution_points=crl_distribution_points(distribution_point(HERE)))

    def scoped(*names_of, **scope):
        return crl(CA, *names_of, more=[issuing_distribution_point(**scope)])

    corpus.accept(
        "point-without-scope",
        "6.3.3 (b)",
        "the leaf names a distribution point, and the CA's CRL is for everything",
        **chain(crl(CA), target=at_point),
    )
    corpus.accept(
        "point-same",
        "6.3.3 (b)(2)(i)",
        "the CRL is for the point that the leaf names",
        **chain(scoped(name=HERE), target=at_point),
    )
    corpus.reject(
        "point-other",
        "revocation-unknown",
        "point-same",
        "it is for another",
        crls=[crl(ROOT), scoped(name=THERE)],
    )
    corpus.reject(
        "point-unnamed",
        "revocation-unknown",
        "point-same",
        "the leaf names none",
        target=leaf(),
    )
    corpus.reject(
        "point-same-with-leaf",
        "revoked",
        "point-same",
        "the leaf is on it",
        crls=[crl(ROOT), scoped(entry(at_point), name=HERE)],
    )
    corpus.accept(
        "point-of-two",
        "6.3.3 (b)(2)(i)",
        "the CRL is for one of two names of the point",
        **chain(
            scoped(name=HERE),
            target=leaf(
                crl_distribution_points=crl_distribution_points(
                    distribution_point(
                        full_name(uri("http://crl.example/2"), uri("http://crl.example/1"))
                    )
                )
            ),
        ),
    )
    one = attribute(oids.COMMON_NAME, "1")
    by_relative_name = leaf(
        crl_distribution_points=crl_distribution_points(distribution_point(relative_name(one)))
    )
    whole = full_name(
        directory(sequence(names.ORGANIZATION, names.common_name("CA"), names.rdn(one)))
    )
    corpus.accept(
        "point-relative",
        "4.2.1.13",
        "the leaf names the point relative to the CA, the CRL in full",
        **chain(scoped(name=whole), target=by_relative_name),
    )
    two = attribute(oids.COMMON_NAME, "2")
    corpus.reject(
        "point-relative-other",
        "revocation-unknown",
        "point-relative",
        "it is another one",
        target=leaf(
            crl_distribution_points=crl_distribution_points(distribution_point(relative_name(two)))
        ),
    )


def kinds(corpus):
    """6.3.3 (b)(2)(ii) to (iv)"""

    def only(issuer=CA, **scope):
        return crl(issuer, more=[issuing_distribution_point(**scope)])

    corpus.accept(
        "crl-for-users", "5.2.5", "the CA's is for end entities alone", **chain(only(users=True))
    )
    corpus.reject(
        "crl-for-cas",
        "revocation-unknown",
        "crl-for-users",
        "for CAs alone",
        crls=[crl(ROOT), only(cas=True)],
    )
    corpus.reject(
        "crl-for-attribute-certificates",
        "revocation-unknown",
        "crl-for-users",
        "for attribute certificates alone",
        crls=[crl(ROOT), only(attributes=True)],
    )
    corpus.accept(
        "root-crl-for-cas",
        "5.2.5",
        "the root's is for CAs alone",
        **{**chain(), "crls": [only(ROOT, cas=True), crl(CA)]},
    )
    corpus.reject(
        "root-crl-for-users",
        "revocation-unknown",
        "root-crl-for-cas",
        "for end entities alone",
        crls=[only(ROOT, users=True), crl(CA)],
    )


def reasons(corpus):
    """6.3.3 (d), (e), (l): every reason has to be covered"""
    some = ("keyCompromise", "cACompromise")
    rest = (
        "affiliationChanged",
        "superseded",
        "cessationOfOperation",
        "certificateHold",
        "privilegeWithdrawn",
        "aACompromise",
    )

    def for_reasons(those, *revoked):
        return crl(CA, *revoked, more=[issuing_distribution_point(reasons=those)])

    corpus.accept(
        "reasons-of-two",
        "6.3.3 (l)",
        "two CRLs of the CA have all reasons between them",
        **chain(for_reasons(some), for_reasons(rest)),
    )
    corpus.reject(
        "reasons-of-one",
        "revocation-unknown",
        "reasons-of-two",
        "the second is missing",
        crls=[crl(ROOT), for_reasons(some)],
    )
    corpus.reject(
        "reasons-with-leaf",
        "revoked",
        "reasons-of-two",
        "the leaf is on the second",
        crls=[crl(ROOT), for_reasons(some), for_reasons(rest, entry(leaf(), "superseded"))],
    )
    corpus.reject(
        "reasons-with-a-hole",
        "revocation-unknown",
        "reasons-of-two",
        "the second lacks one of the rest",
        crls=[crl(ROOT), for_reasons(some), for_reasons(rest[1:])],
    )


def indirect(corpus):
    """5.2.5, 5.3.3, 6.3.3 (b)(1): a CRL by somebody else for the certificates of the CA"""
    lister = Authority("CRL issuer")
    point = distribution_point(HERE, crl_issuer=[directory(lister.name)])
    target = leaf(crl_distribution_points=crl_distribution_points(point))
    of_lister = ca(lister, basic_constraints=None, key_usage=key_usage("cRLSign"))

    def listed(*revoked, by=lister, indirect=True):
        return crl(by, *revoked, more=[issuing_distribution_point(HERE, indirect=indirect)])

    def case(*lists, **inputs):
        usual = {
            "target": target,
            "intermediates": [ca(), of_lister],
            "trust": [root()],
            "crls": [crl(ROOT), *lists],
        }
        return {**usual, **inputs}

    of_ca = [certificate_issuer(CA.name)]
    corpus.accept(
        "indirect",
        "6.3.3 (b)(1)",
        "the leaf names somebody else for the issuer of its CRL, where another certificate is",
        **case(listed(entry(integer(1), more=of_ca))),
    )
    corpus.reject(
        "indirect-with-leaf",
        "revoked",
        "indirect",
        "the leaf is on it",
        crls=[crl(ROOT), listed(entry(target, more=of_ca))],
    )
    corpus.accept(
        "indirect-with-the-same-number",
        "5.3.3",
        "a certificate of another issuer with the leaf's number is on it",
        **case(listed(entry(target, more=[certificate_issuer(STRANGER.name)]))),
    )
    corpus.accept(
        "indirect-with-the-same-number-of-its-own",
        "5.3.3",
        "a certificate of the CRL's own issuer with the leaf's number is on it",
        **case(listed(entry(target))),
    )
    corpus.reject(
        "indirect-with-leaf-after-another",
        "revoked",
        "indirect",
        "the leaf is on it, after another entry that names the CA",
        crls=[crl(ROOT), listed(entry(integer(1), more=of_ca), entry(target))],
    )
    corpus.reject(
        "indirect-not-said",
        "revocation-unknown",
        "indirect",
        "the CRL does not say that it is indirect",
        crls=[crl(ROOT), crl(lister, more=[issuing_distribution_point(HERE)])],
    )
    corpus.reject(
        "indirect-not-wanted",
        "revocation-unknown",
        "indirect",
        "the leaf names nobody else",
        target=leaf(crl_distribution_points=crl_distribution_points(distribution_point(HERE))),
    )
    corpus.reject(
        "indirect-by-nobody",
        "revocation-unknown",
        "indirect",
        "who has signed it has a certificate by a stranger",
        intermediates=[
            ca(),
            ca(lister, STRANGER, basic_constraints=None, key_usage=key_usage("cRLSign")),
        ],
    )
