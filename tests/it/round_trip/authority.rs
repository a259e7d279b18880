//! A root made for the test, and a key directory with a key of every kind that it certifies.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use const_oid::ObjectIdentifier;
use mailseal::asn1::tag;
use mailseal::asn1::tlv::{element, sequence};
use mailseal::x509::Certificate;
use p256::ecdsa::signature::Signer;
use pkcs8::{EncodePrivateKey, EncodePublicKey};
use sha2::Digest;
use tempfile::TempDir;

use crate::support::project;

const ECDSA_WITH_SHA256: &str = "1.2.840.10045.4.3.2";
const X25519: &str = "1.3.101.110";

/// What a certificate's key usage allows (RFC 5280 4.2.1.3): the first octet of the BIT STRING.
#[derive(Clone, Copy)]
struct Usage(u8);

const SIGNS: Usage = Usage(0b1000_0000);
const TRANSPORTS: Usage = Usage(0b0010_0000);
const AGREES: Usage = Usage(0b0000_1000);
const CERTIFIES: Usage = Usage(0b0000_0100);

impl std::ops::BitOr for Usage {
    type Output = Usage;

    fn bitor(self, other: Usage) -> Usage {
        Usage(self.0 | other.0)
    }
}

/// The root, and the directory with `<kind>@example.com.crt` and `.pem` for each kind of key.
pub struct Authority {
    directory: TempDir,
    key: p256::ecdsa::SigningKey,
    root: Vec<u8>,
}

impl Authority {
    /// With every kind of key: `rsa`, `p256`, `p384`, `p521`, `ed25519`, `x25519`, `ml-dsa-44` and
    /// on, `ml-kem-512` and on.
    pub fn new() -> Authority {
        let key = p256::ecdsa::SigningKey::from_slice(&[9; 32]).expect("a scalar of P-256");
        let spki = spki_of(key.verifying_key());
        let mut authority = Authority {
            directory: TempDir::new().expect("a temporary directory"),
            key,
            root: Vec::new(),
        };
        authority.root = authority.certificate(&name("Round trip"), &spki, CERTIFIES, None);
        authority.add_rsa();
        authority.add_curves();
        authority.add_post_quantum();
        authority
    }

    /// The key directory.
    pub fn path(&self) -> &Path {
        self.directory.path()
    }

    /// The root's certificate.
    pub fn root(&self) -> Certificate {
        Certificate::from_der(&self.root).expect("our own certificate")
    }

    /// RSA keys take long to make: alice's of testdata.
    fn add_rsa(&self) {
        let read =
            |kind| fs::read_to_string(project(&format!("testdata/keys/alice@example.com.{kind}")));
        let chain = pem::parse_many(read("crt").expect("alice's certificate")).expect("PEM");
        let certificate = Certificate::from_der(chain[0].contents()).expect("a certificate");
        let key = pem::parse(read("pem").expect("alice's key")).expect("PEM");
        self.add(
            "rsa",
            key.contents(),
            certificate.spki_der(),
            SIGNS | TRANSPORTS,
        );
    }

    fn add_curves(&self) {
        let both = SIGNS | AGREES;
        let key = p256::SecretKey::from_slice(&[1; 32]).expect("a scalar of P-256");
        self.add("p256", &pkcs8_of(&key), &spki_of(&key.public_key()), both);
        let key = p384::SecretKey::from_slice(&[2; 48]).expect("a scalar of P-384");
        self.add("p384", &pkcs8_of(&key), &spki_of(&key.public_key()), both);
        let mut scalar = [3; 66];
        scalar[0] = 0;
        let key = p521::SecretKey::from_slice(&scalar).expect("a scalar of P-521");
        self.add("p521", &pkcs8_of(&key), &spki_of(&key.public_key()), both);
        let key = ed25519_dalek::SigningKey::from_bytes(&[4; 32]);
        self.add(
            "ed25519",
            &pkcs8_of(&key),
            &spki_of(&key.verifying_key()),
            SIGNS,
        );

        // RFC 8410 3 and 7: the algorithm without parameters, the private key as CurvePrivateKey.
        let key = x25519_dalek::StaticSecret::from([5; 32]);
        let algorithm = sequence(&[&identifier(X25519)]);
        let private = sequence(&[
            &element(tag::INTEGER, &[0]),
            &algorithm,
            &element(
                tag::OCTET_STRING,
                &element(tag::OCTET_STRING, key.as_bytes()),
            ),
        ]);
        let public = x25519_dalek::PublicKey::from(&key);
        let bits = [&[0], public.as_bytes().as_slice()].concat();
        let spki = sequence(&[&algorithm, &element(tag::BIT_STRING, &bits)]);
        self.add("x25519", &private, &spki, AGREES);
    }

    fn add_post_quantum(&self) {
        macro_rules! ml_dsa {
            ($($name:literal: $set:ident),*) => {$(
                let key = ml_dsa::SigningKey::<ml_dsa::$set>::from_seed(&[6; 32].into());
                let public = ml_dsa::signature::Keypair::verifying_key(&key);
                self.add($name, &pkcs8_of(&key), &spki_of(&public), SIGNS);
            )*};
        }
        macro_rules! ml_kem {
            ($($name:literal: $set:ident),*) => {$(
                let key = ml_kem::DecapsulationKey::<ml_kem::$set>::from_seed([7; 64].into());
                let public = key.encapsulation_key();
                self.add($name, &pkcs8_of(&key), &spki_of(public), TRANSPORTS);
            )*};
        }
        ml_dsa!("ml-dsa-44": MlDsa44, "ml-dsa-65": MlDsa65, "ml-dsa-87": MlDsa87);
        ml_kem!("ml-kem-512": MlKem512, "ml-kem-768": MlKem768, "ml-kem-1024": MlKem1024);
    }

    fn add(&self, kind: &str, private_key: &[u8], spki: &[u8], usage: Usage) {
        let address = format!("{kind}@example.com");
        let certificate = self.certificate(&name(kind), spki, usage, Some(&address));
        let write = |extension: &str, label: &str, der: &[u8]| {
            let path = self.path().join(format!("{address}.{extension}"));
            let text = pem::encode(&pem::Pem::new(label, der));
            fs::write(&path, text).expect("our own directory");
            fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).expect("our own file");
        };
        write("pem", "PRIVATE KEY", private_key);
        write("crt", "CERTIFICATE", &certificate);
    }

    /// A certificate for this key by the root; for mail to `address`, or else the root's own.
    fn certificate(
        &self,
        subject: &[u8],
        spki: &[u8],
        usage: Usage,
        address: Option<&str>,
    ) -> Vec<u8> {
        let algorithm = sequence(&[&identifier(ECDSA_WITH_SHA256)]);
        // RFC 5280 4.1.2.5: UTCTime through 2049, GeneralizedTime after.
        let not_before = element(tag::UTC_TIME, b"250101000000Z");
        let not_after = element(tag::GENERALIZED_TIME, b"21991231235959Z");
        let key_usage = element(tag::BIT_STRING, &[usage.0.trailing_zeros() as u8, usage.0]);
        let own = key_identifier(spki);
        let issuer = key_identifier(&spki_of(self.key.verifying_key()));
        let issuer = element(tag::context_primitive(0), &issuer);
        let mut extensions = vec![
            critical("2.5.29.15", &key_usage),
            extension("2.5.29.14", &element(tag::OCTET_STRING, &own)),
            extension("2.5.29.35", &sequence(&[&issuer])),
        ];
        match address {
            Some(address) => {
                let names = element(tag::context_primitive(1), address.as_bytes());
                extensions.push(extension("2.5.29.17", &sequence(&[&names])));
                let email_protection = identifier("1.3.6.1.5.5.7.3.4");
                extensions.push(extension("2.5.29.37", &sequence(&[&email_protection])));
            }
            None => {
                let is_ca = sequence(&[&element(tag::BOOLEAN, &[0xff])]);
                extensions.push(critical("2.5.29.19", &is_ca));
            }
        }
        let serial = [&[0x40], &subject[subject.len() - 4..]].concat();
        let tbs_certificate = sequence(&[
            &element(tag::context_constructed(0), &element(tag::INTEGER, &[2])),
            &element(tag::INTEGER, &serial),
            &algorithm,
            &name("Round trip"),
            &sequence(&[&not_before, &not_after]),
            subject,
            spki,
            &element(
                tag::context_constructed(3),
                &element(tag::SEQUENCE, &extensions.concat()),
            ),
        ]);
        let signature: p256::ecdsa::DerSignature = self.key.sign(&tbs_certificate);
        let bits = [&[0], signature.as_bytes()].concat();
        sequence(&[
            &tbs_certificate,
            &algorithm,
            &element(tag::BIT_STRING, &bits),
        ])
    }
}

fn pkcs8_of(key: &impl EncodePrivateKey) -> Vec<u8> {
    let document = key.to_pkcs8_der().expect("a key can be encoded");
    document.as_bytes().to_vec()
}

fn spki_of(key: &impl EncodePublicKey) -> Vec<u8> {
    let document = key.to_public_key_der().expect("a key can be encoded");
    document.as_bytes().to_vec()
}

fn identifier(oid: &str) -> Vec<u8> {
    let oid: ObjectIdentifier = oid.parse().expect("an object identifier");
    element(tag::OBJECT_IDENTIFIER, oid.as_bytes())
}

/// A name of one common name.
fn name(common_name: &str) -> Vec<u8> {
    let value = element(tag::UTF8_STRING, common_name.as_bytes());
    let attribute = sequence(&[&identifier("2.5.4.3"), &value]);
    sequence(&[&element(tag::SET, &attribute)])
}

/// Truncated as RFC 7093 2 has it, over all of the SubjectPublicKeyInfo.
fn key_identifier(spki: &[u8]) -> Vec<u8> {
    sha2::Sha256::digest(spki)[..20].to_vec()
}

fn extension(oid: &str, value: &[u8]) -> Vec<u8> {
    sequence(&[&identifier(oid), &element(tag::OCTET_STRING, value)])
}

fn critical(oid: &str, value: &[u8]) -> Vec<u8> {
    let critical = element(tag::BOOLEAN, &[0xff]);
    let value = element(tag::OCTET_STRING, value);
    sequence(&[&identifier(oid), &critical, &value])
}
