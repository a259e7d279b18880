//! One certificate: the bytes its CA wrote, and what RFC 5280 4.1 finds in them.

use std::collections::HashSet;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::ops::Range;

use const_oid::db::rfc5280::{
    ID_CE_AUTHORITY_KEY_IDENTIFIER, ID_CE_EXT_KEY_USAGE, ID_CE_KEY_USAGE, ID_CE_SUBJECT_ALT_NAME,
    ID_CE_SUBJECT_KEY_IDENTIFIER,
};
use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use sha2::{Digest as _, Sha256};

use crate::address::Address;
use crate::asn1::oid::{self, ObjectIdentifier};
use crate::asn1::reader::{self, Element, Reader, dotted, hexadecimal, tag};
use crate::crypto;
use crate::x509::Error;
use crate::x509::extensions::{
    ExtendedKeyUsage, Extension, KeyUsage, Mailboxes, authority_key_identifier,
    subject_key_identifier,
};
use crate::x509::name::Name;

/// A certificate, as its CA wrote it.
///
/// Two certificates are equal when their bytes are.
#[derive(Clone)]
pub struct Certificate {
    der: Box<[u8]>,
    fields: Fields,
    extensions: Vec<Extension>,
    subject: String,
    issuer: String,
    key_usage: Option<KeyUsage>,
    extended_key_usage: Option<ExtendedKeyUsage>,
    subject_key_identifier: Option<Range<usize>>,
    authority_key_identifier: Option<Range<usize>>,
    mailboxes: Mailboxes,
}

/// The fields of RFC 5280 4.1, by where they lie in the DER; each with its header.
#[derive(Clone)]
struct Fields {
    tbs_certificate: Range<usize>,
    version: Version,
    serial_number: Range<usize>,
    serial_number_value: Range<usize>,
    issuer: Range<usize>,
    not_before: Timestamp,
    not_after: Timestamp,
    subject: Range<usize>,
    subject_public_key_info: Range<usize>,
    public_key_algorithm: Range<usize>,
    extensions: Option<Element>,
    signature_algorithm: Range<usize>,
    signature: Range<usize>,
}

/// Which of the X.509 versions a certificate says it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[allow(missing_docs)]
pub enum Version {
    V1,
    V2,
    V3,
}

impl Certificate {
    /// Reads one certificate, with nothing after it.
    ///
    /// Tolerated, since real CAs have issued them: serial numbers that are negative, zero or
    /// longer than 20 octets; extensions in a certificate that is not version 3; names of any
    /// string type; dates of either encoding for any year.
    ///
    /// # Errors
    ///
    /// Whatever is not DER, a duplicate extension, and a malformed value in one of the extensions
    /// that this type reads: key usage, extended key usage, subject and authority key identifier,
    /// subjectAltName. A limit that cannot be read must not pass for no limit.
    pub fn from_der(der: &[u8]) -> Result<Certificate, Error> {
        let fields = Fields::read(der)?;
        let extensions = match &fields.extensions {
            Some(list) => extension_list(der, list)?,
            None => Vec::new(),
        };
        let find = |id: ObjectIdentifier| {
            let found = extensions
                .iter()
                .find(|e| &der[e.id.clone()] == id.as_bytes());
            found.map(|extension| extension.value.clone())
        };
        let name = |range: &Range<usize>, part| {
            Name::from_der(&der[range.clone()]).map_err(Error::malformed(part))
        };
        let subject = name(&fields.subject, "subject")?;
        let issuer = name(&fields.issuer, "issuer")?;
        let key_usage = find(ID_CE_KEY_USAGE)
            .map(|value| KeyUsage::from_der(&der[value]))
            .transpose()
            .map_err(Error::malformed("keyUsage"))?;
        let extended_key_usage = find(ID_CE_EXT_KEY_USAGE)
            .map(|value| ExtendedKeyUsage::from_der(&der[value]))
            .transpose()
            .map_err(Error::malformed("extKeyUsage"))?;
        let subject_key_identifier = find(ID_CE_SUBJECT_KEY_IDENTIFIER)
            .map(|value| {
                subject_key_identifier(&der[value.clone()]).map(|inner| shifted(inner, &value))
            })
            .transpose()
            .map_err(Error::malformed("subjectKeyIdentifier"))?;
        let authority_key_identifier = find(ID_CE_AUTHORITY_KEY_IDENTIFIER)
            .map(|value| {
                let inner = authority_key_identifier(&der[value.clone()])?;
                Ok(inner.map(|inner| shifted(inner, &value)))
            })
            .transpose()
            .map_err(Error::malformed("authorityKeyIdentifier"))?
            .flatten();
        let subject_alt_name = find(ID_CE_SUBJECT_ALT_NAME).map(|value| &der[value]);
        let mailboxes = Mailboxes::read(subject_alt_name, &subject)
            .map_err(Error::malformed("subjectAltName"))?;
        Ok(Certificate {
            subject: subject.to_string(),
            issuer: issuer.to_string(),
            key_usage,
            extended_key_usage,
            subject_key_identifier,
            authority_key_identifier,
            mailboxes,
            extensions,
            fields,
            der: der.into(),
        })
    }

    /// The certificate as its CA wrote it.
    pub fn der(&self) -> &[u8] {
        &self.der
    }

    /// The TBSCertificate as it stands there: what the CA's signature is over.
    pub fn tbs_certificate_der(&self) -> &[u8] {
        &self.der[self.fields.tbs_certificate.clone()]
    }

    /// The AlgorithmIdentifier of the CA's signature.
    pub fn signature_algorithm_der(&self) -> &[u8] {
        &self.der[self.fields.signature_algorithm.clone()]
    }

    /// The octets of the CA's signature.
    pub fn signature(&self) -> &[u8] {
        &self.der[self.fields.signature.clone()]
    }

    /// Version 1, 2 or 3.
    pub fn version(&self) -> Version {
        self.fields.version
    }

    /// The subject in RFC 4514 form, control characters escaped.
    pub fn subject(&self) -> &str {
        &self.subject
    }

    /// The issuer in RFC 4514 form, control characters escaped.
    pub fn issuer(&self) -> &str {
        &self.issuer
    }

    /// The subject's Name as it stands in the certificate, a whole DER element.
    pub fn subject_der(&self) -> &[u8] {
        &self.der[self.fields.subject.clone()]
    }

    /// The issuer's Name as it stands in the certificate, a whole DER element.
    pub fn issuer_der(&self) -> &[u8] {
        &self.der[self.fields.issuer.clone()]
    }

    /// The serial number as it stands in the certificate, a whole DER INTEGER.
    pub fn serial_der(&self) -> &[u8] {
        &self.der[self.fields.serial_number.clone()]
    }

    /// The serial number's octets in hexadecimal, without the zero octet that keeps a large one
    /// positive.
    pub fn serial_hex(&self) -> String {
        match &self.der[self.fields.serial_number_value.clone()] {
            [0, rest @ ..] if !rest.is_empty() => hexadecimal(rest),
            octets => hexadecimal(octets),
        }
    }

    /// The subjectKeyIdentifier's octets, if the extension is there.
    pub fn subject_key_identifier(&self) -> Option<&[u8]> {
        let range = self.subject_key_identifier.clone()?;
        Some(&self.der[range])
    }

    /// The keyIdentifier of the authorityKeyIdentifier, if it is there.
    pub fn authority_key_identifier(&self) -> Option<&[u8]> {
        let range = self.authority_key_identifier.clone()?;
        Some(&self.der[range])
    }

    /// The SubjectPublicKeyInfo as it stands in the certificate, a whole DER element.
    pub fn spki_der(&self) -> &[u8] {
        &self.der[self.fields.subject_public_key_info.clone()]
    }

    /// The public key.
    ///
    /// # Errors
    ///
    /// A key of a kind or size that [`crypto`] does not work with, or a malformed one.
    pub fn public_key(&self) -> Result<crypto::PublicKey, crypto::Error> {
        crypto::PublicKey::from_spki_der(self.spki_der())
    }

    /// The first second of the validity period.
    pub fn not_before(&self) -> Timestamp {
        self.fields.not_before
    }

    /// The last second of the validity period (RFC 5280 4.1.2.5: inclusive). "No well-defined
    /// expiration date", 99991231235959Z, is the latest time that can be represented.
    pub fn not_after(&self) -> Timestamp {
        self.fields.not_after
    }

    /// The mail addresses the certificate is for, without duplicates: the rfc822Names of its
    /// subjectAltName, its SmtpUTF8Mailboxes (RFC 9598), then the emailAddress attributes of its
    /// subject.
    pub fn emails(&self) -> &[Address] {
        &self.mailboxes.addresses
    }

    /// What stands in those places and is no address; escaped, for reports.
    pub fn unusable_emails(&self) -> &[String] {
        &self.mailboxes.unusable
    }

    /// The keyUsage extension, if it is there.
    pub fn key_usage(&self) -> Option<KeyUsage> {
        self.key_usage
    }

    /// The extKeyUsage extension, if it is there.
    pub fn extended_key_usage(&self) -> Option<&ExtendedKeyUsage> {
        self.extended_key_usage.as_ref()
    }

    /// RFC 8550 4.4.2: without a keyUsage any use is allowed; with one, signing a message needs
    /// digitalSignature or nonRepudiation.
    pub fn may_sign(&self) -> bool {
        self.key_usage
            .is_none_or(|usage| usage.digital_signature() || usage.non_repudiation())
    }

    /// RFC 8550 4.4.2: without a keyUsage any use is allowed; with one, an RSA key receives by
    /// keyEncipherment (RFC 3279 2.3.1), every other by keyAgreement (RFC 5480 3, RFC 8410 5).
    pub fn may_receive(&self) -> bool {
        self.key_usage.is_none_or(|usage| {
            if &self.der[self.fields.public_key_algorithm.clone()] == oid::RSA_ENCRYPTION.as_bytes()
            {
                usage.key_encipherment()
            } else {
                usage.key_agreement()
            }
        })
    }

    /// RFC 8550 4.4.4: without an extKeyUsage any purpose is allowed; with one, it must name
    /// emailProtection or anyExtendedKeyUsage.
    pub fn permits_email(&self) -> bool {
        let purposes = self.extended_key_usage.as_ref();
        purposes.is_none_or(ExtendedKeyUsage::permits_email)
    }

    /// Whether issuer and subject are the same name, octet for octet.
    pub fn is_self_issued(&self) -> bool {
        self.issuer_der() == self.subject_der()
    }

    /// Whether the certificate names its own key as the one that signed it: self-issued, and its
    /// authorityKeyIdentifier, if it has one, equal to its subjectKeyIdentifier. The signature
    /// itself is not looked at.
    pub fn is_self_signed(&self) -> bool {
        self.is_self_issued()
            && self
                .authority_key_identifier()
                .is_none_or(|authority| self.subject_key_identifier() == Some(authority))
    }

    /// The value of an extension, and whether it is critical.
    pub fn extension(&self, id: ObjectIdentifier) -> Option<(&[u8], bool)> {
        let has_id = |e: &&Extension| &self.der[e.id.clone()] == id.as_bytes();
        let extension = self.extensions.iter().find(has_id)?;
        Some((&self.der[extension.value.clone()], extension.critical))
    }

    /// SHA-256 over the whole certificate.
    pub fn sha256_fingerprint(&self) -> [u8; 32] {
        Sha256::digest(&self.der).into()
    }
}

impl Fields {
    /// `Certificate ::= SEQUENCE { tbsCertificate, signatureAlgorithm, signatureValue }`
    fn read(der: &[u8]) -> Result<Fields, Error> {
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
        let serial = (reader.expect(tag::INTEGER)).map_err(Error::malformed("serialNumber"))?;
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
                .optional(tag::context(number))
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

/// `SEQUENCE { notBefore Time, notAfter Time }`
fn read_validity(reader: &mut Reader<'_>) -> Result<(Timestamp, Timestamp), Error> {
    let validity = reader
        .expect(tag::SEQUENCE)
        .map_err(Error::malformed("validity"))?;
    let mut inside = reader.inside(&validity);
    let mut read_time = |part| {
        let time = inside.read().map_err(Error::malformed(part))?;
        let text = inside.value(&time);
        timestamp(time.tag(), text).ok_or_else(|| Error::Value {
            part,
            value: text.escape_ascii().to_string(),
        })
    };
    let times = (read_time("notBefore")?, read_time("notAfter")?);
    inside.finish().map_err(Error::malformed("validity"))?;
    Ok(times)
}

/// RFC 5280 4.1.2.5: YYMMDDHHMMSSZ with years 1950 to 2049, or YYYYMMDDHHMMSSZ; always with
/// seconds, always Zulu.
fn timestamp(time_type: u8, text: &[u8]) -> Option<Timestamp> {
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

/// The octets of a BIT STRING that has no odd bits.
fn whole_octets(reader: &Reader<'_>, element: &Element) -> Result<Range<usize>, reader::Error> {
    match reader.value(element) {
        [0, ..] => Ok(element.value().start + 1..element.value().end),
        _ => Err(reader::Error::Value(element.value().start)),
    }
}

/// `SubjectPublicKeyInfo ::= SEQUENCE { algorithm SEQUENCE { algorithm OID, … }, … }`
fn public_key_algorithm(mut spki: Reader<'_>) -> Result<Range<usize>, reader::Error> {
    let algorithm = spki.expect(tag::SEQUENCE)?;
    let identifier = spki.inside(&algorithm).expect(tag::OBJECT_IDENTIFIER)?;
    Ok(identifier.value())
}

/// `Extensions ::= SEQUENCE OF SEQUENCE { extnID, critical BOOLEAN DEFAULT FALSE, extnValue }`
fn extension_list(der: &[u8], explicit: &Element) -> Result<Vec<Extension>, Error> {
    let malformed = || Error::malformed("extensions");
    let mut reader = Reader::new(der).inside(explicit);
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

/// A range within an extension's value, as one within the certificate.
fn shifted(inner: Range<usize>, value: &Range<usize>) -> Range<usize> {
    value.start + inner.start..value.start + inner.end
}

impl PartialEq for Certificate {
    fn eq(&self, other: &Certificate) -> bool {
        self.der == other.der
    }
}

impl Eq for Certificate {}

impl Hash for Certificate {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.der.hash(state);
    }
}

impl fmt::Debug for Certificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Certificate")
            .field("subject", &self.subject)
            .field("issuer", &self.issuer)
            .field("serial", &self.serial_hex())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::asn1::tlv::{element, sequence};
    use crate::x509::testing::{
        TestCertificate, email_name, extension, generalized_time, key_usage, name, rfc822_name,
        subject_alt_name, utc_time,
    };

    fn key() -> p256::SecretKey {
        p256::SecretKey::from_slice(&[7; 32]).unwrap()
    }

    fn bob() -> TestCertificate {
        TestCertificate::of("bob@example.com", &key())
    }

    /// Bob's certificate after a change, read.
    fn changed(change: impl FnOnce(&mut TestCertificate)) -> Result<Certificate, Error> {
        let mut certificate = bob();
        change(&mut certificate);
        Certificate::from_der(&certificate.der())
    }

    #[test]
    fn what_is_handed_out_is_what_the_ca_wrote() {
        let parts = bob();
        let der = parts.der();
        let certificate = Certificate::from_der(&der).unwrap();
        assert_eq!(certificate.der(), der);
        assert_eq!(certificate.issuer_der(), parts.issuer);
        assert_eq!(certificate.subject_der(), parts.subject);
        assert_eq!(certificate.spki_der(), parts.subject_public_key_info);
        assert_eq!(certificate.serial_der(), [2, 1, 1]);
        assert_eq!(certificate.signature(), b"no signature");
        assert!(
            certificate
                .tbs_certificate_der()
                .ends_with(&parts.extensions[2])
        );
        assert_eq!(certificate.signature_algorithm_der()[0], tag::SEQUENCE);
        assert_eq!(certificate.subject(), "CN=Test");
        assert_eq!(certificate.issuer(), "CN=Test CA");
        assert_eq!(certificate.version(), Version::V3);
        assert_eq!(
            certificate.sha256_fingerprint(),
            <[u8; 32]>::from(Sha256::digest(&der))
        );
        assert_eq!(certificate.public_key().unwrap().bits(), 256);
        assert!(!certificate.is_self_issued());
    }

    #[test]
    fn no_end_of_a_certificate_can_be_missing_and_nothing_follows() {
        let der = bob().der();
        for end in 0..der.len() {
            assert!(Certificate::from_der(&der[..end]).is_err());
        }
        assert!(Certificate::from_der(&[&der[..], &[0]].concat()).is_err());
    }

    #[test]
    fn any_changed_byte_is_read_or_refused_without_panic() {
        let der = bob().der();
        for at in 0..der.len() {
            for flip in [0x01, 0x20, 0x80, 0xff] {
                let mut changed = der.clone();
                changed[at] ^= flip;
                if let Ok(certificate) = Certificate::from_der(&changed) {
                    let _ = (certificate.public_key(), certificate.shown());
                }
            }
        }
    }

    impl Certificate {
        fn shown(&self) -> String {
            format!("{self:?} {} {:?}", self.not_after(), self.emails())
        }
    }

    #[test]
    fn serial_numbers_of_real_cas_are_read() {
        let serial = |octets: &[u8]| {
            let certificate = changed(|c| c.serial_number = octets.to_vec()).unwrap();
            assert_eq!(certificate.serial_der(), element(tag::INTEGER, octets));
            certificate.serial_hex()
        };
        assert_eq!(serial(&[0x00, 0x80]), "80");
        assert_eq!(serial(&[0x00]), "00");
        assert_eq!(serial(&[0xff]), "ff");
        assert_eq!(serial(&[0x7f; 21]), "7f".repeat(21));
    }

    #[test]
    fn an_extension_occurs_once() {
        let twice = changed(|c| c.extensions.push(key_usage(0xff))).unwrap_err();
        assert_eq!(twice, Error::DuplicateExtension("2.5.29.15".to_owned()));
        let unknown = ObjectIdentifier::new_unwrap("1.2.3");
        assert!(changed(|c| c.extensions.push(extension(unknown, b"x"))).is_ok());
    }

    #[test]
    fn a_limit_that_cannot_be_read_is_no_licence() {
        let broken = |part: &'static str, id| {
            let error = changed(|c| c.extensions = vec![extension(id, &[0x05, 0x00])]);
            let error = error.unwrap_err();
            assert!(matches!(error, Error::Malformed { part: p, .. } if p == part));
        };
        broken("keyUsage", ID_CE_KEY_USAGE);
        broken("extKeyUsage", ID_CE_EXT_KEY_USAGE);
        broken("subjectAltName", ID_CE_SUBJECT_ALT_NAME);
        broken("subjectKeyIdentifier", ID_CE_SUBJECT_KEY_IDENTIFIER);
        broken("authorityKeyIdentifier", ID_CE_AUTHORITY_KEY_IDENTIFIER);
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
    fn addresses_come_from_the_subject_alt_name_and_then_from_the_subject() {
        let emails = |names: &[&str], subject: Vec<u8>| {
            let certificate = changed(|c| {
                c.subject = subject;
                let names: Vec<Vec<u8>> = names.iter().map(|n| rfc822_name(n)).collect();
                c.extensions = vec![subject_alt_name(&names)];
            })
            .unwrap();
            let emails = certificate.emails().iter();
            emails.map(Address::to_string).collect::<Vec<_>>()
        };
        assert_eq!(
            emails(
                &["a@example.com", "b@example.com"],
                email_name("c@example.com")
            ),
            ["a@example.com", "b@example.com", "c@example.com"]
        );
        assert_eq!(
            emails(&["a@example.com"], email_name("a@EXAMPLE.com")),
            ["a@example.com"]
        );
        assert!(emails(&["not an address"], name("bob@example.com")).is_empty());
    }

    #[test]
    fn key_usage_decides_by_the_kind_of_key() {
        let may = |bits| {
            let certificate = changed(|c| c.extensions = vec![key_usage(bits)]).unwrap();
            (certificate.may_sign(), certificate.may_receive())
        };
        assert_eq!(may(0b1000_0000), (true, false));
        assert_eq!(may(0b0100_0000), (true, false));
        assert_eq!(may(0b0010_0000), (false, false)); // keyEncipherment, for RSA only
        assert_eq!(may(0b0000_1000), (false, true));
        let unlimited = changed(|c| c.extensions.clear()).unwrap();
        assert!(unlimited.may_sign() && unlimited.may_receive() && unlimited.permits_email());
        let rsa = changed(|c| {
            let algorithm = element(tag::OBJECT_IDENTIFIER, oid::RSA_ENCRYPTION.as_bytes());
            c.subject_public_key_info = sequence(&[&sequence(&[&algorithm]), &[3, 1, 0]]);
            c.extensions = vec![key_usage(0b0010_0000)];
        })
        .unwrap();
        assert!(rsa.may_receive() && !rsa.may_sign());
    }

    #[test]
    fn self_signed_means_issued_by_its_own_name_and_key() {
        let key_identifier = |octets: &[u8]| {
            extension(
                ID_CE_SUBJECT_KEY_IDENTIFIER,
                &element(tag::OCTET_STRING, octets),
            )
        };
        let authority = |octets: &[u8]| {
            let identifier = element(tag::context(0), octets);
            extension(ID_CE_AUTHORITY_KEY_IDENTIFIER, &sequence(&[&identifier]))
        };
        let root = |extensions: Vec<Vec<u8>>| {
            changed(|c| {
                c.issuer = c.subject.clone();
                c.extensions = extensions;
            })
            .unwrap()
        };
        assert!(root(Vec::new()).is_self_signed());
        assert!(root(vec![key_identifier(b"1"), authority(b"1")]).is_self_signed());
        let rollover = root(vec![key_identifier(b"1"), authority(b"2")]);
        assert!(rollover.is_self_issued() && !rollover.is_self_signed());
        assert_eq!(rollover.subject_key_identifier(), Some(&b"1"[..]));
        assert_eq!(rollover.authority_key_identifier(), Some(&b"2"[..]));
        assert!(!changed(|_| {}).unwrap().is_self_signed());
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
