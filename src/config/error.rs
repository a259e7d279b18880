//! What is wrong with a configuration, and where.

use std::fmt;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use crate::printable::printable;

/// Why there is no configuration to be had. None of them repeats a value: it may be a secret.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The file cannot be opened or read, or is not UTF-8.
    #[error("cannot read the configuration {}", .path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        source: Arc<io::Error>,
    },
    /// It is no configuration.
    #[error("the configuration {} is longer than {limit} octets", .path.display())]
    TooLarge {
        /// The file.
        path: PathBuf,
        /// How long it may be.
        limit: u64,
    },
    /// It is no TOML.
    #[error("{place}: {message}")]
    Syntax {
        /// Where.
        place: Place,
        /// What the parser says.
        message: String,
    },
    /// A key that does not exist.
    #[error("{place}: there is no key {}{}", printable(.key), suggestion(.nearest.as_deref()))]
    UnknownKey {
        /// Where.
        place: Place,
        /// The key with its table, as in `limits.body`.
        key: String,
        /// The key that was probably meant.
        nearest: Option<String>,
    },
    /// A value of the wrong type, or one that the key does not take.
    #[error("{place}: {key} wants {wanted}, as in: {} = {example}", last_part(.key))]
    Value {
        /// Where.
        place: Place,
        /// The key with its table.
        key: String,
        /// What it wants.
        wanted: String,
        /// A value that would do, in TOML.
        example: String,
    },
    /// A secret that is there twice.
    #[error("{place}: {key} and {key}-file are both given, and only one of them can hold")]
    SecretTwice {
        /// Where the second is.
        place: Place,
        /// The key with its table.
        key: String,
    },
    /// A table without the key that it is for.
    #[error("{place}: [{table}] needs {key}")]
    Missing {
        /// Where the table begins.
        place: Place,
        /// The table.
        table: String,
        /// What is not there.
        key: &'static str,
    },
}

/// Where in a file something stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The file.
    pub path: PathBuf,
    /// Lines count from 1.
    pub line: usize,
    /// Characters count from 1.
    pub column: usize,
}

/// As compilers write it, so that editors find it.
impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}", self.path.display(), self.line, self.column)
    }
}

/// What can be worked with and should not stay.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Warning {
    /// A file with a secret that every user of the host may read.
    ReadableByAll {
        /// The file.
        path: PathBuf,
    },
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Warning::ReadableByAll { path } => {
                let path = path.display();
                write!(
                    f,
                    "{path} holds a secret and anybody may read it: chmod o-r {path}"
                )
            }
        }
    }
}

fn suggestion(nearest: Option<&str>) -> String {
    nearest.map_or(String::new(), |key| format!("; did you mean {key}?"))
}

fn last_part(key: &str) -> &str {
    key.rsplit('.').next().unwrap_or(key)
}
