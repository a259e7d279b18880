//! The fields of a certificate (RFC 5280 4.1), found in its DER and left there.

use std::collections::HashSet;
use std::ops::Range;

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;

use crate::asn1::oid::ObjectIdentifier;
use crate::asn1::reader::{self, Element, Reader, dotted, hexadecimal};
use crate::asn1::tag;
use crate::x509::Error;
use crate::x509::extensions::Extension;

/// The fields of RFC 5280 4.1, by where they lie in the DER; each with its header.
#[derive(Clone)]
pub(super) struct Fields {
    pub(super) tbs_certificate: Range<usize>,
    pub(super) version: Version,
    pub(super) serial_number: Range<usize>,
    pub(super) serial_number_value: Range<usize>,
    pub(super) tbs_signature: Range<usize>,
    pub(super) issuer: Range<usize>,
    pub(super) not_before: Timestamp,
    pub(super) not_after: Timestamp,
    pub(super) subject: Range<usize>,
    pub(super) subject_public_key_info: Range<usize>,
    pub(super) public_key_algorithm: Range<usize>,
    pub(super) extensions: Option<Element>,
    pub(super) signature_algorithm: Range<usize>,
    pub(super) signature: Range<usize>,
}

/// Which of the X.509 versions a certificate says it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[allow(missing_docs)]
pub enum Version {
    V1,
    V2,
    V3,
}

impl Fields {
    /// `Certificate ::= SEQUENCE { tbsCertificate, signatureAlgorithm, signatureValue }`
    pub(super) fn read(der: &[u8]) -> Result<Fields, Error> {
        let mut outer = Reader::new(der);
        let certificate = outer
            .expect(tag::SEQUENCE)
            .map_err(Error::malformed("certificate"))?;
        outer.finish().map_err(Error::malformed("certificate"))?;
        let mut reader = outer.inside(&certificate);
        let tbs_certificate = reader
            .expect(tag::SEQUENCE)
            .map_err(Error::malformed("tbsCertificate"))?;
        let signature_algorithm = reader
            .expect(tag::SEQUENCE)
            .map_err(Error::malformed("signatureAlgorithm"))?;
        let signature = reader
            .expect(tag::BIT_STRING)
            .and_then(|element| whole_octets(&reader, &element))
            .map_err(Error::malformed("signatureValue"))?;
        reader.finish().map_err(Error::malformed("certificate"))?;
        Fields::read_tbs(
            reader.inside(&tbs_certificate),
            tbs_certificate.whole(),
            signature_algorithm.whole(),
            signature,
        )
    }

    /// `TBSCertificate`, RFC 5280 4.1, field by field.
    fn read_tbs(
        mut reader: Reader<'_>,
        tbs_certificate: Range<usize>,
        signature_algorithm: Range<usize>,
        signature: Range<usize>,
    ) -> Result<Fields, Error> {
        let version = read_version(&mut reader)?;
        let serial = serial_number(&mut reader).map_err(Error::malformed("serialNumber"))?;
        let tbs_signature =
            (reader.expect(tag::SEQUENCE)).map_err(Error::malformed("signature"))?;
        let issuer = (reader.expect(tag::SEQUENCE)).map_err(Error::malformed("issuer"))?;
        let (not_before, not_after) = read_validity(&mut reader)?;
        let subject = (reader.expect(tag::SEQUENCE)).map_err(Error::malformed("subject"))?;
        let spki =
            (reader.expect(tag::SEQUENCE)).map_err(Error::malformed("subjectPublicKeyInfo"))?;
        let public_key_algorithm = public_key_algorithm(reader.inside(&spki))
            .map_err(Error::malformed("subjectPublicKeyInfo"))?;
        for (number, part) in [(1, "issuerUniqueID"), (2, "subjectUniqueID")] {
            reader
                .optional(tag::context_primitive(number))
                .map_err(Error::malformed(part))?;
        }
        let extensions = reader
            .optional(tag::context_constructed(3))
            .map_err(Error::malformed("extensions"))?;
        reader
            .finish()
            .map_err(Error::malformed("tbsCertificate"))?;
        Ok(Fields {
            tbs_certificate,
            version,
            serial_number: serial.whole(),
            serial_number_value: serial.value(),
            tbs_signature: tbs_signature.whole(),
            issuer: issuer.whole(),
            not_before,
            not_after,
            subject: subject.whole(),
            subject_public_key_info: spki.whole(),
            public_key_algorithm,
            extensions,
            signature_algorithm,
            signature,
        })
    }
}

/// `version [0] EXPLICIT INTEGER DEFAULT v1`
fn read_version(reader: &mut Reader<'_>) -> Result<Version, Error> {
    let malformed = Error::malformed;
    let explicit = reader
        .optional(tag::context_constructed(0))
        .map_err(malformed("version"))?;
    let Some(explicit) = explicit else {
        return Ok(Version::V1);
    };
    let mut inside = reader.inside(&explicit);
    let integer = inside.expect(tag::INTEGER).map_err(malformed("version"))?;
    inside.finish().map_err(malformed("version"))?;
    match inside.value(&integer) {
        [0] => Ok(Version::V1),
        [1] => Ok(Version::V2),
        [2] => Ok(Version::V3),
        other => Err(Error::Value {
            part: "version",
            value: hexadecimal(other),
        }),
    }
}

/// `CertificateSerialNumber ::= INTEGER`. A certificate is looked for in CRLs by its octets, so that
/// one number has to have one encoding: X.690 8.3.1 and 8.3.2.
pub(super) fn serial_number(reader: &mut Reader<'_>) -> Result<Element, reader::Error> {
    let integer = reader.expect(tag::INTEGER)?;
    match reader.value(&integer) {
        [] | [0x00, 0x00..=0x7f, ..] | [0xff, 0x80..=0xff, ..] => {
            Err(reader::Error::Value(integer.value().start))
        }
        _ => Ok(integer),
    }
}

/// `SEQUENCE { notBefore Time, notAfter Time }`
fn read_validity(reader: &mut Reader<'_>) -> Result<(Timestamp, Timestamp), Error> {
    let validity = reader
        .expect(tag::SEQUENCE)
        .map_err(Error::malformed("validity"))?;
    let mut inside = reader.inside(&validity);
    let times = (
        time(&mut inside, "notBefore")?,
        time(&mut inside, "notAfter")?,
    );
    inside.finish().map_err(Error::malformed("validity"))?;
    Ok(times)
}

/// `Time ::= CHOICE { utcTime, generalTime }`
pub(super) fn time(reader: &mut Reader<'_>, part: &'static str) -> Result<Timestamp, Error> {
    let time = reader.read().map_err(Error::malformed(part))?;
    let text = reader.value(&time);
    timestamp(time.tag(), text).ok_or_else(|| Error::Value {
        part,
        value: text.escape_ascii().to_string(),
    })
}

/// RFC 5280 4.1.2.5: YYMMDDHHMMSSZ with years 1950 to 2049, or YYYYMMDDHHMMSSZ; always with
/// seconds, always Zulu.
pub(crate) fn timestamp(time_type: u8, text: &[u8]) -> Option<Timestamp> {
    let (digits, b"Z") = text.split_at_checked(text.len().checked_sub(1)?)? else {
        return None;
    };
    if !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let number = |digits: &[u8]| {
        digits
            .iter()
            .fold(0i16, |n, d| n * 10 + i16::from(d - b'0'))
    };
    let (year, rest) = match (time_type, digits.len()) {
        (tag::UTC_TIME, 12) => match number(&digits[..2]) {
            year @ 50.. => (1900 + year, &digits[2..]),
            year => (2000 + year, &digits[2..]),
        },
        (tag::GENERALIZED_TIME, 14) => (number(&digits[..4]), &digits[4..]),
        _ => return None,
    };
    let (pairs, _) = rest.as_chunks::<2>();
    let [month, day, hour, minute, second] =
        [0, 1, 2, 3, 4].map(|n| i8::try_from(number(&pairs[n])).unwrap_or(i8::MAX));
    let civil = DateTime::new(year, month, day, hour, minute, second, 0).ok()?;
    // jiff's last second is 9999-12-30T22:00:00Z; RFC 5280 4.1.2.5 gives 99991231235959Z a
    // meaning of its own, "never", which the latest timestamp serves.
    Some(
        civil
            .to_zoned(TimeZone::UTC)
            .map_or(Timestamp::MAX, |zoned| zoned.timestamp()),
    )
}

/// Where the octets of a signature, or of a key, lie in its BIT STRING. Every algorithm makes whole
/// octets: what has odd bits (PKITS has three such signatures) can be read and is the signature of
/// nobody, which the empty range says.
pub(super) fn whole_octets(
    reader: &Reader<'_>,
    element: &Element,
) -> Result<Range<usize>, reader::Error> {
    let octets = element.value();
    match reader.value(element) {
        [0, ..] => Ok(octets.start + 1..octets.end),
        [1..=7, _, ..] => Ok(octets.end..octets.end),
        _ => Err(reader::Error::Value(octets.start)),
    }
}

/// `SubjectPublicKeyInfo ::= SEQUENCE { algorithm SEQUENCE { algorithm OID, … }, … }`
fn public_key_algorithm(mut spki: Reader<'_>) -> Result<Range<usize>, reader::Error> {
    let algorithm = spki.expect(tag::SEQUENCE)?;
    let identifier = spki.inside(&algorithm).expect(tag::OBJECT_IDENTIFIER)?;
    Ok(identifier.value())
}

/// `Extensions ::= SEQUENCE OF SEQUENCE { extnID, critical BOOLEAN DEFAULT FALSE, extnValue }`
pub(super) fn extension_list(der: &[u8], mut reader: Reader<'_>) -> Result<Vec<Extension>, Error> {
    let malformed = || Error::malformed("extensions");
    let sequence = reader.expect(tag::SEQUENCE).map_err(malformed())?;
    reader.finish().map_err(malformed())?;
    let mut list = reader.inside(&sequence);
    let mut extensions = Vec::new();
    let mut seen = HashSet::new();
    while !list.is_empty() {
        let entry = list.expect(tag::SEQUENCE).map_err(malformed())?;
        let extension = read_extension(list.inside(&entry)).map_err(malformed())?;
        let id = &der[extension.id.clone()];
        if !seen.insert(id) {
            return Err(Error::DuplicateExtension(dotted(id)));
        }
        extensions.push(extension);
    }
    Ok(extensions)
}

/// RFC 5280 4.2: the first extension that an unknowing reader must give up at, as these are all that
/// are known.
pub(super) fn unknown_critical(
    der: &[u8],
    extensions: &[Extension],
    known: &[ObjectIdentifier],
) -> Option<String> {
    let is_known = |id: &[u8]| known.iter().any(|known| known.as_bytes() == id);
    let unknown = extensions
        .iter()
        .find(|e| e.critical && !is_known(&der[e.id.clone()]))?;
    Some(dotted(&der[unknown.id.clone()]))
}

fn read_extension(mut reader: Reader<'_>) -> Result<Extension, reader::Error> {
    let id = reader.expect(tag::OBJECT_IDENTIFIER)?;
    let critical = match reader.optional(tag::BOOLEAN)? {
        None => false,
        // DEFAULT FALSE must be left out in DER; CAs write it.
        Some(flag) => match reader.value(&flag) {
            [value] => *value != 0,
            _ => return Err(reader::Error::Value(flag.value().start)),
        },
    };
    let value = reader.expect(tag::OCTET_STRING)?;
    reader.finish()?;
    Ok(Extension {
        id: id.value(),
        critical,
        value: value.value(),
    })
}

#[cfg(test)]
mod tests {
    use const_oid::ObjectIdentifier;

    use super::*;
    use crate::asn1::tlv::element;
    use crate::x509::Certificate;
    use crate::x509::testing::{TestCertificate, extension, generalized_time, key_usage, utc_time};

    /// A certificate after a change, read.
    fn changed(change: impl FnOnce(&mut TestCertificate)) -> Result<Certificate, Error> {
        let key = p256::SecretKey::from_slice(&[7; 32]).unwrap();
        let mut certificate = TestCertificate::of("bob@example.com", &key);
        change(&mut certificate);
        Certificate::from_der(&certificate.der())
    }

    #[test]
    fn an_extension_occurs_once() {
        let twice = changed(|c| c.extensions.push(key_usage(0xff))).unwrap_err();
        assert_eq!(twice, Error::DuplicateExtension("2.5.29.15".to_owned()));
        let unknown = ObjectIdentifier::new_unwrap("1.2.3");
        assert!(changed(|c| c.extensions.push(extension(unknown, b"x"))).is_ok());
    }

    #[test]
    fn a_serial_number_has_one_encoding() {
        let numbered = |octets: &[u8]| changed(|c| c.serial_number = octets.to_vec());
        for octets in [&b"\x00"[..], b"\x00\x80", b"\xff", b"\xff\x7f", &[0x7f; 40]] {
            let certificate = numbered(octets).unwrap();
            assert_eq!(&certificate.serial_der()[2..], octets);
        }
        for octets in [&b""[..], b"\x00\x00", b"\x00\x7f", b"\xff\x80"] {
            assert!(numbered(octets).is_err(), "{octets:x?}");
        }
    }

    #[test]
    fn a_signature_with_odd_bits_is_the_signature_of_nobody() {
        let read = |value: &[u8]| {
            let bit_string = element(tag::BIT_STRING, value);
            let mut reader = Reader::new(&bit_string);
            let element = reader.read().unwrap();
            let octets = whole_octets(&reader, &element).ok()?;
            Some(bit_string[octets].to_vec())
        };
        assert_eq!(read(b"\x00signature").unwrap(), b"signature");
        assert_eq!(read(b"\x01signature").unwrap(), b"");
        assert_eq!(read(b"\x07signature").unwrap(), b"");
        for malformed in [&b"\x08signature"[..], b"\x01", b""] {
            assert_eq!(read(malformed), None);
        }
    }

    #[test]
    fn dates_are_those_of_rfc_5280() {
        let date = |time: Vec<u8>| {
            changed(|c| c.not_after = time).map(|certificate| certificate.not_after().to_string())
        };
        for (time, expected) in [
            (utc_time("491231235959Z"), "2049-12-31T23:59:59Z"),
            (utc_time("500101000000Z"), "1950-01-01T00:00:00Z"),
            (generalized_time("20500101000000Z"), "2050-01-01T00:00:00Z"),
            (generalized_time("20260229000000Z"), ""),
            (utc_time("280229000000Z"), "2028-02-29T00:00:00Z"),
            (utc_time("2601010000Z"), ""),
            (utc_time("260101000000+0100"), ""),
            (utc_time("260101000000"), ""),
            (utc_time("261301000000Z"), ""),
            (utc_time("26010100000\u{f1}Z"), ""),
            (utc_time(""), ""),
            (generalized_time("20260101000000.5Z"), ""),
            (element(tag::INTEGER, b"260101000000Z"), ""),
        ] {
            assert_eq!(date(time).unwrap_or_default(), expected);
        }
        let never = changed(|c| c.not_after = generalized_time("99991231235959Z")).unwrap();
        assert_eq!(never.not_after(), Timestamp::MAX);
    }

    #[test]
    fn versions_beyond_three_are_refused() {
        for (version, expected) in [
            (None, Some(Version::V1)),
            (Some(0), Some(Version::V1)),
            (Some(1), Some(Version::V2)),
            (Some(2), Some(Version::V3)),
            (Some(3), None),
        ] {
            let certificate = changed(|c| c.version = version);
            assert_eq!(certificate.ok().map(|c| c.version()), expected);
        }
    }
}
