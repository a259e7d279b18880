//! Answers that are still good.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use super::{Answer, ResolveError};

/// So many names are remembered.
const MAX_NAMES: usize = 4_096;

/// So many octets of records are remembered, whoever chooses how long theirs are.
const MAX_OCTETS: usize = 4 << 20;

/// An answer is asked for again after a day, whatever its TTL says.
const MAX_TTL: Duration = Duration::from_secs(24 * 60 * 60);

/// RFC 2308 5: that there is no record should not be believed for longer than a few hours; a key that
/// was published too late is waited for.
const MAX_NEGATIVE_TTL: Duration = Duration::from_secs(5 * 60);

/// What each entry takes beside its records.
const OVERHEAD: usize = 128;

/// Answers by name, each until its TTL has passed.
#[derive(Debug, Default)]
pub(super) struct Cache {
    entries: HashMap<String, Entry>,
    octets: usize,
}

#[derive(Debug)]
struct Entry {
    answer: Answer,
    until: Instant,
    octets: usize,
}

impl Cache {
    /// What is known of a name now.
    pub(super) fn find(&self, name: &str, now: Instant) -> Option<Answer> {
        let entry = self.entries.get(name)?;
        (now < entry.until).then(|| entry.answer.clone())
    }

    /// Remembers an answer for its time to live. What DNS failed to say is never remembered.
    pub(super) fn keep(&mut self, name: &str, answer: &Answer, ttl: Duration, now: Instant) {
        let (ttl, records) = match answer {
            Ok(records) => (ttl.min(MAX_TTL), &records[..]),
            Err(ResolveError::NoRecord) => (ttl.min(MAX_NEGATIVE_TTL), &[][..]),
            Err(_) => return,
        };
        let octets = OVERHEAD + name.len() + records.iter().map(Vec::len).sum::<usize>();
        self.forget(name);
        if ttl.is_zero() || octets > MAX_OCTETS / 16 {
            return;
        }
        self.make_room(octets, now);
        let entry = Entry {
            answer: answer.clone(),
            until: now + ttl,
            octets,
        };
        self.entries.insert(name.to_owned(), entry);
        self.octets += octets;
    }

    fn forget(&mut self, name: &str) {
        if let Some(entry) = self.entries.remove(name) {
            self.octets -= entry.octets;
        }
    }

    /// Forgets what is past; and all, where that is not enough: who fills the cache on purpose is to
    /// have little of it.
    fn make_room(&mut self, octets: usize, now: Instant) {
        let has_room =
            |cache: &Cache| cache.entries.len() < MAX_NAMES && cache.octets + octets <= MAX_OCTETS;
        if !has_room(self) {
            self.entries.retain(|_, entry| now < entry.until);
            self.octets = self.entries.values().map(|entry| entry.octets).sum();
        }
        if !has_room(self) {
            self.entries.clear();
            self.octets = 0;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: Duration = Duration::from_secs(3600);

    fn record(octets: usize) -> Answer {
        Ok(vec![vec![b'x'; octets]])
    }

    #[test]
    fn an_answer_is_good_until_its_time_has_passed() {
        let now = Instant::now();
        let mut cache = Cache::default();
        cache.keep("a", &record(3), HOUR, now);
        assert_eq!(cache.find("a", now), Some(record(3)));
        assert_eq!(
            cache.find("a", now + HOUR - Duration::from_millis(1)),
            Some(record(3))
        );
        assert_eq!(cache.find("a", now + HOUR), None);
        assert_eq!(cache.find("b", now), None);
        cache.keep("a", &record(4), 48 * HOUR, now);
        assert!(cache.find("a", now + 23 * HOUR).is_some());
        assert_eq!(cache.find("a", now + 24 * HOUR), None);
        cache.keep("a", &record(4), Duration::ZERO, now);
        assert_eq!(cache.find("a", now), None);
    }

    #[test]
    fn that_there_is_none_is_remembered_for_minutes_and_failures_never() {
        let now = Instant::now();
        let mut cache = Cache::default();
        cache.keep("a", &Err(ResolveError::NoRecord), HOUR, now);
        assert_eq!(cache.find("a", now), Some(Err(ResolveError::NoRecord)));
        assert_eq!(cache.find("a", now + MAX_NEGATIVE_TTL), None);
        for error in [
            ResolveError::TimedOut,
            ResolveError::Refused,
            ResolveError::Failed("SERVFAIL".into()),
        ] {
            cache.keep("b", &Err(error), HOUR, now);
            assert_eq!(cache.find("b", now), None);
        }
    }

    #[test]
    fn nobody_fills_the_memory() {
        let now = Instant::now();
        let mut cache = Cache::default();
        for number in 0..3 * MAX_NAMES {
            cache.keep(&number.to_string(), &record(4_000), HOUR, now);
            let held: usize = cache.entries.values().map(|entry| entry.octets).sum();
            assert_eq!(held, cache.octets);
            assert!(cache.octets <= MAX_OCTETS && cache.entries.len() <= MAX_NAMES);
        }
        cache.keep("huge", &record(MAX_OCTETS), HOUR, now);
        assert_eq!(cache.find("huge", now), None);
        // What is past goes first.
        let mut cache = Cache::default();
        cache.keep("long", &record(1), 2 * HOUR, now);
        for number in 1..MAX_NAMES {
            cache.keep(&number.to_string(), &record(1), HOUR, now);
        }
        cache.keep("new", &record(1), HOUR, now + HOUR);
        assert!(cache.find("long", now + HOUR).is_some() && cache.entries.len() == 2);
    }
}
