//! One constraint, and whether a name is in it: RFC 5280 4.2.1.10, form by form.

use std::fmt;

use crate::address::Address;
use crate::path::name_constraints::host::{host, host_of_uri, is_below};
use crate::printable::printable;
use crate::x509::general_name::GeneralName;
use crate::x509::name::{ComparableName, Name as DistinguishedName};

/// What a constraint spans.
#[derive(Debug)]
pub(super) enum Subtree {
    /// rfc822Name
    Mailbox(Mailboxes),
    /// dNSName: this name and all that have labels before it; empty for every name.
    Dns(String),
    /// directoryName: every name that begins with these RDNs.
    Directory(ComparableName),
    /// uniformResourceIdentifier: one host.
    UriHost(String),
    /// uniformResourceIdentifier that begins with a period: the hosts below a domain.
    UriDomain(String),
    /// iPAddress: address and mask, each of 4 or 16 octets.
    Ip(Vec<u8>, Vec<u8>),
    /// A form that is not known here, or a base that is not of its form: nobody can tell what is
    /// in it.
    Incomparable(Form),
}

/// The three forms of a constraint on mailboxes, and the empty one.
#[derive(Debug)]
pub(super) enum Mailboxes {
    /// `bob@example.com`
    One(Address),
    /// `example.com`: at this host, and at none below it.
    Host(String),
    /// `.example.com`: at every host below it.
    Domain(String),
    /// An empty constraint, which RFC 5280 does not speak of: as in NSS and Go, all.
    All,
}

/// What names are compared with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Form {
    Mailbox,
    Dns,
    Directory,
    Uri,
    Ip,
    X400,
    EdiParty,
    RegisteredId,
    /// otherName, by the octets of its type.
    Other(Vec<u8>),
}

/// One name of a certificate.
#[derive(Debug)]
pub(super) enum Name<'a> {
    Mailbox(&'a Address),
    /// What stands in a mailbox's place and is none.
    NoMailbox(&'a str),
    /// A distinguished name, and how it is shown.
    Directory(ComparableName, String),
    /// Any other name of the subjectAltName.
    Alternative(GeneralName<'a>),
}

/// What a name's being in a subtree leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    Permitted,
    Excluded,
}

impl Subtree {
    pub(super) fn read(base: &GeneralName<'_>) -> Subtree {
        let known = match base {
            GeneralName::Rfc822(text) => Mailboxes::read(text).map(Subtree::Mailbox),
            // RFC 5280 gives a leading period no meaning here, and readers differ over it.
            GeneralName::Dns(b"") => Some(Subtree::Dns(String::new())),
            GeneralName::Dns(name) => host(name).map(Subtree::Dns),
            GeneralName::Directory(der) => DistinguishedName::from_der(der)
                .ok()
                .map(|name| Subtree::Directory(name.comparable())),
            GeneralName::Uri([b'.', domain @ ..]) => host(domain).map(Subtree::UriDomain),
            GeneralName::Uri(name) => host(name).map(Subtree::UriHost),
            GeneralName::Ip(octets) => ip_range(octets),
            _ => None,
        };
        known.unwrap_or_else(|| Subtree::Incomparable(form(base)))
    }

    pub(super) fn form(&self) -> Form {
        match self {
            Subtree::Mailbox(_) => Form::Mailbox,
            Subtree::Dns(_) => Form::Dns,
            Subtree::Directory(_) => Form::Directory,
            Subtree::UriHost(_) | Subtree::UriDomain(_) => Form::Uri,
            Subtree::Ip(..) => Form::Ip,
            Subtree::Incomparable(form) => form.clone(),
        }
    }

    /// Whether a name of the same form is in the subtree; none if that cannot be told.
    pub(super) fn contains(&self, name: &Name<'_>, side: Side) -> Option<bool> {
        match (self, name) {
            (Subtree::Mailbox(mailboxes), Name::Mailbox(address)) => {
                Some(mailboxes.contain(address, side))
            }
            (Subtree::Directory(base), Name::Directory(name, _)) => Some(name.is_within(base)),
            (Subtree::Dns(base), Name::Alternative(GeneralName::Dns(name))) => {
                Some(dns_contains(base, &host(name)?, side))
            }
            (Subtree::UriHost(base), Name::Alternative(GeneralName::Uri(uri))) => {
                Some(host_of_uri(uri)? == *base)
            }
            (Subtree::UriDomain(base), Name::Alternative(GeneralName::Uri(uri))) => {
                Some(is_below(&host_of_uri(uri)?, base))
            }
            (Subtree::Ip(base, mask), Name::Alternative(GeneralName::Ip(address))) => {
                ip_contains(base, mask, address)
            }
            _ => None,
        }
    }
}

impl Mailboxes {
    fn read(text: &[u8]) -> Option<Mailboxes> {
        let text = std::str::from_utf8(text)
            .ok()
            .filter(|text| text.is_ascii())?;
        let domain = |domain: &str| {
            let address = Address::new("postmaster", domain).ok()?;
            Some(address.domain().to_owned())
        };
        match text.strip_prefix('.') {
            Some(below) => domain(below).map(Mailboxes::Domain),
            None if text.is_empty() => Some(Mailboxes::All),
            None if text.contains('@') => Address::parse(text).ok().map(Mailboxes::One),
            None => domain(text).map(Mailboxes::Host),
        }
    }

    fn contain(&self, address: &Address, side: Side) -> bool {
        match (self, side) {
            // RFC 5280 7.5: the local part to the letter. Whom a CA excludes is not let in by
            // another case, which names the same mailbox wherever mail is delivered.
            (Mailboxes::One(one), Side::Permitted) => one == address,
            (Mailboxes::One(one), Side::Excluded) => one.matches(address),
            (Mailboxes::Host(host), _) => address.domain() == host,
            (Mailboxes::Domain(domain), _) => is_below(address.domain(), domain),
            (Mailboxes::All, _) => true,
        }
    }
}

fn dns_contains(base: &str, name: &str, side: Side) -> bool {
    if base.is_empty() || name == base || is_below(name, base) {
        return true;
    }
    // A wildcard stands for names that the excluded one is among.
    let wildcard = name.strip_prefix("*.");
    let parent = base.split_once('.').map(|(_, parent)| parent);
    side == Side::Excluded && wildcard.is_some() && wildcard == parent
}

/// RFC 5280 4.2.1.10: address and mask in the style of RFC 4632, ones and then zeros.
fn ip_range(octets: &[u8]) -> Option<Subtree> {
    if ![8, 32].contains(&octets.len()) {
        return None;
    }
    let (address, mask) = octets.split_at(octets.len() / 2);
    let prefix: u32 = mask.iter().map(|octet| octet.leading_ones()).sum();
    let ones: u32 = mask.iter().map(|octet| octet.count_ones()).sum();
    let first_short = mask.iter().position(|octet| *octet != 0xff);
    let rest_is_zero =
        first_short.is_none_or(|first| mask[first + 1..].iter().all(|octet| *octet == 0));
    (prefix == ones && rest_is_zero).then(|| Subtree::Ip(address.to_vec(), mask.to_vec()))
}

fn ip_contains(base: &[u8], mask: &[u8], address: &[u8]) -> Option<bool> {
    if ![4, 16].contains(&address.len()) {
        return None;
    }
    let mut octets = base.iter().zip(mask).zip(address);
    Some(
        base.len() == address.len()
            && octets.all(|((base, mask), address)| base & mask == address & mask),
    )
}

fn form(name: &GeneralName<'_>) -> Form {
    match name {
        GeneralName::Other { type_id, .. } => Form::Other(type_id.to_vec()),
        GeneralName::Rfc822(_) => Form::Mailbox,
        GeneralName::Dns(_) => Form::Dns,
        GeneralName::X400(_) => Form::X400,
        GeneralName::Directory(_) => Form::Directory,
        GeneralName::EdiParty(_) => Form::EdiParty,
        GeneralName::Uri(_) => Form::Uri,
        GeneralName::Ip(_) => Form::Ip,
        GeneralName::RegisteredId(_) => Form::RegisteredId,
    }
}

impl Name<'_> {
    pub(super) fn form(&self) -> Form {
        match self {
            Name::Mailbox(_) | Name::NoMailbox(_) => Form::Mailbox,
            Name::Directory(..) => Form::Directory,
            Name::Alternative(name) => form(name),
        }
    }
}

/// For people, with what a terminal would obey escaped.
impl fmt::Display for Name<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Name::Mailbox(address) => write!(f, "{}", printable(&address.to_string())),
            Name::NoMailbox(escaped) => f.write_str(escaped),
            Name::Directory(_, shown) => f.write_str(shown),
            Name::Alternative(name) => name.fmt(f),
        }
    }
}
