//! Distinguished names (RFC 5280 4.1.2.4), shown as RFC 4514 says.
//!
//! What a name says was written by a stranger and lands on terminals and in logs: besides what
//! RFC 4514 escapes, every character that moves a cursor or turns text around is escaped too.
//!
//! ```
//! use mailseal::x509::name::Name;
//!
//! // CN=Bob, O=Acme: on the wire the most significant comes first, in the text last.
//! let der = b"\x30\x1d\x31\x0d\x30\x0b\x06\x03\x55\x04\x0a\x0c\x04Acme\
//!     \x31\x0c\x30\x0a\x06\x03\x55\x04\x03\x0c\x03Bob";
//! assert_eq!(Name::from_der(der).unwrap().to_string(), "CN=Bob,O=Acme");
//! ```
//!
//! # Not supported
//!
//! The escape sequences of T.61 in a TeletexString: its octets are taken for ISO 8859-1, as every
//! other implementation does.

use std::fmt::{self, Write};

use crate::asn1::oid::{self, ObjectIdentifier};
use crate::asn1::reader::{self, Reader, dotted, hexadecimal};
use crate::asn1::tag;
use crate::asn1::tlv;
use crate::printable::is_deceptive;
use crate::x509::string_preparation::prepared;

/// RFC 4519 2.3.
const COMMON_NAME: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.4.3");

/// RFC 4519 2.19.
const ORGANIZATION_NAME: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.4.10");

/// RFC 4514 3 and the LDAP registry of RFC 4520 8.2: the short names of attribute types.
const DESCRIPTORS: &[(ObjectIdentifier, &str)] = &[
    (COMMON_NAME, "CN"),
    (ObjectIdentifier::new_unwrap("2.5.4.4"), "SN"),
    (ObjectIdentifier::new_unwrap("2.5.4.5"), "serialNumber"),
    (ObjectIdentifier::new_unwrap("2.5.4.6"), "C"),
    (ObjectIdentifier::new_unwrap("2.5.4.7"), "L"),
    (ObjectIdentifier::new_unwrap("2.5.4.8"), "ST"),
    (ObjectIdentifier::new_unwrap("2.5.4.9"), "STREET"),
    (ORGANIZATION_NAME, "O"),
    (ObjectIdentifier::new_unwrap("2.5.4.11"), "OU"),
    (ObjectIdentifier::new_unwrap("2.5.4.12"), "title"),
    (ObjectIdentifier::new_unwrap("2.5.4.17"), "postalCode"),
    (ObjectIdentifier::new_unwrap("2.5.4.42"), "givenName"),
    (ObjectIdentifier::new_unwrap("2.5.4.43"), "initials"),
    (
        ObjectIdentifier::new_unwrap("2.5.4.44"),
        "generationQualifier",
    ),
    (ObjectIdentifier::new_unwrap("2.5.4.46"), "dnQualifier"),
    (ObjectIdentifier::new_unwrap("2.5.4.65"), "pseudonym"),
    (
        ObjectIdentifier::new_unwrap("2.5.4.97"),
        "organizationIdentifier",
    ),
    (
        ObjectIdentifier::new_unwrap("0.9.2342.19200300.100.1.1"),
        "UID",
    ),
    (
        ObjectIdentifier::new_unwrap("0.9.2342.19200300.100.1.25"),
        "DC",
    ),
    (oid::ID_EMAIL_ADDRESS, "emailAddress"),
];

/// A distinguished name: relative distinguished names from the root down, each one or more
/// attributes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Name<'a>(Vec<Vec<Attribute<'a>>>);

/// One attribute of a name: AttributeTypeAndValue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attribute<'a> {
    attribute_type: &'a [u8],
    /// The whole AttributeValue, header included.
    der: &'a [u8],
    string_type: u8,
    /// The value as text, when its type is one of the string types.
    text: Option<String>,
}

impl<'a> Name<'a> {
    /// Reads an RDNSequence. The order within a multi-valued RDN is kept, also where it is not
    /// DER's.
    pub fn from_der(der: &'a [u8]) -> Result<Name<'a>, reader::Error> {
        let mut reader = Reader::new(der);
        let sequence = reader.expect(tag::SEQUENCE)?;
        reader.finish()?;
        let mut sets = reader.inside(&sequence);
        let mut names = Vec::new();
        while !sets.is_empty() {
            let set = sets.expect(tag::SET)?;
            let mut attributes = sets.inside(&set);
            let mut name = Vec::new();
            while !attributes.is_empty() {
                let attribute = attributes.expect(tag::SEQUENCE)?;
                name.push(Attribute::read(der, attributes.inside(&attribute))?);
            }
            names.push(name);
        }
        Ok(Name(names))
    }

    /// Every attribute, the most significant first, those of one RDN one after the other.
    pub fn attributes(&self) -> impl DoubleEndedIterator<Item = &Attribute<'a>> {
        self.0.iter().flatten()
    }

    /// What people call it by: the commonName, else the organizationName, as it is written.
    pub fn short(&self) -> Option<&str> {
        self.last(COMMON_NAME)
            .or_else(|| self.last(ORGANIZATION_NAME))
    }

    /// The text of the most specific attribute of a type.
    fn last(&self, attribute_type: ObjectIdentifier) -> Option<&str> {
        let mut of_type = self.attributes().filter(|it| it.is(attribute_type));
        of_type.next_back()?.text()
    }

    /// The emailAddress attributes, in their order, as they are written. RFC 8550 3 has them
    /// recognised beside the subjectAltName.
    pub fn email_addresses(&self) -> impl Iterator<Item = &str> {
        self.attributes()
            .filter(|attribute| attribute.is(oid::ID_EMAIL_ADDRESS))
            .filter_map(Attribute::text)
    }
}

/// A name in the form in which names are compared (RFC 5280 7.1).
///
/// Each relative distinguished name is octets that two have in common exactly when they match:
/// attributes in one order, text in UTF-8 and prepared for comparison (RFC 4518). Whatever is no text,
/// or none that can be prepared, matches what has the same encoding.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ComparableName(Vec<Vec<u8>>);

impl ComparableName {
    /// Whether this name lies in the subtree of that one (RFC 5280 4.2.1.10): it begins with the
    /// same relative distinguished names.
    pub fn is_within(&self, subtree: &ComparableName) -> bool {
        self.0.starts_with(&subtree.0)
    }

    /// This name with the attributes of one more RDN, the inside of its SET, at the end: what
    /// nameRelativeToCRLIssuer means (RFC 5280 4.2.1.13).
    pub fn with_rdn(&self, attributes: &[u8]) -> Result<ComparableName, reader::Error> {
        let rdn = tlv::element(tag::SET, attributes);
        let relative = Name::from_der(&tlv::sequence(&[&rdn]))?.comparable();
        Ok(ComparableName([&self.0[..], &relative.0[..]].concat()))
    }

    /// Whether it has no relative distinguished names at all.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl Name<'_> {
    /// The name as it is compared. RFC 5280 7.1: by caseIgnoreMatch whatever the string type, in
    /// the order of the RDNs, without regard to the order inside one.
    pub fn comparable(&self) -> ComparableName {
        let rdn = |attributes: &Vec<Attribute<'_>>| {
            let mut attributes: Vec<Vec<u8>> =
                attributes.iter().map(Attribute::comparable).collect();
            attributes.sort_unstable();
            attributes.concat()
        };
        ComparableName(self.0.iter().map(rdn).collect())
    }
}

impl Attribute<'_> {
    /// The octets of the attribute type's identifier.
    pub fn attribute_type(&self) -> &[u8] {
        self.attribute_type
    }

    /// Whether it is of this type.
    pub fn is(&self, attribute_type: ObjectIdentifier) -> bool {
        self.attribute_type == attribute_type.as_bytes()
    }

    /// The identifier octet of the value: which string type it is, if it is one.
    pub fn string_type(&self) -> u8 {
        self.string_type
    }

    /// The value as text, as its CA wrote it; none if it is no string. Escape it before it is shown.
    pub fn text(&self) -> Option<&str> {
        self.text.as_deref()
    }

    /// DER once more, so that no value can pass for a type or for two attributes. Prepared text has
    /// nothing in it for which another would be left as it is.
    fn comparable(&self) -> Vec<u8> {
        let value = match self.text.as_deref().and_then(prepared) {
            Some(text) => tlv::element(tag::UTF8_STRING, text.as_bytes()),
            None => self.der.to_vec(),
        };
        let attribute_type = tlv::element(tag::OBJECT_IDENTIFIER, self.attribute_type);
        tlv::sequence(&[&attribute_type, &value])
    }
}

impl<'a> Attribute<'a> {
    fn read(der: &'a [u8], mut reader: Reader<'a>) -> Result<Attribute<'a>, reader::Error> {
        let attribute_type = reader.expect(tag::OBJECT_IDENTIFIER)?;
        let value = reader.read()?;
        reader.finish()?;
        Ok(Attribute {
            attribute_type: reader.value(&attribute_type),
            der: &der[value.whole()],
            string_type: value.tag(),
            text: string(value.tag(), reader.value(&value)),
        })
    }
}

/// RFC 4514 2: the last RDN first, `+` between the attributes of one.
impl fmt::Display for Name<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, name) in self.0.iter().rev().enumerate() {
            if index > 0 {
                f.write_str(",")?;
            }
            for (index, attribute) in name.iter().enumerate() {
                if index > 0 {
                    f.write_str("+")?;
                }
                write!(f, "{attribute}")?;
            }
        }
        Ok(())
    }
}

/// RFC 4514 2.3 and 2.4: a type without a short name, or a value that is no string, is shown as
/// `#` and the hexadecimal BER.
impl fmt::Display for Attribute<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let descriptor = DESCRIPTORS
            .iter()
            .find(|(attribute_type, _)| attribute_type.as_bytes() == self.attribute_type)
            .map(|(_, descriptor)| *descriptor);
        match (descriptor, &self.text) {
            (Some(descriptor), Some(text)) => {
                write!(f, "{descriptor}=")?;
                escaped(f, text)
            }
            (Some(descriptor), None) => write!(f, "{descriptor}=#{}", hexadecimal(self.der)),
            (None, _) => {
                let attribute_type = dotted(self.attribute_type);
                write!(f, "{attribute_type}=#{}", hexadecimal(self.der))
            }
        }
    }
}

/// RFC 4514 2.4: what must be escaped, and as hexadecimal pairs what a terminal would obey.
fn escaped(f: &mut fmt::Formatter<'_>, text: &str) -> fmt::Result {
    let last = text.chars().count().saturating_sub(1);
    for (index, c) in text.chars().enumerate() {
        match c {
            ' ' if index == 0 || index == last => f.write_str("\\ ")?,
            '#' if index == 0 => f.write_str("\\#")?,
            '"' | '+' | ',' | ';' | '<' | '>' | '\\' => write!(f, "\\{c}")?,
            c if is_deceptive(c) => {
                for octet in c.encode_utf8(&mut [0; 4]).bytes() {
                    write!(f, "\\{octet:02X}")?;
                }
            }
            c => f.write_char(c)?,
        }
    }
    Ok(())
}

/// The value of a string type as text, or none if it is no string, or no valid one.
pub(super) fn string(string_type: u8, octets: &[u8]) -> Option<String> {
    match string_type {
        tag::UTF8_STRING => String::from_utf8(octets.to_vec()).ok(),
        // Old CAs put UTF-8 or Latin-1 into these; nothing else is a guess worth making.
        tag::NUMERIC_STRING | tag::PRINTABLE_STRING | tag::IA5_STRING | tag::VISIBLE_STRING => {
            String::from_utf8(octets.to_vec()).ok()
        }
        tag::TELETEX_STRING => Some(octets.iter().copied().map(char::from).collect()),
        tag::BMP_STRING => {
            let (units, []) = octets.as_chunks::<2>() else {
                return None;
            };
            char::decode_utf16(units.iter().copied().map(u16::from_be_bytes))
                .collect::<Result<_, _>>()
                .ok()
        }
        tag::UNIVERSAL_STRING => {
            let (units, []) = octets.as_chunks::<4>() else {
                return None;
            };
            let scalar = |unit: &[u8; 4]| char::from_u32(u32::from_be_bytes(*unit));
            units.iter().map(scalar).collect()
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::asn1::tlv::element as tlv;

    #[test]
    fn names_match_whatever_case_space_and_string_type() {
        let comparable = |values: &[(u8, &str)]| {
            let rdn = |(string_type, text): &(u8, &str)| {
                tlv(0x31, &attribute(CN, *string_type, text.as_bytes()))
            };
            let rdns: Vec<u8> = values.iter().flat_map(rdn).collect();
            let der = tlv(0x30, &rdns);
            Name::from_der(&der).unwrap().comparable()
        };
        let printable = comparable(&[(tag::PRINTABLE_STRING, "Acme Ltd")]);
        for same in ["Acme Ltd", " acme  LTD ", "ACME\tltd", "Ac\u{ad}me Ltd"] {
            assert_eq!(comparable(&[(tag::UTF8_STRING, same)]), printable, "{same}");
        }
        for other in ["AcmeLtd", "Acme Ltd.", "", "A cme Ltd"] {
            assert_ne!(
                comparable(&[(tag::UTF8_STRING, other)]),
                printable,
                "{other}"
            );
        }
        let below = comparable(&[(tag::UTF8_STRING, "acme ltd"), (tag::UTF8_STRING, "Bob")]);
        assert!(below.is_within(&printable) && !printable.is_within(&below));
        let longer = comparable(&[(tag::UTF8_STRING, "acme ltd bob")]);
        assert!(!longer.is_within(&printable) && printable.is_within(&printable));
        assert!(below.is_within(&comparable(&[])) && comparable(&[]).is_empty());
    }

    #[test]
    fn string_types_that_spell_alike_match() {
        let composed = common_name(tag::UTF8_STRING, "Caf\u{e9}".as_bytes());
        for (string_type, value) in [
            (tag::UTF8_STRING, "cafe\u{301}".as_bytes()),
            (tag::TELETEX_STRING, b"CAF\xc9"),
            (tag::BMP_STRING, b"\0C\0a\0f\0e\x03\x01"),
            (tag::UNIVERSAL_STRING, b"\0\0\0c\0\0\0a\0\0\0f\0\0\0\xe9"),
        ] {
            assert_eq!(common_name(string_type, value), composed, "{value:x?}");
        }
        assert_ne!(common_name(tag::PRINTABLE_STRING, b"Cafe"), composed);
        assert_eq!(
            common_name(tag::PRINTABLE_STRING, b"Cafe"),
            common_name(tag::UTF8_STRING, "ＣＡＦＥ".as_bytes())
        );
    }

    #[test]
    fn prohibited_text_matches_the_same_octets_alone() {
        // U+E000 is for private use.
        let private = common_name(tag::UTF8_STRING, "a\u{e000}".as_bytes());
        assert_eq!(
            common_name(tag::UTF8_STRING, "a\u{e000}".as_bytes()),
            private
        );
        for (string_type, value) in [
            (tag::UTF8_STRING, "A\u{e000}".as_bytes()),
            (tag::UTF8_STRING, b"a"),
            (tag::BMP_STRING, b"\0a\xe0\0"),
        ] {
            assert_ne!(common_name(string_type, value), private, "{value:x?}");
        }
    }

    #[test]
    fn an_rdn_is_a_set_and_no_text_is_an_attribute() {
        let o = [0x55, 0x04, 0x0a];
        let (cn, o) = (attribute(CN, 0x0c, b"a"), attribute(&o, 0x0c, b"b"));
        let name = |rdns: &[Vec<u8>]| {
            let der = tlv(0x30, &rdns.concat());
            Name::from_der(&der).unwrap().comparable()
        };
        let both = name(&[tlv(0x31, &[cn.clone(), o.clone()].concat())]);
        assert_eq!(both, name(&[tlv(0x31, &[o.clone(), cn.clone()].concat())]));
        assert_ne!(both, name(&[tlv(0x31, &cn), tlv(0x31, &o)]));
        assert!(!both.is_within(&name(&[tlv(0x31, &cn)])));
    }

    fn attribute(attribute_type: &[u8], string_type: u8, value: &[u8]) -> Vec<u8> {
        let content = [tlv(0x06, attribute_type), tlv(string_type, value)].concat();
        tlv(0x30, &content)
    }

    /// A name of one common name, to compare.
    fn common_name(string_type: u8, value: &[u8]) -> ComparableName {
        let der = tlv(0x30, &tlv(0x31, &attribute(CN, string_type, value)));
        Name::from_der(&der).unwrap().comparable()
    }

    /// A name of one RDN with one attribute.
    fn shown(attribute_type: &[u8], string_type: u8, value: &[u8]) -> String {
        let der = tlv(
            0x30,
            &tlv(0x31, &attribute(attribute_type, string_type, value)),
        );
        Name::from_der(&der).unwrap().to_string()
    }

    const CN: &[u8] = &[0x55, 0x04, 0x03];

    #[test]
    fn what_rfc_4514_escapes_is_escaped() {
        // The examples of RFC 4514 4, and the rest of 2.4.
        for (value, expected) in [
            (
                "James \"Jim\" Smith, III",
                "CN=James \\\"Jim\\\" Smith\\, III",
            ),
            ("Before\rAfter", "CN=Before\\0DAfter"),
            ("Lučić", "CN=Lučić"),
            ("#a#", "CN=\\#a#"),
            (" a b ", "CN=\\ a b\\ "),
            (" ", "CN=\\ "),
            ("a\\+b;<c>=d", "CN=a\\\\\\+b\\;\\<c\\>=d"),
            ("a\0b", "CN=a\\00b"),
            ("", "CN="),
        ] {
            assert_eq!(shown(CN, tag::UTF8_STRING, value.as_bytes()), expected);
        }
    }

    #[test]
    fn what_a_terminal_would_obey_is_escaped() {
        for (value, expected) in [
            ("\u{1b}[2Jx", "CN=\\1B[2Jx"),
            ("a\u{9b}b", "CN=a\\C2\\9Bb"),
            ("bob\u{202e}moc", "CN=bob\\E2\\80\\AEmoc"),
            ("a\u{2028}b", "CN=a\\E2\\80\\A8b"),
        ] {
            assert_eq!(shown(CN, tag::UTF8_STRING, value.as_bytes()), expected);
        }
    }

    #[test]
    fn every_string_type_is_read_and_anything_else_is_hexadecimal() {
        assert_eq!(shown(CN, tag::TELETEX_STRING, b"Z\xfcrich"), "CN=Zürich");
        assert_eq!(shown(CN, tag::BMP_STRING, b"\x00Z\x00\xfc"), "CN=Zü");
        assert_eq!(shown(CN, tag::UNIVERSAL_STRING, b"\0\0\0Z"), "CN=Z");
        assert_eq!(shown(CN, tag::BMP_STRING, b"\x00Z\x00"), "CN=#1e03005a00");
        assert_eq!(shown(CN, tag::BMP_STRING, b"\xd8\x00"), "CN=#1e02d800");
        assert_eq!(shown(CN, tag::UTF8_STRING, b"\xff"), "CN=#0c01ff");
        assert_eq!(shown(CN, tag::INTEGER, b"\x01"), "CN=#020101");
        assert_eq!(
            shown(&[0x2a, 0x03], tag::UTF8_STRING, b"x"),
            "1.2.3=#0c0178"
        );
    }

    #[test]
    fn the_last_rdn_comes_first_and_plus_joins_the_attributes_of_one() {
        let pair = [
            attribute(&[0x55, 0x04, 0x0b], tag::UTF8_STRING, b"Sales"),
            attribute(CN, tag::UTF8_STRING, b"J.  Smith"),
        ]
        .concat();
        let top = attribute(&[0x55, 0x04, 0x0a], tag::PRINTABLE_STRING, b"Widget Inc.");
        let der = tlv(0x30, &[tlv(0x31, &top), tlv(0x31, &pair)].concat());
        assert_eq!(
            Name::from_der(&der).unwrap().to_string(),
            "OU=Sales+CN=J.  Smith,O=Widget Inc."
        );
        assert_eq!(Name::from_der(&[0x30, 0x00]).unwrap().to_string(), "");
    }

    #[test]
    fn the_short_name_is_the_most_specific_common_name() {
        const O: &[u8] = b"\x55\x04\x0a";
        let short = |attributes: &[(&[u8], &str)]| {
            let rdn = |(attribute_type, text): &(&[u8], &str)| {
                tlv(
                    0x31,
                    &attribute(attribute_type, tag::UTF8_STRING, text.as_bytes()),
                )
            };
            let rdns: Vec<u8> = attributes.iter().flat_map(rdn).collect();
            let der = tlv(0x30, &rdns);
            Name::from_der(&der).unwrap().short().map(str::to_owned)
        };
        assert_eq!(short(&[(O, "Acme"), (CN, "A"), (CN, "B")]).unwrap(), "B");
        assert_eq!(short(&[(CN, "A"), (O, "Acme")]).unwrap(), "A");
        assert_eq!(short(&[(O, "Acme")]).unwrap(), "Acme");
        assert_eq!(short(&[]), None);
    }

    #[test]
    fn attributes_are_told_as_they_are_written() {
        let pair = [
            attribute(&[0x55, 0x04, 0x0b], tag::PRINTABLE_STRING, b"Sales"),
            attribute(CN, tag::INTEGER, b"\x01"),
        ];
        let der = tlv(0x30, &tlv(0x31, &pair.concat()));
        let name = Name::from_der(&der).unwrap();
        let [unit, common_name] = &name.attributes().collect::<Vec<_>>()[..] else {
            panic!("two attributes");
        };
        assert_eq!(unit.attribute_type(), [0x55, 0x04, 0x0b]);
        assert_eq!(unit.string_type(), tag::PRINTABLE_STRING);
        assert_eq!((unit.text(), common_name.text()), (Some("Sales"), None));
        assert!(common_name.is("2.5.4.3".parse().unwrap()));
        assert!(!unit.is("2.5.4.3".parse().unwrap()));
    }

    #[test]
    fn malformed_names_are_refused() {
        let sound = tlv(0x30, &tlv(0x31, &attribute(CN, tag::UTF8_STRING, b"x")));
        assert!(Name::from_der(&sound).is_ok());
        for end in 0..sound.len() {
            assert!(Name::from_der(&sound[..end]).is_err());
        }
        assert!(Name::from_der(&[&sound[..], b"\0"].concat()).is_err());
    }
}
