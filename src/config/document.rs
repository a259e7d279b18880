//! A TOML document that remembers which keys were asked for: those are the ones that exist.

use std::cell::RefCell;
use std::ops::Range;
use std::path::{Path, PathBuf};

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::SecretSource;
use super::error::{Error, Place};
use super::nearest::nearest;
use super::setting::Setting;
use crate::secret::Secret;

/// A text and the file it stands in.
pub(super) struct Document<'a> {
    text: &'a str,
    path: &'a Path,
    /// Every key that was asked for, with its table.
    known: RefCell<Vec<String>>,
    /// Every key that is there, with its table and where it stands.
    written: RefCell<Vec<(String, Range<usize>)>>,
}

/// A table of it, which may not be there: then it is empty.
pub(super) struct Table<'a> {
    document: &'a Document<'a>,
    /// Empty for the document itself.
    name: &'static str,
    content: DeTable<'a>,
    /// Where it begins, if it is there.
    begin: Option<usize>,
}

impl<'a> Document<'a> {
    pub(super) fn new(text: &'a str, path: &'a Path) -> Document<'a> {
        Document {
            text,
            path,
            known: RefCell::default(),
            written: RefCell::default(),
        }
    }

    pub(super) fn root(&'a self) -> Result<Table<'a>, Error> {
        let parsed = DeTable::parse(self.text).map_err(|error| Error::Syntax {
            place: self.place(error.span().map_or(0, |span| span.start)),
            message: error.message().to_owned(),
        })?;
        let root = Table {
            document: self,
            name: "",
            content: parsed.into_inner(),
            begin: Some(0),
        };
        root.remember_what_is_written();
        Ok(root)
    }

    /// Every key that exists.
    pub(super) fn known_keys(&self) -> Vec<String> {
        self.known.borrow().clone()
    }

    /// To be asked last, when every key that exists has been asked for.
    pub(super) fn only_known_keys(&self) -> Result<(), Error> {
        let known = self.known_keys();
        let written = self.written.borrow();
        let unknown = written.iter().filter(|(key, _)| !known.contains(key));
        match unknown.min_by_key(|(_, span)| span.start) {
            None => Ok(()),
            Some((key, span)) => Err(Error::UnknownKey {
                place: self.place(span.start),
                key: key.clone(),
                nearest: nearest(key, &known).map(str::to_owned),
            }),
        }
    }

    fn place(&self, offset: usize) -> Place {
        let before = self.text.get(..offset).unwrap_or(self.text);
        let line = before.rsplit('\n').next().unwrap_or_default();
        Place {
            path: self.path.to_owned(),
            line: before.matches('\n').count() + 1,
            column: line.chars().count() + 1,
        }
    }

    /// The directory of the file.
    fn directory(&self) -> &Path {
        self.path.parent().unwrap_or(Path::new(""))
    }
}

impl<'a> Table<'a> {
    /// Whether the document has this table.
    pub(super) fn is_there(&self) -> bool {
        self.begin.is_some()
    }

    /// The directory that its paths are relative to.
    pub(super) fn directory(&self) -> &Path {
        self.document.directory()
    }

    /// The value of a key, if it is there. The example is told to who got it wrong.
    pub(super) fn value<T: Setting>(
        &self,
        key: &'static str,
        example: &str,
    ) -> Result<Option<T>, Error> {
        self.read(key, example, T::WANTED, T::of)
    }

    /// One value or several in brackets.
    pub(super) fn several<T: Setting>(
        &self,
        key: &'static str,
        example: &str,
    ) -> Result<Option<Vec<T>>, Error> {
        let wanted = format!("{}, or several in brackets", T::WANTED);
        self.read(key, example, &wanted, |value| match value {
            DeValue::Array(values) => values.iter().map(|value| T::of(value.get_ref())).collect(),
            value => Some(vec![T::of(value)?]),
        })
    }

    /// A path, relative to the directory of the document.
    pub(super) fn path(&self, key: &'static str, example: &str) -> Result<Option<PathBuf>, Error> {
        let path: Option<PathBuf> = self.value(key, example)?;
        Ok(path.map(|path| self.directory().join(path)))
    }

    /// One path or several.
    pub(super) fn paths(
        &self,
        key: &'static str,
        example: &str,
    ) -> Result<Option<Vec<PathBuf>>, Error> {
        let paths: Option<Vec<PathBuf>> = self.several(key, example)?;
        let absolute = |path: PathBuf| self.directory().join(path);
        Ok(paths.map(|paths| paths.into_iter().map(absolute).collect()))
    }

    /// One of a few words.
    pub(super) fn word(
        &self,
        key: &'static str,
        words: &'static [&'static str],
    ) -> Result<Option<&'static str>, Error> {
        let wanted = format!("one of the words {}", words.join(", "));
        self.read(key, &format!("\"{}\"", words[0]), &wanted, |value| {
            let written = value.as_str()?;
            words.iter().copied().find(|word| *word == written)
        })
    }

    /// A secret, or the file that holds it.
    pub(super) fn secret(&self, key: &'static str) -> Result<Option<SecretSource>, Error> {
        let file_key = format!("{key}-file");
        let wanted = "the secret in quotes, which is not empty";
        let inline = self.read(key, "\"…\"", wanted, |value| {
            let secret = value.as_str().filter(|secret| !secret.is_empty())?;
            Some(SecretSource::Inline(Secret::from_string(secret.to_owned())))
        })?;
        let file = self.read(
            &file_key,
            &format!("\"{key}.txt\""),
            PathBuf::WANTED,
            PathBuf::of,
        )?;
        match (inline, file) {
            (Some(_), Some(_)) => Err(Error::SecretTwice {
                place: self.place_of(&file_key),
                key: self.full(key),
            }),
            (inline, None) => Ok(inline),
            (None, Some(file)) => Ok(Some(SecretSource::File(self.directory().join(file)))),
        }
    }

    /// A table within this one, which is the document.
    pub(super) fn table(&self, key: &'static str) -> Result<Table<'a>, Error> {
        let content = self.read(key, "…", "a table", |value| {
            Some(value.as_table()?.clone())
        });
        let content = content.map_err(|error| match error {
            Error::Value { place, key, .. } => Error::Value {
                wanted: format!("to be a table: [{key}] on a line of its own, its keys below it"),
                example: "{}".to_owned(),
                place,
                key,
            },
            error => error,
        })?;
        Ok(Table {
            document: self.document,
            name: key,
            begin: content.as_ref().and_then(|_| self.begin_of(key)),
            content: content.unwrap_or_default(),
        })
    }

    /// What a table that is there cannot do without.
    pub(super) fn required<T>(&self, value: Option<T>, key: &'static str) -> Result<T, Error> {
        value.ok_or_else(|| Error::Missing {
            place: self.document.place(self.begin.unwrap_or_default()),
            table: self.name.to_owned(),
            key,
        })
    }

    fn read<T>(
        &self,
        key: &str,
        example: &str,
        wanted: &str,
        of: impl FnOnce(&DeValue<'a>) -> Option<T>,
    ) -> Result<Option<T>, Error> {
        self.document.known.borrow_mut().push(self.full(key));
        let Some((_, value)) = self.entry(key) else {
            return Ok(None);
        };
        match of(value.get_ref()) {
            Some(value) => Ok(Some(value)),
            None => Err(Error::Value {
                place: self.document.place(value.span().start),
                key: self.full(key),
                wanted: wanted.to_owned(),
                example: example.to_owned(),
            }),
        }
    }

    fn entry(&self, key: &str) -> Option<(Range<usize>, &Spanned<DeValue<'a>>)> {
        let mut entries = self.content.iter();
        let found = entries.find(|(written, _)| written.get_ref().as_ref() == key);
        found.map(|(written, value)| (written.span(), value))
    }

    fn begin_of(&self, key: &str) -> Option<usize> {
        self.entry(key).map(|(span, _)| span.start)
    }

    fn place_of(&self, key: &str) -> Place {
        self.document.place(self.begin_of(key).unwrap_or_default())
    }

    /// A key with its table.
    fn full(&self, key: &str) -> String {
        match self.name {
            "" => key.to_owned(),
            table => format!("{table}.{key}"),
        }
    }

    fn remember_what_is_written(&self) {
        let mut written = self.document.written.borrow_mut();
        for (key, value) in &self.content {
            let name = key.get_ref();
            written.push((name.to_string(), key.span()));
            // There are no tables within tables.
            for (inner, _) in value.get_ref().as_table().into_iter().flatten() {
                written.push((format!("{name}.{}", inner.get_ref()), inner.span()));
            }
        }
    }
}
