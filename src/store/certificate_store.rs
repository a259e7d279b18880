//! Where collected certificates go, and what was decided on the way: the seam between the webhook or
//! the command line and the place they are kept in.
//!
//! # Not supported
//!
//! Private keys: they come by [`Import`](crate::store::Import), from the operator alone.

use std::fmt;
use std::path::PathBuf;

use jiff::Timestamp;

use crate::address::Address;
use crate::collect::CollectedCertificate;
use crate::collect::succession::{Replacement, Succession};
use crate::store::{Error, Provenance, Unusable};
use crate::x509::Certificate;

/// Keeps collected certificates, those they took the place of, those that wait for the operator, and
/// a line about each decision.
///
/// Every answer is durable: what was said to be stored is there after a power cut. Any number of
/// threads may ask at once. What is read back is untrusted, and checked before it is handed out.
pub trait CertificateStore: Send + Sync + fmt::Debug {
    /// Whether a mail with this SHA-256 digest has been decided on, as far as that is remembered.
    ///
    /// # Errors
    ///
    /// What is remembered cannot be read.
    fn has_seen(&self, digest: &[u8; 32]) -> Result<bool, Error>;

    /// Asks [`succession`](crate::collect::succession::succession) while nobody else can store
    /// anything, and carries its answer out.
    ///
    /// # Errors
    ///
    /// The address can name no file, several files go by it, or they cannot be read or written. Then
    /// nothing has changed.
    fn store(
        &self,
        collected: &CollectedCertificate,
        replacement: Replacement,
    ) -> Result<StoredCertificate, Error>;

    /// Appends a line to the audit log: an object of JSON, without a newline. Threads that ask at the
    /// same time share the wait for the disk. The digest is then remembered as seen.
    ///
    /// # Errors
    ///
    /// A line that is none, or that cannot be written; then it is not in the log, not even in part.
    fn record(&self, line: &str, digest: Option<&[u8; 32]>) -> Result<(), Error>;

    /// The last lines of the audit log, at most so many, the latest first.
    ///
    /// # Errors
    ///
    /// The audit log cannot be read.
    fn decisions(&self, count: usize) -> Result<Vec<String>, Error>;

    /// How many addresses have a file, whatever is in it.
    ///
    /// # Errors
    ///
    /// As for [`each_entry`](CertificateStore::each_entry).
    fn count(&self) -> Result<usize, Error>;

    /// Hands out what is stored, by address, one after the other: all of it may be much.
    ///
    /// # Errors
    ///
    /// The store as a whole cannot be read. What is wrong with one file stands in its entry.
    fn each_entry(&self, entry: &mut dyn FnMut(StoreEntry)) -> Result<(), Error>;

    /// What waits for the operator, by address: at most one certificate each.
    ///
    /// # Errors
    ///
    /// As for [`each_entry`](CertificateStore::each_entry).
    fn pending(&self) -> Result<Vec<PendingCertificate>, Error>;

    /// Puts the certificate that waits for an address into the place of the one that is stored.
    ///
    /// # Errors
    ///
    /// No certificate of this fingerprint waits; it is not valid at this time, or unfit otherwise; and
    /// as for [`store`](CertificateStore::store).
    fn accept(
        &self,
        address: &Address,
        fingerprint: &[u8; 32],
        at: Timestamp,
    ) -> Result<StoredCertificate, Error>;

    /// Takes away the certificate that waits for an address, into the history.
    ///
    /// # Errors
    ///
    /// As for [`accept`](CertificateStore::accept).
    fn refuse(&self, address: &Address, fingerprint: &[u8; 32]) -> Result<(), Error>;

    /// Takes away what is stored for an address, into the history.
    ///
    /// # Errors
    ///
    /// Nothing is stored, several files go by the address, or they cannot be read or written.
    fn remove(&self, address: &Address) -> Result<RemovedCertificate, Error>;

    /// What has been stored for an address before, the latest first.
    ///
    /// # Errors
    ///
    /// As for [`each_entry`](CertificateStore::each_entry).
    fn history(&self, address: &Address) -> Result<Vec<HistoryEntry>, Error>;
}

/// A certificate whose place in the store is decided on, and on disk. Only a
/// [store](CertificateStore::store) of this crate makes one.
///
/// ```compile_fail,E0639
/// # fn forged(succession: mailseal::collect::succession::Succession) {
/// mailseal::store::StoredCertificate { succession, path: None, bytes: 0, history: None, unusable: None };
/// # }
/// ```
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct StoredCertificate {
    /// What has become of it.
    pub succession: Succession,
    /// The file that it is in; none if it is in none.
    pub path: Option<PathBuf>,
    /// The length of that file, in octets.
    pub bytes: u64,
    /// Where that is kept which it took the place of.
    pub history: Option<PathBuf>,
    /// What was wrong with the file that was there, if it could not be read.
    pub unusable: Option<Unusable>,
}

/// What is stored for one address.
#[derive(Debug, Clone)]
pub struct StoreEntry {
    /// Whose it is, by the name of the file.
    pub address: Address,
    /// The file.
    pub path: PathBuf,
    /// The certificate, or what is wrong with the file. It may have expired.
    pub certificate: Result<Certificate, Unusable>,
    /// Where it comes from; none if the operator has put it there.
    pub provenance: Option<Provenance>,
}

/// A certificate that waits for the operator.
#[derive(Debug, Clone)]
pub struct PendingCertificate {
    /// Whose it is.
    pub address: Address,
    /// The file.
    pub path: PathBuf,
    /// The certificate. It may have expired.
    pub certificate: Certificate,
    /// Where it comes from.
    pub provenance: Option<Provenance>,
    /// The one that it would take the place of, if there is one that can be read.
    pub stored: Option<Certificate>,
}

/// A certificate that has been stored before.
#[derive(Debug, Clone)]
pub struct HistoryEntry {
    /// The file.
    pub path: PathBuf,
    /// The certificate, or what is wrong with the file.
    pub certificate: Result<Certificate, Unusable>,
    /// Where it comes from; none if the operator had put it there.
    pub provenance: Option<Provenance>,
}

/// What was taken away.
#[derive(Debug, Clone)]
pub struct RemovedCertificate {
    /// The file that is no longer there.
    pub path: PathBuf,
    /// Where it is kept.
    pub history: PathBuf,
    /// The certificate, or what was wrong with the file.
    pub certificate: Result<Certificate, Unusable>,
}
