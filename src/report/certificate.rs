//! A certificate as every report in JSON has it.

use crate::asn1::reader::hexadecimal;
use crate::x509::Certificate;
use serde::Serialize;

/// Whose it is, who says so, and until when.
#[derive(Debug, Clone, Serialize)]
pub struct CertificateReport {
    /// As RFC 4514 writes it.
    pub subject: String,
    /// As RFC 4514 writes it.
    pub issuer: String,
    /// In hexadecimal.
    pub serial: String,
    /// The digest of the certificate, in hexadecimal.
    pub sha256: String,
    /// Its addresses.
    pub emails: Vec<String>,
    /// RFC 3339.
    pub not_before: String,
    /// RFC 3339.
    pub not_after: String,
}

impl CertificateReport {
    /// Of this certificate.
    pub fn of(certificate: &Certificate) -> CertificateReport {
        CertificateReport {
            subject: certificate.subject().to_owned(),
            issuer: certificate.issuer().to_owned(),
            serial: certificate.serial_hex(),
            sha256: hexadecimal(&certificate.sha256_fingerprint()),
            emails: certificate
                .emails()
                .iter()
                .map(ToString::to_string)
                .collect(),
            not_before: certificate.not_before().to_string(),
            not_after: certificate.not_after().to_string(),
        }
    }
}
