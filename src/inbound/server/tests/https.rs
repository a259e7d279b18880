//! HTTPS, and a certificate that is exchanged.

use std::fs;
use std::path::Path;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::CryptoProvider;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{ClientConfig, ClientConnection, DigitallySignedStruct, SignatureScheme, StreamOwned};

use super::*;
use crate::crypto::tls_provider::provider;
use crate::crypto::tls_provider::tests::Authority;
use crate::inbound::settings::TlsFiles;

/// Takes any certificate whose key the server has: which one it was is looked at afterwards.
#[derive(Debug)]
struct Anyone(Arc<CryptoProvider>);

impl ServerCertVerifier for Anyone {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.0.signature_verification_algorithms;
        rustls::crypto::verify_tls12_signature(message, certificate, signature, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.0.signature_verification_algorithms;
        rustls::crypto::verify_tls13_signature(message, certificate, signature, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}

/// Posts by HTTPS; returns the answer and the certificate that was shown.
fn post_securely(running: &Running, fields: &[&str]) -> (String, CertificateDer<'static>) {
    let configuration = ClientConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()
        .unwrap()
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(Anyone(provider())))
        .with_no_client_auth();
    let name = ServerName::try_from("mx.example").unwrap();
    let client = ClientConnection::new(Arc::new(configuration), name).unwrap();
    let mut stream = StreamOwned::new(client, running.connect());
    stream.write_all(&post("/", fields, RELAY)).unwrap();
    let mut answer = String::new();
    let _end = stream.read_to_string(&mut answer);
    let shown = stream.conn.peer_certificates().unwrap()[0].clone();
    (answer, shown.into_owned())
}

fn pem(label: &str, der: &[u8]) -> String {
    let base64 = base64_simd::STANDARD.encode_to_string(der);
    format!("-----BEGIN {label}-----\n{base64}\n-----END {label}-----\n")
}

fn files(directory: &Path) -> TlsFiles {
    TlsFiles {
        certificate: directory.join("tls.crt"),
        key: directory.join("tls.key"),
    }
}

/// Writes a certificate and its key, and returns the certificate.
fn write(directory: &Path, authority: Authority, key: &str) -> CertificateDer<'static> {
    let (files, certificate) = (files(directory), authority.self_signed_server());
    fs::write(files.certificate, pem("CERTIFICATE", &certificate)).unwrap();
    let key = fs::read(format!("testdata/crypto/{key}.pkcs8.der")).unwrap();
    fs::write(files.key, pem("PRIVATE KEY", &key)).unwrap();
    certificate
}

#[test]
fn certificate_is_exchanged_while_the_server_runs_and_a_bad_one_is_not_taken() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path();
    let first = write(path, Authority::EcP256, "p256-other");
    let certificate = ServerCertificate::load(files(path)).unwrap();
    let running = Running::start_with(Settings::default(), Some(&certificate));
    let (answer, shown) = post_securely(&running, &[JSON]);
    assert_eq!((status(&answer), &shown), ("200", &first));
    assert!(running.told().contains("scheme: \"https\""));

    let second = write(path, Authority::Rsa, "rsa3072");
    assert_eq!(
        post_securely(&running, &[JSON]).1,
        first,
        "it was not told to reload"
    );
    certificate.reload().unwrap();
    assert_eq!(post_securely(&running, &[JSON]).1, second);

    fs::write(files(path).certificate, "no certificate").unwrap();
    let refused = certificate.reload().unwrap_err().to_string();
    let name = files(path).certificate.display().to_string();
    assert_eq!(refused, format!("{name} has no certificate in PEM"));
    assert_eq!(post_securely(&running, &[JSON]).1, second);
}

#[test]
fn key_of_another_certificate_is_refused() {
    let directory = tempfile::tempdir().unwrap();
    write(directory.path(), Authority::EcP256, "p256");
    let refused = ServerCertificate::load(files(directory.path())).unwrap_err();
    assert!(matches!(refused, tls::Error::Key { .. }), "{refused}");
    write(directory.path(), Authority::EcP256, "p256-other");
    ServerCertificate::load(files(directory.path())).unwrap();
}

#[test]
fn missing_file_is_named() {
    let directory = tempfile::tempdir().unwrap();
    write(directory.path(), Authority::EcP256, "p256-other");
    fs::remove_file(files(directory.path()).key).unwrap();
    let refused = ServerCertificate::load(files(directory.path())).unwrap_err();
    let name = files(directory.path()).key.display().to_string();
    assert_eq!(refused.to_string(), format!("{name} cannot be read"));
}

#[test]
fn plain_http_to_https_is_no_answer() {
    let directory = tempfile::tempdir().unwrap();
    write(directory.path(), Authority::EcP256, "p256-other");
    let certificate = ServerCertificate::load(files(directory.path())).unwrap();
    let running = Running::start_with(Settings::default(), Some(&certificate));
    assert_eq!(status(&running.post("/", &[JSON], RELAY)), "none");
    assert_eq!(running.spool.depth().messages, 0);
}
