//! What the server writes down for people, and for programs that read after them.
//!
//! Everything about one request is an [`Entry`]: it gathers lines while the request is worked on and
//! is written in one piece when it is done, so that lines of several requests never mix. The lines
//! are those of the original tool, `time,name,level,message`, with details below that begin with
//! `| `; or each line with its details is one JSON object.
//!
//! ```
//! use mailseal::logging::{Level, Log, Options};
//!
//! let directory = tempfile::tempdir()?;
//! let path = directory.path().join("webapp.log");
//! let log = Log::open(Options { file: Some(path.clone()), stderr: false, ..Options::default() })?;
//! let mut entry = log.entry("0k3j");
//! entry.line(Level::Info, "Request from 192.0.2.1,scheme=http,path=/");
//! entry.detail(Level::Info, "from=bob@example.com,DKIM passed");
//! entry.detail(Level::Info, "Subject: \u{1b}[2J");
//! drop(entry);
//! let written = std::fs::read_to_string(path)?;
//! let mut lines = written.lines();
//! assert!(lines.next().unwrap().ends_with(",webapp,INFO,Request from 192.0.2.1,scheme=http,path=/,id=0k3j"));
//! assert!(lines.next().unwrap().ends_with(",webapp,INFO,| from=bob@example.com,DKIM passed"));
//! assert!(lines.next().unwrap().ends_with(",webapp,INFO,| Subject: \\u{1b}[2J"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! A log never stops the service: what cannot be written is lost, and standard error says so once.
//!
//! # Not supported
//!
//! Several processes that write one file: each would turn it over at midnight. Compressing what was
//! turned over. Syslog: systemd's journal takes what is on standard error.

mod file;
mod format;

use std::fmt;
use std::io::{self, Write as _};
use std::path::PathBuf;
use std::str::FromStr;
use std::sync::{Arc, Mutex, PoisonError};

use jiff::Timestamp;
use jiff::tz::TimeZone;

use self::file::LogFile;

pub use self::file::Error;

/// How much a line matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// For whoever looks for a fault.
    Debug,
    /// What happens all day.
    Info,
    /// What somebody should look at some day.
    Warning,
    /// What somebody should look at today.
    Error,
}

impl Level {
    /// The word for it, as Python's logging and the original have it.
    pub fn name(self) -> &'static str {
        match self {
            Level::Debug => "DEBUG",
            Level::Info => "INFO",
            Level::Warning => "WARNING",
            Level::Error => "ERROR",
        }
    }
}

/// A word that is none of those that there are.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("it is one of {0}")]
pub struct UnknownWord(&'static str);

impl FromStr for Level {
    type Err = UnknownWord;

    fn from_str(word: &str) -> Result<Level, UnknownWord> {
        match word {
            "debug" => Ok(Level::Debug),
            "info" => Ok(Level::Info),
            "warning" => Ok(Level::Warning),
            "error" => Ok(Level::Error),
            _ => Err(UnknownWord("debug, info, warning and error")),
        }
    }
}

/// For whom lines are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Format {
    /// For people.
    #[default]
    Text,
    /// For programs: one object a line.
    Json,
}

impl FromStr for Format {
    type Err = UnknownWord;

    fn from_str(word: &str) -> Result<Format, UnknownWord> {
        match word {
            "text" => Ok(Format::Text),
            "json" => Ok(Format::Json),
            _ => Err(UnknownWord("text and json")),
        }
    }
}

/// What is written, where, and by whose clock.
#[derive(Clone)]
pub struct Options {
    /// Lines that matter less are left out.
    pub level: Level,
    /// For whom.
    pub format: Format,
    /// Whether standard error gets the lines.
    pub stderr: bool,
    /// The file that gets them, and is turned over at midnight.
    pub file: Option<PathBuf>,
    /// The time.
    pub clock: Arc<dyn Fn() -> Timestamp + Send + Sync>,
    /// Whose midnight it is.
    pub time_zone: TimeZone,
}

impl Default for Options {
    fn default() -> Options {
        Options {
            level: Level::Info,
            format: Format::Text,
            stderr: true,
            file: None,
            clock: Arc::new(Timestamp::now),
            time_zone: TimeZone::system(),
        }
    }
}

/// Where lines go. Clones write to the same place.
#[derive(Clone)]
pub struct Log(Arc<Inner>);

struct Inner {
    options: Options,
    file: Option<Mutex<LogFile>>,
}

impl Log {
    /// Opens the file, if there is to be one.
    ///
    /// # Errors
    ///
    /// The file cannot be opened for writing, or is none.
    pub fn open(options: Options) -> Result<Log, Error> {
        let now = (options.clock)().to_zoned(options.time_zone.clone());
        let file = match &options.file {
            Some(path) => Some(Mutex::new(LogFile::open(path, &now)?)),
            None => None,
        };
        Ok(Log(Arc::new(Inner { options, file })))
    }

    /// Begins what is told about one request or message. Without an id, it is about the service.
    pub fn entry(&self, id: &str) -> Entry {
        Entry {
            log: self.clone(),
            id: id.to_owned(),
            lines: Vec::new(),
        }
    }

    /// Tells one thing about the service itself.
    pub fn line(&self, level: Level, message: impl fmt::Display) {
        self.entry("").line(level, message);
    }

    fn write(&self, text: &str, now: Timestamp) {
        let options = &self.0.options;
        if options.stderr {
            // There is nobody to tell that nobody listens.
            let _ = io::stderr().lock().write_all(text.as_bytes());
        }
        if let Some(file) = &self.0.file {
            let now = now.to_zoned(options.time_zone.clone());
            // A thread that panicked while it wrote leaves at worst half a line.
            let mut file = file.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some(complaint) = file.append(text.as_bytes(), &now) {
                let _ = writeln!(io::stderr().lock(), "mailseal: {complaint}");
            }
        }
    }
}

impl fmt::Debug for Log {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let options = &self.0.options;
        f.debug_struct("Log")
            .field("level", &options.level)
            .field("format", &options.format)
            .field("stderr", &options.stderr)
            .field("file", &options.file)
            .finish()
    }
}

/// What is told about one request or message: written together when it is dropped.
#[derive(Debug)]
pub struct Entry {
    log: Log,
    id: String,
    lines: Vec<Line>,
}

/// A line with its details.
#[derive(Debug)]
struct Line {
    time: Timestamp,
    level: Level,
    message: String,
    details: Vec<Detail>,
}

#[derive(Debug)]
struct Detail {
    time: Timestamp,
    level: Level,
    message: String,
}

impl Entry {
    /// A line of its own.
    pub fn line(&mut self, level: Level, message: impl fmt::Display) {
        self.lines.push(Line {
            time: self.now(),
            level,
            message: message.to_string(),
            details: Vec::new(),
        });
    }

    /// A detail of the line before. It is shown with that line if it matters, even if the line
    /// alone would not.
    pub fn detail(&mut self, level: Level, message: impl fmt::Display) {
        if level < self.log.0.options.level {
            return;
        }
        let (time, message) = (self.now(), message.to_string());
        match self.lines.last_mut() {
            Some(line) => line.details.push(Detail {
                time,
                level,
                message,
            }),
            // There is no line before: it becomes one.
            None => self.line(level, message),
        }
    }

    fn now(&self) -> Timestamp {
        (self.log.0.options.clock)()
    }

    /// Leaves out what does not matter enough.
    fn retain(&mut self, least: Level) {
        for line in &mut self.lines {
            line.details.retain(|detail| detail.level >= least);
        }
        self.lines
            .retain(|line| line.level >= least || !line.details.is_empty());
    }
}

impl Drop for Entry {
    fn drop(&mut self) {
        let options = &self.log.0.options;
        let (level, format, zone) = (options.level, options.format, options.time_zone.clone());
        self.retain(level);
        if self.lines.is_empty() {
            return;
        }
        let mut text = String::new();
        for line in &self.lines {
            match format {
                Format::Text => format::text(&mut text, &self.id, line, &zone),
                Format::Json => format::json(&mut text, &self.id, line),
            }
        }
        self.log.write(&text, self.now());
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use tempfile::TempDir;

    use super::*;

    fn noon() -> Timestamp {
        "2018-12-14T12:00:00.123Z".parse().unwrap()
    }

    /// A log in a directory of its own, at noon.
    fn log(level: Level, format: Format) -> (Log, TempDir) {
        let directory = tempfile::tempdir().unwrap();
        let log = Log::open(Options {
            level,
            format,
            stderr: false,
            file: Some(directory.path().join("webapp.log")),
            clock: Arc::new(noon),
            time_zone: TimeZone::UTC,
        });
        (log.unwrap(), directory)
    }

    fn written(directory: &TempDir) -> String {
        fs::read_to_string(directory.path().join("webapp.log")).unwrap()
    }

    fn tell(log: &Log) {
        let mut entry = log.entry("0k3j");
        entry.line(Level::Info, "Request from 192.0.2.1");
        entry.detail(Level::Debug, "len(headers)=3");
        entry.detail(Level::Info, "DKIM passed");
        entry.line(Level::Debug, "spooled");
        entry.detail(Level::Error, "no room");
    }

    #[test]
    fn text_is_as_the_original_has_it() {
        let (log, directory) = log(Level::Debug, Format::Text);
        tell(&log);
        assert_eq!(
            written(&directory),
            "2018-12-14 12:00:00,123,webapp,INFO,Request from 192.0.2.1,id=0k3j\n\
             2018-12-14 12:00:00,123,webapp,DEBUG,| len(headers)=3\n\
             2018-12-14 12:00:00,123,webapp,INFO,| DKIM passed\n\
             2018-12-14 12:00:00,123,webapp,DEBUG,spooled,id=0k3j\n\
             2018-12-14 12:00:00,123,webapp,ERROR,| no room\n"
        );
    }

    #[test]
    fn json_has_an_object_for_each_line_with_its_details() {
        let (log, directory) = log(Level::Debug, Format::Json);
        tell(&log);
        log.line(Level::Info, "ready");
        assert_eq!(
            written(&directory),
            "{\"time\":\"2018-12-14T12:00:00.123Z\",\"level\":\"INFO\",\"id\":\"0k3j\",\
             \"message\":\"Request from 192.0.2.1\",\"details\":[\"len(headers)=3\",\"DKIM passed\"]}\n\
             {\"time\":\"2018-12-14T12:00:00.123Z\",\"level\":\"ERROR\",\"id\":\"0k3j\",\
             \"message\":\"spooled\",\"details\":[\"no room\"]}\n\
             {\"time\":\"2018-12-14T12:00:00.123Z\",\"level\":\"INFO\",\"id\":null,\
             \"message\":\"ready\",\"details\":[]}\n"
        );
    }

    #[test]
    fn what_matters_less_is_left_out_but_not_the_line_above_a_detail_that_matters() {
        let (log, directory) = log(Level::Warning, Format::Text);
        tell(&log);
        assert_eq!(
            written(&directory),
            "2018-12-14 12:00:00,123,webapp,DEBUG,spooled,id=0k3j\n\
             2018-12-14 12:00:00,123,webapp,ERROR,| no room\n"
        );
        log.line(Level::Info, "nobody reads this");
        assert!(!written(&directory).contains("nobody"));
    }

    #[test]
    fn a_stranger_writes_no_lines_and_moves_no_cursor() {
        let lie = "a\n2018-12-14 12:00:00,123,webapp,INFO,DKIM passed\r\u{1b}[2J\u{9b}1m\u{202e}";
        let (text, directory) = log(Level::Info, Format::Text);
        text.entry(lie).line(Level::Info, lie);
        let shown = written(&directory);
        assert_eq!(shown.matches('\n').count(), 1);
        assert!(shown.contains("a\\n2018-12-14") && shown.contains("\\u{1b}[2J"));
        let (json, directory) = log(Level::Info, Format::Json);
        json.entry(lie).line(Level::Info, lie);
        let shown = written(&directory);
        let line = shown.strip_suffix('\n').unwrap();
        assert!(!line.chars().any(crate::printable::is_deceptive), "{line}");
        // A program gets to know what it was.
        let object: serde_json::Value = serde_json::from_str(line).unwrap();
        assert_eq!(object["message"], lie);
    }

    #[test]
    fn a_detail_without_a_line_is_one_itself() {
        let (log, directory) = log(Level::Info, Format::Text);
        log.entry("1").detail(Level::Info, "alone");
        assert!(written(&directory).ends_with(",INFO,alone,id=1\n"));
    }

    #[test]
    fn entries_of_many_threads_stay_together() {
        let (log, directory) = log(Level::Info, Format::Text);
        std::thread::scope(|scope| {
            for thread in 0..8 {
                let log = log.clone();
                scope.spawn(move || {
                    for _ in 0..50 {
                        let mut entry = log.entry(&thread.to_string());
                        entry.line(Level::Info, format_args!("first {thread}"));
                        entry.detail(Level::Info, format_args!("second {thread}"));
                    }
                });
            }
        });
        let written = written(&directory);
        let lines: Vec<&str> = written.lines().collect();
        assert_eq!(lines.len(), 800);
        for pair in lines.chunks(2) {
            let (_, thread) = pair[1].rsplit_once("| second ").unwrap();
            assert!(pair[0].ends_with(&format!("first {thread},id={thread}")));
        }
    }

    #[test]
    fn levels_and_formats_have_words() {
        assert_eq!("warning".parse(), Ok(Level::Warning));
        assert_eq!("json".parse(), Ok(Format::Json));
        assert!("WARNING".parse::<Level>().is_err() && "xml".parse::<Format>().is_err());
    }
}
