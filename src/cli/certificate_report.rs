//! A certificate as every report in JSON has it.

use mailseal::asn1::reader::hexadecimal;
use mailseal::x509::Certificate;
use serde::Serialize;

/// Whose it is, who says so, and until when.
#[derive(Serialize)]
pub(super) struct CertificateReport {
    pub(super) subject: String,
    pub(super) issuer: String,
    pub(super) serial: String,
    pub(super) sha256: String,
    pub(super) emails: Vec<String>,
    pub(super) not_before: String,
    pub(super) not_after: String,
}

impl CertificateReport {
    pub(super) fn of(certificate: &Certificate) -> CertificateReport {
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
