//! What the tests of this module share: key directories with made-up certificates, and the files
//! of `testdata/keys`.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use p256::pkcs8::{EncodePrivateKey, LineEnding};
use tempfile::TempDir;

use crate::address::Address;
use crate::crypto::PrivateKey;
use crate::crypto::testing::private_key_der;
use crate::keys::directory::Options;
use crate::keys::{KeyDirectory, Signer};
use crate::x509::testing::{TestCertificate, key_usage};

/// In the middle of the made-up certificates' year.
pub(super) fn now() -> Timestamp {
    "2026-07-01T12:00:00Z".parse().unwrap()
}

pub(super) fn address(text: &str) -> Address {
    Address::parse(text).unwrap()
}

pub(super) fn secret_key(seed: u8) -> p256::SecretKey {
    p256::SecretKey::from_slice(&[seed; 32]).unwrap()
}

pub(super) fn pkcs8_pem(key: &p256::SecretKey) -> String {
    key.to_pkcs8_pem(LineEnding::LF).unwrap().to_string()
}

/// `testdata/keys` as it is, on a day when its good certificates are good.
pub(crate) fn keys() -> KeyDirectory {
    let options = Options {
        allow_insecure_keys: true,
        ..Options::at("2026-11-21T12:00:00Z".parse().unwrap())
    };
    KeyDirectory::new(
        Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/keys"),
        options,
    )
}

/// Somebody with a private key of `testdata/crypto`, and a certificate for every use of it.
pub(crate) fn signer_with(name: &str) -> Signer {
    let key = private_key_der(name);
    let public_key = PrivateKey::from_pkcs8_der(&key).unwrap();
    let public_key = public_key.public_key().to_spki_der().unwrap();
    let keys = TestKeys::new();
    keys.certificate("alice@example.com", |c| {
        c.subject_public_key_info = public_key;
        c.extensions[1] = key_usage(0b1010_1000);
    });
    keys.write("alice@example.com.pem", key.expose());
    keys.open().signer(&address("alice@example.com")).unwrap()
}

/// A key directory of its own for one test.
pub(super) struct TestKeys(TempDir);

impl TestKeys {
    pub(super) fn new() -> TestKeys {
        TestKeys(tempfile::tempdir().unwrap())
    }

    /// A copy of `testdata/keys`, with the modes that Git does not keep.
    pub(super) fn testdata() -> TestKeys {
        let keys = TestKeys::new();
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/keys");
        for entry in fs::read_dir(source).unwrap() {
            let entry = entry.unwrap();
            keys.write(
                entry.file_name().to_str().unwrap(),
                fs::read(entry.path()).unwrap(),
            );
        }
        keys
    }

    /// With a certificate and private key for this address.
    pub(super) fn with(text: &str) -> TestKeys {
        let keys = TestKeys::new();
        keys.certificate(text, |_| {});
        keys.write(&format!("{text}.pem"), pkcs8_pem(&secret_key(7)));
        keys
    }

    /// Writes `<text>.crt`, a certificate for that address after a change.
    pub(super) fn certificate(&self, text: &str, change: impl FnOnce(&mut TestCertificate)) {
        let mut certificate = TestCertificate::of(text, &secret_key(7));
        change(&mut certificate);
        self.write(&format!("{text}.crt"), certificate.pem());
    }

    /// Writes a file that only its owner can read.
    pub(super) fn write(&self, name: &str, content: impl AsRef<[u8]>) {
        fs::write(self.path(name), content).unwrap();
        self.chmod(name, 0o600);
    }

    pub(super) fn chmod(&self, name: &str, mode: u32) {
        fs::set_permissions(self.path(name), fs::Permissions::from_mode(mode)).unwrap();
    }

    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    pub(super) fn open(&self) -> KeyDirectory {
        KeyDirectory::new(self.0.path(), Options::at(now()))
    }

    pub(super) fn open_at(&self, now: &str) -> KeyDirectory {
        KeyDirectory::new(self.0.path(), Options::at(now.parse().unwrap()))
    }
}
