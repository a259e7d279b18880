//! mailseal seals application mail with S/MIME and injects it; it opens and verifies what others
//! sealed; and it gathers certificates from the signed mail of those who have them.
//!
//! A message makes its journey through types that each promise more than the one before:
//!
//! | type | promises | made by |
//! |---|---|---|
//! | [`Message`](mime::Message) | a header that all readers read alike | [`Message::parse`](mime::Message::parse) |
//! | [`CanonicalEntity`](mime::CanonicalEntity) | 7-bit, CRLF, nothing for a relay to change | [`Entity::canonicalize`](mime::Entity::canonicalize) |
//! | [`Signer`](keys::Signer), [`RecipientCertificate`](keys::RecipientCertificate) | pinned for the address, valid, fit for the use | [`KeyDirectory`](keys::KeyDirectory) |
//! | [`SignedEntity`](smime::sign::SignedEntity) | a signature over all of it; canonical again | [`SignedEntity::sign`](smime::sign::SignedEntity::sign) |
//! | [`EnvelopedEntity`](smime::encrypt::EnvelopedEntity) | at least one recipient, a fresh content key | [`EnvelopedEntity::encrypt`](smime::encrypt::EnvelopedEntity::encrypt) |
//! | [`Envelope`](send::Envelope) | at least one recipient, each once | [`Envelope::new`](send::Envelope::new) |
//! | [`Receipt`](send::Receipt) | the fate of every recipient | a [`Sender`](send::Sender) |
//!
//! [`smime::seal`] walks it for a whole message and all its recipients:
//!
//! ```
//! use mailseal::crypto::{ContentCipher, DigestAlgorithm, KeyTransport};
//! use mailseal::keys::{KeyDirectory, directory};
//! use mailseal::mime::{Message, RawMessage};
//! use mailseal::smime::encrypt::Encryption;
//! use mailseal::smime::seal::{Missing, Sealing, SignOptions};
//! use mailseal::smime::sign::Form;
//!
//! let now = "2026-11-21T12:00:00Z".parse()?;
//! let keys = KeyDirectory::new("testdata/keys", directory::Options {
//!     allow_insecure_keys: true,
//!     ..directory::Options::at(now)
//! });
//! let sealing = Sealing {
//!     sign: Some(SignOptions {
//!         form: Form::Opaque,
//!         digest: Some(DigestAlgorithm::Sha256),
//!         pss: false,
//!         signing_time: true,
//!     }),
//!     encrypt: Some(Encryption {
//!         cipher: ContentCipher::Aes256Cbc,
//!         key_transport: KeyTransport::Pkcs1v15,
//!         secret_recipients: Vec::new(),
//!     }),
//!     automatic_cipher: false,
//!     missing: Missing::Refuse,
//!     recipients: None,
//!     now,
//! };
//! let message = "From: alice@example.com\nTo: bob@example.com\nSubject: hello\n\nHello, Bob\n";
//! let message = Message::parse(RawMessage::from_bytes(message.into()))?;
//! let mut sealed = Vec::new();
//! for copy in sealing.seal(message, &keys)?.copies {
//!     copy.write_to(&mut sealed)?;
//! }
//! assert!(String::from_utf8(sealed)?.contains("smime-type=enveloped-data"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! The other way, [`smime::open`] goes from layer to layer:
//!
//! | type | promises | made by |
//! |---|---|---|
//! | [`DecryptedEntity`](smime::decrypt::DecryptedEntity) | what a recipient's key makes of the content, its tag checked if it has one | [`DecryptedEntity::decrypt`](smime::decrypt::DecryptedEntity::decrypt) |
//! | [`VerifiedSignature`](cms::verification::VerifiedSignature) | the key of a certificate has signed this content | [`VerifiedSignature::verify`](cms::verification::VerifiedSignature::verify) |
//! | [`ValidatedCertificate`](path::ValidatedCertificate) | a path to a trust anchor that holds | [`path::validate`] |
//! | [`Opened`](smime::open::Opened) | a [`Verdict`](smime::open::Verdict) of all of it; content only if something vouches for it | [`smime::open::open`] |
//!
//! And [`collect`] goes on from there, with [`dkim`] to say who vouches for a message:
//!
//! | type | promises | made by |
//! |---|---|---|
//! | [`AcceptedSignature`](dkim::AcceptedSignature) | a DKIM signature that verifies and that its domain stands by | [`dkim::verify`](dkim::verify()) |
//! | [`AuthenticatedMessage`](dkim::AuthenticatedMessage) | one author, whose domain has signed the message | [`dkim::verify`](dkim::verify()) |
//! | [`CollectedCertificate`](collect::CollectedCertificate) | a certificate to encrypt to, whose owner has signed mail from its address | [`collect::collect`](collect::collect()) |
//! | [`StoredCertificate`](store::StoredCertificate) | its place in the store is decided on, and on disk | a [`CertificateStore`](store::CertificateStore) |
//!
//! [`inbound`] is the webhook in front of it.
//!
//! The modules build on each other in one direction only: [`address`], [`printable`], [`secret`]
//! and [`spool`] below, [`asn1`], [`crypto`] and [`mime`], [`x509`], [`keys`] and [`trust`], [`cms`],
//! [`path`] and [`dkim`], [`smime`] and [`fetch`], [`collect`], [`report`], [`store`] and [`send`], and
//! [`inbound`] above. [`config`] and [`logging`] stand beside.
//!
//! # Not supported
//!
//! Header protection (RFC 9788).

pub mod address;
pub mod asn1;
pub mod cms;
pub mod collect;
pub mod config;
pub mod crypto;
pub mod dkim;
pub mod fetch;
pub mod inbound;
pub mod keys;
pub mod logging;
pub mod mime;
pub mod path;
pub mod printable;
pub mod report;
pub mod secret;
pub mod send;
pub mod smime;
pub mod spool;
pub mod store;
pub mod trust;
pub mod x509;
