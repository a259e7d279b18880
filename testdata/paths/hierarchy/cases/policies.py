"""Certificate policies (RFC 5280 6.1.2 to 6.1.5, RFC 9618), and the caller's inputs. Attack 22."""

from itertools import pairwise

from maker import oids
from maker.der import oid, sequence, text

from ..certificates import CA, ROOT, SUB_CA, Authority, ca, leaf, path, root
from ..extensions import (
    certificate_policies,
    extension,
    inhibit_any_policy,
    policy_constraints,
    policy_mappings,
)
from ..keys import p256

GOLD, SILVER, THEIRS, THEIRS_TOO = "1.2.3.1", "1.2.3.2", "1.2.4.1", "1.2.4.2"
ANY = oids.ANY_POLICY
NO_POLICIES = {
    "openssl": "accept",
    "because": "OpenSSL takes an empty certificatePolicies for one without the policies asked for",
}
EXPLICIT = ["require-explicit-policy"]


def add(corpus):
    sets(corpus)
    explicit(corpus)
    mappings(corpus)
    any_policy(corpus)
    self_issued(corpus)
    anchors(corpus)
    malformed(corpus)
    everything(corpus)


def chain(leaf_policies=(), ca_policies=(), **ca_extensions):
    """Bob's certificate and the CA's, under these policies."""

    def under(policies):
        return certificate_policies(*policies) if policies else None

    return path(
        {"certificate_policies": under(leaf_policies)},
        {"certificate_policies": under(ca_policies), **ca_extensions},
    )


def sets(corpus):
    """6.1.3 (d), 6.1.5 (g): what holds for the whole path"""
    for word, about, of_leaf, of_ca, valid in [
        ("same", "one policy in both", [GOLD], [GOLD], [GOLD]),
        ("two", "two policies in both", [GOLD, SILVER], [SILVER, GOLD], [GOLD, SILVER]),
        ("fewer-in-leaf", "two in the CA, one of them in the leaf", [GOLD], [GOLD, SILVER], [GOLD]),
        (
            "fewer-in-ca",
            "two in the leaf, one of them in the CA",
            [GOLD, SILVER],
            [SILVER],
            [SILVER],
        ),
        ("other", "one in the CA, another in the leaf", [SILVER], [GOLD], []),
        ("leaf-only", "none in the CA", [GOLD], [], []),
        ("ca-only", "none in the leaf", [], [GOLD], []),
        ("any-in-ca", "anyPolicy in the CA", [GOLD], [ANY], [GOLD]),
        ("any-in-leaf", "anyPolicy in the leaf", [ANY], [GOLD], [GOLD]),
        ("any-in-both", "anyPolicy in both", [ANY], [ANY], [ANY]),
        (
            "any-beside",
            "anyPolicy beside one in both",
            [GOLD, ANY],
            [SILVER, ANY],
            [GOLD, SILVER, ANY],
        ),
    ]:
        corpus.accept(
            f"policies-{word}",
            "6.1.5 (g)",
            about,
            **chain(of_leaf, of_ca),
            valid_policies=sorted(valid),
        )
    qualified = sequence(
        oid(GOLD), sequence(sequence(oid("1.3.6.1.5.5.7.2.2"), sequence(text("Notice"))))
    )
    corpus.accept(
        "policies-qualified",
        "4.2.1.4",
        "with a qualifier, in an extension that is critical",
        target=leaf(certificate_policies=certificate_policies(qualified, critical=True)),
        intermediates=[ca(certificate_policies=certificate_policies(GOLD))],
        trust=[root()],
        valid_policies=[GOLD],
    )
    corpus.accept(
        "policy-asked-for-and-not-required",
        "6.1.5 (g)",
        "the caller would have another policy, and does not require one",
        like="policies-same",
        policies=[SILVER],
    )


def explicit(corpus):
    """initial-explicit-policy, requireExplicitPolicy: 6.1.2 (d), 6.1.3 (f), 6.1.5 (a) and (b)"""
    corpus.accept(
        "policy-required",
        "6.1.1 (f)",
        "the caller requires a policy, and there is one",
        like="policies-same",
        flags=EXPLICIT,
        valid_policies=[GOLD],
    )
    for word, about, inputs in [
        ("leaf-has-none", "the leaf has none", {"target": leaf()}),
        ("leaf-has-another", "the leaf has another", {"target": chain([SILVER])["target"]}),
        ("ca-has-none", "the CA has none", {"intermediates": [ca()]}),
    ]:
        corpus.reject(
            f"policy-required-{word}", "no-valid-policy", "policy-required", about, **inputs
        )
    corpus.accept(
        "policy-required-of-a-set",
        "6.1.1 (c)",
        "one of two policies is required, and the path has one",
        like="policy-required",
        policies=[SILVER, GOLD],
        valid_policies=[GOLD],
    )
    corpus.reject(
        "policy-required-of-another-set",
        "no-valid-policy",
        "policy-required-of-a-set",
        "it has none of the set",
        policies=[SILVER, THEIRS],
    )
    corpus.accept(
        "policy-required-of-any",
        "6.1.1 (c)",
        "any policy will do, in as many words",
        like="policy-required",
        policies=[ANY],
        valid_policies=[GOLD],
    )
    corpus.accept(
        "no-policy-anywhere",
        "6.1.5",
        "no policy is required",
        like="plain",
        valid_policies=[],
    )
    corpus.reject(
        "policy-required-nowhere",
        "no-valid-policy",
        "no-policy-anywhere",
        "one is",
        flags=EXPLICIT,
    )
    # requireExplicitPolicy N: after N more certificates. Below the CA there is the leaf, and then
    # the wrap-up takes one more off.
    corpus.accept(
        "ca-requires-policy-after-2",
        "6.1.4 (i)",
        "the CA requires a policy after two more certificates, and one follows",
        **chain([], [GOLD], policy_constraints=policy_constraints(2)),
    )
    for skip in (1, 0):
        inputs = chain([], [GOLD], policy_constraints=policy_constraints(skip))
        corpus.reject(
            f"ca-requires-policy-after-{skip}",
            "no-valid-policy",
            "ca-requires-policy-after-2",
            f"the CA requires a policy after {skip} more",
            intermediates=inputs["intermediates"],
        )
    corpus.accept(
        "ca-requires-policy-that-is-there",
        "6.1.4 (i)",
        "the CA requires a policy at once, and the leaf has it",
        **chain([GOLD], [GOLD], policy_constraints=policy_constraints(0)),
        valid_policies=[GOLD],
    )
    for skip, about in [
        (1, "after one more certificate, and there is none"),
        (None, "no policy at all"),
    ]:
        target = leaf(policy_constraints=None if skip is None else policy_constraints(skip))
        corpus.accept(
            f"leaf-requires-policy-{'after-1' if skip else 'never'}",
            "6.1.5 (b)",
            f"the leaf requires {about}",
            like="plain",
            target=target,
        )
    corpus.reject(
        "leaf-requires-policy-after-0",
        "no-valid-policy",
        "leaf-requires-policy-after-1",
        "the leaf requires one at once, and has none",
        target=leaf(policy_constraints=policy_constraints(0)),
    )


def mappings(corpus):
    """6.1.4 (a) and (b)"""
    mapped = policy_mappings((GOLD, THEIRS))
    corpus.accept(
        "policy-mapped",
        "6.1.4 (b)",
        "the CA maps its policy to theirs, which the leaf has",
        **chain([THEIRS], [GOLD], policy_mappings=mapped),
        policies=[GOLD],
        flags=EXPLICIT,
        valid_policies=[GOLD],
    )
    corpus.reject(
        "policy-mapped-in-the-words-of-the-leaf",
        "no-valid-policy",
        "policy-mapped",
        "the caller asks for theirs: what is asked for is in the words of the anchor's domain",
        policies=[THEIRS],
    )
    corpus.reject(
        "policy-mapped-away",
        "no-valid-policy",
        "policy-mapped",
        "the leaf has the CA's own, which after the mapping means nothing",
        target=chain([GOLD])["target"],
    )
    corpus.reject(
        "policy-not-mapped",
        "no-valid-policy",
        "policy-mapped",
        "the CA does not map it",
        intermediates=chain([], [GOLD])["intermediates"],
    )
    corpus.reject(
        "policy-mapping-inhibited-by-the-caller",
        "no-valid-policy",
        "policy-mapped",
        "the caller does not let policies be mapped",
        flags=[*EXPLICIT, "inhibit-policy-mapping"],
    )
    corpus.accept(
        "policy-mapped-to-two",
        "6.1.4 (b)",
        "the CA maps it to two, the second of which the leaf has",
        **chain(
            [THEIRS_TOO],
            [GOLD],
            policy_mappings=policy_mappings((GOLD, THEIRS), (GOLD, THEIRS_TOO)),
        ),
        policies=[GOLD],
        flags=EXPLICIT,
        valid_policies=[GOLD],
    )
    corpus.accept(
        "policies-mapped-to-one",
        "6.1.4 (b)",
        "the CA maps two policies to one: both hold",
        **chain(
            [THEIRS],
            [GOLD, SILVER],
            policy_mappings=policy_mappings((GOLD, THEIRS), (SILVER, THEIRS)),
        ),
        flags=EXPLICIT,
        valid_policies=[GOLD, SILVER],
    )
    corpus.accept(
        "policy-mapped-from-any",
        "6.1.4 (b)(1)",
        "the CA has anyPolicy and maps one to theirs",
        **chain([THEIRS], [ANY], policy_mappings=mapped),
        policies=[GOLD],
        flags=EXPLICIT,
        valid_policies=[GOLD],
    )
    below = {
        "target": chain([THEIRS])["target"],
        "trust": [root()],
        "flags": EXPLICIT,
    }
    sub_ca = ca(SUB_CA, CA, certificate_policies=certificate_policies(GOLD), policy_mappings=mapped)

    def above(skip):
        limit = policy_constraints(inhibit_mapping=skip)
        return ca(certificate_policies=certificate_policies(GOLD), policy_constraints=limit)

    below["target"] = leaf(SUB_CA, certificate_policies=certificate_policies(THEIRS))
    corpus.accept(
        "mapping-inhibited-after-1",
        "6.1.4 (i)(2)",
        "the CA lets one more certificate map policies: Sub CA's",
        **below,
        intermediates=[sub_ca, above(1)],
        valid_policies=[GOLD],
    )
    corpus.reject(
        "mapping-inhibited-after-0",
        "no-valid-policy",
        "mapping-inhibited-after-1",
        "the CA lets none",
        intermediates=[sub_ca, above(0)],
    )


def any_policy(corpus):
    """6.1.3 (d)(2), 6.1.4 (j)"""
    inhibit = {"flags": [*EXPLICIT, "inhibit-any-policy"]}
    corpus.accept(
        "any-policy-required",
        "6.1.3 (d)(2)",
        "the leaf has anyPolicy, and a policy is required",
        like="policies-any-in-leaf",
        flags=EXPLICIT,
        valid_policies=[GOLD],
    )
    corpus.reject(
        "any-policy-inhibited-by-the-caller",
        "no-valid-policy",
        "any-policy-required",
        "the caller does not let anyPolicy stand for all",
        **inhibit,
    )
    corpus.accept(
        "any-policy-beside-inhibited-by-the-caller",
        "6.1.3 (d)(2)",
        "the leaf has one policy beside anyPolicy, which the caller does not count",
        **chain([GOLD, ANY], [GOLD, SILVER]),
        **inhibit,
        valid_policies=[GOLD],
    )
    corpus.accept(
        "any-policy-inhibited-after-1",
        "6.1.4 (j)",
        "the CA lets one more certificate have anyPolicy",
        **chain([ANY], [GOLD], inhibit_any_policy=inhibit_any_policy(1)),
        flags=EXPLICIT,
        valid_policies=[GOLD],
    )
    corpus.reject(
        "any-policy-inhibited-after-0",
        "no-valid-policy",
        "any-policy-inhibited-after-1",
        "the CA lets none",
        intermediates=chain([], [GOLD], inhibit_any_policy=inhibit_any_policy(0))["intermediates"],
    )


def self_issued(corpus):
    """6.1.3 (d)(2), 6.1.4 (h): certificates that a CA issues to itself do not count"""
    new_key = CA.with_key(p256("CA, new key"))
    stop = {"policy_constraints": policy_constraints(1)}

    def chained(first, second, target, **inputs):
        return {
            "target": target,
            "intermediates": [second, first],
            "trust": [root()],
            **inputs,
        }

    corpus.accept(
        "self-issued-any-policy",
        "6.1.3 (d)(2)",
        "the CA inhibits anyPolicy, and has it in its own certificate for a new key",
        **chained(
            ca(
                certificate_policies=certificate_policies(GOLD),
                inhibit_any_policy=inhibit_any_policy(0),
            ),
            ca(new_key, CA, certificate_policies=certificate_policies(ANY)),
            leaf(new_key, certificate_policies=certificate_policies(GOLD)),
            flags=EXPLICIT,
        ),
        valid_policies=[GOLD],
    )
    corpus.reject(
        "self-issued-any-policy-of-the-leaf",
        "no-valid-policy",
        "self-issued-any-policy",
        "so has the leaf",
        target=leaf(new_key, certificate_policies=certificate_policies(ANY)),
    )
    corpus.accept(
        "self-issued-does-not-count",
        "6.1.4 (h)",
        "the CA requires a policy after two certificates; the one for its new key does not count",
        **chained(ca(policy_constraints=policy_constraints(2)), ca(new_key, CA), leaf(new_key)),
    )
    corpus.reject(
        "self-issued-does-not-count-to-the-end",
        "no-valid-policy",
        "self-issued-does-not-count",
        "after one: the leaf is the one",
        intermediates=[ca(new_key, CA), ca(**stop)],
    )


def anchors(corpus):
    """RFC 5937 3.1: an anchor's constraints bind as any CA's"""
    corpus.accept(
        "root-requires-policy-after-3",
        "RFC 5937 3.1",
        "the root requires a policy after three certificates, and two follow",
        like="plain",
        trust=[root(policy_constraints=policy_constraints(3))],
    )
    corpus.reject(
        "root-requires-policy-after-2",
        "no-valid-policy",
        "root-requires-policy-after-3",
        "after two",
        trust=[root(policy_constraints=policy_constraints(2))],
        openssl="accept",
        because="OpenSSL does not hold the policy constraints of an anchor against a path",
    )
    corpus.accept(
        "bare-root-requires-policy-after-2",
        "6.1.1 (d)",
        "the root's limits have been taken off",
        like="root-requires-policy-after-2",
        flags=["no-anchor-constraints"],
    )


def everything(corpus):
    """In the tree of RFC 5280 every level here has sixteen times the nodes of the one above it."""
    policies = [f"1.2.5.{number}" for number in range(16)]
    extensions = {
        "certificate_policies": certificate_policies(*policies),
        "policy_mappings": policy_mappings(*((one, two) for one in policies for two in policies)),
    }
    authorities = [ROOT, *(Authority(f"Mapper {number}") for number in range(1, 7))]
    chain = [ca(below, above, **extensions) for above, below in pairwise(authorities)]
    under = {"certificate_policies": certificate_policies(*policies)}
    corpus.accept(
        "mappings-of-everything-to-everything",
        "RFC 9618 3",
        "six CAs map each of sixteen policies to each of them",
        target=leaf(authorities[-1], **under),
        intermediates=chain,
        trust=[root()],
        policies=[policies[0]],
        flags=EXPLICIT,
        valid_policies=[policies[0]],
        openssl="reject",
        because="OpenSSL makes the tree of RFC 5280, and gives up at a thousand nodes",
    )
    corpus.reject(
        "mappings-of-everything-to-everything-but-the-leafs",
        "no-valid-policy",
        "mappings-of-everything-to-everything",
        "the leaf has a policy that nothing was mapped to",
        target=leaf(authorities[-1], certificate_policies=certificate_policies("1.2.5.16")),
    )


def malformed(corpus):
    for word, extensions, about in [
        (
            "any-policy-mapped",
            {"policy_mappings": policy_mappings((ANY, THEIRS))},
            "the CA maps anyPolicy",
        ),
        (
            "mapped-to-any-policy",
            {"policy_mappings": policy_mappings((GOLD, ANY))},
            "the CA maps a policy to anyPolicy",
        ),
        (
            "policy-constraints-of-nothing",
            {"policy_constraints": policy_constraints()},
            "the CA's policyConstraints are empty",
        ),
        (
            "inhibit-any-policy-negative",
            {"inhibit_any_policy": inhibit_any_policy(-1)},
            "the CA's inhibitAnyPolicy is negative",
        ),
        (
            "policies-of-nothing",
            {"certificate_policies": extension(oids.CERTIFICATE_POLICIES, sequence())},
            "the CA's certificatePolicies are empty",
        ),
        (
            "policy-twice",
            {"certificate_policies": certificate_policies(GOLD, GOLD)},
            "the CA has one policy twice",
        ),
    ]:
        usual = {"certificate_policies": certificate_policies(GOLD)}
        corpus.reject(
            word,
            "malformed-extension",
            "policies-same",
            about,
            clause="6.1.4 (a)" if "mapped" in word else "4.2.1",
            intermediates=[ca(**{**usual, **extensions})],
            **(NO_POLICIES if word == "policies-of-nothing" else {}),
        )
