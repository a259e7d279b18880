//! A certificate in one line of the log, as the original had it: whose it is, from when to when, how
//! it was signed and by whom. Times are in UTC, the size of the key in bits.
//!
//! ```
//! use mailseal::inbound::certificate_line::CertificateLine;
//! use mailseal::keys::pem;
//!
//! let file = std::fs::read("testdata/keys/bob@example.com.crt")?;
//! let line = CertificateLine(&pem::certificates(&file)?[0]).to_string();
//! assert!(line.starts_with("Certificate: subject email_address=['bob@example.com'],not_valid_before="));
//! assert!(line.contains(",hash_algorithm=sha256,key_size=3072 bits, issuer={"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Not supported
//!
//! Names in the notation of Python: the issuer is written as RFC 4514 has it.

use std::fmt;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::crypto::DigestAlgorithm;
use crate::x509::Certificate;

/// The line, without what leads details and with whatever the certificate holds: the log escapes
/// it. It is made when it is written, if it ever is.
#[derive(Debug, Clone, Copy)]
pub struct CertificateLine<'a>(pub &'a Certificate);

impl fmt::Display for CertificateLine<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let certificate = self.0;
        let addresses = certificate.emails().iter();
        let addresses: Vec<String> = addresses.map(|address| format!("'{address}'")).collect();
        let hash = certificate
            .signature_algorithm()
            .map_or("unknown".to_owned(), |algorithm| {
                hash_name(algorithm.digest())
            });
        let bits = certificate.public_key();
        let bits = bits.map_or("unknown".to_owned(), |key| format!("{} bits", key.bits()));
        write!(
            f,
            "Certificate: subject email_address=[{}],not_valid_before={},not_valid_after={},\
             hash_algorithm={hash},key_size={bits}, issuer={{{}}}",
            addresses.join(", "),
            time(certificate.not_before()),
            time(certificate.not_after()),
            certificate.issuer(),
        )
    }
}

/// As Python's libraries call it: sha256, sha3-256.
fn hash_name(digest: DigestAlgorithm) -> String {
    let name = digest.name().to_ascii_lowercase();
    match name.strip_prefix("sha-") {
        Some(size) => format!("sha{size}"),
        None => name,
    }
}

fn time(time: Timestamp) -> String {
    let time = TimeZone::UTC.to_datetime(time);
    time.strftime("%Y-%m-%d %H:%M:%S").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keys::pem;

    fn line(name: &str) -> String {
        let path = format!("{}/testdata/keys/{name}.crt", env!("CARGO_MANIFEST_DIR"));
        let file = std::fs::read(path).unwrap();
        CertificateLine(&pem::certificates(&file).unwrap()[0]).to_string()
    }

    #[test]
    fn everything_is_in_its_place() {
        let line = line("bob@example.com");
        let (subject, rest) = line.split_once(",not_valid_before=").unwrap();
        assert_eq!(
            subject,
            "Certificate: subject email_address=['bob@example.com']"
        );
        let (begin, rest) = rest.split_once(",not_valid_after=").unwrap();
        let (end, rest) = rest.split_once(",hash_algorithm=").unwrap();
        for time in [begin, end] {
            assert_eq!((time.len(), &time[10..11]), (19, " "), "{time}");
        }
        assert!(begin < end);
        let (algorithms, issuer) = rest.split_once(" issuer={").unwrap();
        assert_eq!(algorithms, "sha256,key_size=3072 bits,");
        assert!(issuer.contains("CN=") && issuer.ends_with('}'), "{issuer}");
    }

    #[test]
    fn keys_are_measured_whatever_they_are() {
        for (name, size) in [
            ("rsa1024@example.com", "key_size=1024 bits"),
            ("p384@example.com", "key_size=384 bits"),
            ("ed25519@example.com", "key_size=256 bits"),
            ("secp256k1@example.com", "key_size=unknown"),
        ] {
            let line = line(name);
            assert!(line.contains(size), "{line}");
        }
    }

    #[test]
    fn a_certificate_without_an_address_has_an_empty_list() {
        assert!(line("no-address@example.com").contains("email_address=[],"));
    }
}
