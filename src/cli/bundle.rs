//! Certificates and private keys as they come in files, whatever the format: PEM, DER, PKCS#7, an
//! S/MIME message (RFC 8551 3.8), PKCS#12. What it is, is found by looking.

use std::path::{Path, PathBuf};

use mailseal::cms::object::Object;
use mailseal::crypto::PublicKey;
use mailseal::keys::private_key::{self, FoundPrivateKey, PlainPrivateKey};
use mailseal::keys::{self, pem, pkcs8, pkcs12};
use mailseal::mime::{RawMessage, Recognised, SmimeForm, recognise, smime_parts};
use mailseal::secret::Secret;
use mailseal::spool::Spool;
use mailseal::x509::Certificate;

use super::explain;
use super::failure::{Code, Failure, causes};
use super::input::Input;
use super::private_keys::PasswordArguments;

/// The most that is read of one file, in octets; the largest public bundle has 0.5 MiB.
const MAX_FILE: u64 = 16 << 20;

const HINT: &str = "certificates are read in PEM, DER, PKCS#7, PKCS#12, and from S/MIME messages";

/// What one file holds.
#[derive(Default)]
pub(super) struct Bundle {
    /// In the order of the file.
    pub(super) certificates: Vec<Certificate>,
    pub(super) keys: Vec<Key>,
    /// What else is in it and is not used, in sentences.
    pub(super) notes: Vec<String>,
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
}

/// How files are read that are not simply there for the reading.
pub(super) struct Reading<'a> {
    pub(super) passwords: &'a PasswordArguments,
    /// Whether PKCS#12 may be encrypted with RC2 or triple DES.
    pub(super) allow_legacy: bool,
}

impl Bundle {
    /// Reads a file. There is at least one certificate or private key in it.
    pub(super) fn read(input: &Input, reading: &Reading<'_>) -> Result<Bundle, Failure> {
        let octets = input.key_file(MAX_FILE)?;
        let path = match input {
            Input::Stdin => Path::new("standard input"),
            Input::File(path) => path,
        };
        let mut bundle = Bundle::default();
        bundle.take(&octets, path, reading)?;
        if bundle.certificates.is_empty() && bundle.keys.is_empty() {
            return Err(bundle.nothing().about(input));
        }
        Ok(bundle)
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

    fn take(&mut self, octets: &[u8], path: &Path, reading: &Reading<'_>) -> Result<(), Failure> {
        if pkcs12::is_pkcs12(octets) {
            return self.take_pkcs12(octets, path, reading);
        }
        match Format::of(octets) {
            Format::Pem => {
                self.take_pem_objects(octets, path)?;
                self.take_certificates(octets, path)?;
                self.take_keys(octets, path, reading)
            }
            Format::Der => {
                self.is_ordered = true;
                self.take_keys(octets, path, reading)?;
                match self.keys.is_empty() {
                    true => self.take_certificates(octets, path),
                    false => Ok(()),
                }
            }
            Format::Base64(der) => self.take(&der, path, reading),
            Format::Message => self.take_message(octets, path),
        }
    }

    /// What there is in PEM or DER.
    fn take_certificates(&mut self, octets: &[u8], path: &Path) -> Result<(), Failure> {
        match pem::certificates(octets) {
            Ok(certificates) => {
                self.is_ordered = self.certificates.is_empty();
                self.certificates.extend(certificates);
            }
            Err(error @ pem::Error::NoCertificate { .. }) => {
                self.obstacle = Some(error.to_string());
            }
            Err(error) => return Err(malformed(&error, path)),
        }
        Ok(())
    }

    /// PKCS#7 in PEM.
    fn take_pem_objects(&mut self, octets: &[u8], path: &Path) -> Result<(), Failure> {
        for block in pem::blocks(octets).map_err(|error| malformed(&error, path))? {
            if matches!(block.label(), "PKCS7" | "CMS" | "PKCS #7 SIGNED DATA") {
                self.take_object(&Spool::from_bytes(block.content().to_vec()), path)?;
            }
        }
        Ok(())
    }

    /// An S/MIME message, or a CMS object in BER or base64.
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

    /// The certificates that came along in SignedData, for themselves or with a signature.
    fn take_object(&mut self, object: &Spool, path: &Path) -> Result<(), Failure> {
        let object = Object::read(object)
            .map_err(|error| explain::layer(&error).about(path.display()).hint(HINT))?;
        let Object::Signed(signed) = object else {
            let note = "there is a CMS object in it that is not signed, and has no certificates";
            self.notes.push(note.to_owned());
            return Ok(());
        };
        self.certificates.extend(signed.certificates);
        let unusable = signed.unusable_certificates.iter();
        let unusable = unusable.map(|error| {
            let why = causes(error);
            format!("a certificate in it cannot be read: {why}")
        });
        self.notes.extend(unusable);
        Ok(())
    }

    fn take_keys(
        &mut self,
        octets: &[u8],
        path: &Path,
        reading: &Reading<'_>,
    ) -> Result<(), Failure> {
        let found = match FoundPrivateKey::find_all(octets) {
            Ok(found) => found,
            Err(private_key::Error::NotFound { .. }) => return Ok(()),
            Err(error) => return Err(malformed(&error, path)),
        };
        // To show a certificate nobody has to be asked for a password that happens to be in the
        // same file: the one of a file will do, or none.
        let password = reading.passwords.in_file()?;
        for found in found {
            let is_encrypted = matches!(
                &found,
                Ok(FoundPrivateKey::Encrypted(_)) | Err(private_key::Error::TraditionalEncryption)
            );
            let public_key = match public_key(found, password.as_ref()) {
                Ok(public_key) => public_key,
                Err(private_key::Error::Encrypted(pkcs8::Error::WrongPassword)) => {
                    return Err(explain::key(&keys::Error::PasswordWrong {
                        path: path.to_owned(),
                    }));
                }
                Err(error) => {
                    self.notes.push(causes(&error));
                    None
                }
            };
            self.keys.push(Key {
                public_key,
                is_encrypted,
            });
        }
        Ok(())
    }

    fn take_pkcs12(
        &mut self,
        octets: &[u8],
        path: &Path,
        reading: &Reading<'_>,
    ) -> Result<(), Failure> {
        let open = |password: &Secret| pkcs12::read(octets, password, reading.allow_legacy);
        // Many files have no password: nobody is asked for it then.
        let (opened, is_encrypted) = match open(&Secret::new(Vec::new())) {
            Err(pkcs12::Error::WrongPassword) => (open(&password(path, reading)?), true),
            opened => (opened, false),
        };
        let opened = opened.map_err(|error| pkcs12_failure(error, path))?;
        self.certificates = opened.certificates;
        self.keys = opened
            .keys
            .iter()
            .map(|key| Key {
                public_key: Some(key.public_key().clone()),
                is_encrypted,
            })
            .collect();
        self.notes = opened.unusable.iter().map(|error| causes(error)).collect();
        Ok(())
    }
}

/// What octets look like.
enum Format {
    Pem,
    /// Certificates or keys, one after the other.
    Der,
    /// DER or BER without the lines of dashes around it.
    Base64(Vec<u8>),
    /// A message or a CMS object, if anything.
    Message,
}

impl Format {
    fn of(octets: &[u8]) -> Format {
        if let [0x30, ..] = octets {
            return match is_content_info(octets) {
                true => Format::Message,
                false => Format::Der,
            };
        }
        let has = |label: &[u8]| octets.windows(label.len()).any(|window| window == label);
        let is_armoured = [
            &b"-----BEGIN CERTIFICATE"[..],
            b"-----BEGIN X509 CERTIFICATE",
            b"-----BEGIN TRUSTED CERTIFICATE",
            b"-----BEGIN PKCS",
            b"-----BEGIN CMS",
            b"PRIVATE KEY-----",
        ];
        let looks_armoured = octets.trim_ascii_start().starts_with(b"-----BEGIN ");
        if looks_armoured || is_armoured.into_iter().any(has) {
            return Format::Pem;
        }
        match base64_simd::forgiving_decode_to_vec(octets) {
            Ok(decoded) if decoded.first() == Some(&0x30) => Format::Base64(decoded),
            _ => Format::Message,
        }
    }
}

/// A SEQUENCE, of whatever length, that begins with an object identifier.
fn is_content_info(octets: &[u8]) -> bool {
    let skipped = match octets.get(1) {
        Some(length @ 0x81..=0x88) => usize::from(length - 0x80),
        _ => 0,
    };
    octets.get(2 + skipped) == Some(&0x06)
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
        pkcs12::Error::WrongPassword => explain::key(&keys::Error::PasswordWrong { path }),
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
