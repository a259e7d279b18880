//! Putting files into the key directory: each whole or not at all, and of those that belong together
//! all or none.
//!
//! A file is written under a passing name, brought to disk, and gets its own name then. What it
//! replaces has been given a name in `history/` before. When one of several fails, those before it
//! are taken back.
//!
//! # Not supported
//!
//! Several files at once in the face of `kill -9` or a power cut: each is whole, the old or the new,
//! but some may be old and some new.

mod folder;
mod held;

use std::cell::OnceCell;
use std::collections::HashMap;
use std::fmt;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

pub(crate) use self::folder::{Existing, Folder};
use self::held::{HeldDirectory, Temporary, has_no_links, is_leftover};
use super::file_names::{canonical, file_names};
use crate::address::Address;
use crate::keys::Error as KeyError;
use crate::secret::Secret;

/// Where what was replaced is kept: `history/<address>/<name>`.
pub(crate) const HISTORY: &str = "history";

/// What a certificate's file is made with; the umask takes its part.
const PUBLIC: u32 = 0o666;

/// What a private key's file is made with.
const PRIVATE: u32 = 0o600;

/// A listing that is older is made again, in case that something was missed.
const MAX_AGE: Duration = Duration::from_secs(60);

/// The key directory, to be written to. Nobody else who goes through this type writes to it at the
/// same time, whichever process it is in.
pub(crate) struct DirectoryWriter {
    folder: Folder,
    listing: OnceCell<Listing>,
}

/// The names that are not in lower case, by what they would be in it. All others are found by asking
/// for them, so of a large directory little is to be remembered.
#[derive(Debug, Clone)]
pub(crate) struct Listing {
    capitals: Arc<HashMap<String, Vec<String>>>,
    changed: (i64, i64),
    made: Instant,
}

impl Listing {
    fn of_nothing() -> Listing {
        Listing {
            capitals: Arc::default(),
            changed: Default::default(),
            made: Instant::now(),
        }
    }

    /// Whether nobody but us has changed the directory since. Clocks of file systems tick every few
    /// milliseconds, and who changes it by hand may do so between two ticks.
    fn is_of(&self, directory: &HeldDirectory) -> bool {
        self.made.elapsed() < MAX_AGE
            && directory
                .changed()
                .is_ok_and(|changed| changed == self.changed)
    }
}

/// The file of an address, as it is.
#[derive(Debug)]
pub(crate) struct Place {
    /// `<address>.<extension>`.
    pub(crate) name: String,
    /// The directory of the address inside `history/`.
    pub(crate) history: String,
    pub(crate) existing: Option<Existing>,
}

/// A file to be put into its place.
#[derive(Debug)]
pub(crate) struct Change {
    pub(crate) place: Place,
    pub(crate) content: Secret,
    pub(crate) is_private: bool,
    /// What is there already is kept under this name, if at all.
    pub(crate) keep_as: Option<String>,
}

/// Why nothing was written.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum WriteError {
    /// There is no such directory, or it is none.
    #[error("cannot work in the key directory {}", path.display())]
    Directory {
        /// The directory.
        path: PathBuf,
        /// What the operating system said.
        source: Arc<io::Error>,
    },
    /// The address cannot be the name of a file inside the directory.
    #[error(transparent)]
    Name(#[from] KeyError),
    /// A symbolic link stands in the place of the file, and is not followed.
    #[error("{} is a symbolic link, and nothing is written through it", path.display())]
    Link {
        /// The link.
        path: PathBuf,
    },
    /// A directory, a FIFO, a socket or a device stands there.
    #[error("{} is not a file but a {kind}", path.display())]
    NotAFile {
        /// The path.
        path: PathBuf,
        /// What is there.
        kind: &'static str,
    },
    /// Several spellings of one address have files.
    #[error("several files go by {address}: {}", names.join(", "))]
    Ambiguous {
        /// The address.
        address: Address,
        /// The names of the files.
        names: Vec<String>,
    },
    /// Somebody else has put a file there meanwhile.
    #[error("{} has just been changed by somebody else", path.display())]
    Changed {
        /// The file.
        path: PathBuf,
    },
    /// What is there cannot be read.
    #[error("cannot read {}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        source: Arc<io::Error>,
    },
    /// The file cannot be written.
    #[error("cannot write {}", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        source: Arc<io::Error>,
    },
}

impl DirectoryWriter {
    /// Opens the directory, and waits until nobody else writes to it.
    pub(crate) fn open(path: &Path) -> Result<DirectoryWriter, WriteError> {
        let folder = Folder::open(path)?;
        folder.lock()?;
        Ok(DirectoryWriter {
            folder,
            listing: OnceCell::new(),
        })
    }

    /// Takes over what was known of the names, if nobody else has written to the directory since.
    pub(crate) fn recall(&self, listing: Listing) -> bool {
        listing.is_of(&self.folder.directory) && self.listing.set(listing).is_ok()
    }

    /// What is known of the names, for the next one who writes here.
    pub(crate) fn known(&self) -> Option<Listing> {
        let changed = self.folder.directory.changed().ok()?;
        let listing = self.listing.get()?.clone();
        Some(Listing { changed, ..listing })
    }

    /// What is read without the lock.
    pub(crate) fn folder(&self) -> &Folder {
        &self.folder
    }

    /// The path of a file of this name, for people.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path(name)
    }

    /// The path of a file of the history, for people.
    pub(crate) fn history_path(&self, place: &Place, name: &str) -> PathBuf {
        self.path(HISTORY).join(&place.history).join(name)
    }

    /// The file of an address: the one that is there, however the address is spelled; else the one
    /// that every spelling of the address is looked up by.
    pub(crate) fn place(&self, address: &Address, extension: &str) -> Result<Place, WriteError> {
        let suffix = format!(".{extension}");
        let canonical = canonical(address, extension)?;
        let mut there = self.there(address, extension)?;
        if there.len() > 1 {
            return Err(WriteError::Ambiguous {
                address: address.clone(),
                names: there,
            });
        }
        let history = canonical
            .strip_suffix(&suffix)
            .unwrap_or(&canonical)
            .to_owned();
        let name = there.pop().unwrap_or(canonical);
        Ok(Place {
            existing: self.folder.read(&name)?,
            name,
            history,
        })
    }

    /// The names by which the address has files, in their order.
    pub(crate) fn there(
        &self,
        address: &Address,
        extension: &str,
    ) -> Result<Vec<String>, WriteError> {
        let mut spellings: Vec<String> = file_names(address, extension)?;
        spellings
            .iter_mut()
            .for_each(|it| it.make_ascii_lowercase());
        spellings.sort();
        spellings.dedup();
        let mut there = Vec::new();
        let capitals = &self.listing()?.capitals;
        for spelling in spellings {
            let others = capitals.get(&spelling).into_iter().flatten();
            let suffix = &spelling[spelling.len() - extension.len()..];
            there.extend(others.filter(|name| name.ends_with(suffix)).cloned());
            match self.folder.directory.identity(&spelling) {
                Ok(_) => there.push(spelling),
                Err(error) if error.kind() == ErrorKind::NotFound => {}
                Err(error) => return Err(self.folder.unreadable(&spelling)(error)),
            }
        }
        there.sort();
        Ok(there)
    }

    fn listing(&self) -> Result<&Listing, WriteError> {
        if let Some(listing) = self.listing.get() {
            return Ok(listing);
        }
        let mut capitals: HashMap<String, Vec<String>> = HashMap::new();
        for name in self.swept()? {
            let lower_case = name.to_ascii_lowercase();
            if lower_case != name {
                capitals.entry(lower_case).or_default().push(name);
            }
        }
        let changed = self.folder.directory.changed();
        Ok(self.listing.get_or_init(|| Listing {
            capitals: Arc::new(capitals),
            changed: changed.unwrap_or_default(),
            made: Instant::now(),
        }))
    }

    /// The names of all that is there, once the temporary files are gone that were left behind by
    /// somebody who was stopped. Only who holds the lock makes such.
    pub(crate) fn swept(&self) -> Result<Vec<String>, WriteError> {
        let (leftovers, names): (Vec<_>, Vec<_>) = self
            .folder
            .names()?
            .into_iter()
            .partition(|name| is_leftover(name));
        for leftover in leftovers {
            // If it stays, it is in nobody's way.
            let _ = self.folder.directory.remove(&leftover);
        }
        Ok(names)
    }

    /// Puts all of the files into their places, or none.
    pub(crate) fn put(&self, changes: &[Change]) -> Result<(), WriteError> {
        let mut written = Vec::new();
        for change in changes {
            let mode = if change.is_private { PRIVATE } else { PUBLIC };
            let temporary = self
                .folder
                .directory
                .temporary(change.content.expose(), mode);
            written.push(temporary.map_err(self.folder.unwritten(&change.place.name))?);
        }
        let mut undo = Undo {
            directory: &self.folder.directory,
            steps: Vec::new(),
        };
        for change in changes {
            let kept = self.keep(&change.place, change.keep_as.as_deref());
            undo.steps
                .extend(kept.map_err(self.folder.unwritten(&change.place.name))?);
        }
        for (change, temporary) in changes.iter().zip(written) {
            self.put_one(&change.place, temporary)?;
            undo.steps.push(match &change.place.existing {
                Some(existing) => Step::Replaced(&change.place.name, existing),
                None => Step::Created(&change.place.name),
            });
        }
        self.sync()?;
        undo.steps.clear();
        Ok(())
    }

    fn put_one(&self, place: &Place, temporary: Temporary<'_>) -> Result<(), WriteError> {
        let changed = || WriteError::Changed {
            path: self.path(&place.name),
        };
        match &place.existing {
            // Who does not ask for the lock is not kept out; this leaves them an instant.
            Some(existing) => match self.folder.directory.identity(&place.name) {
                Ok(identity) if identity == existing.identity => temporary.replace(&place.name),
                _ => return Err(changed()),
            },
            None => temporary.become_new(&place.name),
        }
        .map_err(|error| match error.kind() {
            ErrorKind::AlreadyExists => changed(),
            _ => self.folder.unwritten(&place.name)(error),
        })
    }

    /// A directory inside, made if it is not there, in which all names are in lower case. Nothing of
    /// it gets into the history. The lock is that of this one.
    pub(crate) fn made_inside(&self, name: &str) -> Result<DirectoryWriter, WriteError> {
        Ok(DirectoryWriter {
            folder: self.folder.made_inside(name)?,
            listing: OnceCell::from(Listing::of_nothing()),
        })
    }

    /// Puts a file that is no address's into the place of what is there.
    pub(crate) fn replace(&self, name: &str, content: &[u8], mode: u32) -> Result<(), WriteError> {
        let temporary = self.folder.directory.temporary(content, mode);
        let replaced = temporary.and_then(|temporary| temporary.replace(name));
        replaced.map_err(self.folder.unwritten(name))?;
        self.sync()
    }

    /// Takes files away, in their order. What is to be kept of them is in the history before.
    pub(crate) fn take_away(&self, places: &[(Place, Option<String>)]) -> Result<(), WriteError> {
        for (place, keep_as) in places {
            let kept = self.keep(place, keep_as.as_deref());
            kept.map_err(self.folder.unwritten(&place.name))?;
        }
        for (place, _) in places {
            if place.existing.is_some() {
                let removed = self.folder.directory.remove(&place.name);
                removed.map_err(self.folder.unwritten(&place.name))?;
            }
        }
        self.sync()
    }

    /// Gives what is about to go a name in the history. If it has been there before, it is there
    /// still.
    fn keep<'a>(&self, place: &Place, keep_as: Option<&'a str>) -> io::Result<Option<Step<'a>>> {
        let (Some(existing), Some(keep_as)) = (&place.existing, keep_as) else {
            return Ok(None);
        };
        let directory = &self.folder.directory;
        let history = directory.inside(HISTORY)?.inside(&place.history)?;
        let kept = match directory.link(&place.name, &history, keep_as) {
            Err(error) if has_no_links(&error) => history
                .temporary(existing.content.expose(), existing.mode)?
                .become_new(keep_as),
            other => other,
        };
        match kept {
            Ok(()) => history.sync()?,
            Err(error) if error.kind() == ErrorKind::AlreadyExists => return Ok(None),
            Err(error) => return Err(error),
        }
        Ok(Some(Step::Kept(history, keep_as)))
    }

    fn sync(&self) -> Result<(), WriteError> {
        let synced = self.folder.directory.sync();
        synced.map_err(self.folder.unwritten(""))
    }
}

impl fmt::Debug for DirectoryWriter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("DirectoryWriter")
            .field(&self.path(""))
            .finish()
    }
}

/// What has been done so far, and is taken back unless all of it succeeds.
struct Undo<'a> {
    directory: &'a HeldDirectory,
    steps: Vec<Step<'a>>,
}

enum Step<'a> {
    Kept(HeldDirectory, &'a str),
    Created(&'a str),
    Replaced(&'a str, &'a Existing),
}

impl Drop for Undo<'_> {
    fn drop(&mut self) {
        for step in self.steps.drain(..).rev() {
            // What cannot be taken back is told by the error that came first.
            let _ = match step {
                Step::Kept(history, name) => history.remove(name),
                Step::Created(name) => self.directory.remove(name),
                Step::Replaced(name, existing) => self
                    .directory
                    .temporary(existing.content.expose(), existing.mode)
                    .and_then(|temporary| temporary.replace(name)),
            };
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::{PermissionsExt, symlink};

    use super::*;
    use crate::keys::testing::{TestKeys, address};

    fn writer(keys: &TestKeys) -> DirectoryWriter {
        DirectoryWriter::open(&keys.path("")).unwrap()
    }

    fn change(writer: &DirectoryWriter, whose: &str, content: &str) -> Change {
        Change {
            place: writer.place(&address(whose), "crt").unwrap(),
            content: Secret::from_string(content.to_owned()),
            is_private: false,
            keep_as: Some("old.crt".to_owned()),
        }
    }

    fn read(keys: &TestKeys, name: &str) -> String {
        fs::read_to_string(keys.path(name)).unwrap()
    }

    fn names(keys: &TestKeys, folder: &str) -> Vec<String> {
        let entries = fs::read_dir(keys.path(folder)).unwrap();
        let name = |entry: fs::DirEntry| entry.file_name().into_string().unwrap();
        let mut names: Vec<String> = entries.map(|entry| name(entry.unwrap())).collect();
        names.sort();
        names
    }

    #[test]
    fn new_files_get_the_name_that_every_spelling_is_looked_up_by() {
        let keys = TestKeys::new();
        let writer = writer(&keys);
        for (whose, name) in [
            ("Bob@Example.COM", "bob@example.com.crt"),
            ("zoe@Bücher.example", "zoe@xn--bcher-kva.example.crt"),
        ] {
            let place = writer.place(&address(whose), "crt").unwrap();
            assert_eq!(place.name, name);
            assert!(place.existing.is_none());
        }
        writer
            .put(&[change(&writer, "Bob@Example.COM", "one")])
            .unwrap();
        assert_eq!(names(&keys, ""), ["bob@example.com.crt"]);
        assert_eq!(read(&keys, "bob@example.com.crt"), "one");
    }

    #[test]
    fn the_file_that_is_there_is_the_one_however_it_is_spelled() {
        let keys = TestKeys::new();
        keys.write("BOB@example.com.crt", "old");
        let place = writer(&keys)
            .place(&address("bob@example.com"), "crt")
            .unwrap();
        assert_eq!(place.name, "BOB@example.com.crt");
        assert_eq!(place.history, "bob@example.com");
        assert_eq!(place.existing.unwrap().content.expose(), b"old");
        keys.write("bob@example.com.crt", "twin");
        let twins = writer(&keys).place(&address("bob@example.com"), "crt");
        let Err(WriteError::Ambiguous { names, .. }) = twins else {
            panic!("two files go by the address");
        };
        assert_eq!(names, ["BOB@example.com.crt", "bob@example.com.crt"]);
    }

    #[test]
    fn what_is_replaced_is_kept_and_stays_kept() {
        let keys = TestKeys::new();
        let writer = writer(&keys);
        for content in ["one", "two", "three"] {
            writer
                .put(&[change(&writer, "bob@example.com", content)])
                .unwrap();
        }
        assert_eq!(read(&keys, "bob@example.com.crt"), "three");
        assert_eq!(names(&keys, ""), ["bob@example.com.crt", "history"]);
        // The name was taken: what had it first has it.
        assert_eq!(names(&keys, "history/bob@example.com"), ["old.crt"]);
        assert_eq!(read(&keys, "history/bob@example.com/old.crt"), "one");
    }

    #[test]
    fn private_files_are_for_the_owner_alone() {
        let keys = TestKeys::new();
        let writer = writer(&keys);
        let mut private = change(&writer, "bob@example.com", "key");
        private.is_private = true;
        writer.put(&[private]).unwrap();
        let metadata = fs::metadata(keys.path("bob@example.com.crt")).unwrap();
        assert_eq!(metadata.permissions().mode() & 0o7777, 0o600);
    }

    #[test]
    fn of_several_all_are_put_or_none() {
        let keys = TestKeys::new();
        let writer = writer(&keys);
        keys.write("a@example.com.crt", "old a");
        let changes = ["a@example.com", "b@example.com", "c@example.com"]
            .map(|whose| change(&writer, whose, "new"));
        // Somebody who asks for no lock comes in between.
        keys.write("c@example.com.crt", "somebody else's");
        let error = writer.put(&changes).unwrap_err();
        assert!(
            matches!(&error, WriteError::Changed { path } if path.ends_with("c@example.com.crt"))
        );
        assert_eq!(names(&keys, "").len(), 3, "{:?}", names(&keys, ""));
        assert_eq!(read(&keys, "a@example.com.crt"), "old a");
        assert_eq!(read(&keys, "c@example.com.crt"), "somebody else's");
        assert_eq!(names(&keys, "history/a@example.com"), [""; 0]);

        fs::remove_file(keys.path("c@example.com.crt")).unwrap();
        let changes = ["a@example.com", "b@example.com", "c@example.com"]
            .map(|whose| change(&writer, whose, "new"));
        writer.put(&changes).unwrap();
        assert_eq!(read(&keys, "b@example.com.crt"), "new");
        assert_eq!(read(&keys, "history/a@example.com/old.crt"), "old a");
    }

    #[test]
    fn what_has_changed_since_it_was_looked_at_is_not_replaced() {
        let keys = TestKeys::new();
        let writer = writer(&keys);
        keys.write("bob@example.com.crt", "old");
        let change = change(&writer, "bob@example.com", "new");
        keys.write("other", "somebody else's");
        fs::rename(keys.path("other"), keys.path("bob@example.com.crt")).unwrap();
        assert!(matches!(
            writer.put(&[change]),
            Err(WriteError::Changed { .. })
        ));
        assert_eq!(read(&keys, "bob@example.com.crt"), "somebody else's");
    }

    #[test]
    fn links_are_not_followed_wherever_they_stand() {
        let keys = TestKeys::new();
        let writer = writer(&keys);
        let elsewhere = tempfile::tempdir().unwrap();
        let target = elsewhere.path().join("target");
        fs::write(&target, "untouched").unwrap();
        for target in [target.as_path(), Path::new("nowhere")] {
            symlink(target, keys.path("bob@example.com.crt")).unwrap();
            let place = writer.place(&address("bob@example.com"), "crt");
            assert!(matches!(place, Err(WriteError::Link { .. })));
            fs::remove_file(keys.path("bob@example.com.crt")).unwrap();
        }
        // One that appears later.
        let late = change(&writer, "bob@example.com", "new");
        symlink(&target, keys.path("bob@example.com.crt")).unwrap();
        assert!(matches!(
            writer.put(&[late]),
            Err(WriteError::Changed { .. })
        ));
        fs::remove_file(keys.path("bob@example.com.crt")).unwrap();
        // One in the place of the history.
        keys.write("bob@example.com.crt", "old");
        symlink(elsewhere.path(), keys.path("history")).unwrap();
        let replacing = change(&writer, "bob@example.com", "new");
        assert!(matches!(
            writer.put(&[replacing]),
            Err(WriteError::Write { .. })
        ));
        assert_eq!(read(&keys, "bob@example.com.crt"), "old");
        assert_eq!(fs::read_to_string(&target).unwrap(), "untouched");
        assert_eq!(fs::read_dir(elsewhere.path()).unwrap().count(), 1);
    }

    #[test]
    fn only_names_inside_the_directory_are_used() {
        let keys = TestKeys::new();
        let writer = writer(&keys);
        let long = format!("\"{}\"@example.com", "ä".repeat(120));
        for whose in [
            "\"../bob\"@example.com",
            "\"a/b\"@example.com",
            "\".\"@example.com",
            &long,
        ] {
            let place = writer.place(&address(whose), "crt");
            assert!(matches!(place, Err(WriteError::Name(_))), "{whose}");
        }
        // The nearest that does no harm.
        assert!(
            writer
                .place(&address("\"a..b\"@example.com"), "crt")
                .is_ok()
        );
    }

    #[test]
    fn what_is_no_file_or_no_directory_is_told() {
        let keys = TestKeys::new();
        fs::create_dir(keys.path("bob@example.com.crt")).unwrap();
        let place = writer(&keys).place(&address("bob@example.com"), "crt");
        assert!(matches!(place, Err(WriteError::NotAFile { .. })));
        keys.write("file", "");
        for name in ["missing", "file"] {
            let error = DirectoryWriter::open(&keys.path(name)).unwrap_err();
            assert!(matches!(error, WriteError::Directory { .. }));
        }
    }

    #[test]
    fn names_are_remembered_until_somebody_else_writes() {
        let keys = TestKeys::new();
        keys.write("BOB@example.com.crt", "old");
        let first = writer(&keys);
        assert!(first.known().is_none());
        first
            .put(&[change(&first, "bob@example.com", "new")])
            .unwrap();
        let known = first.known().unwrap();
        drop(first);
        let second = writer(&keys);
        assert!(second.recall(known));
        let bob = second.place(&address("bob@example.com"), "crt").unwrap();
        assert_eq!(bob.name, "BOB@example.com.crt");
        let known = second.known().unwrap();
        drop(second);
        // Longer than the clocks of file systems take to tick.
        std::thread::sleep(Duration::from_millis(20));
        keys.write("Carol@example.com.crt", "by hand");
        let third = writer(&keys);
        assert!(!third.recall(known));
        let carol = third.place(&address("carol@example.com"), "crt").unwrap();
        assert_eq!(carol.name, "Carol@example.com.crt");
    }

    #[test]
    fn a_letter_that_only_unicode_takes_for_another_makes_another_name() {
        let keys = TestKeys::new();
        keys.write("kim@example.com.crt", "of Kim");
        let writer = writer(&keys);
        let name = |text: &str| writer.place(&address(text), "crt").unwrap().name;
        assert_eq!(name("Kim@example.com"), "kim@example.com.crt");
        // The Kelvin sign.
        assert_eq!(name("\u{212a}im@example.com"), "\u{212a}im@example.com.crt");
        assert_eq!(name("ZO\u{cb}@example.com"), "zo\u{cb}@example.com.crt");
    }

    #[test]
    fn what_is_taken_away_is_kept() {
        let keys = TestKeys::new();
        keys.write("bob@example.com.crt", "old");
        let writer = writer(&keys);
        let place = |extension| {
            writer
                .place(&address("bob@example.com"), extension)
                .unwrap()
        };
        let kept = |name: &str| Some(name.to_owned());
        let both = [
            (place("crt"), kept("1.crt")),
            (place("json"), kept("1.json")),
        ];
        writer.take_away(&both).unwrap();
        assert_eq!(names(&keys, ""), ["history"]);
        assert_eq!(names(&keys, "history/bob@example.com"), ["1.crt"]);
    }
}
