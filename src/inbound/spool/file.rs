//! A file of the spool: messages that came together, one after the other.

use std::fmt;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::received::{Damage, Id};

/// The name of a file: `ID.ATTEMPTS.DUE`, with the id of its first message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct FileName {
    pub id: Id,
    /// How many times what is in it was worked on in vain.
    pub attempts: u32,
    /// When what is in it is to be worked on: milliseconds since 1970, by the system's clock.
    pub due: u64,
}

impl fmt::Display for FileName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.id, self.attempts, self.due)
    }
}

impl FileName {
    /// Reads a name back.
    pub(super) fn parse(text: &str) -> Option<FileName> {
        let mut parts = text.split('.');
        let name = FileName {
            id: parts.next()?.parse().ok()?,
            attempts: parts.next()?.parse().ok()?,
            due: parts.next()?.parse().ok()?,
        };
        // One file, one name: no zeros before a number, and nothing after the last.
        (name.to_string() == text).then_some(name)
    }
}

/// A file that messages wait in.
#[derive(Debug)]
pub(super) struct SpoolFile {
    name: String,
    /// How many messages have been written to it.
    count: usize,
    /// How many of them still wait.
    left: AtomicUsize,
    damage: OnceLock<Damage>,
}

impl SpoolFile {
    pub(super) fn new(name: &FileName, count: usize, left: usize) -> SpoolFile {
        SpoolFile {
            name: name.to_string(),
            count,
            left: AtomicUsize::new(left),
            damage: OnceLock::new(),
        }
    }

    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// Whether it was made for one message alone.
    pub(super) fn is_of_one(&self) -> bool {
        self.count == 1
    }

    /// Whether the message that asks is the only one that still waits in it.
    pub(super) fn has_one_left(&self) -> bool {
        self.left.load(Ordering::Acquire) == 1
    }

    /// A message waits in it no more; true of the last.
    pub(super) fn leave(&self) -> bool {
        self.left.fetch_sub(1, Ordering::AcqRel) == 1
    }

    /// Remembers what is wrong with it, for when nothing waits in it any more.
    pub(super) fn set_damage(&self, damage: Damage) {
        let _the_first_will_do = self.damage.set(damage);
    }

    pub(super) fn damage(&self) -> Option<&Damage> {
        self.damage.get()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn name_of_a_file_comes_back_and_its_neighbours_are_none() {
        let name = FileName {
            id: Id::new(jiff::Timestamp::from_second(1).unwrap()),
            attempts: 2,
            due: 300,
        };
        let text = name.to_string();
        assert_eq!(FileName::parse(&text), Some(name));
        let [upper, zero, longer, shorter] = [
            text.to_uppercase(),
            text.replace(".2.", ".02."),
            format!("{text}.tmp"),
            text.replace(".300", ""),
        ];
        for other in [&upper, &zero, &longer, &shorter, "", "lock", "../x.0.0"] {
            assert_eq!(FileName::parse(other), None, "{other}");
        }
    }
}
