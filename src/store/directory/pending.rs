//! Certificates that wait for the operator: in `pending/`, at most one for each address.

use super::read_back::ReadBack;
use super::{PENDING, answer, json_change, length, read_places};
use crate::address::Address;
use crate::collect::CollectedCertificate;
use crate::collect::succession::{Replacement, Succession, succession};
use crate::keys::armour;
use crate::keys::directory::{Change, DirectoryWriter, Place};
use crate::secret::Secret;
use crate::store::{Error, Provenance, StoredCertificate, Vouched};

/// Keeps a certificate until the operator accepts it. Of several that wait for an address the newest
/// stays, so a stranger who writes a thousand mails leaves one file.
pub(super) fn wait(
    writer: &DirectoryWriter,
    collected: &CollectedCertificate,
    vouched: &Vouched,
) -> Result<StoredCertificate, Error> {
    let address = collected.address();
    let folder = writer.made_inside(PENDING)?;
    let (crt, json) = (
        folder.place(address, "crt")?,
        folder.place(address, "json")?,
    );
    let path = Some(folder.path(&crt.name));
    let waiting = read_places(address, &crt, &json);
    if let Some(Ok(waiting)) = &waiting {
        match succession(collected, Some(&waiting.predecessor()), Replacement::Always) {
            Succession::Older => return Ok(answer(Succession::Older, None)),
            Succession::AlreadyStored if waiting.provenance.is_some() => {
                return Ok(StoredCertificate {
                    bytes: crt.existing.as_ref().map_or(0, length),
                    ..answer(Succession::Waits, path)
                });
            }
            _ => {}
        }
    }
    let content = armour::certificates(vouched.chain());
    let bytes = content.len() as u64;
    let crt = Change {
        place: crt,
        content: Secret::new(content),
        is_private: false,
        keep_as: None,
    };
    let json = Change {
        keep_as: None,
        ..json_change(json, None, &Provenance::of(collected))
    };
    folder.put(&[crt, json])?;
    Ok(StoredCertificate {
        bytes,
        ..answer(Succession::Waits, path)
    })
}

/// A certificate that was stored by another rule than the one it waits by waits no longer.
pub(super) fn no_longer_waiting(
    writer: &DirectoryWriter,
    collected: &CollectedCertificate,
) -> Result<(), Error> {
    if writer.folder().inside(PENDING)?.is_none() {
        return Ok(());
    }
    let fingerprint = collected.certificate().sha256_fingerprint();
    match waiting(writer, collected.address(), &fingerprint) {
        Ok((folder, places, _)) => Ok(folder.take_away(&places.map(|place| (place, None)))?),
        Err(Error::NotPending { .. }) => Ok(()),
        Err(error) => Err(error),
    }
}

/// A certificate that waits, and its files.
pub(super) fn waiting(
    writer: &DirectoryWriter,
    address: &Address,
    fingerprint: &[u8; 32],
) -> Result<(DirectoryWriter, [Place; 2], ReadBack), Error> {
    let not_pending = || Error::NotPending {
        address: address.clone(),
        fingerprint: *fingerprint,
    };
    if writer.folder().inside(PENDING)?.is_none() {
        return Err(not_pending());
    }
    let folder = writer.made_inside(PENDING)?;
    let (crt, json) = (
        folder.place(address, "crt")?,
        folder.place(address, "json")?,
    );
    match read_places(address, &crt, &json) {
        Some(Ok(read)) if read.certificate.sha256_fingerprint() == *fingerprint => {
            Ok((folder, [crt, json], read))
        }
        _ => Err(not_pending()),
    }
}
