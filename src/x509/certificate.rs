//! One certificate: the bytes its CA wrote, and what RFC 5280 4.1 finds in them.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::ops::Range;
use std::sync::{Arc, OnceLock};

use const_oid::db::rfc5280::{
    ID_CE_AUTHORITY_KEY_IDENTIFIER, ID_CE_EXT_KEY_USAGE, ID_CE_KEY_USAGE, ID_CE_SUBJECT_ALT_NAME,
    ID_CE_SUBJECT_KEY_IDENTIFIER,
};
use der::Decode as _;
use jiff::Timestamp;
use sha1::Sha1;
use sha2::{Digest as _, Sha256};
use spki::AlgorithmIdentifierRef;

use crate::address::Address;
use crate::asn1::oid::ObjectIdentifier;
use crate::asn1::reader::{self, Reader, hexadecimal};
use crate::asn1::tag;
use crate::crypto;
use crate::x509::Error;
use crate::x509::extensions::{
    ExtendedKeyUsage, Extension, KeyUsage, MailboxNames, Mailboxes, authority_key_identifier,
    subject_key_identifier,
};
use crate::x509::fields::{Fields, Version, extension_list, whole_octets};
use crate::x509::key_kind::KeyKind;
use crate::x509::name::{ComparableName, Name};

/// A certificate, as its CA wrote it.
///
/// Two certificates are equal when their bytes are. A copy shares everything, also what is worked out
/// later.
#[derive(Clone)]
pub struct Certificate(Arc<Contents>);

struct Contents {
    der: Box<[u8]>,
    fields: Fields,
    extensions: Vec<Extension>,
    subject: String,
    issuer: String,
    key_usage: Option<KeyUsage>,
    extended_key_usage: Option<ExtendedKeyUsage>,
    subject_key_identifier: Option<Range<usize>>,
    authority_key_identifier: Option<Range<usize>>,
    mailbox_names: MailboxNames,
    // Worked out when somebody first asks: of an RSA key that takes as long as a signature.
    public_key: OnceLock<crypto::PublicKey>,
    sha256_fingerprint: OnceLock<[u8; 32]>,
    comparable_subject: OnceLock<ComparableName>,
    comparable_issuer: OnceLock<ComparableName>,
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
            Some(explicit) => extension_list(der, Reader::new(der).inside(explicit))?,
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
            .map(|value| subject_key_identifier(der, value))
            .transpose()
            .map_err(Error::malformed("subjectKeyIdentifier"))?;
        let authority_key_identifier = find(ID_CE_AUTHORITY_KEY_IDENTIFIER)
            .map(|value| authority_key_identifier(der, value))
            .transpose()
            .map_err(Error::malformed("authorityKeyIdentifier"))?
            .flatten();
        let mailbox_names = find(ID_CE_SUBJECT_ALT_NAME)
            .map(|value| MailboxNames::find(der, value))
            .transpose()
            .map_err(Error::malformed("subjectAltName"))?
            .unwrap_or_default();
        Ok(Certificate(Arc::new(Contents {
            subject: subject.to_string(),
            issuer: issuer.to_string(),
            key_usage,
            extended_key_usage,
            subject_key_identifier,
            authority_key_identifier,
            mailbox_names,
            public_key: OnceLock::new(),
            sha256_fingerprint: OnceLock::new(),
            comparable_subject: OnceLock::new(),
            comparable_issuer: OnceLock::new(),
            extensions,
            fields,
            der: der.into(),
        })))
    }

    /// The certificate as its CA wrote it.
    pub fn der(&self) -> &[u8] {
        &self.0.der
    }

    /// The algorithm of the CA's signature.
    ///
    /// # Errors
    ///
    /// An algorithm that [`crypto`] does not work with, or malformed parameters.
    pub fn signature_algorithm(&self) -> Result<crypto::SignatureAlgorithm, crypto::Error> {
        let identifier = AlgorithmIdentifierRef::from_der(self.signature_algorithm_der());
        let identifier = identifier.map_err(|_| crypto::Error::MalformedParameters {
            algorithm: "the signature".to_owned(),
        })?;
        crypto::SignatureAlgorithm::from_algorithm_identifier(identifier, None)
    }

    /// The TBSCertificate as it stands there: what the CA's signature is over.
    pub fn tbs_certificate_der(&self) -> &[u8] {
        &self.0.der[self.0.fields.tbs_certificate.clone()]
    }

    /// The AlgorithmIdentifier of the CA's signature.
    pub fn signature_algorithm_der(&self) -> &[u8] {
        &self.0.der[self.0.fields.signature_algorithm.clone()]
    }

    /// The AlgorithmIdentifier inside the TBSCertificate, which the signature covers. RFC 5280
    /// 4.1.1.2 has it be the same as the one outside.
    pub fn tbs_signature_algorithm_der(&self) -> &[u8] {
        &self.0.der[self.0.fields.tbs_signature.clone()]
    }

    /// The octets of the CA's signature; none where its bits are not whole octets.
    pub fn signature(&self) -> &[u8] {
        &self.0.der[self.0.fields.signature.clone()]
    }

    /// Version 1, 2 or 3.
    pub fn version(&self) -> Version {
        self.0.fields.version
    }

    /// The subject in RFC 4514 form, control characters escaped.
    pub fn subject(&self) -> &str {
        &self.0.subject
    }

    /// The issuer in RFC 4514 form, control characters escaped.
    pub fn issuer(&self) -> &str {
        &self.0.issuer
    }

    /// The subject's Name as it stands in the certificate, a whole DER element.
    pub fn subject_der(&self) -> &[u8] {
        &self.0.der[self.0.fields.subject.clone()]
    }

    /// The issuer's Name as it stands in the certificate, a whole DER element.
    pub fn issuer_der(&self) -> &[u8] {
        &self.0.der[self.0.fields.issuer.clone()]
    }

    /// The subject as names are compared.
    pub fn comparable_subject(&self) -> &ComparableName {
        let known = &self.0.comparable_subject;
        known.get_or_init(|| comparable(self.subject_der()))
    }

    /// The issuer as names are compared.
    pub fn comparable_issuer(&self) -> &ComparableName {
        let known = &self.0.comparable_issuer;
        known.get_or_init(|| comparable(self.issuer_der()))
    }

    /// The serial number as it stands in the certificate, a whole DER INTEGER.
    pub fn serial_der(&self) -> &[u8] {
        &self.0.der[self.0.fields.serial_number.clone()]
    }

    /// The serial number's octets in hexadecimal, without the zero octet that keeps a large one
    /// positive.
    pub fn serial_hex(&self) -> String {
        match &self.0.der[self.0.fields.serial_number_value.clone()] {
            [0, rest @ ..] if !rest.is_empty() => hexadecimal(rest),
            octets => hexadecimal(octets),
        }
    }

    /// The subjectKeyIdentifier's octets, if the extension is there.
    pub fn subject_key_identifier(&self) -> Option<&[u8]> {
        let range = self.0.subject_key_identifier.clone()?;
        Some(&self.0.der[range])
    }

    /// The keyIdentifier of the authorityKeyIdentifier, if it is there.
    pub fn authority_key_identifier(&self) -> Option<&[u8]> {
        let range = self.0.authority_key_identifier.clone()?;
        Some(&self.0.der[range])
    }

    /// The SubjectPublicKeyInfo as it stands in the certificate, a whole DER element.
    pub fn spki_der(&self) -> &[u8] {
        &self.0.der[self.0.fields.subject_public_key_info.clone()]
    }

    /// The octets of the subjectPublicKey, without tag, length and number of unused bits: what key
    /// identifiers and OCSP hash. None where its bits are not whole octets, as no key has them.
    pub fn subject_public_key(&self) -> &[u8] {
        let spki = self.spki_der();
        let read = || -> Result<Range<usize>, reader::Error> {
            let mut outer = Reader::new(spki);
            let sequence = outer.expect(tag::SEQUENCE)?;
            let mut reader = outer.inside(&sequence);
            reader.expect(tag::SEQUENCE)?;
            let bits = reader.expect(tag::BIT_STRING)?;
            whole_octets(&reader, &bits)
        };
        read().map_or(&[], |octets| &spki[octets])
    }

    /// The public key.
    ///
    /// # Errors
    ///
    /// A key of a kind or size that [`crypto`] does not work with, or a malformed one.
    pub fn public_key(&self) -> Result<crypto::PublicKey, crypto::Error> {
        if let Some(known) = self.0.public_key.get() {
            return Ok(known.clone());
        }
        let read = crypto::PublicKey::from_spki_der(self.spki_der())?;
        Ok(self.0.public_key.get_or_init(|| read).clone())
    }

    /// The first second of the validity period.
    pub fn not_before(&self) -> Timestamp {
        self.0.fields.not_before
    }

    /// The last second of the validity period (RFC 5280 4.1.2.5: inclusive). "No well-defined
    /// expiration date", 99991231235959Z, is the latest time that can be represented.
    pub fn not_after(&self) -> Timestamp {
        self.0.fields.not_after
    }

    /// The mail addresses the certificate is for, without duplicates: the rfc822Names of its
    /// subjectAltName, its SmtpUTF8Mailboxes (RFC 9598), then the emailAddress attributes of its
    /// subject.
    pub fn emails(&self) -> &[Address] {
        &self.mailboxes().addresses
    }

    /// What stands in those places and is no address; escaped, for reports.
    pub fn unusable_emails(&self) -> &[String] {
        &self.mailboxes().unusable
    }

    fn mailboxes(&self) -> &Mailboxes {
        self.0
            .mailbox_names
            .mailboxes(&self.0.der, self.subject_der())
    }

    /// The keyUsage extension, if it is there.
    pub fn key_usage(&self) -> Option<KeyUsage> {
        self.0.key_usage
    }

    /// The extKeyUsage extension, if it is there.
    pub fn extended_key_usage(&self) -> Option<&ExtendedKeyUsage> {
        self.0.extended_key_usage.as_ref()
    }

    /// RFC 8550 4.4.2: without a keyUsage any use is allowed that the kind of key has; with one,
    /// signing a message needs digitalSignature or nonRepudiation.
    pub fn may_sign(&self) -> bool {
        let may = |usage: KeyUsage| usage.digital_signature() || usage.non_repudiation();
        self.key_kind().signs() && self.0.key_usage.is_none_or(may)
    }

    /// RFC 8550 4.4.2: without a keyUsage any use is allowed that the kind of key has; with one,
    /// RSA and ML-KEM keys receive by keyEncipherment, the others by keyAgreement.
    pub fn may_receive(&self) -> bool {
        let kind = self.key_kind();
        let may = |usage: KeyUsage| match kind.receives_by_encipherment() {
            true => usage.key_encipherment(),
            false => usage.key_agreement(),
        };
        kind.receives() && self.0.key_usage.is_none_or(may)
    }

    fn key_kind(&self) -> KeyKind<'_> {
        KeyKind(&self.0.der[self.0.fields.public_key_algorithm.clone()])
    }

    /// RFC 8550 4.4.4: without an extKeyUsage any purpose is allowed; with one, it must name
    /// emailProtection or anyExtendedKeyUsage.
    pub fn permits_email(&self) -> bool {
        let purposes = self.0.extended_key_usage.as_ref();
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
        let has_id = |e: &&Extension| &self.0.der[e.id.clone()] == id.as_bytes();
        let extension = self.0.extensions.iter().find(has_id)?;
        Some((&self.0.der[extension.value.clone()], extension.critical))
    }

    /// Every extension, in the certificate's order: the octets of its identifier, whether it is
    /// critical, and its value.
    pub fn extensions(&self) -> impl Iterator<Item = (&[u8], bool, &[u8])> {
        self.0.extensions.iter().map(|extension| {
            (
                &self.0.der[extension.id.clone()],
                extension.critical,
                &self.0.der[extension.value.clone()],
            )
        })
    }

    /// SHA-1 over the whole certificate: what others call the thumbprint. It finds a certificate
    /// and proves nothing.
    pub fn sha1_fingerprint(&self) -> [u8; 20] {
        Sha1::digest(&self.0.der).into()
    }

    /// SHA-256 over the whole certificate.
    pub fn sha256_fingerprint(&self) -> [u8; 32] {
        let known = &self.0.sha256_fingerprint;
        *known.get_or_init(|| Sha256::digest(&self.0.der).into())
    }
}

fn comparable(name: &[u8]) -> ComparableName {
    let name = Name::from_der(name).expect("a Certificate has been read with its names");
    name.comparable()
}

impl PartialEq for Certificate {
    fn eq(&self, other: &Certificate) -> bool {
        self.0.der == other.0.der
    }
}

impl Eq for Certificate {}

impl Hash for Certificate {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.der.hash(state);
    }
}

impl fmt::Debug for Certificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Certificate")
            .field("subject", &self.0.subject)
            .field("issuer", &self.0.issuer)
            .field("serial", &self.serial_hex())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::asn1::oid;
    use crate::asn1::tlv::{element, sequence};
    use crate::x509::testing::{
        TestCertificate, email_name, extension, key_usage, name, rfc822_name, subject_alt_name,
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
    fn copies_share_what_is_worked_out() {
        let certificate = Certificate::from_der(&bob().der()).unwrap();
        let copy = certificate.clone();
        let names = [copy.comparable_subject(), copy.comparable_issuer()];
        let comparable = |der| Name::from_der(der).unwrap().comparable();
        assert_eq!(*names[0], comparable(certificate.subject_der()));
        assert_eq!(*names[1], comparable(certificate.issuer_der()));
        assert!(std::ptr::eq(names[0], certificate.comparable_subject()));
    }

    #[test]
    fn the_octets_of_a_key_are_those_of_its_bit_string() {
        let octets = |bit_string: &[u8]| {
            let algorithm = sequence(&[&element(tag::OBJECT_IDENTIFIER, &[0x2a, 3])]);
            let spki = sequence(&[&algorithm, bit_string]);
            let certificate = changed(|c| c.subject_public_key_info = spki).unwrap();
            certificate.subject_public_key().to_vec()
        };
        assert_eq!(octets(b"\x03\x04\x00key"), b"key");
        for none in [
            &b"\x03\x04\x01key"[..],
            b"\x04\x04\x00key",
            b"\x03\x00",
            b"",
        ] {
            assert_eq!(octets(none), b"");
        }
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
    fn forty_thousand_addresses_are_read_in_good_time() {
        let names: Vec<Vec<u8>> = (0..40_000)
            .map(|n| rfc822_name(&format!("a{n}@example.com")))
            .collect();
        let started = std::time::Instant::now();
        let certificate = changed(|c| c.extensions = vec![subject_alt_name(&names)]).unwrap();
        assert_eq!(certificate.emails().len(), 40_000);
        assert!(started.elapsed().as_secs() < 10);
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
            let identifier = element(tag::context_primitive(0), octets);
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
}
