//! Checking a server's certificate against a file that may hold that very certificate.

use std::sync::Arc;

use jiff::Timestamp;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{WebPkiServerVerifier, verify_server_name};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{CertificateError, DigitallySignedStruct, Error, SignatureScheme};

use crate::x509::Certificate;

/// Verifies paths to the file's certificates, as ever, and takes a certificate that is in the
/// file itself as its own proof.
///
/// A server of one's own often shows a self-signed certificate, made by a tool that marks it as
/// an authority's; no path can be built to it, and the operator who names it in a file means it.
/// Its name and its dates must hold all the same.
#[derive(Debug)]
pub(super) struct PinnedOrSigned {
    pub pinned: Vec<CertificateDer<'static>>,
    pub signed: Arc<WebPkiServerVerifier>,
}

impl ServerCertVerifier for PinnedOrSigned {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        if !self.pinned.iter().any(|pinned| pinned == end_entity) {
            return self.signed.verify_server_cert(
                end_entity,
                intermediates,
                server_name,
                ocsp_response,
                now,
            );
        }
        verify_server_name(&ParsedCertificate::try_from(end_entity)?, server_name)?;
        let certificate = Certificate::from_der(end_entity)
            .map_err(|_| Error::InvalidCertificate(CertificateError::BadEncoding))?;
        let now = i64::try_from(now.as_secs())
            .ok()
            .and_then(|seconds| Timestamp::from_second(seconds).ok())
            .ok_or(Error::FailedToGetCurrentTime)?;
        if now < certificate.not_before() {
            return Err(CertificateError::NotValidYet.into());
        }
        if now > certificate.not_after() {
            return Err(CertificateError::Expired.into());
        }
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.signed
            .verify_tls12_signature(message, certificate, signature)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.signed
            .verify_tls13_signature(message, certificate, signature)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.signed.supported_verify_schemes()
    }
}

#[cfg(test)]
mod tests {
    use rustls::RootCertStore;

    use super::*;
    use crate::crypto::tls_provider::{provider, tests::Authority};

    #[test]
    fn a_named_certificate_is_its_own_proof_but_name_and_dates_must_hold() {
        let server = Authority::EcP256.self_signed_server();
        let mut roots = RootCertStore::empty();
        roots.add(server.clone()).unwrap();
        let signed = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider());
        let signed = signed.build().unwrap();
        let verifier = |pinned| PinnedOrSigned {
            pinned,
            signed: Arc::clone(&signed),
        };
        let check = |pinned, name: &'static str, now| {
            let name = ServerName::try_from(name).unwrap();
            verifier(pinned).verify_server_cert(&server, &[], &name, &[], now)
        };
        let (now, pinned) = (UnixTime::now(), vec![server.clone()]);
        assert!(check(pinned.clone(), "mx.example", now).is_ok());
        assert!(
            check(vec![], "mx.example", now).is_err(),
            "no path leads to it"
        );
        assert!(check(pinned.clone(), "other.example", now).is_err());
        let day = std::time::Duration::from_secs(86_400);
        let at = |seconds| UnixTime::since_unix_epoch(seconds);
        let seconds = std::time::Duration::from_secs(now.as_secs());
        assert!(check(pinned.clone(), "mx.example", at(seconds + day)).is_err());
        assert!(check(pinned, "mx.example", at(seconds - day)).is_err());
    }
}
