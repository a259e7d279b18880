//! The flags that `open` and `verify` share, and what they resolve to.

use std::path::{Path, PathBuf};

use clap::Args;
use mailseal::address::Address;
use mailseal::cms::recipient::Credential;
use mailseal::keys::{self, KeySources, Keyring};
use mailseal::secret::Secret;
use mailseal::smime::open::{Opened, Opening};
use mailseal::spool::Spool;
use mailseal::x509::Certificate;

use super::environment::path;
use super::failure::Failure;
use super::input::Input;
use super::private_keys::PrivateKeyArguments;
use super::shared_key::SharedKey;
use super::trust::{Judge, TrustArguments};
use super::{Global, explain, output};

/// What a signature is over and should be from, where the message does not say.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Signed content")]
pub(super) struct SignedArguments {
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
    /// Directory of private keys and certificates [env: MAILSEAL_KEYS] [default for open: .]
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
    judge: Judge,
    intermediates: Vec<Certificate>,
    keyring: Keyring,
    password: Option<Secret>,
    shared_key: Option<SharedKey>,
    content: Option<Spool>,
    from: Option<Address>,
}

impl Opener {
    pub(super) fn resolve(
        trust: &TrustArguments,
        signed: &SignedArguments,
        keys: &KeyArguments,
        otherwise: Option<&Path>,
        global: &Global,
    ) -> Result<Opener, Failure> {
        let judge = trust.resolve(global)?;
        let mut intermediates = judge.intermediates().to_vec();
        let keyring = keyring(keys, otherwise, &judge)?;
        for skipped in keyring.skipped() {
            output::detail(format_args!("not used: {skipped}"), global);
        }
        let certificates = keyring.entries().iter();
        intermediates.extend(certificates.filter_map(|entry| entry.certificate.clone()));
        let content = match &signed.content {
            Some(path) => Some(Input::File(path.clone()).raw()?.spool().slice(0..u64::MAX)),
            None => None,
        };
        let id = keys.secret_key_id.as_deref();
        let shared_key = keys.secret_key.as_ref();
        let shared_key = shared_key
            .map(|path| SharedKey::read(path, id))
            .transpose()?;
        Ok(Opener {
            judge,
            intermediates,
            keyring,
            password: keys.private_keys.password_from_file()?,
            shared_key,
            content,
            from: signed.from.clone(),
        })
    }

    /// Tells why no signer leads to anybody trusted, if nobody is.
    pub(super) fn tell_if_nobody_is_trusted(&self, opened: &Opened, global: &Global) {
        if opened
            .layers()
            .iter()
            .any(|layer| !layer.signers.is_empty())
        {
            self.judge.tell_if_nobody_is_trusted(global);
        }
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
            validation: self.judge.validation(),
            intermediates: self.intermediates.clone(),
            content: self
                .content
                .as_ref()
                .map(|content| content.slice(0..u64::MAX)),
            from: self.from.clone(),
            allow_unauthenticated: false,
        }
    }
}

/// `otherwise` is the directory for those who name no key at all.
fn keyring(
    keys: &KeyArguments,
    otherwise: Option<&Path>,
    judge: &Judge,
) -> Result<Keyring, Failure> {
    let named = !keys.key.is_empty() || !keys.cert.is_empty() || keys.secret_key.is_some();
    let directory = match &keys.keys {
        Some(directory) => Some(directory.clone()),
        None if named => None,
        None => path("MAILSEAL_KEYS").or_else(|| otherwise.map(Path::to_owned)),
    };
    let sources = KeySources {
        keys: keys.key.clone(),
        certificates: keys.cert.clone(),
        directory,
    };
    let options = keys::directory::Options {
        allow_legacy: judge.allows_legacy(),
        ..keys.private_keys.options(judge.now())
    };
    Keyring::read(&sources, &options).map_err(|error| explain::key(&error))
}
