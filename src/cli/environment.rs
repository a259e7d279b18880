//! Settings from the environment. A secret NAME may also come from the file that NAME_FILE names.

use std::path::{Path, PathBuf};

use mailseal::keys;
use mailseal::secret::Secret;

use super::explain;
use super::failure::{Code, Failure};

/// A variable that is set and not empty.
pub(super) fn variable(name: &str) -> Result<Option<String>, Failure> {
    match std::env::var(name) {
        Ok(value) if value.is_empty() => Ok(None),
        Ok(value) => Ok(Some(value)),
        Err(std::env::VarError::NotPresent) => Ok(None),
        Err(std::env::VarError::NotUnicode(_)) => Err(Failure::new(
            Code::Config,
            format!("environment variable {name} is not UTF-8"),
        )),
    }
}

/// A path from a variable that is set and not empty.
pub(super) fn path(name: &str) -> Option<PathBuf> {
    std::env::var_os(name)
        .filter(|value| !value.is_empty())
        .map(PathBuf::from)
}

/// The key directory: the one that a flag names, else that of the environment, else the current one.
///
/// Key files are named by address; a directory that is not there has none of them.
pub(super) fn key_directory(named: Option<&Path>) -> Result<PathBuf, Failure> {
    let folder = match named {
        Some(folder) => folder.to_owned(),
        None => path("MAILSEAL_KEYS").unwrap_or_else(|| PathBuf::from(".")),
    };
    match folder.is_dir() {
        true => Ok(folder),
        false => {
            let message = format!("{} is no directory", folder.display());
            Err(Failure::new(Code::NoInput, message)
                .hint("name the directory with the keys: --keys DIR, or MAILSEAL_KEYS"))
        }
    }
}

/// A variable that must be set; the words are the original tool's.
pub(super) fn required(name: &str) -> Result<String, Failure> {
    variable(name)?.ok_or_else(|| missing(name))
}

/// A secret from NAME, or from the file that NAME_FILE names.
pub(super) fn secret(name: &str) -> Result<Option<Secret>, Failure> {
    if let Some(value) = variable(name)? {
        return Ok(Some(Secret::from_string(value)));
    }
    let Some(path) = variable(&format!("{name}_FILE"))? else {
        return Ok(None);
    };
    keys::password_from_file(Path::new(&path))
        .map(Some)
        .map_err(|error| explain::secret_file(&error).about(format!("{name}_FILE")))
}

/// A secret that must be set.
pub(super) fn required_secret(name: &str) -> Result<Secret, Failure> {
    secret(name)?.ok_or_else(|| {
        missing(name).hint(format!(
            "export {name}=…, or {name}_FILE with the file that holds it"
        ))
    })
}

fn missing(name: &str) -> Failure {
    Failure::new(
        Code::Config,
        format!("Environment var {name} not set - stopping"),
    )
    .hint(format!("export {name}=…"))
}
