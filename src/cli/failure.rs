//! What went wrong, for the person at the terminal: a message, a hint, and an exit code.

use std::fmt;
use std::process::ExitCode;

pub(super) use mailseal::printable::{sentence as causes, without_os_numbers};

/// The exit codes of sysexits.h, as far as we use them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Code {
    Done = 0,
    /// The verdict is negative: not signed, or not validly.
    Negative = 1,
    Usage = 64,
    /// Malformed message.
    Data = 65,
    /// A file, key or certificate is missing.
    NoInput = 66,
    /// The other side refused for good.
    Unavailable = 69,
    /// Our bug.
    Software = 70,
    Io = 74,
    /// Try again later.
    TempFail = 75,
    /// Permission or passphrase.
    NoPermission = 77,
    Config = 78,
}

impl Code {
    /// How bad a code is beside others of the same run. "Try again later" is the mildest: told of
    /// a run in which something else failed for good, it would make a caller repeat all of it.
    fn severity(self) -> u8 {
        match self {
            Code::Done => 0,
            Code::TempFail => 1,
            Code::Negative => 2,
            Code::Unavailable => 3,
            Code::Usage => 4,
            Code::Data => 5,
            Code::NoInput => 6,
            Code::NoPermission => 7,
            Code::Config => 8,
            Code::Io => 9,
            Code::Software => 10,
        }
    }

    /// The worse of two.
    pub(super) fn or_worse(self, other: Code) -> Code {
        if other.severity() > self.severity() {
            other
        } else {
            self
        }
    }
}

impl From<Code> for ExitCode {
    fn from(code: Code) -> ExitCode {
        ExitCode::from(code as u8)
    }
}

/// An error as the user is told of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Failure {
    pub(super) code: Code,
    pub(super) message: String,
    pub(super) hint: Option<String>,
}

impl Failure {
    pub(super) fn new(code: Code, message: impl fmt::Display) -> Failure {
        Failure {
            code,
            message: message.to_string(),
            hint: None,
        }
    }

    pub(super) fn hint(self, hint: impl fmt::Display) -> Failure {
        Failure {
            hint: Some(hint.to_string()),
            ..self
        }
    }

    /// The failure of one message as `--json` tells it.
    pub(super) fn to_json(&self, file: impl fmt::Display) -> serde_json::Value {
        serde_json::json!({
            "version": 1,
            "file": file.to_string(),
            "outcome": "failed",
            "error": self.message,
            "hint": self.hint,
            "exit_code": self.code as u8,
        })
    }

    /// Puts the name of what it happened to in front.
    pub(super) fn about(self, subject: impl fmt::Display) -> Failure {
        Failure {
            message: format!("{subject}: {}", self.message),
            ..self
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_for_good_outweighs_one_for_now() {
        assert_eq!(
            Code::TempFail.or_worse(Code::Unavailable),
            Code::Unavailable
        );
        assert_eq!(
            Code::Unavailable.or_worse(Code::TempFail),
            Code::Unavailable
        );
        assert_eq!(Code::Done.or_worse(Code::TempFail), Code::TempFail);
    }
}
