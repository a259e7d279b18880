//! The certificates of files and directories.

use std::collections::HashSet;
use std::fs;
use std::io::{self, Read};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::Error;
use crate::asn1::tag;
use crate::keys::bundle::{self, CertificateBundle};
use crate::keys::pkcs12;
use crate::keys::private_key::FoundPrivateKey;
use crate::x509::Certificate;
use crate::x509::crl::CertificateList;

/// The most that is read of one file, in bytes. The largest public bundle has 0.5 MiB.
pub(super) const MAX_FILE: u64 = 16 << 20;

/// What has been found so far.
#[derive(Default)]
pub(super) struct Found {
    pub(super) certificates: Vec<Certificate>,
    pub(super) skipped: Vec<Error>,
}

impl Found {
    /// All that is in a file.
    pub(super) fn take_file(&mut self, path: &Path) -> Result<(), Error> {
        let bundle = CertificateBundle::read(&read(path)?);
        let certificates = bundle.and_then(CertificateBundle::into_certificates);
        self.certificates
            .extend(certificates.map_err(|source| Error::Malformed {
                path: path.to_owned(),
                source,
            })?);
        Ok(())
    }

    /// What can be used of a file; at least one certificate.
    pub(super) fn take_what_there_is(&mut self, path: &Path) -> Result<(), Error> {
        let bytes = read(path)?;
        let bundle = match CertificateBundle::read(&bytes) {
            Ok(bundle) => bundle,
            // A CMS object of another kind has no certificates to be trusted.
            Err(bundle::Error::NotSignedData(_)) => CertificateBundle::default(),
            Err(source) => {
                return Err(Error::Malformed {
                    path: path.to_owned(),
                    source,
                });
            }
        };
        if bundle.is_empty() || is_something_else(&bytes) {
            return Err(Error::NoCertificate {
                path: path.to_owned(),
            });
        }
        let skipped = bundle.malformed.into_iter();
        self.skipped
            .extend(skipped.map(|source| Error::MalformedCertificate {
                path: path.to_owned(),
                source,
            }));
        self.certificates.extend(bundle.certificates);
        Ok(())
    }

    /// What a directory holds: `c_rehash` puts links with other names beside the files,
    /// distributions put bundles, keys and READMEs there. What cannot be used is skipped, since one
    /// file more must not end the trust in all the others.
    pub(super) fn take_directory(&mut self, path: &Path) -> Result<(), Error> {
        let before = self.certificates.len();
        let mut seen = HashSet::new();
        for file in files(path).map_err(unreadable(path))? {
            let is_new = fs::metadata(&file)
                .is_ok_and(|it| it.is_file() && seen.insert((it.dev(), it.ino())));
            if is_new && let Err(error) = self.take_what_there_is(&file) {
                self.skipped.push(error);
            }
        }
        match self.certificates.len() == before {
            true => Err(Error::NoCertificate {
                path: path.to_owned(),
            }),
            false => Ok(()),
        }
    }
}

/// What is in a directory, by name: what is found does not depend on the order in which a file
/// system lists it.
pub(super) fn files(directory: &Path) -> io::Result<Vec<PathBuf>> {
    let entries = fs::read_dir(directory)?;
    let mut files = entries
        .map(|entry| Ok(entry?.path()))
        .collect::<io::Result<Vec<_>>>()?;
    files.sort();
    Ok(files)
}

/// Binary files that are a SEQUENCE like a certificate, and are none.
fn is_something_else(bytes: &[u8]) -> bool {
    let is_key = || FoundPrivateKey::find(bytes).is_ok();
    bytes.first() == Some(&tag::SEQUENCE)
        && (pkcs12::is_pkcs12(bytes) || CertificateList::from_der(bytes).is_ok() || is_key())
}

fn read(path: &Path) -> Result<Vec<u8>, Error> {
    let mut bytes = Vec::new();
    let file = fs::File::open(path).map_err(unreadable(path))?;
    file.take(MAX_FILE + 1)
        .read_to_end(&mut bytes)
        .map_err(unreadable(path))?;
    if bytes.len() as u64 > MAX_FILE {
        return Err(Error::TooLarge {
            path: path.to_owned(),
        });
    }
    Ok(bytes)
}

fn unreadable(path: &Path) -> impl Fn(io::Error) -> Error {
    move |source| Error::Unreadable {
        path: path.to_owned(),
        source: Arc::new(source),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::path::TrustAnchors;
    use crate::x509::crl::testing::TestCrl;
    use crate::x509::testing::{TestCertificate, name};

    fn key() -> p256::SecretKey {
        p256::SecretKey::from_slice(&[7; 32]).unwrap()
    }

    fn certificate(common_name: &str) -> TestCertificate {
        let mut certificate = TestCertificate::of("ca@example.com", &key());
        certificate.subject = name(common_name);
        certificate
    }

    fn pem(label: &str, der: &[u8]) -> String {
        ::pem::encode(&::pem::Pem::new(label, der))
    }

    /// The common names of those that are trusted.
    fn subjects(anchors: &TrustAnchors) -> Vec<&str> {
        anchors.certificates().map(Certificate::subject).collect()
    }

    #[test]
    fn files_and_directories_are_read_whatever_is_in_them() {
        let directory = tempfile::tempdir().unwrap();
        let path = |name: &str| directory.path().join(name);
        let bundle = [certificate("A").pem(), certificate("B").pem()].concat();
        fs::write(path("bundle.pem"), &bundle).unwrap();
        fs::write(path("c.der"), certificate("C").der()).unwrap();
        let trusted = [&certificate("D").der()[..], b"\x30\x00"].concat();
        fs::write(path("d.pem"), pem("TRUSTED CERTIFICATE", &trusted)).unwrap();
        fs::create_dir(path("nested")).unwrap();
        std::os::unix::fs::symlink("bundle.pem", path("0a1b2c3d.0")).unwrap();
        std::os::unix::fs::symlink("gone.pem", path("4e5f6a7b.0")).unwrap();
        let both = [path("bundle.pem"), path("c.der"), path("bundle.pem")];
        let anchors = TrustAnchors::from_files(&both).unwrap();
        assert_eq!((anchors.len(), anchors.sources().len()), (3, 3));
        let anchors = TrustAnchors::from_files(&[directory.path().to_owned()]).unwrap();
        assert_eq!(subjects(&anchors), ["CN=A", "CN=B", "CN=C", "CN=D"]);
        assert!(anchors.skipped().is_empty(), "{:?}", anchors.skipped());
    }

    #[test]
    fn what_is_no_certificate_in_a_directory_is_skipped_and_named() {
        let directory = tempfile::tempdir().unwrap();
        let write = |name: &str, content: &[u8]| {
            fs::write(directory.path().join(name), content).unwrap();
        };
        let crl = TestCrl::of("CA").der(&key());
        let key = p256::pkcs8::EncodePrivateKey::to_pkcs8_der(&key()).unwrap();
        let enveloped = b"\x30\x0d\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x03\xa0\x00";
        write("README", b"nothing here");
        write("ca.crl", &crl);
        write("ca.crl.pem", pem("X509 CRL", &crl).as_bytes());
        write("ca.key", key.as_bytes());
        write("ca.key.pem", pem("PRIVATE KEY", key.as_bytes()).as_bytes());
        write("mail.p7m", enveloped);
        write("empty", b"");
        write("root.pem", certificate("Root").pem().as_bytes());
        let anchors = TrustAnchors::from_files(&[directory.path().to_owned()]).unwrap();
        assert_eq!(subjects(&anchors), ["CN=Root"]);
        assert_eq!(anchors.skipped().len(), 7);
        for skipped in anchors.skipped() {
            assert!(skipped.is_no_certificate(), "{skipped}");
        }
        assert!(
            anchors.skipped()[0]
                .to_string()
                .contains("/README holds no certificate")
        );
    }

    #[test]
    fn what_is_malformed_ends_the_trust_in_a_file_and_in_no_directory() {
        let directory = tempfile::tempdir().unwrap();
        let path = |name: &str| directory.path().join(name);
        let (good, other) = (certificate("Good"), certificate("Other"));
        let malformed = pem("CERTIFICATE", b"\x30\x00");
        fs::write(path("a.pem"), [good.pem(), malformed].concat()).unwrap();
        fs::write(path("b.pem"), good.pem().replace("-----END", "-----AND")).unwrap();
        fs::write(path("c.der"), b"\x30\x00").unwrap();
        fs::write(path("d.pem"), other.pem()).unwrap();
        let anchors = TrustAnchors::from_files(&[directory.path().to_owned()]).unwrap();
        assert_eq!(subjects(&anchors), ["CN=Good", "CN=Other"]);
        let skipped: Vec<String> = anchors.skipped().iter().map(Error::to_string).collect();
        assert!(skipped[0].contains("/a.pem can be trusted"), "{skipped:?}");
        assert!(skipped[1].contains("/b.pem"), "{skipped:?}");
        assert!(skipped[2].contains("/c.der"), "{skipped:?}");
        assert_eq!(skipped.len(), 3);
        assert!(!anchors.skipped().iter().any(Error::is_no_certificate));
        for name in ["a.pem", "b.pem", "c.der"] {
            let error = TrustAnchors::from_files(&[path(name)]).unwrap_err();
            assert!(matches!(error, Error::Malformed { .. }), "{error}");
        }
        assert!(TrustAnchors::from_files(&[path("d.pem")]).is_ok());
    }

    #[test]
    fn what_is_not_there_is_told() {
        let directory = tempfile::tempdir().unwrap();
        let error = |path: PathBuf| TrustAnchors::from_files(&[path]).unwrap_err();
        let empty = error(directory.path().to_owned());
        assert!(matches!(empty, Error::NoCertificate { .. }));
        let missing = directory.path().join("missing");
        assert!(matches!(error(missing), Error::Unreadable { .. }));
        let text = directory.path().join("text");
        fs::write(&text, "no certificate").unwrap();
        assert!(matches!(error(text), Error::Malformed { .. }));
        let large = directory.path().join("large");
        fs::File::create(&large)
            .unwrap()
            .set_len(MAX_FILE + 1)
            .unwrap();
        assert!(matches!(error(large), Error::TooLarge { .. }));
    }
}
