//! GeneralName (RFC 5280 4.2.1.6): a name of one of nine forms, in alternative names, name
//! constraints, distribution points and CRLs.
//!
//! ```
//! use mailseal::asn1::reader::Reader;
//! use mailseal::x509::general_name::GeneralName;
//!
//! let name = GeneralName::read(&mut Reader::new(b"\x82\x07a.local"));
//! assert_eq!(name, Ok(GeneralName::Dns(b"a.local")));
//! ```
//!
//! # Not supported
//!
//! What is inside an x400Address or an ediPartyName.

use std::fmt;
use std::net::{Ipv4Addr, Ipv6Addr};

use const_oid::db::rfc5280::ID_CE_SUBJECT_ALT_NAME;

use crate::asn1::oid::ObjectIdentifier;
use crate::asn1::reader::{self, Reader, dotted};
use crate::asn1::tag;
use crate::x509::Certificate;
use crate::x509::name::Name;

/// id-on-SmtpUTF8Mailbox (RFC 9598 3): the type of an otherName that is a mailbox beyond ASCII.
pub const ID_ON_SMTP_UTF8_MAILBOX: ObjectIdentifier =
    ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.8.9");

/// One name, as it stands in the DER.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GeneralName<'a> {
    /// otherName: the octets of its type's identifier, and the element in its `[0]`.
    Other {
        #[allow(missing_docs)]
        type_id: &'a [u8],
        #[allow(missing_docs)]
        value: &'a [u8],
    },
    /// rfc822Name: a mailbox in ASCII, if it is what it should be.
    Rfc822(&'a [u8]),
    /// dNSName
    Dns(&'a [u8]),
    /// x400Address
    X400(&'a [u8]),
    /// directoryName: a whole Name.
    Directory(&'a [u8]),
    /// ediPartyName
    EdiParty(&'a [u8]),
    /// uniformResourceIdentifier
    Uri(&'a [u8]),
    /// iPAddress: 4 or 16 octets; twice as many, with a mask, in name constraints.
    Ip(&'a [u8]),
    /// registeredID: the octets of an object identifier.
    RegisteredId(&'a [u8]),
}

impl<'a> GeneralName<'a> {
    /// Reads the next name. Only its structure is looked at: whether there is a mailbox in an
    /// rfc822Name is for who asks for it.
    pub fn read(reader: &mut Reader<'a>) -> Result<GeneralName<'a>, reader::Error> {
        let element = reader.read()?;
        let value = reader.value(&element);
        Ok(match element.tag() {
            0xa0 => {
                let mut other = reader.inside(&element);
                let type_id = other.expect(tag::OBJECT_IDENTIFIER)?;
                let explicit = other.expect(tag::context_constructed(0))?;
                other.finish()?;
                GeneralName::Other {
                    type_id: other.value(&type_id),
                    value: other.value(&explicit),
                }
            }
            0x81 => GeneralName::Rfc822(value),
            0x82 => GeneralName::Dns(value),
            0xa3 => GeneralName::X400(value),
            0xa4 => GeneralName::Directory(value),
            0xa5 => GeneralName::EdiParty(value),
            0x86 => GeneralName::Uri(value),
            0x87 => GeneralName::Ip(value),
            0x88 => GeneralName::RegisteredId(value),
            _ => return Err(reader::Error::Value(element.whole().start)),
        })
    }

    /// Reads all that are left: the inside of GeneralNames.
    pub fn read_all(mut reader: Reader<'a>) -> Result<Vec<GeneralName<'a>>, reader::Error> {
        let mut names = Vec::new();
        while !reader.is_empty() {
            names.push(GeneralName::read(&mut reader)?);
        }
        Ok(names)
    }

    /// The form of the name, as RFC 5280 4.2.1.6 calls it.
    pub fn form(&self) -> &'static str {
        match self {
            GeneralName::Other { .. } => "otherName",
            GeneralName::Rfc822(_) => "rfc822Name",
            GeneralName::Dns(_) => "dNSName",
            GeneralName::X400(_) => "x400Address",
            GeneralName::Directory(_) => "directoryName",
            GeneralName::EdiParty(_) => "ediPartyName",
            GeneralName::Uri(_) => "uniformResourceIdentifier",
            GeneralName::Ip(_) => "iPAddress",
            GeneralName::RegisteredId(_) => "registeredID",
        }
    }
}

/// For people, without its form where the text shows it, and with what a terminal would obey escaped.
impl fmt::Display for GeneralName<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            GeneralName::Rfc822(text) | GeneralName::Dns(text) | GeneralName::Uri(text) => {
                write!(f, "{}", text.escape_ascii())
            }
            GeneralName::Ip(octets) => ip_address(f, octets),
            GeneralName::Other { type_id, .. } => write!(f, "an otherName of {}", dotted(type_id)),
            GeneralName::RegisteredId(id) => write!(f, "the registeredID {}", dotted(id)),
            GeneralName::X400(_) => f.write_str("an x400Address"),
            GeneralName::Directory(der) => match Name::from_der(der) {
                Ok(name) => name.fmt(f),
                Err(_) => f.write_str("a malformed directoryName"),
            },
            GeneralName::EdiParty(_) => f.write_str("an ediPartyName"),
        }
    }
}

/// An address, or an address and a mask as they are in name constraints.
fn ip_address(f: &mut fmt::Formatter<'_>, octets: &[u8]) -> fmt::Result {
    let address = |octets: &[u8]| -> Option<String> {
        let four = <[u8; 4]>::try_from(octets).map(|octets| Ipv4Addr::from(octets).to_string());
        let sixteen = || <[u8; 16]>::try_from(octets).map(|o| Ipv6Addr::from(o).to_string());
        four.or_else(|_| sixteen()).ok()
    };
    let (first, second) = octets.split_at(octets.len() / 2);
    match (
        octets.len(),
        address(octets),
        address(first),
        address(second),
    ) {
        (4 | 16, Some(address), ..) => f.write_str(&address),
        (8 | 32, _, Some(address), Some(mask)) => write!(f, "{address}/{mask}"),
        (length, ..) => write!(f, "an IP address of {length} octets"),
    }
}

impl Certificate {
    /// The names of the subjectAltName; none if there is no such extension.
    pub fn subject_alt_names(&self) -> Result<Vec<GeneralName<'_>>, reader::Error> {
        let Some((value, _)) = self.extension(ID_CE_SUBJECT_ALT_NAME) else {
            return Ok(Vec::new());
        };
        let mut reader = Reader::new(value);
        let names = reader.expect(tag::SEQUENCE)?;
        reader.finish()?;
        GeneralName::read_all(reader.inside(&names))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::asn1::tlv::element;

    #[test]
    fn every_form_is_told_from_the_others() {
        let other = element(0xa0, b"\x06\x02\x2a\x03\xa0\x02\x0c\x00");
        let forms = [
            (other.as_slice(), "Other"),
            (b"\x81\x01a", "Rfc822"),
            (b"\x82\x01a", "Dns"),
            (b"\xa3\x00", "X400"),
            (b"\xa4\x02\x30\x00", "Directory"),
            (b"\xa5\x00", "EdiParty"),
            (b"\x86\x01a", "Uri"),
            (b"\x87\x04\x7f\x00\x00\x01", "Ip"),
            (b"\x88\x02\x2a\x03", "RegisteredId"),
        ];
        let all: Vec<u8> = forms.iter().flat_map(|(der, _)| der.to_vec()).collect();
        let names = GeneralName::read_all(Reader::new(&all)).unwrap();
        for (name, (_, form)) in names.iter().zip(forms) {
            assert!(format!("{name:?}").starts_with(form), "{name:?}");
        }
        for wrong in [
            &b"\x89\x00"[..],
            b"\x80\x00",
            b"\xa1\x00",
            b"\xa0\x00",
            b"\xa0\x04\x06\x02\x2a\x03",
            b"\x81\x02a",
        ] {
            assert!(
                GeneralName::read(&mut Reader::new(wrong)).is_err(),
                "{wrong:x?}"
            );
        }
    }

    #[test]
    fn what_is_shown_cannot_steer_a_terminal() {
        let root = b"\x30\x0c\x31\x0a\x30\x08\x06\x03\x55\x04\x03\x0c\x01a";
        for (name, form, shown) in [
            (
                GeneralName::Dns(b"a.example\x1b[2J"),
                "dNSName",
                "a.example\\x1b[2J",
            ),
            (GeneralName::Ip(&[192, 0, 2, 1]), "iPAddress", "192.0.2.1"),
            (
                GeneralName::Ip(&[10, 0, 0, 0, 255, 0, 0, 0]),
                "iPAddress",
                "10.0.0.0/255.0.0.0",
            ),
            (GeneralName::Ip(&[0; 16]), "iPAddress", "::"),
            (
                GeneralName::Ip(&[0; 5]),
                "iPAddress",
                "an IP address of 5 octets",
            ),
            (GeneralName::Directory(root), "directoryName", "CN=a"),
            (
                GeneralName::Directory(b"\x31\x00"),
                "directoryName",
                "a malformed directoryName",
            ),
            (
                GeneralName::RegisteredId(b"\x2a\x03"),
                "registeredID",
                "the registeredID 1.2.3",
            ),
        ] {
            assert_eq!((name.form(), &*name.to_string()), (form, shown));
        }
    }
}
