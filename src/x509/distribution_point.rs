//! Where a certificate's CRLs are, and what a CRL covers (RFC 5280 4.2.1.13 and 5.2.5).
//!
//! ```
//! use mailseal::x509::distribution_point::{IssuingDistributionPoint, Reasons};
//!
//! let scope = IssuingDistributionPoint::from_der(b"\x30\x03\x82\x01\xff").unwrap();
//! assert!(scope.only_ca_certificates && scope.reasons == Reasons::ALL);
//! ```
//!
//! # Not supported
//!
//! Fetching what is there.

use const_oid::db::rfc5280::ID_CE_CRL_DISTRIBUTION_POINTS;

use crate::asn1::reader::{self, Reader};
use crate::asn1::tag;
use crate::x509::Certificate;
use crate::x509::general_name::GeneralName;

/// One place of the cRLDistributionPoints extension.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DistributionPoint<'a> {
    /// distributionPoint
    pub name: Option<DistributionPointName<'a>>,
    /// reasons: those its CRLs know of, all if it says none.
    pub reasons: Reasons,
    /// cRLIssuer, if it is not the certificate's issuer; else empty.
    pub crl_issuer: Vec<GeneralName<'a>>,
}

/// The name of a distribution point.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DistributionPointName<'a> {
    /// fullName: any of these.
    Full(Vec<GeneralName<'a>>),
    /// nameRelativeToCRLIssuer: what is in the RelativeDistinguishedName.
    Relative(&'a [u8]),
}

/// The issuingDistributionPoint extension of a CRL: what it covers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IssuingDistributionPoint<'a> {
    /// distributionPoint
    pub name: Option<DistributionPointName<'a>>,
    /// onlyContainsUserCerts
    pub only_user_certificates: bool,
    /// onlyContainsCACerts
    pub only_ca_certificates: bool,
    /// onlySomeReasons, all if it says none.
    pub reasons: Reasons,
    /// indirectCRL: whether there are certificates of other issuers in it.
    pub is_indirect: bool,
    /// onlyContainsAttributeCerts
    pub only_attribute_certificates: bool,
}

/// A set of reasons to revoke (ReasonFlags): a bit for each of the eight in RFC 5280 4.2.1.13.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reasons(u16);

impl Reasons {
    /// Every reason: bits 1 to 8; bit 0 is unused.
    pub const ALL: Reasons = Reasons(0b1_1111_1110);
    /// No reason.
    pub const NONE: Reasons = Reasons(0);

    /// Those in both.
    pub fn and(self, other: Reasons) -> Reasons {
        Reasons(self.0 & other.0)
    }

    /// Those in either.
    pub fn or(self, other: Reasons) -> Reasons {
        Reasons(self.0 | other.0)
    }

    /// Whether all of these are in that set.
    pub fn is_within(self, other: Reasons) -> bool {
        self.0 & !other.0 == 0
    }

    /// `[number] IMPLICIT BIT STRING`; unknown bits are left out.
    fn read(octets: &[u8]) -> Option<Reasons> {
        let (unused, octets) = octets.split_first()?;
        if *unused > 7 {
            return None;
        }
        let first = octets.first().copied().unwrap_or_default();
        let second = octets.get(1).copied().unwrap_or_default();
        let bit = |n: u16| match n {
            0..=7 => first & (0x80 >> n) != 0,
            n => second & (0x80 >> (n - 8)) != 0,
        };
        let bits = (1..=8).filter(|n| bit(*n)).fold(0, |bits, n| bits | 1 << n);
        Some(Reasons(bits))
    }
}

impl Certificate {
    /// The cRLDistributionPoints extension's points; none if it is not there.
    pub fn distribution_points(&self) -> Result<Vec<DistributionPoint<'_>>, reader::Error> {
        let Some((value, _)) = self.extension(ID_CE_CRL_DISTRIBUTION_POINTS) else {
            return Ok(Vec::new());
        };
        let mut reader = Reader::new(value);
        let sequence = reader.expect(tag::SEQUENCE)?;
        reader.finish()?;
        let mut list = reader.inside(&sequence);
        let mut points = Vec::new();
        while !list.is_empty() {
            let point = list.expect(tag::SEQUENCE)?;
            points.push(read_point(list.inside(&point))?);
        }
        Ok(points)
    }
}

fn read_point(mut reader: Reader<'_>) -> Result<DistributionPoint<'_>, reader::Error> {
    let point = DistributionPoint {
        name: read_name(&mut reader)?,
        reasons: read_reasons(&mut reader, 1)?,
        crl_issuer: match reader.optional(tag::context_constructed(2))? {
            Some(names) => GeneralName::read_all(reader.inside(&names))?,
            None => Vec::new(),
        },
    };
    reader.finish()?;
    Ok(point)
}

impl<'a> IssuingDistributionPoint<'a> {
    /// Reads the extension's value.
    pub fn from_der(der: &'a [u8]) -> Result<IssuingDistributionPoint<'a>, reader::Error> {
        let mut outer = Reader::new(der);
        let sequence = outer.expect(tag::SEQUENCE)?;
        outer.finish()?;
        let mut reader = outer.inside(&sequence);
        let name = read_name(&mut reader)?;
        let only_user_certificates = read_flag(&mut reader, 1)?;
        let only_ca_certificates = read_flag(&mut reader, 2)?;
        let reasons = read_reasons(&mut reader, 3)?;
        let is_indirect = read_flag(&mut reader, 4)?;
        let only_attribute_certificates = read_flag(&mut reader, 5)?;
        reader.finish()?;
        Ok(IssuingDistributionPoint {
            name,
            only_user_certificates,
            only_ca_certificates,
            reasons,
            is_indirect,
            only_attribute_certificates,
        })
    }
}

/// `distributionPoint [0] DistributionPointName OPTIONAL`, a CHOICE and so EXPLICIT.
fn read_name<'a>(
    reader: &mut Reader<'a>,
) -> Result<Option<DistributionPointName<'a>>, reader::Error> {
    let Some(explicit) = reader.optional(tag::context_constructed(0))? else {
        return Ok(None);
    };
    let mut inside = reader.inside(&explicit);
    let choice = inside.read()?;
    inside.finish()?;
    match choice.tag() {
        0xa0 => GeneralName::read_all(inside.inside(&choice))
            .map(DistributionPointName::Full)
            .map(Some),
        0xa1 => Ok(Some(DistributionPointName::Relative(inside.value(&choice)))),
        _ => Err(reader::Error::Value(choice.whole().start)),
    }
}

fn read_reasons(reader: &mut Reader<'_>, number: u8) -> Result<Reasons, reader::Error> {
    match reader.optional(tag::context_primitive(number))? {
        None => Ok(Reasons::ALL),
        Some(flags) => {
            Reasons::read(reader.value(&flags)).ok_or(reader::Error::Value(flags.value().start))
        }
    }
}

/// `[number] BOOLEAN DEFAULT FALSE`
fn read_flag(reader: &mut Reader<'_>, number: u8) -> Result<bool, reader::Error> {
    match reader.optional(tag::context_primitive(number))? {
        None => Ok(false),
        Some(flag) => match reader.value(&flag) {
            [value] => Ok(*value != 0),
            _ => Err(reader::Error::Value(flag.value().start)),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reasons_are_bits_one_to_eight() {
        let all = Reasons::read(&[7, 0x7f, 0x80]).unwrap();
        assert_eq!(all, Reasons::ALL);
        let key = Reasons::read(&[6, 0x40]).unwrap();
        assert!(key.is_within(Reasons::ALL) && !Reasons::ALL.is_within(key));
        assert_eq!(key.or(Reasons::ALL).and(key), key);
        assert_eq!(Reasons::read(&[7, 0x80]), Some(Reasons::NONE));
        assert_eq!(Reasons::read(&[]), None);
        assert_eq!(Reasons::read(&[8, 0x40]), None);
    }

    #[test]
    fn an_issuing_distribution_point_has_its_parts_in_order() {
        let read = |der: &'static [u8]| IssuingDistributionPoint::from_der(der).ok();
        let everything = read(b"\x30\x00").unwrap();
        assert_eq!((everything.name, everything.reasons), (None, Reasons::ALL));
        let indirect = read(b"\x30\x06\x82\x01\xff\x84\x01\xff").unwrap();
        assert!(indirect.is_indirect && indirect.only_ca_certificates);
        assert!(!indirect.only_user_certificates && !indirect.only_attribute_certificates);
        let named = read(b"\x30\x07\xa0\x05\xa0\x03\x86\x01a").unwrap();
        let uri = GeneralName::Uri(b"a");
        assert_eq!(named.name, Some(DistributionPointName::Full(vec![uri])));
        let relative = read(b"\x30\x04\xa0\x02\xa1\x00").unwrap();
        assert_eq!(relative.name, Some(DistributionPointName::Relative(b"")));
        for wrong in [
            &b"\x30\x06\x84\x01\xff\x82\x01\xff"[..],
            b"\x30\x02\x81\x00",
            b"\x30\x02\xa0\x00",
            b"\x30\x03\x86\x01a",
        ] {
            assert_eq!(read(wrong), None, "{wrong:x?}");
        }
    }
}
