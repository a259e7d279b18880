//! What is put into the key directory, and by whose word.
//!
//! The key directory is trusted as it is: what lies there is encrypted to. So there are two doors
//! and no third: a certificate whose path has been validated, and one that the operator vouches for.
//! Behind either it is a [`Vouched`] one, and only such can be put there.
//!
//! ```
//! use mailseal::keys::pem;
//! use mailseal::store::{Entry, Import, Outcome, Vouched};
//!
//! let certificates = pem::certificates(&std::fs::read("testdata/keys/bob@example.com.crt")?)?;
//! let now = "2026-11-21T12:00:00Z".parse()?;
//! let bob = Vouched::by_operator(&certificates[0], &certificates, now, false)?;
//! let keys = tempfile::tempdir()?;
//! let entries = Entry::of_each_address(&[bob], &[])?;
//! let import = || Import::plan(keys.path(), &entries, false);
//! assert_eq!(import()?.files()[0].outcome(), Outcome::Created);
//! import()?.carry_out()?;
//! assert!(keys.path().join("bob@example.com.crt").exists());
//! assert_eq!(import()?.files()[0].outcome(), Outcome::AlreadyThere);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! What the operator brings goes by [`Import`]; what strangers' mails prove, by a [`CertificateStore`],
//! of which [`StoreDirectory`] is one, in the same directory.
//!
//! # Not supported
//!
//! Telling a removed certificate from a new one: the next mail that its owner signs brings it back.

mod certificate_store;
mod directory;
mod error;
pub(crate) mod group_commit;
mod import;
mod provenance;
mod vouched;

pub use self::certificate_store::{
    CertificateStore, HistoryEntry, PendingCertificate, RemovedCertificate, StoreEntry,
    StoredCertificate,
};
pub use self::directory::StoreDirectory;
pub use self::error::{Error, Occupied, Unusable};
pub use self::import::{
    Entry, Import, ImportedFile, ImportedKey, MAX_ADDRESSES, MAX_CERTIFICATES, Outcome,
};
pub use self::provenance::Provenance;
pub use self::vouched::{Unfit, Vouched};
