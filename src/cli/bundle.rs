//! Certificates and private keys as they come in files, whatever the format: PEM, DER, PKCS#7, an
//! S/MIME message (RFC 8551 3.8), PKCS#12. What it is, is found by looking.

use std::io::Read;
use std::path::{Path, PathBuf};

use mailseal::crypto::PublicKey;
use mailseal::keys::bundle::{self, CertificateBundle};
use mailseal::keys::private_key::{self, FoundPrivateKey, PlainPrivateKey};
use mailseal::keys::{self, pkcs8, pkcs12};
use mailseal::mime::{RawMessage, Recognised, SmimeForm, recognise, smime_parts};
use mailseal::secret::Secret;
use mailseal::spool::Spool;
use mailseal::x509::Certificate;

use super::explain;
use super::failure::{Code, Failure, causes};
use super::file_format::Format;
use super::input::Input;
use super::private_keys::PasswordArguments;

/// The most that is read of one file, in octets; the largest public bundle has 0.5 MiB.
const MAX_FILE: u64 = 16 << 20;

/// The most certificates of one file. All the intermediates of the public authorities together are
/// fewer.
const MAX_CERTIFICATES: usize = 10_000;

const HINT: &str = "certificates are read in PEM, DER, PKCS#7, PKCS#12, and from S/MIME messages";

/// What one file holds.
#[derive(Default)]
pub(super) struct Bundle {
    /// In the order of the file.
    pub(super) certificates: Vec<Certificate>,
    pub(super) keys: Vec<Key>,
    /// What else is in it and is not used, in sentences.
    pub(super) notes: Vec<String>,
    /// Why nothing of it can be seen, if it takes a password that nobody was asked for.
    pub(super) locked: Option<Locked>,
    /// Why there is no certificate.
    obstacle: Option<String>,
    /// Whether the order of the certificates means something. The one of a SET OF does not.
    is_ordered: bool,
}

/// A private key of a file.
pub(super) struct Key {
    /// Its public half, unless nobody can tell.
    pub(super) public_key: Option<PublicKey>,
    /// Whether it takes a password to get at it.
    pub(super) is_encrypted: bool,
    /// The key as the key directory has it, unless it cannot be used.
    pub(super) pem: Option<Secret>,
}

impl Key {
    /// Whether it was encrypted, and as the key directory has it is not: the encryption of PKCS#12 is
    /// the whole file's.
    pub(super) fn loses_its_password(&self) -> bool {
        let is_plain = |pem: &Secret| pem.expose().starts_with(b"-----BEGIN PRIVATE KEY-----");
        self.is_encrypted && self.pem.as_ref().is_some_and(is_plain)
    }
}

/// Why a file stays closed.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Locked {
    NoPassword,
    WrongPassword,
}

/// How files are read that are not simply there for the reading.
pub(super) struct Reading<'a> {
    pub(super) passwords: &'a PasswordArguments,
    /// Whether PKCS#12 may be encrypted with RC2 or triple DES.
    pub(super) allow_legacy: bool,
}

/// What somebody at the terminal is asked the password of, where no file has it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Asking {
    /// Nothing: what takes a password is [`Locked`].
    Nothing,
    /// PKCS#12, of which nothing can be seen without; a key in PEM may stay closed.
    Containers,
    /// Every key.
    Keys,
}

impl Bundle {
    /// Reads a file. There is at least one certificate or private key in it.
    pub(super) fn read(input: &Input, reading: &Reading<'_>) -> Result<Bundle, Failure> {
        Bundle::read_asking(Asking::Containers, input, reading)
    }

    /// The same, asking more or less. A file that stays locked may have nothing in it.
    pub(super) fn read_asking(
        asking: Asking,
        input: &Input,
        reading: &Reading<'_>,
    ) -> Result<Bundle, Failure> {
        let octets = input.key_file(MAX_FILE)?;
        let path = match input {
            Input::Stdin => Path::new("standard input"),
            Input::File(path) => path,
        };
        let mut bundle = Bundle::default();
        bundle.take(&octets, path, reading, asking)?;
        let is_empty = bundle.certificates.is_empty() && bundle.keys.is_empty();
        match is_empty && bundle.locked.is_none() {
            true => Err(bundle.nothing().about(input)),
            false => Ok(bundle),
        }
    }

    /// The certificate that the file is about, and the others of it.
    ///
    /// In PEM and DER the first one is it. In PKCS#12 it is that of the private key, and where there
    /// is no order (the certificates of CMS are a SET) the first that has issued none of the others.
    pub(super) fn into_leaf_and_others(mut self) -> Option<(Certificate, Vec<Certificate>)> {
        let keys: Vec<&PublicKey> = self
            .keys
            .iter()
            .filter_map(|key| key.public_key.as_ref())
            .collect();
        let has_key = |certificate: &Certificate| {
            let public_key = certificate.public_key();
            public_key.is_ok_and(|public_key| keys.contains(&&public_key))
        };
        let has_issued_none = |certificate: &Certificate| {
            let mut others = self
                .certificates
                .iter()
                .filter(|other| *other != certificate);
            others.all(|other| other.issuer_der() != certificate.subject_der())
        };
        let certificates = &self.certificates;
        let leaf = match self.is_ordered {
            true => 0,
            false => {
                let of_a_key = certificates.iter().position(has_key);
                let lowest = || certificates.iter().position(has_issued_none);
                of_a_key.or_else(lowest).unwrap_or_default()
            }
        };
        (leaf < certificates.len()).then(|| {
            let leaf = self.certificates.remove(leaf);
            (leaf, self.certificates)
        })
    }

    fn nothing(mut self) -> Failure {
        self.notes.extend(self.obstacle);
        let why = match self.notes.is_empty() {
            true => "there is no certificate in it".to_owned(),
            false => self.notes.join("; "),
        };
        Failure::new(Code::Data, why).hint(HINT)
    }

    fn take(
        &mut self,
        octets: &[u8],
        path: &Path,
        reading: &Reading<'_>,
        asking: Asking,
    ) -> Result<(), Failure> {
        match Format::of(octets) {
            Format::Pkcs12 => self.take_pkcs12(octets, path, reading, asking),
            Format::Pem => {
                self.take_certificates(octets, path)?;
                self.take_keys(octets, path, reading, asking)
            }
            Format::Der => {
                self.take_keys(octets, path, reading, asking)?;
                match self.keys.is_empty() {
                    true => self.take_certificates(octets, path),
                    false => Ok(()),
                }
            }
            Format::ContentInfo => self.take_certificates(octets, path),
            Format::Dressed(octets) => self.take(&octets, path, reading, asking),
            Format::Message => self.take_message(octets, path),
        }
    }

    /// What there is in PEM, DER and PKCS#7.
    fn take_certificates(&mut self, octets: &[u8], path: &Path) -> Result<(), Failure> {
        let found = match CertificateBundle::read(octets) {
            Ok(found) => found,
            Err(bundle::Error::NotSignedData(_)) => {
                let note =
                    "there is a CMS object in it that is not signed, and has no certificates";
                self.notes.push(note.to_owned());
                return Ok(());
            }
            Err(error) => return Err(malformed(&error, path)),
        };
        if self.certificates.len() + found.certificates.len() > MAX_CERTIFICATES {
            let shown = path.display();
            let message = format!("{shown} has more than {MAX_CERTIFICATES} certificates");
            return Err(Failure::new(Code::Data, message).hint("take out of it what you want"));
        }
        self.is_ordered = found.is_ordered;
        match found.is_ordered {
            true => match found.into_certificates() {
                Ok(certificates) => self.certificates.extend(certificates),
                Err(error @ bundle::Error::NoCertificate { .. }) => {
                    self.obstacle = Some(error.to_string());
                }
                Err(error) => return Err(malformed(&error, path)),
            },
            // Whoever put the set together may know of kinds that are not known here.
            false => {
                self.certificates.extend(found.certificates);
                let unusable = found.malformed.iter();
                self.notes.extend(unusable.map(|error| causes(error)));
            }
        }
        Ok(())
    }

    /// The certificates that came along in an S/MIME message, for themselves or with a signature.
    fn take_message(&mut self, octets: &[u8], path: &Path) -> Result<(), Failure> {
        let raw = RawMessage::from_bytes(octets.to_vec());
        let shown = path.display();
        let message = match recognise(raw) {
            Ok(Recognised::Object(object)) => return self.take_object(&object, path),
            Ok(Recognised::Message(message)) => message,
            Err(_) => return Ok(()),
        };
        let found =
            smime_parts(&message.raw()).map_err(|error| explain::message(&error).about(shown))?;
        for part in found.parts {
            let (SmimeForm::Signed {
                signature: object, ..
            }
            | SmimeForm::Object { object, .. }) = part.form;
            self.take_object(&object, path)?;
        }
        Ok(())
    }

    fn take_object(&mut self, object: &Spool, path: &Path) -> Result<(), Failure> {
        let mut octets = Vec::new();
        let read = object.reader().read_to_end(&mut octets);
        read.map_err(|error| Failure::new(Code::Io, causes(&error)).about(path.display()))?;
        self.take_certificates(&octets, path)
    }

    fn take_keys(
        &mut self,
        octets: &[u8],
        path: &Path,
        reading: &Reading<'_>,
        asking: Asking,
    ) -> Result<(), Failure> {
        let found = match FoundPrivateKey::find_all(octets) {
            Ok(found) => found,
            Err(private_key::Error::NotFound { .. }) => return Ok(()),
            Err(error) => return Err(malformed(&error, path)),
        };
        let is_locked = |found: &Result<_, _>| matches!(found, Ok(FoundPrivateKey::Encrypted(_)));
        let password = match asking {
            Asking::Keys if found.iter().any(is_locked) => Some(password(path, reading)?),
            // To show a certificate nobody has to be asked for a password that happens to be in the
            // same file: the one of a file will do, or none.
            _ => reading.passwords.in_file()?,
        };
        for found in found {
            let is_encrypted = is_locked(&found)
                || matches!(found, Err(private_key::Error::TraditionalEncryption));
            let pem = found.as_ref().ok().and_then(|found| found.to_pem().ok());
            let public_key = match public_key(found, password.as_ref()) {
                Ok(public_key) => public_key,
                Err(private_key::Error::Encrypted(pkcs8::Error::WrongPassword))
                    if asking == Asking::Nothing =>
                {
                    None
                }
                Err(private_key::Error::Encrypted(pkcs8::Error::WrongPassword)) => {
                    return Err(explain::wrong_password(path));
                }
                Err(error) => {
                    self.notes.push(causes(&error));
                    None
                }
            };
            self.keys.push(Key {
                public_key,
                is_encrypted,
                pem,
            });
        }
        Ok(())
    }

    fn take_pkcs12(
        &mut self,
        octets: &[u8],
        path: &Path,
        reading: &Reading<'_>,
        asking: Asking,
    ) -> Result<(), Failure> {
        let open = |password: &Secret| pkcs12::read(octets, password, reading.allow_legacy);
        // Many files have no password: nobody is asked for it then.
        let (opened, is_encrypted) = match open(&Secret::new(Vec::new())) {
            Err(pkcs12::Error::WrongPassword) => {
                let password = match asking {
                    Asking::Nothing => reading.passwords.in_file()?,
                    Asking::Containers | Asking::Keys => Some(password(path, reading)?),
                };
                let Some(password) = password else {
                    self.locked = Some(Locked::NoPassword);
                    return Ok(());
                };
                (open(&password), true)
            }
            opened => (opened, false),
        };
        let opened = match opened {
            Err(pkcs12::Error::WrongPassword) if asking == Asking::Nothing => {
                self.locked = Some(Locked::WrongPassword);
                return Ok(());
            }
            opened => opened.map_err(|error| pkcs12_failure(error, path))?,
        };
        self.certificates = opened.certificates;
        let keys = opened.keys.iter().zip(opened.private_key_infos);
        self.keys = keys
            .map(|(key, private_key_info)| Key {
                public_key: Some(key.public_key().clone()),
                is_encrypted,
                pem: PlainPrivateKey::from_pkcs8_der(private_key_info)
                    .to_pem()
                    .ok(),
            })
            .collect();
        self.notes = opened.unusable.iter().map(|error| causes(error)).collect();
        Ok(())
    }
}

fn public_key(
    found: Result<FoundPrivateKey, private_key::Error>,
    password: Option<&Secret>,
) -> Result<Option<PublicKey>, private_key::Error> {
    let key = match (found?, password) {
        (FoundPrivateKey::Plain(plain), _) => plain.decode()?,
        (FoundPrivateKey::Encrypted(_), None) => return Ok(None),
        (FoundPrivateKey::Encrypted(encrypted), Some(password)) => {
            PlainPrivateKey::decrypted(&encrypted, password)?.decode()?
        }
    };
    Ok(Some(key.public_key().clone()))
}

fn password(path: &Path, reading: &Reading<'_>) -> Result<Secret, Failure> {
    let path = || -> PathBuf { path.to_owned() };
    let password = reading
        .passwords
        .of(&path())
        .map_err(|error| explain::secret_file(&error))?;
    password.ok_or_else(|| explain::key(&keys::Error::PasswordMissing { path: path() }))
}

/// A wrong password and old encryption are told as of any key file; the rest is malformed, or of
/// no kind that is read.
fn pkcs12_failure(error: pkcs12::Error, path: &Path) -> Failure {
    let path = path.to_owned();
    match error {
        pkcs12::Error::WrongPassword => explain::wrong_password(&path),
        source @ pkcs12::Error::Legacy { .. } => {
            explain::key(&keys::Error::Pkcs12 { path, source })
        }
        source => Failure {
            code: Code::Data,
            ..explain::key(&keys::Error::Pkcs12 { path, source })
        },
    }
}

fn malformed(error: &dyn std::error::Error, path: &Path) -> Failure {
    let message = format!("{}: {}", path.display(), causes(error));
    Failure::new(Code::Data, message).hint(HINT)
}
