//! Distinguished names and the other names of a certificate, as a test writes them.

use std::fmt;

use super::der::{element, explicit, implicit, oid, sequence};

/// How an attribute's text is encoded. RFC 5280 7.1 has all of these compare alike.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encoding {
    Utf8,
    Printable,
    Teletex,
    Bmp,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Attribute {
    Country,
    Organization,
    CommonName,
    EmailAddress,
}

/// A distinguished name of RDNs with one attribute each, the most significant first.
#[derive(Clone, PartialEq, Eq)]
pub struct Name(pub Vec<(Attribute, String, Encoding)>);

impl Name {
    /// `C=DE, O=Acme`, and a common name.
    pub fn of(common_name: &str) -> Name {
        Name::in_country("DE", "Acme").and(Attribute::CommonName, common_name)
    }

    pub fn in_country(country: &str, organization: &str) -> Name {
        Name(Vec::new())
            .and(Attribute::Country, country)
            .and(Attribute::Organization, organization)
    }

    pub fn and(mut self, attribute: Attribute, text: &str) -> Name {
        let encoding = match attribute {
            Attribute::Country => Encoding::Printable,
            _ => Encoding::Utf8,
        };
        self.0.push((attribute, text.to_owned(), encoding));
        self
    }

    /// The value of the last attribute of this type.
    pub fn value(&self, attribute: Attribute) -> Option<&str> {
        let mut of_type = self
            .0
            .iter()
            .rev()
            .filter(|(other, ..)| *other == attribute);
        of_type.next().map(|(_, text, _)| text.as_str())
    }

    /// The texts alone, without what their spaces and, by this function, their case would tell.
    pub fn folded(&self, fold: fn(&str) -> String) -> Vec<String> {
        let words = |text: &String| {
            let folded = fold(text);
            folded.split_whitespace().collect::<Vec<_>>().join(" ")
        };
        self.0.iter().map(|(_, text, _)| words(text)).collect()
    }

    pub fn der(&self) -> Vec<u8> {
        let rdn = |(attribute, text, encoding): &(Attribute, String, Encoding)| {
            let id = match attribute {
                Attribute::Country => "2.5.4.6",
                Attribute::Organization => "2.5.4.10",
                Attribute::CommonName => "2.5.4.3",
                Attribute::EmailAddress => "1.2.840.113549.1.9.1",
            };
            let value = match (attribute, encoding) {
                (Attribute::EmailAddress, _) => element(0x16, text.as_bytes()),
                (_, Encoding::Utf8) => element(0x0c, text.as_bytes()),
                (_, Encoding::Printable) => element(0x13, text.as_bytes()),
                (_, Encoding::Teletex) => {
                    let latin1 = text.chars().map(|c| c as u8);
                    element(0x14, &latin1.collect::<Vec<_>>())
                }
                (_, Encoding::Bmp) => {
                    let units = text.encode_utf16().flat_map(u16::to_be_bytes);
                    element(0x1e, &units.collect::<Vec<_>>())
                }
            };
            element(0x31, &sequence(&[oid(id), value]))
        };
        sequence(&self.0.iter().map(rdn).collect::<Vec<_>>())
    }
}

impl fmt::Debug for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (_, text, encoding) in &self.0 {
            write!(f, "/{text}")?;
            if !matches!(encoding, Encoding::Utf8 | Encoding::Printable) {
                write!(f, "({encoding:?})")?;
            }
        }
        Ok(())
    }
}

/// A name of a subjectAltName, or a base of name constraints.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum GeneralName {
    Mailbox(String),
    Dns(String),
    Directory(Name),
    Uri(String),
    /// An address, or in a constraint address and mask.
    Ip(Vec<u8>),
    RegisteredId(&'static str),
    /// SmtpUTF8Mailbox (RFC 9598).
    InternationalMailbox(String),
}

impl GeneralName {
    pub fn der(&self) -> Vec<u8> {
        match self {
            GeneralName::Mailbox(text) => implicit(1, text.as_bytes()),
            GeneralName::Dns(text) => implicit(2, text.as_bytes()),
            GeneralName::Directory(name) => explicit(4, &name.der()),
            GeneralName::Uri(text) => implicit(6, text.as_bytes()),
            GeneralName::Ip(octets) => implicit(7, octets),
            GeneralName::RegisteredId(id) => implicit(8, &oid(id)[2..]),
            GeneralName::InternationalMailbox(text) => {
                let value = explicit(0, &element(0x0c, text.as_bytes()));
                explicit(0, &[oid("1.3.6.1.5.5.7.8.9"), value].concat())
            }
        }
    }
}
