//! The flags that `open` and `verify` share, and what they resolve to.

use std::path::PathBuf;

use clap::Args;
use jiff::Timestamp;
use mailseal::address::Address;
use mailseal::cms::recipient::Credential;
use mailseal::keys::{self, KeySources, Keyring, pem};
use mailseal::path::{Purpose, TrustAnchors, Validation};
use mailseal::secret::Secret;
use mailseal::smime::open::Opening;
use mailseal::spool::Spool;
use mailseal::x509::Certificate;

use super::environment::path;
use super::failure::{Code, Failure};
use super::input::Input;
use super::private_keys::PrivateKeyArguments;
use super::{Global, explain, output};

/// Whom to believe, and when.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Trust")]
pub(super) struct TrustArguments {
    /// Certificates to trust, PEM or DER; a directory of them (may be repeated) [default: the
    /// platform's]
    #[arg(long, value_name = "FILE")]
    trust: Vec<PathBuf>,
    /// Certificates that the message left out, the signer's or of a certification authority (may be repeated)
    #[arg(long, value_name = "FILE")]
    intermediates: Vec<PathBuf>,
    /// Judge as if it were this time (RFC 3339)
    #[arg(long, value_name = "TIME")]
    at: Option<Timestamp>,
    /// What the signer's certificate is to be for: email, any, server, client, or an object
    /// identifier
    #[arg(long, value_name = "PURPOSE", default_value = "email")]
    purpose: Purpose,
    /// Let a path end at a trusted certificate that another authority issued
    #[arg(long)]
    partial_chain: bool,
    /// Take what is no longer safe: SHA-1, RSA-1024, DSA, 3DES, RC2
    #[arg(long)]
    allow_legacy: bool,
    /// The content of a detached signature that comes without it
    #[arg(long, value_name = "FILE")]
    content: Option<PathBuf>,
    /// Whom a CMS object without a message around it should come from
    #[arg(long, value_name = "ADDRESS")]
    from: Option<Address>,
}

/// What to open with.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Keys")]
pub(super) struct KeyArguments {
    /// Private key, in PEM, DER or PKCS#12 (may be repeated)
    #[arg(long, value_name = "FILE")]
    key: Vec<PathBuf>,
    /// Certificate of a private key, which finds the right recipient (may be repeated)
    #[arg(long, value_name = "FILE")]
    cert: Vec<PathBuf>,
    /// Directory of private keys and certificates [env: MAILSEAL_KEYS]
    #[arg(long, value_name = "DIR")]
    keys: Option<PathBuf>,
    /// Key that sender and recipients share, as raw octets (RFC 5652 6.2.3)
    #[arg(long, value_name = "FILE")]
    secret_key: Option<PathBuf>,
    /// The name of that key, in hexadecimal
    #[arg(long, value_name = "HEX", requires = "secret_key")]
    secret_key_id: Option<String>,
    #[command(flatten)]
    private_keys: PrivateKeyArguments,
}

/// The resolved flags.
pub(super) struct Opener {
    anchors: TrustAnchors,
    intermediates: Vec<Certificate>,
    keyring: Keyring,
    password: Option<Secret>,
    shared_key: Option<SharedKey>,
    content: Option<Spool>,
    now: Timestamp,
    trust: TrustArguments,
}

/// A key that sender and recipients share, and its name.
struct SharedKey {
    id: Option<Vec<u8>>,
    key: Secret,
}

impl Opener {
    pub(super) fn resolve(
        trust: &TrustArguments,
        keys: &KeyArguments,
        global: &Global,
    ) -> Result<Opener, Failure> {
        let now = trust.at.unwrap_or_else(Timestamp::now);
        let anchors = anchors(trust, global)?;
        let mut intermediates = Vec::new();
        for path in &trust.intermediates {
            intermediates.extend(certificates(path)?);
        }
        let keyring = keyring(keys, trust, now)?;
        for skipped in keyring.skipped() {
            output::detail(format_args!("not used: {skipped}"), global);
        }
        let certificates = keyring.entries().iter();
        intermediates.extend(certificates.filter_map(|entry| entry.certificate.clone()));
        let content = match &trust.content {
            Some(path) => Some(Input::File(path.clone()).raw()?.spool().slice(0..u64::MAX)),
            None => None,
        };
        Ok(Opener {
            anchors,
            intermediates,
            keyring,
            password: keys.private_keys.password_from_file()?,
            shared_key: shared_key(keys)?,
            content,
            now,
            trust: trust.clone(),
        })
    }

    /// What the library wants to know.
    pub(super) fn opening(&self) -> Opening<'_> {
        let mut credentials: Vec<Credential<'_>> = Vec::new();
        for entry in self.keyring.entries() {
            credentials.push(Credential::PrivateKey {
                key: &entry.key,
                certificate: entry.certificate.as_ref(),
            });
        }
        credentials.extend(self.password.as_ref().map(Credential::Password));
        if let Some(SharedKey { id, key }) = &self.shared_key {
            credentials.push(Credential::KeyEncryptionKey {
                id: id.as_deref(),
                key,
            });
        }
        Opening {
            credentials,
            validation: Validation {
                purpose: self.trust.purpose,
                allow_legacy: self.trust.allow_legacy,
                partial_chain: self.trust.partial_chain,
                ..Validation::new(&self.anchors, self.now)
            },
            intermediates: self.intermediates.clone(),
            content: self
                .content
                .as_ref()
                .map(|content| content.slice(0..u64::MAX)),
            from: self.trust.from.clone(),
            allow_unauthenticated: false,
        }
    }
}

/// Without `--trust` those of the platform; without those nothing is believed, which the report
/// says and a run without signatures need not know.
fn anchors(trust: &TrustArguments, global: &Global) -> Result<TrustAnchors, Failure> {
    if !trust.trust.is_empty() {
        let anchors =
            TrustAnchors::from_files(&trust.trust).map_err(|error| explain::anchors(&error))?;
        return Ok(anchors);
    }
    match TrustAnchors::platform() {
        Ok(anchors) => {
            for path in anchors.sources() {
                output::detail(format_args!("trusting {}", path.display()), global);
            }
            Ok(anchors)
        }
        Err(error) => {
            output::detail(format_args!("{error}"), global);
            Ok(TrustAnchors::from_certificates(Vec::new()))
        }
    }
}

fn certificates(path: &std::path::Path) -> Result<Vec<Certificate>, Failure> {
    let shown = path.display();
    let bytes = std::fs::read(path).map_err(|error| {
        Failure::new(
            Code::NoInput,
            format!("unable to open file {shown} - {error}"),
        )
        .hint("name a file with certificates, in PEM or DER")
    })?;
    pem::certificates(&bytes).map_err(|error| {
        Failure::new(Code::NoInput, format!("{shown}: {error}"))
            .hint("name a file with certificates, in PEM or DER")
    })
}

fn keyring(
    keys: &KeyArguments,
    trust: &TrustArguments,
    now: Timestamp,
) -> Result<Keyring, Failure> {
    let named = !keys.key.is_empty() || !keys.cert.is_empty();
    let directory = match &keys.keys {
        Some(directory) => Some(directory.clone()),
        None if named => None,
        None => path("MAILSEAL_KEYS"),
    };
    let sources = KeySources {
        keys: keys.key.clone(),
        certificates: keys.cert.clone(),
        directory,
    };
    let options = keys::directory::Options {
        allow_legacy: trust.allow_legacy,
        ..keys.private_keys.options(now)
    };
    Keyring::read(&sources, &options).map_err(|error| explain::key(&error))
}

fn shared_key(keys: &KeyArguments) -> Result<Option<SharedKey>, Failure> {
    let Some(path) = &keys.secret_key else {
        return Ok(None);
    };
    let key = std::fs::read(path).map_err(|error| {
        let shown = path.display();
        Failure::new(
            Code::NoInput,
            format!("unable to open file {shown} - {error}"),
        )
        .hint("name a file that holds the 16, 24 or 32 octets of the key and nothing else")
    })?;
    let id = keys.secret_key_id.as_deref().map(hexadecimal).transpose()?;
    Ok(Some(SharedKey {
        id,
        key: Secret::new(key),
    }))
}

fn hexadecimal(digits: &str) -> Result<Vec<u8>, Failure> {
    let octet = |pair: &[u8]| {
        let pair = std::str::from_utf8(pair).ok()?;
        u8::from_str_radix(pair, 16).ok()
    };
    let octets: Option<Vec<u8>> = digits.as_bytes().chunks(2).map(octet).collect();
    match octets {
        Some(octets) if digits.len().is_multiple_of(2) => Ok(octets),
        _ => Err(
            Failure::new(Code::Usage, "--secret-key-id is not hexadecimal")
                .hint("write two digits for each octet, such as 0a1b2c"),
        ),
    }
}
