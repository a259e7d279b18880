//! The flags about private keys, and where their passwords come from.

use std::io::IsTerminal;
use std::path::{Path, PathBuf};

use clap::Args;
use jiff::Timestamp;
use mailseal::keys::{self, directory};
use mailseal::secret::Secret;

use super::environment::path;
use super::explain;
use super::failure::Failure;

/// How private keys are opened.
#[derive(Debug, Clone, Args)]
pub(super) struct PrivateKeyArguments {
    #[command(flatten)]
    password: PasswordArguments,
    /// Use private keys that others can read
    #[arg(long)]
    allow_insecure_keys: bool,
}

impl PrivateKeyArguments {
    pub(super) fn options(&self, now: Timestamp) -> directory::Options {
        let password = self.password.clone();
        directory::Options {
            allow_insecure_keys: self.allow_insecure_keys,
            password: Box::new(move |key| password.of(key)),
            ..directory::Options::at(now)
        }
    }

    /// What the password file holds, if one is named: it may be a recipient's password, too
    /// (RFC 3211).
    pub(super) fn password_from_file(&self) -> Result<Option<Secret>, Failure> {
        self.password.in_file()
    }
}

/// Where the password of an encrypted file comes from.
#[derive(Debug, Clone, Default, Args)]
pub(super) struct PasswordArguments {
    /// File with the password of an encrypted private key [env: MAILSEAL_PASSWORD_FILE]
    #[arg(long, value_name = "FILE")]
    password_file: Option<PathBuf>,
}

impl PasswordArguments {
    /// The password of an encrypted private key: from the file, else from whoever sits at the
    /// terminal, else there is none.
    pub(super) fn of(&self, key: &Path) -> Result<Option<Secret>, keys::password::Error> {
        password(key, self.file().as_deref())
    }

    /// What the password file holds, if one is named.
    pub(super) fn in_file(&self) -> Result<Option<Secret>, Failure> {
        let file = self.file();
        file.map(|file| keys::password_from_file(&file))
            .transpose()
            .map_err(|error| explain::secret_file(&error))
    }

    fn file(&self) -> Option<PathBuf> {
        self.password_file
            .clone()
            .or_else(|| path("MAILSEAL_PASSWORD_FILE"))
    }
}

fn password(key: &Path, file: Option<&Path>) -> Result<Option<Secret>, keys::password::Error> {
    if let Some(file) = file {
        return keys::password_from_file(file).map(Some);
    }
    if !std::io::stderr().is_terminal() {
        return Ok(None);
    }
    // rpassword reads from the terminal itself, so that a message can come in on standard input.
    let prompt = format!(
        "Password for {}: ",
        key.display().to_string().escape_debug()
    );
    Ok(rpassword::prompt_password(prompt)
        .ok()
        .map(Secret::from_string))
}
