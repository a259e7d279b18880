//! Certificates as operators get them, several in one file: PEM with whatever text around it, bare
//! DER one after the other, or PKCS#7 (RFC 5652 5, as RFC 8551 3.8 sends it: certificates and
//! nobody who signs), in DER, BER or PEM. What it is, is found by looking.
//!
//! ```
//! use mailseal::keys::bundle::CertificateBundle;
//!
//! let pem = std::fs::read("testdata/keys/bob@example.com.crt")?;
//! let bundle = CertificateBundle::read(&pem)?;
//! assert_eq!(bundle.certificates[0].subject(), "CN=bob,O=mailseal tests");
//! assert!(bundle.is_ordered && bundle.malformed.is_empty());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! A file is the operator's own, so it may have as many certificates as fit into it. What comes with
//! a stranger's message is read by [`cms`](crate::cms), which counts them.
//!
//! # Not supported
//!
//! PKCS#12, which takes a password; attribute certificates and CRLs, which are passed over.

use crate::asn1::oid::{self, ObjectIdentifier};
use crate::asn1::reader::Reader;
use crate::asn1::tag;
use crate::keys::pem::{self, Block, der_elements, instead, without_trust};
use crate::x509::{self, Certificate, certs_only};

/// The certificates of a file.
#[derive(Debug, Clone, Default)]
pub struct CertificateBundle {
    /// Those that can be read, in the order of the file.
    pub certificates: Vec<Certificate>,
    /// Those that cannot.
    pub malformed: Vec<MalformedCertificate>,
    /// Whether their order means something. In PKCS#7 they are a SET and have none.
    pub is_ordered: bool,
    /// The labels of what else is in it.
    others: Vec<String>,
}

/// A certificate that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("certificate number {number} in it cannot be read")]
pub struct MalformedCertificate {
    /// Its place among the file's certificates, counted from 1.
    pub number: usize,
    /// What is wrong with it.
    pub source: x509::Error,
}

/// Why there are no certificates to be had from a file.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The text around them is not PEM.
    #[error(transparent)]
    Pem(#[from] pem::Error),
    /// What begins like PKCS#7 does not go on like it.
    #[error("the PKCS#7 in it cannot be read")]
    Pkcs7(#[source] x509::Error),
    /// It is of another content type than the one that holds certificates.
    #[error("the CMS object in it is not SignedData, but {0}")]
    NotSignedData(String),
    /// There is none in it.
    #[error("there is no certificate in it{}", instead(.found))]
    NoCertificate {
        /// The labels of what there is.
        found: Vec<String>,
    },
    /// One of them is malformed, and all were wanted.
    #[error(transparent)]
    Malformed(#[from] MalformedCertificate),
}

impl CertificateBundle {
    /// Reads a file. One certificate that cannot be read does not hide the others.
    ///
    /// # Errors
    ///
    /// PEM or PKCS#7 that is broken; not that there is no certificate.
    pub fn read(bytes: &[u8]) -> Result<CertificateBundle, Error> {
        let mut bundle = CertificateBundle {
            is_ordered: true,
            ..CertificateBundle::default()
        };
        if is_content_info(bytes) {
            bundle.take_pkcs7(bytes)?;
        } else if let Some(elements) = der_elements(bytes) {
            elements.iter().for_each(|der| bundle.take(der));
        } else {
            for block in pem::blocks(bytes)? {
                bundle.take_block(&block)?;
            }
        }
        Ok(bundle)
    }

    /// All of them; at least one.
    ///
    /// # Errors
    ///
    /// There is none, or a malformed one among them.
    pub fn into_certificates(self) -> Result<Vec<Certificate>, Error> {
        if let Some(malformed) = self.malformed.into_iter().next() {
            return Err(malformed.into());
        }
        match self.certificates.is_empty() {
            true => Err(Error::NoCertificate { found: self.others }),
            false => Ok(self.certificates),
        }
    }

    /// Whether there is no certificate in it, not even a malformed one.
    pub fn is_empty(&self) -> bool {
        self.certificates.is_empty() && self.malformed.is_empty()
    }

    fn take(&mut self, der: &[u8]) {
        match Certificate::from_der(der) {
            Ok(certificate) => self.certificates.push(certificate),
            Err(source) => self.malformed.push(MalformedCertificate {
                number: self.certificates.len() + self.malformed.len() + 1,
                source,
            }),
        }
    }

    fn take_block(&mut self, block: &Block) -> Result<(), Error> {
        match block.label() {
            "CERTIFICATE" | "X509 CERTIFICATE" => self.take(block.content()),
            "TRUSTED CERTIFICATE" => self.take(without_trust(block.content())),
            // RFC 7468 8 and 9, and what OpenSSL reads.
            "PKCS7" | "CMS" | "PKCS #7 SIGNED DATA" => self.take_pkcs7(block.content())?,
            label => self.others.push(label.to_owned()),
        }
        Ok(())
    }

    fn take_pkcs7(&mut self, ber: &[u8]) -> Result<(), Error> {
        self.is_ordered = false;
        match content_type(ber) {
            Some(oid::ID_SIGNED_DATA) | None => {}
            Some(other) => return Err(Error::NotSignedData(oid::name(&other))),
        }
        let encodings = certs_only::encoded_certificates(ber).map_err(Error::Pkcs7)?;
        encodings.iter().for_each(|der| self.take(der));
        Ok(())
    }
}

/// Whether octets begin like a ContentInfo (RFC 5652 3): a SEQUENCE, of whatever length, that begins
/// with an object identifier.
pub fn is_content_info(bytes: &[u8]) -> bool {
    content_type(bytes).is_some()
}

fn content_type(ber: &[u8]) -> Option<ObjectIdentifier> {
    let [tag::SEQUENCE, length, rest @ ..] = ber else {
        return None;
    };
    let length_octets = match length {
        0x81..=0x88 => usize::from(length & 0x0f),
        _ => 0,
    };
    let mut inside = Reader::new(rest.get(length_octets..)?);
    let identifier = inside.expect(tag::OBJECT_IDENTIFIER).ok()?;
    ObjectIdentifier::from_bytes(inside.value(&identifier)).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::asn1::tlv::{element, sequence};
    use crate::keys::testing::secret_key;
    use crate::x509::testing::TestCertificate;

    fn certificate(serial: u8) -> Vec<u8> {
        let mut certificate = TestCertificate::of("bob@example.com", &secret_key(7));
        certificate.serial_number = vec![serial];
        certificate.der()
    }

    fn pem(label: &str, der: &[u8]) -> String {
        ::pem::encode(&::pem::Pem::new(label, der))
    }

    fn serials(bytes: &[u8]) -> Vec<String> {
        let bundle = CertificateBundle::read(bytes).unwrap();
        let certificates = bundle.certificates.iter();
        certificates.map(Certificate::serial_hex).collect()
    }

    fn signed_data(content_type: ObjectIdentifier, certificates: &[&[u8]]) -> Vec<u8> {
        let identifier = element(tag::OBJECT_IDENTIFIER, content_type.as_bytes());
        let data = element(tag::OBJECT_IDENTIFIER, oid::ID_DATA.as_bytes());
        let set = element(tag::context_constructed(0), &certificates.concat());
        let signed_data = sequence(&[
            &[2, 1, 1],
            &element(tag::SET, &[]),
            &sequence(&[&data]),
            &set,
            &element(tag::SET, &[]),
        ]);
        sequence(&[
            &identifier,
            &element(tag::context_constructed(0), &signed_data),
        ])
    }

    /// The same with every length of the outer elements indefinite.
    fn in_ber(certificates: &[&[u8]]) -> Vec<u8> {
        let identifier = element(tag::OBJECT_IDENTIFIER, oid::ID_SIGNED_DATA.as_bytes());
        let data = element(tag::OBJECT_IDENTIFIER, oid::ID_DATA.as_bytes());
        let head = [
            &b"\x30\x80"[..],
            &identifier,
            b"\xa0\x80\x30\x80\x02\x01\x01\x31\x00",
        ];
        let tail = [&sequence(&[&data])[..], b"\xa0\x80", &certificates.concat()];
        let end = b"\x00\x00\x31\x00\x00\x00\x00\x00\x00\x00";
        [&head.concat()[..], &tail.concat(), end].concat()
    }

    #[test]
    fn pkcs7_is_read_in_der_in_ber_and_in_pem() {
        let (one, two) = (certificate(1), certificate(2));
        let der = signed_data(oid::ID_SIGNED_DATA, &[&one, &two]);
        assert_eq!(serials(&der), ["01", "02"]);
        assert_eq!(serials(&in_ber(&[&one, &two])), ["01", "02"]);
        for label in ["PKCS7", "CMS", "PKCS #7 SIGNED DATA"] {
            assert_eq!(serials(pem(label, &der).as_bytes()), ["01", "02"]);
        }
        assert!(!CertificateBundle::read(&der).unwrap().is_ordered);
        // An attribute certificate, [1], is none.
        let others = signed_data(oid::ID_SIGNED_DATA, &[&[0xa1, 0], &one]);
        assert_eq!(serials(&others), ["01"]);
    }

    #[test]
    fn more_certificates_than_a_message_may_bring_are_read() {
        let many: Vec<Vec<u8>> = (0..200).map(certificate).collect();
        let many: Vec<&[u8]> = many.iter().map(Vec::as_slice).collect();
        let der = signed_data(oid::ID_SIGNED_DATA, &many);
        assert_eq!(serials(&der).len(), 200);
    }

    #[test]
    fn what_openssl_says_of_trust_is_cut_off() {
        let one = certificate(1);
        let aux = sequence(&[&sequence(&[b"\x06\x08\x2b\x06\x01\x05\x05\x07\x03\x04"])]);
        let trusted = pem("TRUSTED CERTIFICATE", &[&one[..], &aux].concat());
        assert_eq!(serials(trusted.as_bytes()), ["01"]);
        let plain = pem("CERTIFICATE", &[&one[..], &aux].concat());
        let bundle = CertificateBundle::read(plain.as_bytes()).unwrap();
        assert_eq!(bundle.malformed.len(), 1);
    }

    #[test]
    fn a_malformed_certificate_hides_no_other_and_is_told_by_its_place() {
        let (one, three) = (certificate(1), certificate(3));
        let der = signed_data(oid::ID_SIGNED_DATA, &[&one, &[0x30, 0], &three]);
        let text = [&one[..], &[0x30, 0], &three].map(|der| pem("CERTIFICATE", der));
        for file in [&der[..], text.concat().as_bytes()] {
            let bundle = CertificateBundle::read(file).unwrap();
            assert_eq!(bundle.certificates.len(), 2);
            assert_eq!(bundle.malformed[0].number, 2);
            let error = bundle.into_certificates().unwrap_err();
            assert!(matches!(error, Error::Malformed(_)));
        }
        let whole = CertificateBundle::read(pem("CERTIFICATE", &one).as_bytes()).unwrap();
        assert_eq!(whole.into_certificates().unwrap().len(), 1);
    }

    #[test]
    fn what_holds_none_is_told() {
        let error = |bytes: &[u8]| {
            let bundle = CertificateBundle::read(bytes);
            bundle
                .and_then(CertificateBundle::into_certificates)
                .unwrap_err()
                .to_string()
        };
        assert_eq!(error(b"text"), "there is no certificate in it");
        let crl = pem("X509 CRL", &[0x30, 0]);
        let words = "there is no certificate in it, but: X509 CRL";
        assert_eq!(error(crl.as_bytes()), words);
        let enveloped = signed_data(oid::ID_ENVELOPED_DATA, &[]);
        let words = "the CMS object in it is not SignedData, but id-envelopedData";
        assert_eq!(error(&enveloped), words);
        let empty = signed_data(oid::ID_SIGNED_DATA, &[]);
        assert_eq!(error(&empty), "there is no certificate in it");
    }

    #[test]
    fn no_end_of_pkcs7_can_be_missing() {
        let one = certificate(1);
        for whole in [signed_data(oid::ID_SIGNED_DATA, &[&one]), in_ber(&[&one])] {
            assert_eq!(serials(&whole), ["01"]);
            for end in 0..whole.len() {
                let cut = CertificateBundle::read(&whole[..end]);
                assert!(cut.is_err() || cut.unwrap().is_empty(), "{end}");
            }
        }
    }
}
