//! What is sealed here is opened again: each form and algorithm of a signature with each cipher and with
//! each kind of recipient, each cipher with each kind of recipient, and each alone; and every one of them
//! with one octet changed, which is refused.
//!
//! In one process, through the library: [`crate::cli`] and its neighbours have the command line.
//! `MAILSEAL_FULL_MATRIX=1` takes all three together, each with each, in place of every two.

mod authority;

use std::fs;
use std::io::Read;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use jiff::Timestamp;
use mailseal::cms::recipient::Credential;
use mailseal::crypto::{ContentCipher, DigestAlgorithm, KeyTransport, PrivateKey};
use mailseal::keys::{KeyDirectory, directory};
use mailseal::mime::{Message, RawMessage};
use mailseal::path::{TrustAnchors, Validation};
use mailseal::secret::Secret;
use mailseal::smime::encrypt::{Encryption, SecretRecipient};
use mailseal::smime::open::{Opened, Opening, Verdict, open};
use mailseal::smime::seal::{Missing, Sealing, SignOptions};
use mailseal::smime::sign::Form;
use mailseal::x509::Certificate;

use crate::openssl;
use crate::support::figure;
use authority::Authority;

/// How a message is signed.
#[derive(Clone, Copy)]
struct Signing {
    form: Form,
    /// The kind of key, as the authority names it.
    key: &'static str,
    digest: Option<DigestAlgorithm>,
    pss: bool,
}

/// How a message is encrypted.
#[derive(Clone, Copy)]
struct Encrypting {
    cipher: ContentCipher,
    to: Recipient,
}

/// To whom.
#[derive(Clone, Copy)]
enum Recipient {
    /// The kind of key, as the authority names it.
    Key(&'static str, KeyTransport),
    /// Whoever knows the password.
    Password,
    /// Whoever shares the key.
    SharedKey,
}

use DigestAlgorithm::{Sha256, Sha384, Sha512};
use Recipient::{Key, Password, SharedKey};

/// Keys that sign, with the digests they sign with, and whether by RSASSA-PSS.
const SIGNERS: &[(&str, &[Option<DigestAlgorithm>], bool)] = &[
    ("rsa", &[Some(Sha256), Some(Sha384), Some(Sha512)], false),
    ("rsa", &[Some(Sha256), Some(Sha384), Some(Sha512)], true),
    ("p256", &[Some(Sha256), Some(Sha384), Some(Sha512)], false),
    ("p384", &[Some(Sha256), Some(Sha384), Some(Sha512)], false),
    ("p521", &[Some(Sha256), Some(Sha384), Some(Sha512)], false),
    ("ed25519", &[None], false),
    ("ml-dsa-44", &[None], false),
    ("ml-dsa-65", &[None], false),
    ("ml-dsa-87", &[None], false),
];

const RECIPIENTS: &[Recipient] = &[
    Key("rsa", KeyTransport::Pkcs1v15),
    Key("rsa", KeyTransport::Oaep(Sha256)),
    Key("p256", KeyTransport::Pkcs1v15),
    Key("p384", KeyTransport::Pkcs1v15),
    Key("p521", KeyTransport::Pkcs1v15),
    Key("x25519", KeyTransport::Pkcs1v15),
    Key("ml-kem-512", KeyTransport::Pkcs1v15),
    Key("ml-kem-768", KeyTransport::Pkcs1v15),
    Key("ml-kem-1024", KeyTransport::Pkcs1v15),
    Password,
    SharedKey,
];

const SHARED_KEY_ID: &[u8] = b"round trip";

/// What is done to one message.
type Pairing = (Option<Signing>, Option<Encrypting>);

/// Every way to sign.
fn signings() -> Vec<Signing> {
    let mut signings = Vec::new();
    for &(key, digests, pss) in SIGNERS {
        for &digest in digests {
            for form in [Form::Opaque, Form::Detached] {
                signings.push(Signing {
                    form,
                    key,
                    digest,
                    pss,
                });
            }
        }
    }
    signings
}

/// Every way to encrypt.
fn encryptings() -> Vec<Encrypting> {
    let mut encryptings = Vec::new();
    for &to in RECIPIENTS {
        let ciphers = ContentCipher::MAKEABLE.into_iter();
        encryptings.extend(ciphers.map(|cipher| Encrypting { cipher, to }));
    }
    encryptings
}

/// Each way to sign and each to encrypt alone, and enough of both together for each signature to meet
/// each cipher and each recipient; or else each with each.
fn pairings() -> Vec<Pairing> {
    let (signings, encryptings) = (signings(), encryptings());
    let mut pairings: Vec<Pairing> = Vec::new();
    pairings.extend(signings.iter().map(|&signing| (Some(signing), None)));
    pairings.extend(
        encryptings
            .iter()
            .map(|&encrypting| (None, Some(encrypting))),
    );
    let ciphers = ContentCipher::MAKEABLE;
    for (index, &signing) in signings.iter().enumerate() {
        if std::env::var_os("MAILSEAL_FULL_MATRIX").is_some() {
            let each = encryptings.iter().copied();
            pairings.extend(each.map(|encrypting| (Some(signing), Some(encrypting))));
            continue;
        }
        for turn in 0..ciphers.len().max(RECIPIENTS.len()) {
            let encrypting = Encrypting {
                cipher: ciphers[(index + turn) % ciphers.len()],
                to: RECIPIENTS[turn % RECIPIENTS.len()],
            };
            // A password's key takes long to derive: it meets each kind of signing key once.
            let is_plain = matches!(signing.form, Form::Opaque)
                && matches!(signing.digest, None | Some(Sha256));
            if matches!(encrypting.to, Password) && !is_plain {
                continue;
            }
            pairings.push((Some(signing), Some(encrypting)));
        }
    }
    pairings
}

/// What is sealed: long enough that three quarters through an encrypted message there is content.
fn content() -> String {
    let line = "This is one line of a text that is as long as any certificate beside it.\r\n";
    format!("Content-Type: text/plain\r\n\r\n{}", line.repeat(200))
}

/// The authority's keys, ready to seal and to open with.
struct Parties {
    directory: KeyDirectory,
    anchors: TrustAnchors,
    now: Timestamp,
    /// Key and certificate of each kind that receives.
    receivers: Vec<(&'static str, PrivateKey, Certificate)>,
    password: Secret,
    shared_key: Secret,
    _authority: Authority,
}

impl Parties {
    fn new() -> Parties {
        let authority = Authority::new();
        let now = "2026-11-21T12:00:00Z".parse().expect("a time");
        let receiver = |&recipient: &Recipient| {
            let Key(kind, _) = recipient else {
                return None;
            };
            let read = |extension| {
                let path = authority
                    .path()
                    .join(format!("{kind}@example.com.{extension}"));
                let text = fs::read_to_string(path).expect("the authority's file");
                pem::parse(text).expect("PEM").into_contents()
            };
            let key = PrivateKey::from_pkcs8_der(&Secret::new(read("pem"))).expect("a private key");
            let certificate = Certificate::from_der(&read("crt")).expect("a certificate");
            Some((kind, key, certificate))
        };
        Parties {
            directory: KeyDirectory::new(authority.path(), directory::Options::at(now)),
            anchors: TrustAnchors::from_certificates([authority.root()]),
            now,
            receivers: RECIPIENTS.iter().filter_map(receiver).collect(),
            password: Secret::from_string("correct horse battery staple".to_owned()),
            shared_key: Secret::new(vec![8; 32]),
            _authority: authority,
        }
    }

    fn seal(
        &self,
        signing: Option<Signing>,
        encrypting: Option<Encrypting>,
    ) -> Result<Vec<u8>, String> {
        let sender = signing.map_or("rsa", |signing| signing.key);
        let recipient = match encrypting {
            Some(Encrypting {
                to: Key(kind, _), ..
            }) => kind,
            // Who has no certificate reads with the secret.
            Some(_) => "nobody",
            None => "rsa",
        };
        let message = format!(
            "From: {sender}@example.com\r\nTo: {recipient}@example.com\r\nSubject: Matrix\r\n\
            MIME-Version: 1.0\r\n{}",
            content()
        );
        let sealing = Sealing {
            sign: signing.map(|signing| SignOptions {
                form: signing.form,
                digest: signing.digest,
                pss: signing.pss,
                signing_time: true,
            }),
            encrypt: encrypting.map(|Encrypting { cipher, to }| {
                let key_transport = match to {
                    Key(_, key_transport) => key_transport,
                    Password | SharedKey => KeyTransport::Pkcs1v15,
                };
                let secret_recipients = match to {
                    Key(..) => Vec::new(),
                    Password => vec![SecretRecipient::Password(self.password.clone())],
                    SharedKey => vec![SecretRecipient::KeyEncryptionKey {
                        id: SHARED_KEY_ID.to_vec(),
                        key: self.shared_key.clone(),
                    }],
                };
                Encryption {
                    cipher,
                    key_transport,
                    secret_recipients,
                }
            }),
            automatic_cipher: false,
            missing: Missing::Refuse,
            recipients: None,
            now: self.now,
        };
        let message = Message::parse(RawMessage::from_bytes(message.into_bytes()));
        let message = message.map_err(|error| error.to_string())?;
        let sealed = sealing.seal(message, &self.directory);
        let mut copies = sealed.map_err(|error| error.to_string())?.copies;
        let mut octets = Vec::new();
        let written = copies.remove(0).write_to(&mut octets);
        written.map_err(|error| error.to_string())?;
        Ok(octets)
    }

    fn open(
        &self,
        sealed: Vec<u8>,
        to: Option<Recipient>,
        allow_unauthenticated: bool,
    ) -> Result<Opened, String> {
        let mut opening = Opening::new(Validation::new(&self.anchors, self.now));
        opening.allow_unauthenticated = allow_unauthenticated;
        let credential = |to| match to {
            Key(kind, _) => {
                let mut receivers = self.receivers.iter();
                let receiver = receivers.find(|receiver| receiver.0 == kind);
                let (_, key, certificate) = receiver.expect("every kind receives");
                Credential::PrivateKey {
                    key,
                    certificate: Some(certificate),
                }
            }
            Password => Credential::Password(&self.password),
            SharedKey => Credential::KeyEncryptionKey {
                id: Some(SHARED_KEY_ID),
                key: &self.shared_key,
            },
        };
        opening.credentials = to.map(credential).into_iter().collect();
        open(RawMessage::from_bytes(sealed), &opening).map_err(|error| error.to_string())
    }

    /// What is wrong with the round trip of one pairing.
    fn round_trip(
        &self,
        signing: Option<Signing>,
        encrypting: Option<Encrypting>,
    ) -> Result<(), String> {
        let sealed = self.seal(signing, encrypting)?;
        let to = encrypting.map(|encrypting| encrypting.to);
        let is_aead = encrypting.is_some_and(|encrypting| encrypting.cipher.is_aead());
        let is_proved = signing.is_some() || is_aead;
        if !is_proved && self.open(sealed.clone(), to, false)?.content().is_ok() {
            return Err("content that nobody vouches for".to_owned());
        }
        let opened = self.open(sealed.clone(), to, !is_proved)?;
        let verdict = match signing {
            Some(_) => Verdict::Valid,
            None => Verdict::Unsigned,
        };
        if opened.verdict() != verdict {
            return Err(format!("{:?}: {:?}", opened.verdict(), opened.reason()));
        }
        let inside = opened.content().map_err(|error| error.to_string())?;
        let mut octets = Vec::new();
        let read = inside.spool().reader().read_to_end(&mut octets);
        read.map_err(|error| error.to_string())?;
        if !String::from_utf8_lossy(&octets).contains(&content()) {
            return Err("another content".to_owned());
        }

        let changed = self.open(changed(&sealed, encrypting.is_some()), to, false);
        match changed.as_ref().map(Opened::content) {
            Ok(Ok(_)) => Err("content in spite of a changed octet".to_owned()),
            _ => Ok(()),
        }
    }
}

/// The same message with one octet changed: of the ciphertext, or of the signature.
fn changed(sealed: &[u8], is_encrypted: bool) -> Vec<u8> {
    let text = std::str::from_utf8(sealed).expect("a sealed mail is ASCII");
    let text = text.replace("\r\n", "\n");
    // The last part of multipart/signed is the signature's.
    let (before, part) = match text.rfind("Content-Type: application/pkcs7-signature") {
        Some(position) => text.split_at(position),
        None => ("", text.as_str()),
    };
    let (part, after) = part.split_at(part.find("\n--").map_or(part.len(), |end| end + 1));
    let changed = openssl::change(part.as_bytes(), |der| {
        let position = if is_encrypted {
            der.len() / 4 * 3
        } else {
            der.len() - 1
        };
        der[position] ^= 1;
    });
    [before.as_bytes(), &changed, after.as_bytes()].concat()
}

#[test]
fn every_pairing() {
    let parties = Parties::new();
    let pairings = pairings();
    let (next, failures) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    let work = || {
        while let Some(&(signing, encrypting)) = pairings.get(next.fetch_add(1, Ordering::Relaxed))
        {
            if let Err(what) = parties.round_trip(signing, encrypting) {
                let mut failures = failures.lock().expect("no thread panics with the lock");
                failures.push(format!(
                    "{} and {}: {what}",
                    describe(signing),
                    to_whom(encrypting)
                ));
            }
        }
    };
    std::thread::scope(|scope| {
        let threads = std::thread::available_parallelism().map_or(1, usize::from);
        for _ in 0..threads {
            scope.spawn(work);
        }
    });
    let failures = failures
        .into_inner()
        .expect("no thread panics with the lock");
    figure(&format!(
        "round trips: {} of {}, of {} ways to sign and {} to encrypt",
        pairings.len() - failures.len(),
        pairings.len(),
        signings().len(),
        encryptings().len()
    ));
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

fn describe(signing: Option<Signing>) -> String {
    signing.map_or(
        "not signed".to_owned(),
        |Signing {
             form,
             key,
             digest,
             pss,
         }| { format!("signed {form:?} by {key}, {digest:?}, PSS {pss}") },
    )
}

fn to_whom(encrypting: Option<Encrypting>) -> String {
    encrypting.map_or("not encrypted".to_owned(), |Encrypting { cipher, to }| {
        let to = match to {
            Key(kind, key_transport) => format!("{kind}, {key_transport:?}"),
            Password => "a password".to_owned(),
            SharedKey => "a shared key".to_owned(),
        };
        format!("{cipher} to {to}")
    })
}
