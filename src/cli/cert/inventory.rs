//! All the certificates of files and directories, and which private keys lie beside them.

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use mailseal::crypto::PublicKey;
use mailseal::x509::Certificate;

use crate::cli::bundle::{Asking, Bundle, Locked, Reading};
use crate::cli::explain;
use crate::cli::failure::{Code, Failure};
use crate::cli::input::{Input, plain};

use super::listed::{KeyBeside, Listed};

/// The files of a directory that are looked at. Its own directories are not: what is in `history/`
/// has been replaced.
const EXTENSIONS: [&str; 9] = [
    "crt", "cer", "cert", "der", "pem", "p7b", "p7c", "p12", "pfx",
];

/// The files in which the private key of a certificate may lie, by the same name.
const KEY_EXTENSIONS: [&str; 4] = ["pem", "key", "p12", "pfx"];

/// What the files hold.
#[derive(Default)]
pub(super) struct Inventory {
    /// Each certificate once, with every file that it is in.
    certificates: Vec<(Certificate, Vec<PathBuf>)>,
    /// Where in that list a certificate is, by its fingerprint.
    places: HashMap<[u8; 32], usize>,
    keys: Vec<Key>,
    read: HashSet<PathBuf>,
    pub(super) locked: Vec<LockedFile>,
    pub(super) failures: Vec<(Input, Failure)>,
    /// What else is in the files and is not used.
    pub(super) notes: Vec<String>,
}

/// A private key, and the file that it is in.
struct Key {
    /// None if it stays locked or cannot be used.
    public_key: Option<PublicKey>,
    is_encrypted: bool,
    file: PathBuf,
}

/// A file of which nothing can be seen without its password.
pub(super) struct LockedFile {
    pub(super) file: PathBuf,
    why: Locked,
}

impl fmt::Display for LockedFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let file = self.file.display();
        match self.why {
            Locked::NoPassword => write!(
                f,
                "{file} shows nothing without its password: --password-file FILE names it"
            ),
            Locked::WrongPassword => write!(f, "{file} has another password"),
        }
    }
}

impl Inventory {
    /// Reads files, and the files of directories. One that cannot be read does not keep the others
    /// from being listed.
    pub(super) fn of(paths: &[PathBuf], reading: &Reading<'_>) -> Result<Inventory, Failure> {
        let mut inventory = Inventory::default();
        for path in paths {
            if path.is_dir() {
                for file in files(path)? {
                    inventory.take(&Input::File(file), true, reading);
                }
            } else {
                let (inputs, _) = Input::from_arguments(std::slice::from_ref(path));
                for input in &inputs {
                    inventory.take(input, false, reading);
                }
            }
        }
        inventory.look_for_keys_beside(reading);
        Ok(inventory)
    }

    /// Whether nothing was found and nothing is wrong.
    pub(super) fn is_empty(&self) -> bool {
        self.certificates.is_empty() && self.failures.is_empty() && self.locked.is_empty()
    }

    /// Every certificate, the one that expires first at the beginning.
    pub(super) fn listed(&self, now: Timestamp) -> Vec<Listed> {
        let mut by_stem: HashMap<PathBuf, Vec<&Key>> = HashMap::new();
        for key in &self.keys {
            by_stem.entry(stem(&key.file)).or_default().push(key);
        }
        let listed = self.certificates.iter().map(|(certificate, files)| {
            let key = self.key_beside(certificate, files, &by_stem);
            Listed::new(certificate, files.clone(), key, now)
        });
        let mut listed: Vec<Listed> = listed.collect();
        // What expires at once stays in the order of the files.
        listed.sort_by_key(|listed| listed.not_after);
        listed
    }

    fn take(&mut self, input: &Input, is_in_directory: bool, reading: &Reading<'_>) {
        let file = match input {
            Input::Stdin => PathBuf::from("standard input"),
            Input::File(path) => path.clone(),
        };
        let bundle = match Bundle::read_asking(Asking::Nothing, input, reading) {
            // In a directory some files have other passwords than the one that was given.
            Ok(bundle) if bundle.locked == Some(Locked::WrongPassword) && !is_in_directory => {
                let failure = explain::wrong_password(&file);
                return self.failures.push((input.clone(), failure));
            }
            Ok(bundle) => bundle,
            Err(failure) => return self.failures.push((input.clone(), failure)),
        };
        let notes = bundle.notes.iter();
        self.notes
            .extend(notes.map(|note| format!("{input}: {note}")));
        if let Some(why) = bundle.locked {
            let file = file.clone();
            self.locked.push(LockedFile { file, why });
        }
        self.take_keys(&bundle, &file);
        for certificate in bundle.certificates {
            let end = self.certificates.len();
            let place = self.places.entry(certificate.sha256_fingerprint());
            match self.certificates.get_mut(*place.or_insert(end)) {
                Some((_, files)) if files.last() == Some(&file) => {}
                Some((_, files)) => files.push(file.clone()),
                None => self.certificates.push((certificate, vec![file.clone()])),
            }
        }
        self.read.insert(file);
    }

    fn take_keys(&mut self, bundle: &Bundle, file: &Path) {
        let keys = bundle.keys.iter();
        let keys = keys.map(|key| (key.public_key.clone(), key.is_encrypted));
        let locked = bundle.locked.iter().map(|_| (None, true));
        let keys = keys.chain(locked);
        self.keys.extend(keys.map(|(public_key, is_encrypted)| Key {
            public_key,
            is_encrypted,
            file: file.to_owned(),
        }));
    }

    /// Who names `bob.crt` alone wants to know of `bob.pem` all the same.
    fn look_for_keys_beside(&mut self, reading: &Reading<'_>) {
        let beside =
            |file: &PathBuf| KEY_EXTENSIONS.map(|extension| file.with_extension(extension));
        let candidates: Vec<PathBuf> = self.read.iter().flat_map(beside).collect();
        for file in candidates {
            if !file.is_file() || !self.read.insert(file.clone()) {
                continue;
            }
            let input = Input::File(file.clone());
            if let Ok(bundle) = Bundle::read_asking(Asking::Nothing, &input, reading) {
                self.take_keys(&bundle, &file);
            }
        }
    }

    fn key_beside(
        &self,
        certificate: &Certificate,
        files: &[PathBuf],
        by_stem: &HashMap<PathBuf, Vec<&Key>>,
    ) -> KeyBeside {
        let public_key = certificate.public_key().ok();
        let is_own = |key: &&Key| key.public_key.is_some() && key.public_key == public_key;
        if let Some(key) = self.keys.iter().find(is_own) {
            return KeyBeside::Own(key.file.clone());
        }
        // The key beside is the leaf's, and no intermediate's.
        if certificate.emails().is_empty() {
            return KeyBeside::None;
        }
        let beside = files.iter().filter_map(|file| by_stem.get(&stem(file)));
        let mut beside = beside.flatten();
        match beside.clone().find(|key| key.public_key.is_none()) {
            Some(key) if key.is_encrypted => KeyBeside::Locked(key.file.clone()),
            Some(key) => KeyBeside::Unusable(key.file.clone()),
            None => match beside.next() {
                Some(key) => KeyBeside::Others(key.file.clone()),
                None => KeyBeside::None,
            },
        }
    }
}

fn stem(file: &Path) -> PathBuf {
    file.with_extension("")
}

/// The files of a directory that may hold certificates, by name.
fn files(directory: &Path) -> Result<Vec<PathBuf>, Failure> {
    let unreadable = |error: std::io::Error| {
        let code = match error.kind() {
            ErrorKind::PermissionDenied => Code::NoPermission,
            _ => Code::Io,
        };
        let message = format!("cannot read {}: {}", directory.display(), plain(&error));
        Failure::new(code, message).hint("name a directory that you may read")
    };
    let mut files = Vec::new();
    for entry in fs::read_dir(directory).map_err(unreadable)? {
        let name = PathBuf::from(entry.map_err(unreadable)?.file_name());
        let extension = name.extension().and_then(|extension| extension.to_str());
        let path = match directory == Path::new(".") {
            true => name.clone(),
            false => directory.join(&name),
        };
        if extension.is_some_and(|it| EXTENSIONS.contains(&it)) && path.is_file() {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}
