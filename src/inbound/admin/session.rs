//! Who has logged in, and who tries to guess the token.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;

use crate::asn1::reader::hexadecimal;
use crate::secret::Secret;

/// How long somebody stays logged in.
pub(super) const LIFETIME: Duration = Duration::from_hours(8);

/// How many may be logged in at once: the one that has been longest goes.
const MAX_SESSIONS: usize = 100;

/// So many wrong tokens in so long, and then nobody can log in until it has passed.
const MAX_FAILURES: usize = 10;
const FAILURE_WINDOW: Duration = Duration::from_mins(1);

/// Those who have logged in. They are gone when the process ends.
pub(super) struct Sessions {
    /// By the digest of the cookie, so that looking one up tells nothing of another.
    open: Mutex<HashMap<[u8; 32], Session>>,
    /// When the wrong tokens came.
    failures: Mutex<Vec<Instant>>,
    /// What the form for logging in carries, where there is no session yet.
    form_token: String,
}

/// Somebody who has logged in.
#[derive(Debug, Clone)]
pub(super) struct Session {
    begin: Instant,
    form_token: String,
}

impl Session {
    /// What a form has to carry.
    pub(super) fn form_token(&self) -> &str {
        &self.form_token
    }

    /// Whether a form carries it.
    pub(super) fn is_own_form(&self, token: &str) -> bool {
        is_same(self.form_token.as_bytes(), token.as_bytes())
    }
}

/// Why somebody has not been let in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Denied {
    /// That was not the token.
    WrongToken,
    /// There have been too many wrong ones; in so many seconds it may be tried again.
    TooManyFailures(u64),
}

impl Sessions {
    pub(super) fn new() -> Sessions {
        Sessions {
            open: Mutex::default(),
            failures: Mutex::default(),
            form_token: random(),
        }
    }

    /// What the form for logging in has to carry.
    pub(super) fn form_token(&self) -> &str {
        &self.form_token
    }

    /// Whether a form for logging in carries it.
    pub(super) fn is_own_form(&self, token: &str) -> bool {
        is_same(self.form_token.as_bytes(), token.as_bytes())
    }

    /// Lets somebody in who knows the token; what comes back is the cookie's value.
    pub(super) fn log_in(
        &self,
        given: &str,
        token: &Secret,
        now: Instant,
    ) -> Result<String, Denied> {
        let mut failures = self.failures.lock().unwrap_or_else(PoisonError::into_inner);
        failures.retain(|at| now.saturating_duration_since(*at) < FAILURE_WINDOW);
        if failures.len() >= MAX_FAILURES {
            let left = FAILURE_WINDOW.saturating_sub(now.saturating_duration_since(failures[0]));
            return Err(Denied::TooManyFailures(left.as_secs() + 1));
        }
        if !is_same(given.as_bytes(), token.expose()) {
            failures.push(now);
            return Err(Denied::WrongToken);
        }
        drop(failures);
        let cookie = random();
        let session = Session {
            begin: now,
            form_token: random(),
        };
        let mut open = self.open();
        open.retain(|_, session| session.is_open(now));
        if open.len() >= MAX_SESSIONS {
            let oldest = open.iter().min_by_key(|(_, session)| session.begin);
            if let Some(digest) = oldest.map(|(digest, _)| *digest) {
                open.remove(&digest);
            }
        }
        open.insert(digest(&cookie), session);
        Ok(cookie)
    }

    /// Whose cookie it is.
    pub(super) fn find(&self, cookie: &str, now: Instant) -> Option<Session> {
        let open = self.open();
        let session = open.get(&digest(cookie))?;
        session.is_open(now).then(|| session.clone())
    }

    pub(super) fn log_out(&self, cookie: &str) {
        self.open().remove(&digest(cookie));
    }

    fn open(&self) -> MutexGuard<'_, HashMap<[u8; 32], Session>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Session {
    fn is_open(&self, now: Instant) -> bool {
        now.saturating_duration_since(self.begin) < LIFETIME
    }
}

/// Compared in constant time; by digest, so that not even the length of the token shows.
fn is_same(one: &[u8], other: &[u8]) -> bool {
    Sha256::digest(one).ct_eq(&Sha256::digest(other)).into()
}

fn digest(cookie: &str) -> [u8; 32] {
    Sha256::digest(cookie.as_bytes()).into()
}

/// Nobody guesses 256 bits.
fn random() -> String {
    hexadecimal(&rand::random::<[u8; 32]>())
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn token() -> Secret {
        Secret::from_string("t0k3n".into())
    }

    #[test]
    fn who_knows_the_token_is_in_until_the_session_ends() {
        let (sessions, now) = (Sessions::new(), Instant::now());
        let cookie = sessions.log_in("t0k3n", &token(), now).unwrap();
        let session = sessions.find(&cookie, now + LIFETIME - SECOND).unwrap();
        assert!(session.is_own_form(session.form_token()));
        assert!(!session.is_own_form("") && !session.is_own_form(&cookie));
        assert!(sessions.find(&cookie, now + LIFETIME).is_none());
    }

    #[test]
    fn who_does_not_is_not() {
        let (sessions, now) = (Sessions::new(), Instant::now());
        for given in ["", "t0k3", "t0k3n ", "T0K3N"] {
            assert_eq!(
                sessions.log_in(given, &token(), now),
                Err(Denied::WrongToken)
            );
        }
        for cookie in ["", "0", &"0".repeat(64)] {
            assert!(sessions.find(cookie, now).is_none());
        }
    }

    #[test]
    fn who_leaves_is_out() {
        let (sessions, now) = (Sessions::new(), Instant::now());
        let [mine, other] = [(); 2].map(|()| sessions.log_in("t0k3n", &token(), now).unwrap());
        assert_ne!(mine, other);
        sessions.log_out(&mine);
        assert!(sessions.find(&mine, now).is_none());
        assert!(sessions.find(&other, now).is_some());
    }

    #[test]
    fn guessing_is_slow_and_ends() {
        let (sessions, now) = (Sessions::new(), Instant::now());
        for _ in 0..MAX_FAILURES {
            assert_eq!(
                sessions.log_in("guess", &token(), now),
                Err(Denied::WrongToken)
            );
        }
        // Even the right one does not tell while somebody guesses.
        let later = now + FAILURE_WINDOW - SECOND;
        assert_eq!(
            sessions.log_in("t0k3n", &token(), later),
            Err(Denied::TooManyFailures(2))
        );
        assert!(
            sessions
                .log_in("t0k3n", &token(), now + FAILURE_WINDOW)
                .is_ok()
        );
    }

    #[test]
    fn sessions_are_bounded() {
        let (sessions, now) = (Sessions::new(), Instant::now());
        let first = sessions.log_in("t0k3n", &token(), now).unwrap();
        for n in 1..=MAX_SESSIONS as u32 {
            sessions
                .log_in("t0k3n", &token(), now + SECOND * n)
                .unwrap();
        }
        assert_eq!(sessions.open().len(), MAX_SESSIONS);
        assert!(sessions.find(&first, now).is_none());
    }
}
