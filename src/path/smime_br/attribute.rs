//! The attributes of subscribers' names: how they are written, and which certificates have them (the
//! tables of 7.1.4.2.3 to 7.1.4.2.6).

use super::profile::{CertificateType, Generation};
use crate::asn1::oid::{ID_EMAIL_ADDRESS, ObjectIdentifier};
use crate::asn1::reader::dotted;
use crate::asn1::tag;
use crate::x509::name;

const fn at(dotted: &str) -> ObjectIdentifier {
    ObjectIdentifier::new_unwrap(dotted)
}

pub(super) const COMMON_NAME: ObjectIdentifier = at("2.5.4.3");
pub(super) const SURNAME: ObjectIdentifier = at("2.5.4.4");
pub(super) const COUNTRY_NAME: ObjectIdentifier = at("2.5.4.6");
pub(super) const LOCALITY_NAME: ObjectIdentifier = at("2.5.4.7");
pub(super) const STATE_OR_PROVINCE_NAME: ObjectIdentifier = at("2.5.4.8");
pub(super) const STREET_ADDRESS: ObjectIdentifier = at("2.5.4.9");
pub(super) const ORGANIZATION_NAME: ObjectIdentifier = at("2.5.4.10");
pub(super) const POSTAL_CODE: ObjectIdentifier = at("2.5.4.17");
pub(super) const GIVEN_NAME: ObjectIdentifier = at("2.5.4.42");
pub(super) const PSEUDONYM: ObjectIdentifier = at("2.5.4.65");
pub(super) const ORGANIZATION_IDENTIFIER: ObjectIdentifier = at("2.5.4.97");

/// What a table says of an attribute.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Demand {
    Shall,
    May,
    /// SHALL NOT if Strict, else MAY.
    MayUnlessStrict,
    /// MAY if Legacy, else SHALL NOT.
    MayIfLegacy,
    ShallNot,
}

impl Demand {
    pub(super) fn allows(self, generation: Generation) -> bool {
        match self {
            Demand::Shall | Demand::May => true,
            Demand::MayUnlessStrict => generation != Generation::Strict,
            Demand::MayIfLegacy => generation == Generation::Legacy,
            Demand::ShallNot => false,
        }
    }
}

/// A line of the tables.
pub(super) struct Attribute {
    pub(super) attribute_type: ObjectIdentifier,
    pub(super) name: &'static str,
    /// RFC 5280 A.1, in characters.
    pub(super) upper_bound: Option<usize>,
    /// RFC 5280 4.1.2.4 and A.1: the string types it may be of.
    pub(super) strings: &'static [u8],
    /// If Mailbox-, Organization-, Sponsor-, Individual-validated.
    demands: [Demand; 4],
}

/// DirectoryString, of its types those that new certificates may have.
const TEXT: &[u8] = &[tag::PRINTABLE_STRING, tag::UTF8_STRING];
const CODE: &[u8] = &[tag::PRINTABLE_STRING];
const MAIL: &[u8] = &[tag::IA5_STRING];

#[rustfmt::skip]
pub(super) const ATTRIBUTES: &[Attribute] = {
    use Demand::{May, MayUnlessStrict as NotStrict, Shall, ShallNot as Not};
    &[
        line(COMMON_NAME,             "commonName",             Some(64),     TEXT, [May, May,       May,       May]),
        line(ORGANIZATION_NAME,       "organizationName",       Some(64),     TEXT, [Not, Shall,     Shall,     Not]),
        line(at("2.5.4.11"),          "organizationalUnitName", Some(64),     TEXT, [Not, May,       May,       Not]),
        line(ORGANIZATION_IDENTIFIER, "organizationIdentifier", None,         TEXT, [Not, Shall,     Shall,     Not]),
        line(GIVEN_NAME,              "givenName",              Some(32_768), TEXT, [Not, Not,       May,       May]),
        line(SURNAME,                 "surname",                Some(32_768), TEXT, [Not, Not,       May,       May]),
        line(PSEUDONYM,               "pseudonym",              Some(128),    TEXT, [Not, Not,       May,       May]),
        line(at("2.5.4.5"),           "serialNumber",           Some(64),     CODE, [May, May,       May,       May]),
        line(ID_EMAIL_ADDRESS,        "emailAddress",           Some(255),    MAIL, [May, May,       May,       May]),
        line(at("2.5.4.12"),          "title",                  Some(64),     TEXT, [Not, Not,       May,       May]),
        line(STREET_ADDRESS,          "streetAddress",          None,         TEXT, [Not, NotStrict, NotStrict, NotStrict]),
        line(LOCALITY_NAME,           "localityName",           Some(128),    TEXT, [Not, May,       May,       May]),
        line(STATE_OR_PROVINCE_NAME,  "stateOrProvinceName",    Some(128),    TEXT, [Not, May,       May,       May]),
        line(POSTAL_CODE,             "postalCode",             None,         TEXT, [Not, NotStrict, NotStrict, NotStrict]),
        line(COUNTRY_NAME,            "countryName",            Some(2),      CODE, [Not, May,       May,       May]),
    ]
};

/// The last line of each table.
#[rustfmt::skip]
const OTHER: [Demand; 4] = [Demand::ShallNot, Demand::MayIfLegacy, Demand::MayIfLegacy, Demand::MayIfLegacy];

const fn line(
    attribute_type: ObjectIdentifier,
    name: &'static str,
    upper_bound: Option<usize>,
    strings: &'static [u8],
    demands: [Demand; 4],
) -> Attribute {
    Attribute {
        attribute_type,
        name,
        upper_bound,
        strings,
        demands,
    }
}

impl Attribute {
    /// The line for an attribute of a name.
    pub(super) fn of(attribute: &name::Attribute<'_>) -> Option<&'static Attribute> {
        ATTRIBUTES
            .iter()
            .find(|known| attribute.is(known.attribute_type))
    }

    pub(super) fn demand(&self, kind: CertificateType) -> Demand {
        of_kind(&self.demands, kind)
    }
}

/// What the table of this type says of an attribute.
pub(super) fn demand(attribute: &name::Attribute<'_>, kind: CertificateType) -> Demand {
    let known = Attribute::of(attribute);
    known.map_or_else(|| of_kind(&OTHER, kind), |known| known.demand(kind))
}

fn of_kind(demands: &[Demand; 4], kind: CertificateType) -> Demand {
    let [mailbox, organization, sponsor, individual] = *demands;
    match kind {
        CertificateType::Mailbox => mailbox,
        CertificateType::Organization => organization,
        CertificateType::Sponsor => sponsor,
        CertificateType::Individual => individual,
    }
}

/// The name of an attribute's type, its numbers if it has none here.
pub(super) fn shown(attribute: &name::Attribute<'_>) -> String {
    let known = Attribute::of(attribute);
    known.map_or_else(
        || dotted(attribute.attribute_type()),
        |known| known.name.to_owned(),
    )
}
