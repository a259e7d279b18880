//! Handshakes in memory, with graviola's provider and ours on either side.

use std::io::{Read, Write};
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use const_oid::ObjectIdentifier;
use const_oid::db::rfc5280::ID_KP_SERVER_AUTH;
use der::asn1::OctetString;
use der::{Decode, Encode};
use pkcs8::DecodePrivateKey;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer, ServerName};
use rustls::{
    CipherSuite, ClientConfig, ClientConnection, NamedGroup, RootCertStore, ServerConfig,
    ServerConnection, SupportedProtocolVersion,
};
use x509_cert::TbsCertificate;
use x509_cert::builder::profile::{BuilderProfile, cabf};
use x509_cert::builder::{Builder, CertificateBuilder, Result as BuilderResult};
use x509_cert::ext::pkix::name::GeneralName;
use x509_cert::ext::pkix::{BasicConstraints, ExtendedKeyUsage, SubjectAltName};
use x509_cert::ext::{Extension, ToExtension};
use x509_cert::name::Name;
use x509_cert::serial_number::SerialNumber;
use x509_cert::spki::{SubjectPublicKeyInfoOwned, SubjectPublicKeyInfoRef};
use x509_cert::time::Validity;

use super::*;
use crate::crypto::testing::testdata;

const SERVER: &str = "mx.example";
const KEYS: [&str; 4] = ["p256", "p384", "ed25519", "rsa2048"];
const VERSIONS: [&SupportedProtocolVersion; 2] = [&rustls::version::TLS12, &rustls::version::TLS13];

fn providers() -> Vec<CryptoProvider> {
    let mut providers = vec![rust_crypto()];
    if Backend::detect() == Backend::Graviola {
        providers.push(rustls_graviola::default_provider());
    }
    providers
}

/// Whether a provider is graviola's, which signs with no Ed25519 key.
fn is_graviola(provider: &CryptoProvider) -> bool {
    provider
        .cipher_suites
        .iter()
        .any(|suite| suite.suite() == CHACHA20)
}

const CHACHA20: CipherSuite = CipherSuite::TLS13_CHACHA20_POLY1305_SHA256;

struct Leaf;

impl BuilderProfile for Leaf {
    fn get_issuer(&self, _subject: &Name) -> Name {
        authority_name()
    }

    fn get_subject(&self) -> Name {
        Name::from_str(&format!("CN={SERVER}")).unwrap()
    }

    fn build_extensions(
        &self,
        _key: SubjectPublicKeyInfoRef<'_>,
        _issuer_key: SubjectPublicKeyInfoRef<'_>,
        certificate: &TbsCertificate,
    ) -> BuilderResult<Vec<Extension>> {
        let name = GeneralName::DnsName(SERVER.to_owned().try_into()?);
        let address = GeneralName::IpAddress(OctetString::new([127, 0, 0, 1])?);
        let server_auth: ObjectIdentifier = ID_KP_SERVER_AUTH;
        let subject = &certificate.subject();
        Ok(vec![
            SubjectAltName(vec![name, address]).to_extension(subject, &[])?,
            ExtendedKeyUsage(vec![server_auth]).to_extension(subject, &[])?,
        ])
    }
}

struct SelfSignedServer;

impl BuilderProfile for SelfSignedServer {
    fn get_issuer(&self, subject: &Name) -> Name {
        subject.clone()
    }

    fn get_subject(&self) -> Name {
        Leaf.get_subject()
    }

    fn build_extensions(
        &self,
        key: SubjectPublicKeyInfoRef<'_>,
        issuer_key: SubjectPublicKeyInfoRef<'_>,
        certificate: &TbsCertificate,
    ) -> BuilderResult<Vec<Extension>> {
        let mut extensions = Leaf.build_extensions(key, issuer_key, certificate)?;
        let authority = BasicConstraints {
            ca: true,
            path_len_constraint: None,
        };
        extensions.push(authority.to_extension(certificate.subject(), &[])?);
        Ok(extensions)
    }
}

fn authority_name() -> Name {
    Name::from_str("CN=Test authority,O=mailseal,C=XX").unwrap()
}

#[derive(Clone, Copy, Debug)]
pub(crate) enum Authority {
    EcP256,
    Rsa,
}

impl Authority {
    fn key(self) -> &'static str {
        match self {
            Self::EcP256 => "p256-other",
            Self::Rsa => "rsa3072",
        }
    }

    fn issue(self, profile: impl BuilderProfile, key: &str) -> CertificateDer<'static> {
        let public_key = testdata(&format!("{key}.spki.der"));
        let builder = CertificateBuilder::new(
            profile,
            SerialNumber::from(7_u32),
            Validity::from_now(Duration::from_secs(3600)).unwrap(),
            SubjectPublicKeyInfoOwned::from_der(&public_key).unwrap(),
        )
        .unwrap();
        let private_key = testdata(&format!("{}.pkcs8.der", self.key()));
        let certificate = match self {
            Self::EcP256 => {
                let signer = p256::ecdsa::SigningKey::from_pkcs8_der(&private_key).unwrap();
                builder.build::<_, p256::ecdsa::DerSignature>(&signer)
            }
            Self::Rsa => {
                let key = rsa::RsaPrivateKey::from_pkcs8_der(&private_key).unwrap();
                builder.build(&rsa::pkcs1v15::SigningKey::<sha2::Sha256>::new(key))
            }
        };
        certificate.unwrap().to_der().unwrap().into()
    }

    /// mx.example's, signed by its own key and marked as an authority's, as `openssl req -x509`
    /// makes it.
    pub(crate) fn self_signed_server(self) -> CertificateDer<'static> {
        self.issue(SelfSignedServer, self.key())
    }

    pub(crate) fn root(self) -> CertificateDer<'static> {
        self.issue(
            cabf::Root::new(false, authority_name()).unwrap(),
            self.key(),
        )
    }
}

/// A server for mx.example and 127.0.0.1, with a certificate of the authority over the key.
pub(crate) fn server_config(
    provider: CryptoProvider,
    version: &'static SupportedProtocolVersion,
    (authority, key): (Authority, &str),
) -> Arc<ServerConfig> {
    let private_key = PrivatePkcs8KeyDer::from(testdata(&format!("{key}.pkcs8.der")));
    let config = ServerConfig::builder_with_provider(Arc::new(provider))
        .with_protocol_versions(&[version])
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(
            vec![authority.issue(Leaf, key)],
            PrivateKeyDer::from(private_key),
        )
        .unwrap();
    Arc::new(config)
}

struct Pair {
    client: ClientConnection,
    server: ServerConnection,
}

impl Pair {
    fn new(
        client: CryptoProvider,
        server: CryptoProvider,
        version: &'static SupportedProtocolVersion,
        (authority, key): (Authority, &str),
    ) -> Self {
        let mut roots = RootCertStore::empty();
        roots.add(authority.root()).unwrap();
        let client = ClientConfig::builder_with_provider(Arc::new(client))
            .with_protocol_versions(&[version])
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
        let server = server_config(server, version, (authority, key));
        let name = ServerName::try_from(SERVER).unwrap();
        Self {
            client: ClientConnection::new(Arc::new(client), name).unwrap(),
            server: ServerConnection::new(server).unwrap(),
        }
    }

    /// Carries what either side has to say until neither has more.
    fn converse(&mut self) -> Result<(), rustls::Error> {
        loop {
            let (mut there, mut back) = (Vec::new(), Vec::new());
            while self.client.wants_write() {
                self.client.write_tls(&mut there).unwrap();
            }
            while self.server.wants_write() {
                self.server.write_tls(&mut back).unwrap();
            }
            if there.is_empty() && back.is_empty() {
                return Ok(());
            }
            let (mut there, mut back) = (there.as_slice(), back.as_slice());
            while !there.is_empty() {
                self.server.read_tls(&mut there).unwrap();
                self.server.process_new_packets()?;
            }
            while !back.is_empty() {
                self.client.read_tls(&mut back).unwrap();
                self.client.process_new_packets()?;
            }
        }
    }

    /// Sends more than one record in both directions.
    fn exchange(&mut self) {
        let text = b"0123456789abcdef".repeat(1500);
        self.client.writer().write_all(&text).unwrap();
        self.server.writer().write_all(&text).unwrap();
        self.converse().unwrap();
        let mut received = vec![0; text.len()];
        self.server.reader().read_exact(&mut received).unwrap();
        assert!(received == text);
        self.client.reader().read_exact(&mut received).unwrap();
        assert!(received == text);
    }
}

#[test]
fn every_key_serves_in_either_version_whoever_is_on_the_other_side() {
    for version in VERSIONS {
        for key in KEYS {
            for client in providers() {
                for server in providers() {
                    let old = version.version == rustls::ProtocolVersion::TLSv1_2;
                    if key == "ed25519" && (is_graviola(&server) || old && is_graviola(&client)) {
                        continue;
                    }
                    let mut pair =
                        Pair::new(client.clone(), server, version, (Authority::EcP256, key));
                    pair.converse().unwrap();
                    pair.exchange();
                    assert_eq!(pair.client.protocol_version(), Some(version.version));
                }
            }
        }
    }
}

#[test]
fn a_certificate_signed_with_rsa_is_verified() {
    for client in providers() {
        let authority = (Authority::Rsa, "p256");
        let mut pair = Pair::new(client, rust_crypto(), VERSIONS[1], authority);
        pair.converse().unwrap();
    }
}

#[test]
fn every_group_agrees_on_a_secret() {
    for peer in providers() {
        for group in [
            NamedGroup::X25519,
            NamedGroup::secp256r1,
            NamedGroup::secp384r1,
        ] {
            for version in VERSIONS {
                let mut ours = rust_crypto();
                ours.kx_groups.retain(|offered| offered.name() == group);
                let authority = (Authority::EcP256, "p256");
                let mut pair = Pair::new(ours, peer.clone(), version, authority);
                pair.converse().unwrap();
                let agreed = pair.client.negotiated_key_exchange_group().unwrap().name();
                assert_eq!(agreed, group);
                pair.exchange();
            }
        }
    }
}

#[test]
fn every_suite_carries_records_both_ways() {
    for peer in providers() {
        for suite in cipher::SUITES {
            let name = suite.suite();
            let key = if is_rsa(name) { "rsa2048" } else { "p256" };
            for ours_is_client in [true, false] {
                let mut ours = rust_crypto();
                ours.cipher_suites.retain(|offered| offered.suite() == name);
                let (client, server) = match ours_is_client {
                    true => (ours, peer.clone()),
                    false => (peer.clone(), ours),
                };
                let version = match suite.tls13() {
                    Some(_) => VERSIONS[1],
                    None => VERSIONS[0],
                };
                let mut pair = Pair::new(client, server, version, (Authority::EcP256, key));
                pair.converse().unwrap();
                assert_eq!(pair.server.negotiated_cipher_suite().unwrap().suite(), name);
                pair.exchange();
            }
        }
    }
}

fn is_rsa(suite: CipherSuite) -> bool {
    matches!(
        suite,
        CipherSuite::TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256
            | CipherSuite::TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384
    )
}

#[test]
fn a_certificate_of_a_stranger_is_refused() {
    for client in providers() {
        for key in KEYS {
            let mut pair = Pair::new(
                client.clone(),
                rust_crypto(),
                VERSIONS[1],
                (Authority::EcP256, key),
            );
            let strangers = Pair::new(
                client.clone(),
                rust_crypto(),
                VERSIONS[1],
                (Authority::Rsa, key),
            );
            pair.client = strangers.client;
            let error = pair.converse().unwrap_err();
            assert!(
                matches!(error, rustls::Error::InvalidCertificate(_)),
                "{error}"
            );
        }
    }
}

#[test]
fn a_record_with_one_bit_changed_is_refused() {
    for version in VERSIONS {
        for peer in providers() {
            let authority = (Authority::EcP256, "p256");
            let mut pair = Pair::new(peer, rust_crypto(), version, authority);
            pair.converse().unwrap();
            pair.client.writer().write_all(b"hello").unwrap();
            let mut record = Vec::new();
            pair.client.write_tls(&mut record).unwrap();
            *record.last_mut().unwrap() ^= 1;
            pair.server.read_tls(&mut record.as_slice()).unwrap();
            let error = pair.server.process_new_packets().unwrap_err();
            assert_eq!(error, rustls::Error::DecryptError);
        }
    }
}

#[test]
fn a_key_share_that_is_no_point_is_refused() {
    for group in key_exchange::GROUPS {
        for share in [&[][..], &[4; 65], &[4; 97], &[0; 32], &[2; 33]] {
            assert!(
                group.start().unwrap().complete(share).is_err(),
                "{:?}",
                group.name()
            );
        }
    }
}

#[test]
fn a_private_key_prints_no_secret() {
    for name in KEYS {
        let der = testdata(&format!("{name}.pkcs8.der"));
        let key = rust_crypto()
            .key_provider
            .load_private_key(PrivateKeyDer::from(PrivatePkcs8KeyDer::from(der)))
            .unwrap();
        assert!(format!("{key:?}").len() < 20, "{key:?}");
    }
}
