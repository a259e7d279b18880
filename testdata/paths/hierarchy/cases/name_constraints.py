"""Name constraints on all other forms of names (RFC 5280 4.2.1.10). Attack 23."""

from maker import oids
from maker.der import sequence, text, tlv

from .. import names
from ..certificates import ca
from ..names import attribute, common_name, directory, dns, email, ip, rdn, registered_id, uri
from .constrained import chain, excluded, judged, permitted


def add(corpus):
    dns_names(corpus)
    uris(corpus)
    ip_addresses(corpus)
    directory_names(corpus)
    unknown_forms(corpus)


def dns_names(corpus):
    judged(
        corpus,
        "dns",
        "4.2.1.10",
        [
            (
                "permitted",
                "a name is permitted, and it is it",
                permitted(dns("example.com")),
                [dns("example.com")],
                None,
            ),
            (
                "permitted-below",
                "it is below it",
                permitted(dns("example.com")),
                [dns("a.b.example.com")],
                None,
            ),
            (
                "permitted-case",
                "in another case",
                permitted(dns("EXAMPLE.com")),
                [dns("a.example.COM")],
                None,
            ),
            (
                "permitted-other",
                "it is another",
                permitted(dns("example.com")),
                [dns("example.org")],
                "permitted",
            ),
            (
                "permitted-longer",
                "it ends alike, within a label",
                permitted(dns("example.com")),
                [dns("badexample.com")],
                "permitted",
            ),
            (
                "permitted-above",
                "it is above it",
                permitted(dns("example.com")),
                [dns("com")],
                "permitted",
            ),
            (
                "permitted-wildcard",
                "a wildcard below it",
                permitted(dns("example.com")),
                [dns("*.example.com")],
                None,
            ),
            (
                "all-permitted",
                "the empty name permits all",
                permitted(dns("")),
                [dns("example.com")],
                None,
            ),
            (
                "excluded-other",
                "a name is excluded, and this is another",
                excluded(dns("example.com")),
                [dns("example.org")],
                None,
            ),
            (
                "excluded",
                "this is it",
                excluded(dns("example.com")),
                [dns("example.com")],
                "excluded-other",
            ),
            (
                "excluded-below",
                "this is below it",
                excluded(dns("example.com")),
                [dns("a.example.com")],
                "excluded-other",
            ),
            (
                "excluded-beside-wildcard",
                "a name is excluded, and this is a wildcard elsewhere",
                excluded(dns("a.example.com")),
                [dns("*.example.org")],
                None,
            ),
            (
                "excluded-in-wildcard",
                "this is a wildcard that stands for it too",
                excluded(dns("a.example.com")),
                [dns("*.example.com")],
                "excluded-beside-wildcard",
            ),
            (
                "all-excluded-none-there",
                "every name is excluded, and there is none",
                excluded(dns("")),
                [email("bob@example.com")],
                None,
            ),
            (
                "all-excluded",
                "there is one",
                excluded(dns("")),
                [dns("example.com")],
                "all-excluded-none-there",
            ),
            (
                "permitted-with-period",
                "the constraint begins with a period, of which RFC 5280 says nothing",
                permitted(dns(".example.com")),
                [dns("a.b.example.com")],
                "permitted-below",
            ),
            (
                "permitted-no-name",
                "it is no host name",
                permitted(dns("example.com")),
                [dns("a..example.com")],
                "permitted",
            ),
        ],
        {
            "excluded-in-wildcard": "OpenSSL compares the asterisk as a character like others",
            "permitted-with-period": "OpenSSL takes it for all names below, as of URIs",
            "permitted-no-name": "OpenSSL compares the end of it alone",
        },
    )


def uris(corpus):
    host, domain = uri("host.example.com"), uri(".example.com")
    judged(
        corpus,
        "uri",
        "4.2.1.10",
        [
            (
                "permitted",
                "a host is permitted, and it is there",
                permitted(host),
                [uri("https://host.example.com/bob")],
                None,
            ),
            (
                "permitted-with-user-and-port",
                "with user and port",
                permitted(host),
                [uri("https://user@host.example.com:8443/bob")],
                None,
            ),
            (
                "permitted-below",
                "it is below it",
                permitted(host),
                [uri("https://a.host.example.com/")],
                "permitted",
            ),
            (
                "permitted-other",
                "it is at another",
                permitted(host),
                [uri("https://host.example.org/")],
                "permitted",
            ),
            (
                "permitted-as-user",
                "the permitted one is the user's name",
                permitted(host),
                [uri("https://host.example.com@host.example.org/")],
                "permitted",
            ),
            (
                "domain-permitted",
                "hosts below a domain are permitted",
                permitted(domain),
                [uri("https://host.example.com/")],
                None,
            ),
            (
                "domain-permitted-itself",
                "it is at the domain itself",
                permitted(domain),
                [uri("https://example.com/")],
                "domain-permitted",
            ),
            (
                "excluded-other",
                "a host is excluded, and it is at another",
                excluded(host),
                [uri("https://host.example.org/")],
                None,
            ),
            (
                "excluded",
                "it is there",
                excluded(host),
                [uri("https://host.example.com/")],
                "excluded-other",
            ),
            (
                "permitted-address",
                "it is at an address, of which hosts say nothing",
                permitted(host),
                [uri("https://192.0.2.1/")],
                "permitted",
            ),
            (
                "permitted-without-host",
                "it has no host (4.2.1.10: MUST reject)",
                permitted(host),
                [uri("urn:isbn:1")],
                "permitted",
            ),
            (
                "excluded-without-host",
                "it has no host, and hosts are excluded",
                excluded(host),
                [uri("urn:isbn:1")],
                "excluded-other",
            ),
        ],
        {"permitted-with-user-and-port": "OpenSSL takes the user for part of the host"},
    )


def ip_addresses(corpus):
    four, six = ip("192.0.2.0/24"), ip("2001:db8::/32")
    judged(
        corpus,
        "ip",
        "4.2.1.10",
        [
            (
                "4-permitted",
                "a range is permitted, and it is in it",
                permitted(four),
                [ip("192.0.2.255")],
                None,
            ),
            (
                "4-permitted-other",
                "it is the next address",
                permitted(four),
                [ip("192.0.3.0")],
                "4-permitted",
            ),
            (
                "4-excluded-other",
                "a range is excluded, and it is the next",
                excluded(four),
                [ip("192.0.3.0")],
                None,
            ),
            ("4-excluded", "it is in it", excluded(four), [ip("192.0.2.0")], "4-excluded-other"),
            ("6-permitted", "the same with IPv6", permitted(six), [ip("2001:db8::1")], None),
            (
                "6-permitted-other",
                "it is the next address",
                permitted(six),
                [ip("2001:db9::")],
                "6-permitted",
            ),
            (
                "6-excluded-other",
                "a range is excluded, and it is the next",
                excluded(six),
                [ip("2001:db9::")],
                None,
            ),
            ("6-excluded", "it is in it", excluded(six), [ip("2001:db8::1")], "6-excluded-other"),
            (
                "4-permitted-6-there",
                "a range of IPv4 is permitted, and it is of IPv6",
                permitted(four),
                [ip("2001:db8::1")],
                "4-permitted",
            ),
            (
                "both-permitted",
                "a range of each is permitted, and one is there",
                permitted(four, six),
                [ip("2001:db8::1")],
                None,
            ),
            (
                "mask-with-holes",
                "the mask has holes (RFC 4632 has none)",
                permitted(ip("192.0.2.0/255.0.255.0")),
                [ip("192.0.2.255")],
                "4-permitted",
            ),
            (
                "of-five-octets",
                "it has five octets",
                permitted(four),
                [tlv(0x87, b"\xc0\x00\x02\x01\x00")],
                "4-permitted",
            ),
            (
                "all-permitted",
                "the whole of IPv4 is permitted",
                permitted(ip("0.0.0.0/0")),
                [ip("192.0.2.1")],
                None,
            ),
        ],
        {"mask-with-holes": "OpenSSL takes every mask"},
    )


def directory_names(corpus):
    organization = sequence(names.ORGANIZATION)
    bob = names.name("Bob")
    other = sequence(rdn(attribute(oids.ORGANIZATION, "elsewhere")), common_name("Bob"))
    mail = [email("bob@example.com")]
    corpus.accept(
        "directory-permitted",
        "4.2.1.10",
        "an organization is permitted, and the subject is in it",
        **chain(permitted(directory(organization)), *mail),
    )
    corpus.accept(
        "directory-permitted-itself",
        "4.2.1.10",
        "the subject is the name that is permitted",
        **chain(permitted(directory(bob)), *mail),
    )
    corpus.accept(
        "directory-permitted-case",
        "4.2.1.10",
        "the subject's organization in another case and string type",
        **chain(
            permitted(directory(organization)),
            *mail,
            subject=sequence(
                rdn(attribute(oids.ORGANIZATION, names.printable("MAILSEAL  paths"))),
                common_name("Bob"),
            ),
        ),
    )
    corpus.reject(
        "directory-permitted-other",
        "name-constraints",
        "directory-permitted",
        "the subject is of another organization",
        target=chain(None, *mail, subject=other)["target"],
    )
    corpus.reject(
        "directory-permitted-within",
        "name-constraints",
        "directory-permitted",
        "the organization comes second in the subject",
        target=chain(None, *mail, subject=sequence(common_name("Bob"), names.ORGANIZATION))[
            "target"
        ],
    )
    corpus.reject(
        "directory-permitted-above",
        "name-constraints",
        "directory-permitted-itself",
        "the subject is the organization itself, which is above",
        target=chain(None, *mail, subject=organization)["target"],
    )
    corpus.accept(
        "directory-permitted-empty-subject",
        "6.1.3 (b)",
        "the subject is empty",
        **chain(permitted(directory(organization)), *mail, subject=sequence()),
    )
    corpus.accept(
        "directory-excluded-other",
        "4.2.1.10",
        "an organization is excluded, and the subject is of another",
        **chain(
            excluded(directory(sequence(rdn(attribute(oids.ORGANIZATION, "elsewhere"))))), *mail
        ),
    )
    corpus.reject(
        "directory-excluded",
        "name-constraints",
        "directory-excluded-other",
        "it is of that one",
        target=chain(None, *mail, subject=other)["target"],
    )
    corpus.reject(
        "directory-excluded-in-alternative-name",
        "name-constraints",
        "directory-excluded-other",
        "a directoryName of the subjectAltName is of that one",
        target=chain(None, *mail, directory(other))["target"],
    )


def unknown_forms(corpus):
    """4.2.1.10: a name of a form that is constrained and not understood is refused"""
    mail, thing = email("bob@example.com"), registered_id("1.2.3.4")
    corpus.accept(
        "unknown-form-not-there",
        "4.2.1.10",
        "registeredIDs are constrained, and there is none",
        **chain(permitted(registered_id("1.2.3")), mail),
    )
    corpus.reject(
        "unknown-form",
        "name-constraints",
        "unknown-form-not-there",
        "there is one",
        target=chain(None, mail, thing)["target"],
    )
    corpus.accept(
        "unknown-form-unconstrained",
        "4.2.1.10",
        "there is one, and other forms are constrained",
        **chain(permitted(email("example.com")), mail, thing),
    )
    corpus.reject(
        "unknown-form-excluded",
        "name-constraints",
        "unknown-form-unconstrained",
        "that form is excluded somewhere",
        intermediates=[ca(name_constraints=excluded(registered_id("1.2.5")))],
    )
    upn = names.other_name("1.3.6.1.4.1.311.20.2.3", text("bob@example.com"))
    other = names.other_name("1.3.6.1.4.1.55555.3", text("bob"))
    corpus.accept(
        "other-name-unconstrained",
        "4.2.1.10",
        "otherNames of one type are excluded, and there is one of another",
        **chain(excluded(other), mail, upn),
    )
    corpus.reject(
        "other-name-excluded",
        "name-constraints",
        "other-name-unconstrained",
        "there is one of that type",
        target=chain(None, mail, other)["target"],
    )
    x400 = tlv(0xA3, sequence())
    corpus.accept(
        "x400-not-there",
        "4.2.1.10",
        "x400Addresses are constrained, and there is none",
        **chain(excluded(x400), mail),
    )
    corpus.reject(
        "x400",
        "name-constraints",
        "x400-not-there",
        "there is one",
        target=chain(None, mail, x400)["target"],
    )
