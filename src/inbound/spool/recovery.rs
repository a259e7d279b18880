//! Taking up what an earlier process has left.

use std::ffi::{OsStr, OsString};
use std::fmt;
use std::fs::File;
use std::io;
use std::sync::Arc;

use super::disk::TEMPORARY;
use super::file::{FileName, SpoolFile};
use super::held::{HeldDirectory, LOCK, read_up_to};
use super::queue::{Queue, Waiting};
use super::received::{Damage, EntryHead, LONGEST_HEADER};
use super::spares::SPARE;
use crate::printable::printable;

/// Where files go that are no messages.
const DAMAGED: &str = "damaged";

/// What an earlier process has left.
#[derive(Debug, Default)]
pub struct TakenUp {
    /// How many messages wait.
    pub messages: usize,
    /// How many files were not written to their end and are gone. Their senders were never told
    /// that we have them, and send again.
    pub unfinished: usize,
    /// What is no message, with the reason.
    pub put_aside: Vec<PutAside>,
}

/// A file of the spool that is not as it was written. It is moved into the directory `damaged` inside
/// the spool, for the operator to look at, with all that is in it; if it was found to be damaged while
/// other messages in it waited, when those are decided on.
#[derive(Debug)]
pub struct PutAside {
    /// The name that it had.
    pub name: OsString,
    /// What is wrong with it.
    pub damage: Damage,
    /// Why it could not be moved, if it could not.
    pub not_moved: Option<io::Error>,
}

impl fmt::Display for PutAside {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = printable(&self.name.to_string_lossy());
        match &self.not_moved {
            None => write!(f, "{name} in the spool is put aside: {}", self.damage)?,
            Some(error) => write!(
                f,
                "{name} in the spool is left alone: {}: {error}",
                self.damage
            )?,
        }
        Ok(())
    }
}

impl std::error::Error for PutAside {}

impl PutAside {
    /// Moves a file out of the way.
    pub(super) fn put(directory: &HeldDirectory, name: OsString, damage: Damage) -> PutAside {
        let moved = directory.inside(DAMAGED).and_then(|damaged| {
            let free = free_name(&damaged, &name)?;
            directory.hand_over(&name, &damaged, free)
        });
        PutAside {
            name,
            damage,
            not_moved: moved.err(),
        }
    }
}

/// The name, or the name with a number: what was put aside before stays.
fn free_name(directory: &HeldDirectory, name: &OsStr) -> io::Result<OsString> {
    let taken = directory.names()?;
    let mut free = name.to_owned();
    for number in 2.. {
        if !taken.contains(&free) {
            break;
        }
        free = name.to_owned();
        free.push(format!(".{number}"));
    }
    Ok(free)
}

/// Lets every message of the directory wait.
pub(super) fn take_up(directory: &HeldDirectory, queue: &Queue) -> io::Result<TakenUp> {
    let (mut waiting, mut taken_up) = (Vec::new(), TakenUp::default());
    for name in directory.names()? {
        if name == LOCK || name == DAMAGED {
            continue;
        }
        match look(directory, &name)? {
            Found::Messages(messages, damage) => {
                waiting.extend(messages);
                taken_up.put_aside.extend(damage.map(|damage| PutAside {
                    name,
                    damage,
                    not_moved: None,
                }));
            }
            Found::DoneWith(name) => directory.remove(name)?,
            Found::Unfinished(name) => {
                directory.remove(name)?;
                taken_up.unfinished += 1;
            }
            Found::Damaged(damage) => {
                taken_up
                    .put_aside
                    .push(PutAside::put(directory, name, damage));
            }
        }
    }
    taken_up.messages = waiting.len();
    queue.take_up(waiting);
    // A crash may have come between a rename and its fsync. What waits now is told of.
    directory.sync()?;
    Ok(taken_up)
}

enum Found<'a> {
    /// Those that are whole; what is wrong with the rest of the file.
    Messages(Vec<Waiting>, Option<Damage>),
    DoneWith(&'a str),
    Unfinished(&'a str),
    Damaged(Damage),
}

fn look<'a>(directory: &HeldDirectory, name: &'a OsStr) -> io::Result<Found<'a>> {
    if !directory.is_regular(name)? {
        return Ok(Found::Damaged(Damage::NoFile));
    }
    let Some(name) = name.to_str() else {
        return Ok(Found::Damaged(Damage::Name));
    };
    if name.starts_with(SPARE) {
        return Ok(Found::DoneWith(name));
    }
    let finished = name.strip_prefix(TEMPORARY);
    let Some(file_name) = FileName::parse(finished.unwrap_or(name)) else {
        return Ok(Found::Damaged(Damage::Name));
    };
    if finished.is_some() {
        return Ok(Found::Unfinished(name));
    }
    let (entries, damage) = entries(&directory.read(name)?)?;
    let waiting = waiting(&file_name, entries, damage.as_ref());
    Ok(match damage {
        Some(damage) if waiting.is_empty() => Found::Damaged(damage),
        // Also of an empty file: messages were on the disk before it got this name, and it is only
        // emptied when all are done with.
        None if waiting.is_empty() => Found::DoneWith(name),
        damage => Found::Messages(waiting, damage),
    })
}

/// All messages of a file, as far as each is whole, and what is wrong with the first that is not.
fn entries(file: &File) -> io::Result<(Vec<EntryHead>, Option<Damage>)> {
    let (mut entries, mut start) = (Vec::new(), 0);
    let length = file.metadata()?.len();
    let mut beginning = vec![0; LONGEST_HEADER];
    while start < length {
        let read = read_up_to(file, &mut beginning, start)?;
        match EntryHead::parse(&beginning[..read], length - start) {
            Ok(entry) => {
                start += entry.octets;
                entries.push(entry);
            }
            Err(damage) => return Ok((entries, Some(damage))),
        }
    }
    Ok((entries, None))
}

/// Those messages of a file that are not done with.
fn waiting(name: &FileName, entries: Vec<EntryHead>, damage: Option<&Damage>) -> Vec<Waiting> {
    let left = entries.iter().filter(|entry| !entry.is_done).count();
    let count = entries.len() + usize::from(damage.is_some());
    let file = SpoolFile::new(name, count, left);
    if let Some(damage) = damage {
        file.set_damage(damage.clone());
    }
    let file = Arc::new(file);
    let mut start = 0;
    let mut waiting = Vec::with_capacity(left);
    for entry in entries {
        if !entry.is_done {
            waiting.push(Waiting {
                id: entry.id,
                attempts: name.attempts,
                due: name.due,
                file: Arc::clone(&file),
                start,
                octets: entry.octets,
            });
        }
        start += entry.octets;
    }
    waiting
}
