//! The time that one retrieval may take in all.

use std::time::{Duration, Instant};

use crate::fetch::Error;
use crate::fetch::location::Location;

/// Nobody waits longer, and sums with it do not overflow.
const LONGEST: Duration = Duration::from_secs(60 * 60);

/// When to give up.
#[derive(Debug, Clone, Copy)]
pub(super) struct Deadline {
    begun: Instant,
    timeout: Duration,
}

impl Deadline {
    pub(super) fn after(timeout: Duration) -> Deadline {
        Deadline {
            begun: Instant::now(),
            timeout: timeout.min(LONGEST),
        }
    }

    /// What is left, which is more than nothing.
    pub(super) fn left(self, location: &Location) -> Result<Duration, Error> {
        match self.timeout.checked_sub(self.begun.elapsed()) {
            Some(left) if !left.is_zero() => Ok(left),
            _ => Err(self.passed(location)),
        }
    }

    /// That nothing is left.
    pub(super) fn passed(self, location: &Location) -> Error {
        Error::Timeout {
            location: location.clone(),
            timeout: self.timeout,
        }
    }
}
