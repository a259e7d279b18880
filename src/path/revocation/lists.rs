//! CRLs from files.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::keys::pem;
use crate::x509;
use crate::x509::crl::CertificateList;

/// The CRLs that a caller has gathered, in no order: complete and delta, of any issuer. Only those
/// that are signed and current count.
#[derive(Debug, Clone, Default)]
pub struct RevocationLists {
    lists: Vec<CertificateList>,
}

impl RevocationLists {
    /// These CRLs.
    pub fn from_lists(lists: impl IntoIterator<Item = CertificateList>) -> RevocationLists {
        RevocationLists {
            lists: lists.into_iter().collect(),
        }
    }

    /// The CRLs of files: PEM with any number of them, or one in DER, found by looking.
    ///
    /// # Errors
    ///
    /// A file that cannot be read, has no CRL or a malformed one.
    pub fn from_files(paths: &[PathBuf]) -> Result<RevocationLists, Error> {
        let mut lists = Vec::new();
        for path in paths {
            let bytes = fs::read(path).map_err(|source| Error::Unreadable {
                path: path.clone(),
                source,
            })?;
            lists.extend(read(path, &bytes)?);
        }
        Ok(RevocationLists { lists })
    }

    /// All of them.
    pub fn as_slice(&self) -> &[CertificateList] {
        &self.lists
    }
}

fn read(path: &Path, bytes: &[u8]) -> Result<Vec<CertificateList>, Error> {
    let parse = |der: &[u8]| {
        CertificateList::from_der(der).map_err(|source| Error::Malformed {
            path: path.to_owned(),
            source,
        })
    };
    if bytes.first() == Some(&0x30) {
        return Ok(vec![parse(bytes)?]);
    }
    let blocks = pem::blocks(bytes).map_err(|source| Error::Pem {
        path: path.to_owned(),
        source,
    })?;
    let lists = blocks
        .iter()
        .filter(|block| block.label() == "X509 CRL")
        .map(|block| parse(block.content()))
        .collect::<Result<Vec<_>, _>>()?;
    if lists.is_empty() {
        return Err(Error::NoList {
            path: path.to_owned(),
        });
    }
    Ok(lists)
}

/// Why there are no CRLs.
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
    #[error("cannot read CRLs from {}", path.display())]
    Pem {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        source: pem::Error,
    },
    /// A CRL cannot be read.
    #[error("cannot read a CRL from {}", path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        source: x509::Error,
    },
    /// The file has no CRL in it.
    #[error("{} holds no CRL", path.display())]
    NoList {
        /// The file.
        path: PathBuf,
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
            let lists = RevocationLists::from_files(std::slice::from_ref(&path));
            lists.map(|lists| lists.as_slice().len())
        };
        assert_eq!(count(&der).unwrap(), 1);
        assert_eq!(count(format!("text\n{one}{one}").as_bytes()).unwrap(), 2);
        assert!(matches!(count(b"text"), Err(Error::NoList { .. })));
        assert!(matches!(count(&der[1..]), Err(Error::NoList { .. })));
        assert!(matches!(count(b"\x30\x00"), Err(Error::Malformed { .. })));
    }
}
