//! CRLs and OCSP answers at hand: from files, from a message, retrieved.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::keys::pem;
use crate::path::revocation::standing::Origin;
use crate::x509;
use crate::x509::crl::CertificateList;
use crate::x509::ocsp::{self, OcspResponse};

/// The CRLs and OCSP answers that a caller has gathered, in no order: complete and delta, of any
/// issuer. Only those that are signed and current count. Copying is cheap.
#[derive(Debug, Clone, Default)]
pub struct RevocationEvidence {
    lists: Vec<Known<CertificateList>>,
    answers: Vec<Known<OcspResponse>>,
}

/// A CRL or OCSP answer, and where it comes from.
#[derive(Debug)]
pub(super) struct Known<T> {
    pub(super) it: Arc<T>,
    pub(super) origin: Origin,
}

/// Whatever it is, it is shared.
impl<T> Clone for Known<T> {
    fn clone(&self) -> Known<T> {
        Known {
            it: Arc::clone(&self.it),
            origin: self.origin.clone(),
        }
    }
}

impl RevocationEvidence {
    /// Nothing at hand.
    pub const NONE: RevocationEvidence = RevocationEvidence {
        lists: Vec::new(),
        answers: Vec::new(),
    };

    /// Adds a CRL.
    pub fn add_list(&mut self, list: CertificateList, origin: Origin) {
        let it = Arc::new(list);
        self.lists.push(Known { it, origin });
    }

    /// Adds an OCSP answer.
    pub fn add_answer(&mut self, answer: OcspResponse, origin: Origin) {
        let it = Arc::new(answer);
        self.answers.push(Known { it, origin });
    }

    /// Adds the CRLs of a file: PEM with any number of them, or one in DER, found by looking.
    ///
    /// # Errors
    ///
    /// A file that cannot be read, has no CRL or a malformed one.
    pub fn add_list_file(&mut self, path: &Path) -> Result<(), Error> {
        for der in encodings(path, "X509 CRL", "CRL")? {
            let list = CertificateList::from_der(&der).map_err(|source| Error::MalformedList {
                path: path.to_owned(),
                source,
            })?;
            self.add_list(list, Origin::File(path.to_owned()));
        }
        Ok(())
    }

    /// Adds the OCSP answer of a file, an OCSPResponse in DER or PEM.
    ///
    /// # Errors
    ///
    /// A file that cannot be read, has no OCSP answer or a malformed one.
    pub fn add_answer_file(&mut self, path: &Path) -> Result<(), Error> {
        for der in encodings(path, "OCSP RESPONSE", "OCSP answer")? {
            let answer = OcspResponse::from_der(&der).map_err(|source| Error::MalformedAnswer {
                path: path.to_owned(),
                source,
            })?;
            self.add_answer(answer, Origin::File(path.to_owned()));
        }
        Ok(())
    }

    /// Whether there is nothing at all.
    pub fn is_empty(&self) -> bool {
        self.lists.is_empty() && self.answers.is_empty()
    }

    /// This evidence with that.
    #[must_use]
    pub fn and(&self, other: &RevocationEvidence) -> RevocationEvidence {
        let mut both = self.clone();
        both.lists.extend_from_slice(&other.lists);
        both.answers.extend_from_slice(&other.answers);
        both
    }

    pub(super) fn of(
        lists: &[Known<CertificateList>],
        answers: &[Known<OcspResponse>],
    ) -> RevocationEvidence {
        RevocationEvidence {
            lists: lists.to_vec(),
            answers: answers.to_vec(),
        }
    }

    pub(super) fn lists(&self) -> &[Known<CertificateList>] {
        &self.lists
    }

    pub(super) fn answers(&self) -> &[Known<OcspResponse>] {
        &self.answers
    }
}

/// CRLs that the caller has.
impl FromIterator<CertificateList> for RevocationEvidence {
    fn from_iter<I: IntoIterator<Item = CertificateList>>(lists: I) -> RevocationEvidence {
        let mut evidence = RevocationEvidence::default();
        for list in lists {
            evidence.add_list(list, Origin::Caller);
        }
        evidence
    }
}

/// What a file holds: all PEM blocks with this label, or the whole in DER.
fn encodings(path: &Path, label: &str, wanted: &'static str) -> Result<Vec<Vec<u8>>, Error> {
    let bytes = fs::read(path).map_err(|source| Error::Unreadable {
        path: path.to_owned(),
        source,
    })?;
    if bytes.first() == Some(&0x30) {
        return Ok(vec![bytes]);
    }
    let blocks = pem::blocks(&bytes).map_err(|source| Error::Pem {
        path: path.to_owned(),
        source,
    })?;
    let encodings: Vec<Vec<u8>> = blocks
        .iter()
        .filter(|block| block.label() == label)
        .map(|block| block.content().to_vec())
        .collect();
    match encodings.is_empty() {
        false => Ok(encodings),
        true => Err(Error::Nothing {
            path: path.to_owned(),
            wanted,
        }),
    }
}

/// Why there are no CRLs or OCSP answers.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The file could not be read.
    #[error("cannot read {}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What went wrong.
        source: io::Error,
    },
    /// The file's PEM is broken.
    #[error("cannot read the PEM of {}", path.display())]
    Pem {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        source: pem::Error,
    },
    /// A CRL cannot be read.
    #[error("cannot read a CRL from {}", path.display())]
    MalformedList {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        source: x509::Error,
    },
    /// An OCSP answer cannot be read.
    #[error("cannot read an OCSP answer from {}", path.display())]
    MalformedAnswer {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        source: ocsp::Error,
    },
    /// The file has none in it.
    #[error("{} holds no {wanted}", path.display())]
    Nothing {
        /// The file.
        path: PathBuf,
        /// What should be in it.
        wanted: &'static str,
    },
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::x509::crl::testing::TestCrl;

    #[test]
    fn files_are_pem_or_der() {
        let key = p256::SecretKey::from_slice(&[7; 32]).unwrap();
        let der = TestCrl::of("CA").der(&key);
        let one = ::pem::encode(&::pem::Pem::new("X509 CRL", der.clone()));
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("crl");
        let count = |bytes: &[u8]| {
            fs::write(&path, bytes).unwrap();
            let mut evidence = RevocationEvidence::default();
            evidence
                .add_list_file(&path)
                .map(|()| evidence.lists().len())
        };
        assert_eq!(count(&der).unwrap(), 1);
        assert_eq!(count(format!("text\n{one}{one}").as_bytes()).unwrap(), 2);
        assert!(matches!(count(b"text"), Err(Error::Nothing { .. })));
        assert!(matches!(count(&der[1..]), Err(Error::Nothing { .. })));
        assert!(matches!(
            count(b"\x30\x00"),
            Err(Error::MalformedList { .. })
        ));
        let mut evidence = RevocationEvidence::default();
        fs::write(&path, &der).unwrap();
        assert!(matches!(
            evidence.add_answer_file(&path),
            Err(Error::MalformedAnswer { .. })
        ));
        assert!(evidence.is_empty());
    }
}
