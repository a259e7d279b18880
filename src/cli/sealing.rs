//! The flags that `seal` and `send` share, and what they resolve to.

use std::path::{Path, PathBuf};

use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{Args, ValueEnum};
use jiff::Timestamp;

use mailseal::address::Address;
use mailseal::crypto::{ContentCipher, DigestAlgorithm, KeyTransport};
use mailseal::keys::{KeyDirectory, directory, password_from_file};
use mailseal::mime::Message;
use mailseal::secret::Secret;
use mailseal::smime::encrypt::{Encryption, SecretRecipient};
use mailseal::smime::seal::{Missing, Sealed, Sealing, SignOptions};
use mailseal::smime::sign::Form;

use super::environment::key_directory;
use super::explain;
use super::failure::{Code, Failure};
use super::input::Input;
use super::private_keys::PrivateKeyArguments;
use super::sender::EnvelopeSender;
use super::shared_key::SharedKey;

/// How to seal.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Sealing")]
pub(super) struct SealingArguments {
    /// Sign, with the content inside the signature (opaque): no relay can rewrite it
    #[arg(long)]
    sign: bool,
    /// Sign, with the content readable beside the signature (multipart/signed)
    #[arg(long, alias = "sign_detached", conflicts_with = "sign")]
    sign_detached: bool,
    /// Encrypt to every recipient; each Bcc recipient gets a copy of its own
    #[arg(long)]
    encrypt: bool,
    /// Where <address>.crt and <address>.pem or <address>.p12 are [env: MAILSEAL_KEYS] [default: .]
    #[arg(long, value_name = "DIR")]
    keys: Option<PathBuf>,
    /// Content encryption; auto is AES-GCM where <address>.json announces it for every recipient, and
    /// else aes256-cbc, which every client opens
    #[arg(long, value_name = "CIPHER", default_value = "auto", value_parser = ciphers())]
    cipher: Cipher,
    /// How the content key goes to RSA recipients
    #[arg(long, value_name = "SCHEME", default_value = "pkcs1")]
    key_transport: Transport,
    /// Encrypt to the password in this file, too; who has no certificate reads with it
    #[arg(long, value_name = "FILE")]
    recipient_password_file: Option<PathBuf>,
    /// Encrypt to a key that sender and recipients share, too: a file of 16, 24 or 32 raw octets;
    /// who has no certificate reads with it
    #[arg(long, value_name = "FILE", requires = "secret_key_id")]
    secret_key: Option<PathBuf>,
    /// The name of that key, in hexadecimal, which stands in the message
    #[arg(long, value_name = "HEX", requires = "secret_key")]
    secret_key_id: Option<String>,
    /// Sign with RSASSA-PSS instead of PKCS#1 v1.5 (RSA keys)
    #[arg(long)]
    pss: bool,
    /// Digest of content and signature [default: sha256; P-384: sha384, P-521: sha512. Ed25519 and
    /// ML-DSA always have sha512]
    #[arg(long, value_name = "DIGEST")]
    digest: Option<DigestName>,
    /// Leave the signing time out of the signature
    #[arg(long)]
    no_signing_time: bool,
    /// What becomes of recipients without a certificate: nothing is sealed (refuse), they get
    /// nothing (skip), or they get a copy that is not encrypted (plain)
    #[arg(long, value_name = "POLICY", default_value = "refuse")]
    missing: MissingPolicy,
    #[command(flatten)]
    private_keys: PrivateKeyArguments,
    /// Open PKCS#12 files that are encrypted with RC2 or triple DES
    #[arg(long)]
    allow_legacy: bool,
    /// Envelope sender, in place of the From address; <> for none, so that nothing is returned
    #[arg(long, value_name = "ADDRESS")]
    pub(super) from: Option<EnvelopeSender>,
    /// Recipient, in place of To, Cc and Bcc (may be repeated)
    #[arg(long, value_name = "ADDRESS", value_delimiter = ',')]
    to: Vec<Address>,
    /// Seal as if it were this time (RFC 3339)
    #[arg(long, value_name = "TIME")]
    at: Option<Timestamp>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Cipher {
    Auto,
    Chosen(ContentCipher),
}

impl Cipher {
    /// What is known of the recipients may make it another.
    fn or_default(self) -> ContentCipher {
        match self {
            Cipher::Auto => ContentCipher::Aes256Cbc,
            Cipher::Chosen(cipher) => cipher,
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Transport {
    Pkcs1,
    /// RSAES-OAEP with SHA-256
    Oaep,
    OaepSha384,
    OaepSha512,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum DigestName {
    Sha256,
    Sha384,
    Sha512,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum MissingPolicy {
    Refuse,
    Skip,
    Plain,
}

/// The resolved flags: what to do, and with which keys.
pub(super) struct Sealer {
    sealing: Sealing,
    keys: KeyDirectory,
}

impl SealingArguments {
    pub(super) fn signs(&self) -> bool {
        self.sign || self.sign_detached
    }

    pub(super) fn encrypts(&self) -> bool {
        self.encrypt
    }

    /// The flags that do nothing without another, and that other: who chose a cipher and not
    /// `--encrypt` must not believe the mail encrypted.
    pub(super) fn idle(&self) -> Vec<(&'static str, &'static str)> {
        let encrypting = [
            ("--cipher", self.cipher != Cipher::Auto),
            ("--key-transport", self.key_transport != Transport::Pkcs1),
            ("--missing", self.missing != MissingPolicy::Refuse),
            (
                "--recipient-password-file",
                self.recipient_password_file.is_some(),
            ),
            ("--secret-key", self.secret_key.is_some()),
        ];
        let signing = [
            ("--pss", self.pss),
            ("--digest", self.digest.is_some()),
            ("--no-signing-time", self.no_signing_time),
        ];
        let encrypting = encrypting.map(|(flag, given)| (flag, given && !self.encrypt));
        let signing = signing.map(|(flag, given)| (flag, given && !self.signs()));
        let encrypting = encrypting.map(|it| (it, "--encrypt"));
        let signing = signing.map(|it| (it, "--sign or --sign-detached"));
        encrypting
            .into_iter()
            .chain(signing)
            .filter_map(|((flag, is_idle), other)| is_idle.then_some((flag, other)))
            .collect()
    }

    /// The time to work at: the clock's, or that of `--at`.
    pub(super) fn now(&self) -> Timestamp {
        self.at.unwrap_or_else(Timestamp::now)
    }

    /// The recipients named by `--to`.
    pub(super) fn recipients(&self) -> Option<Vec<Address>> {
        (!self.to.is_empty()).then(|| self.to.clone())
    }

    pub(super) fn resolve(&self) -> Result<Sealer, Failure> {
        let form = if self.sign_detached {
            Form::Detached
        } else {
            Form::Opaque
        };
        let sealing = Sealing {
            sign: self.signs().then_some(SignOptions {
                form,
                digest: self.digest.map(DigestAlgorithm::from),
                pss: self.pss,
                signing_time: !self.no_signing_time,
            }),
            encrypt: match self.encrypt {
                true => Some(self.encryption()?),
                false => None,
            },
            automatic_cipher: self.cipher == Cipher::Auto,
            missing: self.missing.into(),
            recipients: self.recipients(),
            now: self.now(),
        };
        let folder = key_directory(self.keys.as_deref())?;
        let options = directory::Options {
            allow_legacy: self.allow_legacy,
            ..self.private_keys.options(sealing.now)
        };
        let keys = KeyDirectory::new(&folder, options);
        Ok(Sealer { sealing, keys })
    }

    fn encryption(&self) -> Result<Encryption, Failure> {
        let mut secret_recipients = Vec::new();
        if let Some(file) = &self.recipient_password_file {
            let password =
                password_from_file(file).map_err(|error| explain::secret_file(&error))?;
            secret_recipients.push(SecretRecipient::Password(password));
        }
        if let Some(file) = &self.secret_key {
            let shared = SharedKey::read(file, self.secret_key_id.as_deref())?;
            self.require_length(&shared.key, file)?;
            secret_recipients.push(SecretRecipient::KeyEncryptionKey {
                id: shared.id.unwrap_or_default(),
                key: shared.key,
            });
        }
        Ok(Encryption {
            cipher: self.cipher.or_default(),
            key_transport: match self.key_transport {
                Transport::Pkcs1 => KeyTransport::Pkcs1v15,
                Transport::Oaep => KeyTransport::Oaep(DigestAlgorithm::Sha256),
                Transport::OaepSha384 => KeyTransport::Oaep(DigestAlgorithm::Sha384),
                Transport::OaepSha512 => KeyTransport::Oaep(DigestAlgorithm::Sha512),
            },
            secret_recipients,
        })
    }

    /// RFC 8551 2.3: what wraps a key is not shorter than it.
    fn require_length(&self, key: &Secret, file: &Path) -> Result<(), Failure> {
        let cipher = self.cipher.or_default();
        let octets = key.expose().len();
        if octets >= cipher.key_length() {
            return Ok(());
        }
        let shown = file.display();
        let message = format!("{shown}: a key of {octets} octets is too short for {cipher}");
        Err(Failure::new(Code::Usage, message).hint("choose a cipher with a shorter key: --cipher"))
    }
}

/// `auto`, and the names of all ciphers that content can be encrypted with.
fn ciphers() -> impl TypedValueParser<Value = Cipher> {
    let names = ContentCipher::MAKEABLE.map(ContentCipher::name);
    PossibleValuesParser::new(names.into_iter().chain(["auto"]))
        .map(|name| name.parse().map_or(Cipher::Auto, Cipher::Chosen))
}

impl Sealer {
    pub(super) fn signs(&self) -> bool {
        self.sealing.sign.is_some()
    }

    /// Seals one message; `input` is where it came from, for the errors.
    pub(super) fn seal(&self, message: Message, input: &Input) -> Result<Sealed, Failure> {
        self.sealing
            .seal(message, &self.keys)
            .map_err(|error| explain::sealing(&error, self.sealing.missing, input))
    }
}

impl From<DigestName> for DigestAlgorithm {
    fn from(digest: DigestName) -> DigestAlgorithm {
        match digest {
            DigestName::Sha256 => DigestAlgorithm::Sha256,
            DigestName::Sha384 => DigestAlgorithm::Sha384,
            DigestName::Sha512 => DigestAlgorithm::Sha512,
        }
    }
}

impl From<MissingPolicy> for Missing {
    fn from(policy: MissingPolicy) -> Missing {
        match policy {
            MissingPolicy::Refuse => Missing::Refuse,
            MissingPolicy::Skip => Missing::Skip,
            MissingPolicy::Plain => Missing::Plain,
        }
    }
}
