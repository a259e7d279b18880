"""Bob's certificate below a CA that constrains names (RFC 5280 4.2.1.10)."""

from ..certificates import ca, leaf, root
from ..extensions import name_constraints, subject_alternative_name


def chain(constraints, *alternative, subject=None):
    """Bob's certificate with these names below a CA with these constraints."""
    changes = {"subject_name": subject} if subject else {}
    san = subject_alternative_name(*alternative) if alternative else None
    return {
        "target": leaf(subject_alternative_name=san, **changes),
        "intermediates": [ca(name_constraints=constraints)],
        "trust": [root()],
    }


def permitted(*bases):
    return name_constraints(permitted=bases)


def excluded(*bases):
    return name_constraints(excluded=bases)


def judged(corpus, group, clause, cases, openssl=()):
    """Cases of (word, about, constraints, names, neighbour or None); accepted without a neighbour.

    `openssl` has the words of those that OpenSSL judges otherwise, and why.
    """
    openssl = dict(openssl)
    for word, about, constraints, alternative, neighbour in cases:
        inputs = chain(constraints, *alternative)
        if because := openssl.pop(word, None):
            inputs.update(openssl="accept" if neighbour else "reject", because=because)
        if neighbour is None:
            corpus.accept(f"{group}-{word}", clause, about, **inputs)
        else:
            neighbour = f"{group}-{neighbour}"
            corpus.reject(f"{group}-{word}", "name-constraints", neighbour, about, **inputs)
    assert not openssl, f"no case is {openssl}"
