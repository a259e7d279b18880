//! Files that were done with, to be written to again.
//!
//! ext4 does not give an inode away for some seconds after it was freed, so that a crash cannot mix up two
//! files, and whoever makes a file looks through all of those first: where thousands of messages come and
//! go, that took a third of all the time there was. A file that is used again is neither freed nor made.

use std::fs::File;
use std::io;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::held::HeldDirectory;

/// What begins like this is empty, and means nothing.
pub(super) const SPARE: &str = "spare-";

/// More than this many are removed.
const MOST: usize = 1000;

/// The spare files of one directory.
#[derive(Debug, Default)]
pub(super) struct Spares(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    names: Vec<String>,
    count: u64,
}

impl Spares {
    /// Makes a spare file of one that is done with, or removes it. Nothing of what was in it stays.
    pub(super) fn keep(
        &self,
        directory: &HeldDirectory,
        name: &str,
        file: &File,
    ) -> io::Result<()> {
        let Some(spare) = self.name() else {
            return directory.remove(name);
        };
        directory.rename(name, &spare)?;
        match file.set_len(0) {
            Ok(()) => self.lock().names.push(spare),
            Err(_) => directory.remove(&spare)?,
        }
        Ok(())
    }

    /// Gives a spare file this name, if there is one.
    pub(super) fn give(&self, directory: &HeldDirectory, name: &str) -> bool {
        let spare = self.lock().names.pop();
        spare.is_some_and(|spare| directory.rename(&spare, name).is_ok())
    }

    /// A name for one more.
    fn name(&self) -> Option<String> {
        let mut state = self.lock();
        if state.names.len() >= MOST {
            return None;
        }
        state.count += 1;
        Some(format!("{SPARE}{}", state.count))
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
