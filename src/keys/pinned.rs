use std::path::{Path, PathBuf};
use std::sync::Arc;

use jiff::Timestamp;

use crate::address::Address;
use crate::crypto::PublicKey;
use crate::keys::{Error, Use, pem};
use crate::x509::Certificate;

/// RFC 8551 4.2 and 4.3: a shorter RSA key must not be used for anything new.
const MIN_RSA_BITS: usize = 2048;

/// The first certificate of a file in the key directory, once it has been found fit: it is for
/// the address it was looked up by, valid now, meant for mail and for the use at hand, and its
/// key can be worked with.
pub(super) struct PinnedCertificate {
    pub(super) certificate: Certificate,
    pub(super) public_key: PublicKey,
    /// The rest of the file, in its order.
    pub(super) others: Vec<Certificate>,
}

impl PinnedCertificate {
    /// The order of the questions is the order in which an operator would ask them.
    pub(super) fn read(
        path: &Path,
        bytes: &[u8],
        address: &Address,
        now: Timestamp,
        wanted: Use,
    ) -> Result<PinnedCertificate, Error> {
        let path = || path.to_owned();
        let mut certificates = pem::certificates(bytes)
            .map_err(|source| Error::Certificate {
                path: path(),
                source,
            })?
            .into_iter();
        let certificate = certificates
            .next()
            .ok_or_else(|| Error::Empty { path: path() })?;
        certifies(&certificate, address, path)?;
        valid_at(&certificate, now, path)?;
        permits(&certificate, wanted, path)?;
        Ok(PinnedCertificate {
            public_key: strong_public_key(&certificate, path)?,
            certificate,
            others: certificates.collect(),
        })
    }
}

/// RFC 8550 3: one of the certificate's addresses is ours. A certificate that names none is for
/// nobody in particular, so it is not for us.
fn certifies(
    certificate: &Certificate,
    address: &Address,
    path: impl Fn() -> PathBuf,
) -> Result<(), Error> {
    if certificate
        .emails()
        .iter()
        .any(|email| email.matches(address))
    {
        return Ok(());
    }
    Err(Error::AddressNotCertified {
        path: path(),
        address: Box::new(address.clone()),
        certified: certificate.emails().to_vec(),
        unusable: certificate.unusable_emails().to_vec(),
    })
}

/// RFC 5280 4.1.2.5: both ends belong to the validity period. They are whole seconds, and the
/// last one lasts.
fn valid_at(
    certificate: &Certificate,
    now: Timestamp,
    path: impl Fn() -> PathBuf,
) -> Result<(), Error> {
    if now < certificate.not_before() {
        return Err(Error::NotYetValid {
            path: path(),
            not_before: certificate.not_before(),
            now,
        });
    }
    if now.as_second() > certificate.not_after().as_second() {
        return Err(Error::Expired {
            path: path(),
            not_after: certificate.not_after(),
            now,
        });
    }
    Ok(())
}

/// RFC 8550 4.4.4, then 4.4.2.
fn permits(
    certificate: &Certificate,
    wanted: Use,
    path: impl Fn() -> PathBuf,
) -> Result<(), Error> {
    if let Some(purposes) = certificate
        .extended_key_usage()
        .filter(|p| !p.permits_email())
    {
        return Err(Error::NotForEmail {
            path: path(),
            purposes: purposes.clone(),
        });
    }
    let allowed = match wanted {
        Use::Signing => certificate.may_sign(),
        Use::Receiving => certificate.may_receive(),
    };
    match certificate.key_usage() {
        Some(key_usage) if !allowed => Err(Error::KeyUsage {
            path: path(),
            wanted,
            key_usage,
        }),
        _ => Ok(()),
    }
}

fn strong_public_key(
    certificate: &Certificate,
    path: impl Fn() -> PathBuf,
) -> Result<PublicKey, Error> {
    let key = certificate
        .public_key()
        .map_err(|source| Error::PublicKey {
            path: path(),
            source: Arc::new(source),
        })?;
    match &key {
        PublicKey::Rsa(_) if key.bits() < MIN_RSA_BITS => Err(Error::KeyTooShort {
            path: path(),
            bits: key.bits(),
            minimum: MIN_RSA_BITS,
        }),
        _ => Ok(key),
    }
}
