"""Name constraints on mailboxes, in every place where a certificate has them. Attack 23."""

from maker import oids
from maker.der import sequence

from .. import names
from ..certificates import ca, path
from ..extensions import name_constraints, subject_alternative_name
from ..names import attribute, common_name, dns, email, ia5, rdn
from .constrained import chain, excluded, judged, permitted


def add(corpus):
    mailboxes(corpus)
    utf8_mailboxes(corpus)
    subject_addresses(corpus)
    no_addresses(corpus)


def mailboxes(corpus):
    """The three forms of an rfc822Name"""
    bob, host, domain = email("bob@example.com"), email("example.com"), email(".example.com")
    judged(
        corpus,
        "mailbox",
        "4.2.1.10",
        [
            ("permitted", "one mailbox is permitted, and it is it", permitted(bob), [bob], None),
            (
                "permitted-domain-case",
                "its domain in another case",
                permitted(email("bob@EXAMPLE.com")),
                [bob],
                None,
            ),
            (
                "permitted-other",
                "another mailbox",
                permitted(bob),
                [email("eve@example.com")],
                "permitted",
            ),
            (
                "permitted-case",
                "the local part in another case, which is another mailbox (RFC 5280 7.5)",
                permitted(bob),
                [email("Bob@example.com")],
                "permitted",
            ),
            (
                "permitted-one-of-two",
                "a second name beside it is not permitted",
                permitted(bob),
                [bob, email("eve@example.com")],
                "permitted",
            ),
            (
                "host-permitted",
                "a host is permitted, and it is there",
                permitted(host),
                [bob],
                None,
            ),
            (
                "host-permitted-case",
                "in another case",
                permitted(email("Example.COM")),
                [email("bob@eXample.com")],
                None,
            ),
            (
                "host-permitted-below",
                "it is at a host below it",
                permitted(host),
                [email("bob@mail.example.com")],
                "host-permitted",
            ),
            (
                "host-permitted-longer",
                "it is at a host whose name ends alike",
                permitted(host),
                [email("bob@badexample.com")],
                "host-permitted",
            ),
            (
                "domain-permitted",
                "all hosts below a domain are permitted",
                permitted(domain),
                [email("bob@mail.example.com")],
                None,
            ),
            (
                "domain-permitted-itself",
                "it is at the domain itself",
                permitted(domain),
                [bob],
                "domain-permitted",
            ),
            (
                "domain-permitted-longer",
                "it is at a host whose name ends alike",
                permitted(domain),
                [email("bob@mail.badexample.com")],
                "domain-permitted",
            ),
            (
                "excluded-other",
                "one mailbox is excluded, and this is another",
                excluded(bob),
                [email("eve@example.com")],
                None,
            ),
            ("excluded", "this is the one", excluded(bob), [bob], "excluded-other"),
            (
                "host-excluded-below",
                "a host is excluded, and this is one below it",
                excluded(host),
                [email("bob@mail.example.com")],
                None,
            ),
            ("host-excluded", "this is at that host", excluded(host), [bob], "host-excluded-below"),
            (
                "domain-excluded-itself",
                "all hosts below a domain are excluded, and not itself",
                excluded(domain),
                [bob],
                None,
            ),
            (
                "domain-excluded",
                "this is at one below it",
                excluded(domain),
                [email("bob@mail.example.com")],
                "domain-excluded-itself",
            ),
        ],
    )
    corpus.accept(
        "mailbox-excluded-unlike",
        "4.2.1.10",
        "one mailbox is excluded, and this is another one there",
        **chain(excluded(bob), email("bobby@example.com")),
    )
    corpus.reject(
        "mailbox-excluded-in-another-case",
        "name-constraints",
        "mailbox-excluded-unlike",
        "this is the excluded one in another case: the same wherever mail is delivered",
        target=chain(None, email("BOB@example.com"))["target"],
        openssl="accept",
        because="OpenSSL compares the local part to the letter, whoever profits",
    )
    both = name_constraints(permitted=[host], excluded=[email("eve@example.com")])
    corpus.accept(
        "mailbox-permitted-and-not-excluded",
        "4.2.1.10",
        "a host is permitted, and one mailbox there is excluded",
        **chain(both, bob),
    )
    corpus.reject(
        "mailbox-excluded-and-permitted",
        "name-constraints",
        "mailbox-permitted-and-not-excluded",
        "it is the excluded one: excluded wins",
        target=chain(None, email("eve@example.com"))["target"],
    )
    corpus.accept(
        "mailbox-not-there",
        "4.2.1.10",
        "mailboxes are constrained, and there are none",
        **chain(permitted(host), dns("example.org")),
    )
    corpus.accept(
        "mailbox-all-permitted",
        "4.2.1.10",
        "an empty constraint permits every mailbox, as in NSS and Go",
        **chain(permitted(email("")), bob),
        openssl="reject",
        because="OpenSSL takes the empty constraint for a host of that name",
    )


def utf8_mailboxes(corpus):
    """RFC 9598 6: SmtpUTF8Mailboxes are held against the constraints of rfc822Names"""
    bob = names.smtp_utf8_mailbox("böb@example.com")
    judged(
        corpus,
        "utf8-mailbox",
        "RFC 9598 6",
        [
            (
                "permitted",
                "a host is permitted, and it is there",
                permitted(email("example.com")),
                [bob],
                None,
            ),
            (
                "permitted-other",
                "it is at another",
                permitted(email("example.com")),
                [names.smtp_utf8_mailbox("böb@example.org")],
                "permitted",
            ),
            (
                "permitted-below",
                "it is at a host below it",
                permitted(email("example.com")),
                [names.smtp_utf8_mailbox("böb@mail.example.com")],
                "permitted",
            ),
            (
                "excluded-other",
                "a host is excluded, and it is at another",
                excluded(email("example.com")),
                [names.smtp_utf8_mailbox("böb@example.org")],
                None,
            ),
            ("excluded", "it is there", excluded(email("example.com")), [bob], "excluded-other"),
            (
                "permitted-a-label",
                "the host in A-labels, as RFC 9598 5 has the domain of such a mailbox",
                permitted(email("xn--bcher-kva.example")),
                [names.smtp_utf8_mailbox("böb@xn--bcher-kva.example")],
                None,
            ),
            (
                "permitted-other-a-label",
                "another host in A-labels",
                permitted(email("xn--bcher-kva.example")),
                [names.smtp_utf8_mailbox("böb@xn--bcher-2qa.example")],
                "permitted-a-label",
            ),
            (
                "permitted-u-label",
                "the same with the host in U-labels, as RFC 8398 had it",
                permitted(email("xn--bcher-kva.example")),
                [names.smtp_utf8_mailbox("böb@bücher.example")],
                None,
            ),
            (
                "permitted-other-u-label",
                "another host in U-labels",
                permitted(email("xn--bcher-kva.example")),
                [names.smtp_utf8_mailbox("böb@bucher.example")],
                "permitted-u-label",
            ),
        ],
        {"permitted-a-label": "OpenSSL 3.0 compares as RFC 8398 has it, with U-labels"},
    )


def subject_addresses(corpus):
    """4.2.1.10: emailAddress in the subject, alone or beside a subjectAltName"""

    def subject(address):
        return sequence(
            names.ORGANIZATION, common_name("Bob"), rdn(attribute(oids.EMAIL_ADDRESS, ia5(address)))
        )

    host = permitted(email("example.com"))
    corpus.accept(
        "subject-address-permitted",
        "4.2.1.10",
        "the address is in the subject alone, and permitted",
        **chain(host, subject=subject("bob@example.com")),
    )
    corpus.reject(
        "subject-address-not-permitted",
        "name-constraints",
        "subject-address-permitted",
        "it is another one",
        target=chain(None, subject=subject("eve@example.org"))["target"],
    )
    corpus.reject(
        "subject-address-excluded",
        "name-constraints",
        "subject-address-permitted",
        "it is excluded",
        intermediates=[ca(name_constraints=excluded(email("example.com")))],
    )
    corpus.accept(
        "subject-address-beside-a-name",
        "4.2.1.10",
        "an address in the subject beside one in subjectAltName, both permitted",
        **chain(host, email("bob@example.com"), subject=subject("bob@example.com")),
    )
    corpus.reject(
        "subject-address-beside-a-name-not-permitted",
        "name-constraints",
        "subject-address-beside-a-name",
        "the one in the subject is not: we take it for an address too, and so it must be",
        target=chain(None, email("bob@example.com"), subject=subject("eve@example.org"))["target"],
    )


def no_addresses(corpus):
    """Attack 24: what stands in the place of a mailbox, harmless until somebody constrains those"""
    bob = email("bob@example.com")
    all_there = permitted(email("example.com"), email(".example.com"))
    end_alone = {
        "openssl": "accept",
        "because": "OpenSSL compares what follows the last @, whatever it is",
    }
    for word, about, address in [
        ("bob", "without a host", "bob"),
        ("empty", "of no octets", ""),
        ("dots", "with an empty label", "bob@mail..example.com"),
        ("long-label", "with a label of 64 octets", f"bob@{'a' * 64}.example.com"),
        ("long", "of 300 octets", f"{'b' * 288}@example.com"),
        ("punycode", "with punycode of nothing", "bob@xn--.example.com"),
        ("punycode-overflow", "with punycode past Unicode", "bob@xn--99999999.example.com"),
        ("line-end", "with a line end", "bob@example.com\r\nBcc: eve@example.com"),
    ]:
        names_of_it = subject_alternative_name(bob, email(address))
        corpus.accept(
            f"no-address-{word}",
            "4.2.1.6",
            f"a second rfc822Name, {about}",
            **path({"subject_alternative_name": names_of_it}),
        )
        corpus.reject(
            f"no-address-{word}-constrained",
            "name-constraints",
            f"no-address-{word}",
            "mailboxes are constrained, and nobody can tell of this one",
            clause="4.2.1.10",
            intermediates=[ca(name_constraints=all_there)],
            **(end_alone if "@" in address else {}),
        )
