//! The files of the spool: written, read, and given away.

use std::fs::File;
use std::io::{self, IoSlice};
use std::os::unix::fs::FileExt;

use super::file::SpoolFile;
use super::held::{HeldDirectory, read_up_to, write_all};
use super::queue::Waiting;
use super::received::{DONE_MARK, Damage};
use super::recovery::PutAside;
use super::spares::Spares;

/// What begins like this is not on the disk yet, or was not when the process ended.
pub(super) const TEMPORARY: &str = "new-";

/// The directory, and the files in it that can be written again.
#[derive(Debug)]
pub(super) struct Disk {
    directory: HeldDirectory,
    spares: Spares,
}

impl Disk {
    pub(super) fn new(directory: HeldDirectory) -> Disk {
        Disk {
            directory,
            spares: Spares::default(),
        }
    }

    /// Writes files out of pieces. They are on the disk when it returns, or none of them is there.
    pub(super) fn write(&self, files: &[(&SpoolFile, Vec<&[u8]>)]) -> io::Result<()> {
        let names = files.iter().map(|(file, _)| file.name());
        let written = files
            .iter()
            .try_for_each(|(file, pieces)| self.write_temporary(file.name(), pieces))
            .and_then(|()| self.publish(names.clone()));
        if written.is_err() {
            names.for_each(|name| self.withdraw(name));
        }
        written
    }

    fn write_temporary(&self, name: &str, pieces: &[&[u8]]) -> io::Result<()> {
        let name = temporary(name);
        let file = match self.spares.give(&self.directory, &name) {
            true => self.directory.empty(&name)?,
            false => self.directory.make(&name)?,
        };
        let mut pieces: Vec<_> = pieces.iter().map(|piece| IoSlice::new(piece)).collect();
        write_all(&file, &mut pieces)?;
        // Besides the octets the length has to be on the disk; the times do not.
        file.sync_data()
    }

    /// Gives files the names by which they are found after a crash.
    fn publish<'a>(&self, names: impl Iterator<Item = &'a str>) -> io::Result<()> {
        for name in names {
            self.directory.rename(&temporary(name), name)?;
        }
        self.directory.sync()
    }

    /// Removes a file, whatever has been written of it. What cannot be removed comes to light at the
    /// next start, and is judged once more than its sender expects.
    fn withdraw(&self, name: &str) {
        let _not_there = self.directory.remove(&temporary(name));
        let _not_there = self.directory.remove(name);
    }

    /// Opens the file that a message waits in, and reads the message with the line before it.
    pub(super) fn read(&self, waiting: &Waiting) -> io::Result<(File, Vec<u8>)> {
        let file = self.directory.read_and_write(waiting.file.name())?;
        let entry = read_entry(&file, waiting)?;
        Ok((file, entry))
    }

    /// A message waits in its file no more, and a restart does not find it there.
    pub(super) fn leave(&self, waiting: &Waiting, file: &File) -> io::Result<()> {
        let marked = match waiting.file.has_one_left() {
            true => Ok(()),
            // Before it is left: whoever leaves last gives the file away.
            false => {
                let (place, mark) = DONE_MARK;
                file.write_all_at(mark, waiting.start + place)
            }
        };
        if !waiting.file.leave() {
            return marked;
        }
        match waiting.file.damage() {
            None => self.spares.keep(&self.directory, waiting.file.name(), file),
            Some(damage) => {
                let aside = self.move_aside(&waiting.file, damage.clone());
                aside.not_moved.map_or(Ok(()), Err)
            }
        }
    }

    /// A message that is damaged waits in its file no more. The file is put aside when nothing else
    /// waits in it.
    pub(super) fn put_aside(&self, waiting: &Waiting, damage: Damage) -> PutAside {
        waiting.file.set_damage(damage.clone());
        match waiting.file.leave() {
            true => self.move_aside(&waiting.file, damage),
            false => PutAside {
                name: waiting.file.name().into(),
                damage,
                not_moved: None,
            },
        }
    }

    fn move_aside(&self, file: &SpoolFile, damage: Damage) -> PutAside {
        PutAside::put(&self.directory, file.name().into(), damage)
    }

    pub(super) fn rename(&self, file: &SpoolFile, to: &SpoolFile) -> io::Result<()> {
        self.directory.rename(file.name(), to.name())
    }

    /// Moves a message out of a file that it shares into one of its own.
    pub(super) fn move_out(
        &self,
        waiting: &Waiting,
        file: &File,
        own: &SpoolFile,
    ) -> io::Result<()> {
        let entry = read_entry(file, waiting)?;
        self.write(&[(own, vec![&entry])])?;
        // If it cannot be marked, a restart finds it twice: the second one was seen before.
        let _found_twice = self.leave(waiting, file);
        Ok(())
    }
}

fn read_entry(file: &File, waiting: &Waiting) -> io::Result<Vec<u8>> {
    let octets = usize::try_from(waiting.octets).map_err(io::Error::other)?;
    let mut entry = vec![0; octets];
    let length = read_up_to(file, &mut entry, waiting.start)?;
    entry.truncate(length);
    Ok(entry)
}

fn temporary(name: &str) -> String {
    format!("{TEMPORARY}{name}")
}
