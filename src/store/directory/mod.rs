//! The certificate store in a directory, which is the key directory that mail is sealed from.
//!
//! | file | holds |
//! |---|---|
//! | `<address>.crt` | the certificate, then the intermediates that proved it; PEM |
//! | `<address>.json` | its [`Provenance`], and what its owner's mail program opens |
//! | `history/<address>/<SHA-256>.crt`, `.json` | what was stored before |
//! | `pending/<address>.crt`, `.json` | what waits for the operator, the newest alone |
//! | `audit.log` | a line of JSON for each decision |
//! | `seen` | digests of the mails that were decided on |
//!
//! A file is written under a passing name, brought to disk, given its own name, and that is brought to
//! disk; all by one process at a time, for whoever changes anything holds a lock on the directory. No
//! symbolic link inside is followed, and no address leads out: one that cannot be the name of a file
//! is refused. After `kill -9` or a power cut each file is whole, the old or the new. The certificate
//! comes before its provenance, which names it: beside another certificate it counts for nothing, and
//! is written again when the mail is judged again.
//!
//! ```
//! use mailseal::address::Address;
//! use mailseal::store::{CertificateStore, Error, StoreDirectory};
//!
//! let directory = tempfile::tempdir()?;
//! let store = StoreDirectory::open(directory.path())?;
//! store.record(r#"{"outcome":"refused"}"#, Some(&[7; 32]))?;
//! assert!(store.has_seen(&[7; 32])? && !store.has_seen(&[8; 32])?);
//! assert_eq!(store.decisions(10)?, [r#"{"outcome":"refused"}"#]);
//! let bob = Address::parse("bob@example.com")?;
//! assert!(matches!(store.remove(&bob), Err(Error::NotStored { .. })));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Not supported
//!
//! Addresses longer than 250 octets, and local parts with a slash or a dot in front: they make no file
//! names. File systems without locks, as some networks have them, with more than one process.

mod audit_log;
mod pending;
mod read_back;
mod seen;
#[cfg(test)]
mod tests;

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use jiff::{SignedDuration, Timestamp};
use sha2::{Digest as _, Sha256};

use self::audit_log::AuditLog;
use self::pending::{no_longer_waiting, wait, waiting};
use self::read_back::{Beside, ReadBack, kept_name};
use self::seen::Seen;
use crate::address::Address;
use crate::asn1::reader::hexadecimal;
use crate::collect::CollectedCertificate;
use crate::collect::succession::{Replacement, Succession, succession};
use crate::keys::armour;
use crate::keys::directory::file_names::{canonical, file_names, owner};
use crate::keys::directory::{
    Change, DirectoryWriter, Existing, Folder, HISTORY, Listing, Place, WriteError,
};
use crate::secret::Secret;
use crate::store::{
    CertificateStore, Error, HistoryEntry, PendingCertificate, Provenance, RemovedCertificate,
    StoreEntry, StoredCertificate, Unusable, Vouched,
};
use crate::x509::Certificate;

/// What waits for the operator.
const PENDING: &str = "pending";

/// A signing time is written anew when it is so much later: then an old mail with another certificate
/// is known to be old, and a thousand mails a day are not written a thousand times.
const REFRESH: SignedDuration = SignedDuration::from_hours(24);

/// A key directory that certificates are collected into.
pub struct StoreDirectory {
    path: PathBuf,
    folder: Arc<Folder>,
    audit_log: AuditLog,
    seen: Seen,
    listing: Mutex<Option<Listing>>,
}

impl StoreDirectory {
    /// Opens the directory.
    ///
    /// # Errors
    ///
    /// There is no such directory, or it cannot be read.
    pub fn open(path: impl Into<PathBuf>) -> Result<StoreDirectory, Error> {
        let path = path.into();
        let folder = Arc::new(Folder::open(&path)?);
        Ok(StoreDirectory {
            audit_log: AuditLog::new(Arc::clone(&folder)),
            seen: Seen::new(path.clone(), Arc::clone(&folder)),
            listing: Mutex::default(),
            folder,
            path,
        })
    }

    /// The directory.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Does something that changes the directory, while nobody else does.
    fn alone<T>(
        &self,
        change: impl FnOnce(&DirectoryWriter) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let memory = || self.listing.lock().unwrap_or_else(PoisonError::into_inner);
        let writer = DirectoryWriter::open(&self.path)?;
        let is_known = memory().clone().is_some_and(|it| writer.recall(it));
        if !is_known {
            // If they stay, they are in nobody's way.
            let _ = clear_leftovers(&writer);
        }
        let answer = change(&writer);
        *memory() = writer.known();
        answer
    }

    /// Whether the certificate is stored and nothing is left to do, which is the usual answer: most
    /// people write more than once. It needs no lock.
    fn is_stored(
        &self,
        collected: &CollectedCertificate,
    ) -> Result<Option<StoredCertificate>, Error> {
        let name = canonical(collected.address(), "crt").map_err(WriteError::from)?;
        let json = canonical(collected.address(), "json").map_err(WriteError::from)?;
        let certificate = collected.certificate();
        let Some(existing) = self.folder.read(&name)? else {
            return Ok(None);
        };
        let content = existing.content.expose();
        if !content.starts_with(&armour::certificates([certificate])) {
            return Ok(None);
        }
        let json = self.folder.read(&json)?;
        let fingerprint = certificate.sha256_fingerprint();
        if is_stale(&Beside::read(json.as_ref(), &fingerprint), collected) {
            return Ok(None);
        }
        Ok(Some(StoredCertificate {
            bytes: content.len() as u64,
            ..answer(Succession::AlreadyStored, Some(self.folder.path(&name)))
        }))
    }
}

impl CertificateStore for StoreDirectory {
    fn has_seen(&self, digest: &[u8; 32]) -> Result<bool, Error> {
        Ok(self.seen.contains(digest)?)
    }

    fn store(
        &self,
        collected: &CollectedCertificate,
        replacement: Replacement,
    ) -> Result<StoredCertificate, Error> {
        match self.is_stored(collected)? {
            Some(stored) => Ok(stored),
            None => self.alone(|writer| store(writer, collected, replacement)),
        }
    }

    fn record(&self, line: &str, digest: Option<&[u8; 32]>) -> Result<(), Error> {
        if memchr::memchr2(b'\n', b'\r', line.as_bytes()).is_some() {
            return Err(Error::NotALine);
        }
        self.audit_log.append(line)?;
        if let Some(digest) = digest {
            self.seen.insert(digest);
        }
        Ok(())
    }

    fn decisions(&self, count: usize) -> Result<Vec<String>, Error> {
        Ok(self.audit_log.last(count)?)
    }

    fn count(&self) -> Result<usize, Error> {
        Ok(owned(&self.folder)?.len())
    }

    fn each_entry(&self, entry: &mut dyn FnMut(StoreEntry)) -> Result<(), Error> {
        for (address, name) in owned(&self.folder)? {
            if let Some(read) = read_named(&self.folder, &address, &name) {
                let (certificate, provenance) = told(read);
                entry(StoreEntry {
                    path: self.folder.path(&name),
                    address,
                    certificate,
                    provenance,
                });
            }
        }
        Ok(())
    }

    fn pending(&self) -> Result<Vec<PendingCertificate>, Error> {
        let Some(folder) = self.folder.inside(PENDING)? else {
            return Ok(Vec::new());
        };
        let pending = |(address, name): (Address, String)| {
            // One that cannot be read waits for nobody: the next mail writes it anew.
            let read = read_named(&folder, &address, &name)?.ok()?;
            let stored = read_address(&self.folder, &address).and_then(Result::ok);
            let stored = stored.map(|stored| stored.certificate);
            // It was accepted, and whoever did so was stopped before taking it away.
            let waits = stored.as_ref() != Some(&read.certificate);
            waits.then(|| PendingCertificate {
                path: folder.path(&name),
                address,
                certificate: read.certificate,
                provenance: read.provenance,
                stored,
            })
        };
        Ok(owned(&folder)?.into_iter().filter_map(pending).collect())
    }

    fn accept(
        &self,
        address: &Address,
        fingerprint: &[u8; 32],
        at: Timestamp,
    ) -> Result<StoredCertificate, Error> {
        self.alone(|writer| {
            let (folder, places, read) = waiting(writer, address, fingerprint)?;
            // What lies here is the operator's word now: the path that was proved once is not read back.
            let vouched = Vouched::by_operator(&read.certificate, &read.others, at, false)?;
            let second = Timestamp::from_second(at.as_second());
            let provenance = read.provenance.map(|provenance| Provenance {
                accepted: second.ok(),
                ..provenance
            });
            let stored = put(writer, address, vouched.chain(), provenance.as_ref())?;
            // If it stays, it waits for nobody: it is what is stored.
            let _ = folder.take_away(&places.map(|place| (place, None)));
            Ok(stored)
        })
    }

    fn refuse(&self, address: &Address, fingerprint: &[u8; 32]) -> Result<(), Error> {
        self.alone(|writer| {
            let (folder, places, _) = waiting(writer, address, fingerprint)?;
            Ok(folder.take_away(&places.map(|place| (place, None)))?)
        })
    }

    fn remove(&self, address: &Address) -> Result<RemovedCertificate, Error> {
        self.alone(|writer| {
            let (crt, json) = (
                writer.place(address, "crt")?,
                writer.place(address, "json")?,
            );
            let Some(existing) = &crt.existing else {
                return Err(Error::NotStored {
                    address: address.clone(),
                });
            };
            let read = ReadBack::read(address, existing, json.existing.as_ref());
            let kept = kept_name(&read, existing);
            let removed = RemovedCertificate {
                path: writer.path(&crt.name),
                history: writer.history_path(&crt, &format!("{kept}.crt")),
                certificate: told(read).0,
            };
            let kept_json = kept_json(&json, Some(&kept));
            writer.take_away(&[(crt, Some(format!("{kept}.crt"))), (json, kept_json)])?;
            Ok(removed)
        })
    }

    fn history(&self, address: &Address) -> Result<Vec<HistoryEntry>, Error> {
        let name = canonical(address, "crt").map_err(WriteError::from)?;
        let name = name.strip_suffix(".crt").unwrap_or(&name);
        let folder = match self.folder.inside(HISTORY)? {
            Some(history) => history.inside(name)?,
            None => None,
        };
        let Some(folder) = folder else {
            return Ok(Vec::new());
        };
        let entry = |name: String| {
            let (certificate, provenance) = told(read_named(&folder, address, &name)?);
            Some(HistoryEntry {
                path: folder.path(&name),
                certificate,
                provenance,
            })
        };
        let names = folder.names()?.into_iter();
        let names = names.filter(|name| name.ends_with(".crt"));
        let mut entries: Vec<HistoryEntry> = names.filter_map(entry).collect();
        entries.sort_by_key(|entry| std::cmp::Reverse((begin(entry), entry.path.clone())));
        Ok(entries)
    }
}

impl fmt::Debug for StoreDirectory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("StoreDirectory").field(&self.path).finish()
    }
}

/// Takes temporary files away that wait with nobody; those beside them go when names are listed.
fn clear_leftovers(writer: &DirectoryWriter) -> Result<(), WriteError> {
    if writer.folder().inside(PENDING)?.is_some() {
        writer.made_inside(PENDING)?.swept()?;
    }
    Ok(())
}

/// Decides what becomes of a certificate, and does it.
fn store(
    writer: &DirectoryWriter,
    collected: &CollectedCertificate,
    replacement: Replacement,
) -> Result<StoredCertificate, Error> {
    let address = collected.address();
    let (crt, json) = (
        writer.place(address, "crt")?,
        writer.place(address, "json")?,
    );
    let read = read_places(address, &crt, &json);
    let decision = match &read {
        None => Succession::First,
        Some(Ok(read)) => succession(collected, Some(&read.predecessor()), replacement),
        // Nobody knows any more whose key it was.
        Some(Err(_)) if replacement == Replacement::Always => Succession::Replaces,
        Some(Err(_)) => Succession::Waits,
    };
    match decision {
        Succession::First | Succession::Replaces => {
            let vouched = Vouched::by_path(collected.validated())?;
            if !may_replace(writer, collected, read.as_ref())? {
                return wait(writer, collected, &vouched);
            }
            let provenance = Provenance::of(collected);
            let stored = put(writer, address, vouched.chain(), Some(&provenance))?;
            // One that is stored waits for nobody, wherever it may still lie.
            let _ = no_longer_waiting(writer, collected);
            Ok(stored)
        }
        Succession::AlreadyStored => {
            refresh(writer, collected, json)?;
            let bytes = crt.existing.as_ref().map_or(0, length);
            let path = Some(writer.path(&crt.name));
            Ok(StoredCertificate {
                bytes,
                ..answer(Succession::AlreadyStored, path)
            })
        }
        Succession::Waits => wait(writer, collected, &Vouched::by_path(collected.validated())?),
        Succession::Older => Ok(answer(Succession::Older, None)),
    }
}

/// An address whose private key is here is one of ours. With another certificate beside it nothing
/// could be signed for it any more, so another one waits for the operator, whatever the rule.
fn may_replace(
    writer: &DirectoryWriter,
    collected: &CollectedCertificate,
    read: Option<&Result<ReadBack, Unusable>>,
) -> Result<bool, Error> {
    let key = collected.certificate().spki_der();
    if matches!(read, Some(Ok(read)) if read.certificate.spki_der() == key) {
        return Ok(true);
    }
    let keys = ["pem", "p12"].map(|extension| writer.there(collected.address(), extension));
    let [pem, p12] = keys;
    Ok(pem?.is_empty() && p12?.is_empty())
}

/// Puts a chain and its provenance into the place of what is there, which goes into the history.
fn put(
    writer: &DirectoryWriter,
    address: &Address,
    chain: &[Certificate],
    provenance: Option<&Provenance>,
) -> Result<StoredCertificate, Error> {
    let (crt, json) = (
        writer.place(address, "crt")?,
        writer.place(address, "json")?,
    );
    let read = read_places(address, &crt, &json);
    let kept = match (&read, &crt.existing) {
        (Some(read), Some(existing)) => Some(kept_name(read, existing)),
        _ => None,
    };
    let content = armour::certificates(chain);
    let keep_as = kept.as_ref().map(|kept| format!("{kept}.crt"));
    let stored = StoredCertificate {
        succession: match read {
            None => Succession::First,
            Some(_) => Succession::Replaces,
        },
        path: Some(writer.path(&crt.name)),
        bytes: content.len() as u64,
        history: keep_as.as_ref().map(|name| writer.history_path(&crt, name)),
        unusable: read.and_then(Result::err),
    };
    let mut changes = Vec::new();
    if let Some(provenance) = provenance {
        changes.push(json_change(json, kept.as_deref(), provenance));
    }
    // The certificate comes first.
    changes.insert(
        0,
        Change {
            place: crt,
            content: Secret::new(content),
            is_private: false,
            keep_as,
        },
    );
    writer.put(&changes)?;
    Ok(stored)
}

fn json_change(place: Place, kept: Option<&str>, provenance: &Provenance) -> Change {
    Change {
        keep_as: kept_json(&place, kept),
        place,
        content: Secret::from_string(provenance.to_json()),
        is_private: false,
    }
}

/// The name by which a provenance is kept: that of its certificate. What the operator has written goes
/// by the certificate beside it, or by its own octets.
fn kept_json(json: &Place, kept: Option<&str>) -> Option<String> {
    let content = json.existing.as_ref()?.content.expose();
    let name = match (Provenance::from_json(content), kept) {
        (Some(provenance), _) => hexadecimal(&provenance.certificate),
        (None, Some(kept)) => kept.to_owned(),
        (None, None) => hexadecimal(&Sha256::digest(content)),
    };
    Some(format!("{name}.json"))
}

/// Writes where a stored certificate comes from, if that is missing or out of date.
fn refresh(
    writer: &DirectoryWriter,
    collected: &CollectedCertificate,
    json: Place,
) -> Result<(), Error> {
    let fingerprint = collected.certificate().sha256_fingerprint();
    if !is_stale(
        &Beside::read(json.existing.as_ref(), &fingerprint),
        collected,
    ) {
        return Ok(());
    }
    let provenance = Provenance::of(collected);
    let change = Change {
        keep_as: None,
        ..json_change(json, None, &provenance)
    };
    Ok(writer.put(&[change])?)
}

/// Whether a mail says something new of a certificate that is stored.
fn is_stale(beside: &Beside, collected: &CollectedCertificate) -> bool {
    let stored = match beside {
        Beside::Nothing => return true,
        Beside::Operators => return false,
        Beside::Own(provenance) => provenance,
    };
    let (Some(new), old) = (collected.signing_time(), stored.signing_time) else {
        return false;
    };
    let is_later = |by: SignedDuration| old.is_none_or(|old| new.duration_since(old) > by);
    let capabilities = collected.capabilities().iter().map(|it| it.name());
    let has_changed = !capabilities.eq(stored.capabilities.iter().map(String::as_str));
    is_later(REFRESH) || (has_changed && is_later(SignedDuration::ZERO))
}

fn read_places(address: &Address, crt: &Place, json: &Place) -> Option<Result<ReadBack, Unusable>> {
    let crt = crt.existing.as_ref()?;
    Some(ReadBack::read(address, crt, json.existing.as_ref()))
}

/// The file of this name and what stands beside it, unless it has just gone.
fn read_named(
    folder: &Folder,
    address: &Address,
    name: &str,
) -> Option<Result<ReadBack, Unusable>> {
    let crt = match folder.read(name) {
        Ok(crt) => crt?,
        Err(error) => return Some(Err(error.into())),
    };
    let beside = name.strip_suffix("crt").unwrap_or(name).to_owned() + "json";
    let names = [Some(beside), canonical(address, "json").ok()];
    let mut names = names.into_iter().flatten();
    let json = names.find_map(|name| folder.read(&name).ok().flatten());
    Some(ReadBack::read(address, &crt, json.as_ref()))
}

/// The same for the first of the names that an address may go by.
fn read_address(folder: &Folder, address: &Address) -> Option<Result<ReadBack, Unusable>> {
    let names = file_names(address, "crt").ok()?;
    let mut read = names.iter().map(|name| read_named(folder, address, name));
    read.find_map(|read| read)
}

/// The names of all certificates in a directory, and whose they are, by address.
fn owned(folder: &Folder) -> Result<Vec<(Address, String)>, Error> {
    let names = folder.names()?.into_iter();
    let owned = names.filter_map(|name| Some((owner(&name, "crt")?, name)));
    let mut owned: Vec<(Address, String)> = owned.collect();
    owned.sort();
    Ok(owned)
}

fn told(read: Result<ReadBack, Unusable>) -> (Result<Certificate, Unusable>, Option<Provenance>) {
    match read {
        Ok(read) => (Ok(read.certificate), read.provenance),
        Err(unusable) => (Err(unusable), None),
    }
}

/// When a certificate of the history came, or began if that is not known.
fn begin(entry: &HistoryEntry) -> Option<Timestamp> {
    let certificate = entry.certificate.as_ref().ok();
    let collected = entry.provenance.as_ref().map(|it| it.collected);
    collected.or_else(|| certificate.map(Certificate::not_before))
}

fn answer(succession: Succession, path: Option<PathBuf>) -> StoredCertificate {
    StoredCertificate {
        succession,
        path,
        bytes: 0,
        history: None,
        unusable: None,
    }
}

fn length(existing: &Existing) -> u64 {
    existing.content.expose().len() as u64
}
