//! The store as a list: what expires first at the top, a page at a time.
//!
//! A store may hold 100,000 certificates. Of each only what the list shows is kept, and the list is
//! made anew when it is older than a few seconds, not for each page that is turned.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use jiff::Timestamp;

use super::shown::{Shown, day, days};
use crate::store::{CertificateStore, Error, StoreEntry};

/// How many are on a page.
pub(super) const PER_PAGE: usize = 50;

/// How long the list is taken as it was read.
const FRESH: Duration = Duration::from_secs(10);

/// Within so many days something should be done.
const SOON: i64 = 30;

/// One address.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Item {
    address: Box<str>,
    /// Or why the file cannot be read, which comes first.
    not_after: Result<Timestamp, Box<str>>,
}

/// Every address of the store.
#[derive(Debug, Clone, Default)]
pub(super) struct Inventory(Arc<[Item]>);

/// The list as it was read last.
#[derive(Debug, Default)]
pub(super) struct Kept(Mutex<Option<(Instant, Inventory)>>);

impl Kept {
    /// The list, read anew if it is too old. Whoever asks meanwhile waits for it.
    pub(super) fn inventory(
        &self,
        store: &dyn CertificateStore,
        now: Instant,
    ) -> Result<Inventory, Error> {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((at, inventory)) = &*kept
            && now.saturating_duration_since(*at) < FRESH
        {
            return Ok(inventory.clone());
        }
        let inventory = Inventory::of(store)?;
        *kept = Some((Instant::now(), inventory.clone()));
        Ok(inventory)
    }

    /// The store has changed by our own doing.
    pub(super) fn forget(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }
}

/// A part of the list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Page {
    pub(super) rows: Vec<Row>,
    /// From 1.
    pub(super) number: usize,
    pub(super) pages: usize,
    /// How many there are on all pages.
    pub(super) found: usize,
}

/// One address on a page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Row {
    pub(super) address: Shown,
    /// The day, or what is wrong.
    pub(super) expires: Shown,
    pub(super) left: String,
    pub(super) class: &'static str,
}

/// How many certificates are in which state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Counts {
    pub(super) all: usize,
    pub(super) expired: usize,
    pub(super) expiring: usize,
    pub(super) unusable: usize,
}

impl Inventory {
    /// Reads the store, which takes its time.
    fn of(store: &dyn CertificateStore) -> Result<Inventory, Error> {
        let mut items = Vec::new();
        store.each_entry(&mut |entry| items.push(Item::of(&entry)))?;
        items.sort_unstable_by(|one, other| one.order().cmp(&other.order()));
        Ok(Inventory(items.into()))
    }

    /// The page of this number among those addresses that contain a text; the last one if there are
    /// fewer.
    pub(super) fn page(&self, containing: &str, number: usize, now: Timestamp) -> Page {
        let containing = containing.to_lowercase();
        let is_wanted = |item: &&Item| item.address.to_lowercase().contains(&containing);
        let found: Vec<&Item> = self.0.iter().filter(is_wanted).collect();
        let pages = found.len().div_ceil(PER_PAGE).max(1);
        let number = number.clamp(1, pages);
        let shown = found.iter().skip((number - 1) * PER_PAGE).take(PER_PAGE);
        Page {
            rows: shown.map(|item| item.row(now)).collect(),
            number,
            pages,
            found: found.len(),
        }
    }

    pub(super) fn counts(&self, now: Timestamp) -> Counts {
        let mut counts = Counts {
            all: self.0.len(),
            ..Counts::default()
        };
        for item in &*self.0 {
            match &item.not_after {
                Err(_) => counts.unusable += 1,
                Ok(end) if *end < now => counts.expired += 1,
                Ok(end) if days(now, *end) < SOON => counts.expiring += 1,
                Ok(_) => {}
            }
        }
        counts
    }
}

impl Item {
    fn of(entry: &StoreEntry) -> Item {
        Item {
            address: entry.address.to_string().into(),
            not_after: match &entry.certificate {
                Ok(certificate) => Ok(certificate.not_after()),
                Err(unusable) => Err(unusable.to_string().into()),
            },
        }
    }

    /// What cannot be read first, then by what expires first.
    fn order(&self) -> (Option<Timestamp>, &str) {
        (self.not_after.as_ref().ok().copied(), &self.address)
    }

    fn row(&self, now: Timestamp) -> Row {
        let address = Shown::of(&self.address);
        match &self.not_after {
            Err(unusable) => Row {
                address,
                expires: Shown::of(unusable),
                left: "unusable".to_owned(),
                class: "bad",
            },
            Ok(end) => Row {
                address,
                expires: Shown::of(day(*end)),
                left: left(days(now, *end)),
                class: match days(now, *end) {
                    ..0 => "bad",
                    0..SOON => "open",
                    _ => "",
                },
            },
        }
    }
}

/// The days that are left, in words.
pub(super) fn left(days: i64) -> String {
    match days {
        ..0 => "expired".to_owned(),
        0 => "less than a day".to_owned(),
        1 => "1 day".to_owned(),
        days => format!("{days} days"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn now() -> Timestamp {
        "2026-11-28T12:00:00Z".parse().unwrap()
    }

    fn item(address: &str, left: Result<i64, &str>) -> Item {
        Item {
            address: address.into(),
            not_after: left
                .map(|days| now() + jiff::SignedDuration::from_hours(24 * days))
                .map_err(Into::into),
        }
    }

    fn inventory(items: Vec<Item>) -> Inventory {
        let mut items = items;
        items.sort_unstable_by(|one, other| one.order().cmp(&other.order()));
        Inventory(items.into())
    }

    #[test]
    fn what_expires_first_is_at_the_top_and_what_is_broken_above_it() {
        let inventory = inventory(vec![
            item("late@example.com", Ok(400)),
            item("soon@example.com", Ok(5)),
            item("gone@example.com", Ok(-5)),
            item("broken@example.com", Err("no certificate in it")),
        ]);
        let page = inventory.page("", 1, now());
        let rows: Vec<(String, &str, &str)> = page
            .rows
            .iter()
            .map(|row| (row.address.to_string(), row.left.as_str(), row.class))
            .collect();
        let row = |address: &str, left, class| (address.to_owned(), left, class);
        assert_eq!(
            rows,
            [
                row("broken@example.com", "unusable", "bad"),
                row("gone@example.com", "expired", "bad"),
                row("soon@example.com", "5 days", "open"),
                row("late@example.com", "400 days", ""),
            ]
        );
        let counts = Counts {
            all: 4,
            expired: 1,
            expiring: 1,
            unusable: 1,
        };
        assert_eq!(inventory.counts(now()), counts);
    }

    #[test]
    fn a_large_store_is_turned_page_by_page() {
        let items = (0..100_000).map(|n| item(&format!("user{n}@example.com"), Ok(n)));
        let inventory = inventory(items.collect());
        let first = inventory.page("", 1, now());
        assert_eq!(
            (first.pages, first.found, first.rows.len()),
            (2000, 100_000, PER_PAGE)
        );
        assert_eq!(inventory.page("", 0, now()), first);
        let last = inventory.page("", usize::MAX, now());
        assert_eq!(last.number, 2000);
        assert_eq!(last.rows[49].address.to_string(), "user99999@example.com");
        let found = inventory.page("USER9999", 1, now());
        assert_eq!((found.found, found.pages), (11, 1));
        let none = inventory.page("nobody", 7, now());
        assert_eq!((none.found, none.pages, none.number), (0, 1, 1));
    }

    #[test]
    fn days_are_said_in_words() {
        for (days, words) in [
            (-1, "expired"),
            (0, "less than a day"),
            (1, "1 day"),
            (2, "2 days"),
        ] {
            assert_eq!(left(days), words);
        }
    }
}
