//! What is kept, and what is as if it were not there.

use std::fs::Permissions;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;

use rustix::fs::{CWD, FileType, Mode, mknodat};
use tempfile::TempDir;

use super::*;

const CRL: Request<'_> = Request::Crl {
    location: "http://crl.example.com/../../root.crl",
};

fn until() -> Timestamp {
    "2026-12-01T00:00:00Z".parse().unwrap()
}

fn cache() -> (TempDir, Cache) {
    let directory = tempfile::tempdir().unwrap();
    let cache = Cache::new(directory.path().join("a/cache"), 1000);
    (directory, cache)
}

/// A cache with this answer, and its file.
fn with_answer(octets: &[u8]) -> (TempDir, Cache, PathBuf) {
    let (directory, cache) = cache();
    cache.keep(&CRL, octets, until()).unwrap();
    let path = cache.directory.join(Key::of(&CRL).name());
    assert!(path.is_file());
    (directory, cache, path)
}

fn names(directory: &Path) -> Vec<String> {
    let entries = fs::read_dir(directory).unwrap();
    let mut names: Vec<_> = entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

#[test]
fn an_answer_is_kept_until_the_next() {
    let (_directory, cache, path) = with_answer(b"first");
    assert_eq!(cache.find(&CRL).unwrap(), b"first");
    cache.keep(&CRL, b"", until()).unwrap();
    assert_eq!(cache.find(&CRL).unwrap(), b"");
    assert_eq!(names(&cache.directory).len(), 1);
    let again = Cache::new(&cache.directory, 1000);
    assert_eq!(again.find(&CRL).unwrap(), b"");
    let text = fs::read_to_string(path).unwrap();
    assert!(text.contains("http://crl.example.com/../../root.crl"));
}

#[test]
fn another_question_has_another_answer() {
    let location = "http://a.example/";
    let ocsp = |location, cert_id, request| Request::Ocsp {
        location,
        cert_id,
        request,
    };
    let questions = [
        Request::Crl { location },
        Request::Issuers { location },
        Request::Crl {
            location: "http://a.example/?",
        },
        ocsp(location, b"", b"x"),
        ocsp(location, b"1", b"x"),
        ocsp(location, b"2", b"x"),
        // Where the location ends is part of the question.
        ocsp("http://a.example/1", b"", b"x"),
    ];
    let (_directory, cache) = cache();
    for (number, question) in questions.iter().enumerate() {
        assert_eq!(cache.find(question), None);
        cache.keep(question, &[number as u8], until()).unwrap();
    }
    for (number, question) in questions.iter().enumerate() {
        assert_eq!(cache.find(question).unwrap(), [number as u8]);
    }
    let other_nonce = ocsp(location, b"2", b"y");
    assert_eq!(cache.find(&other_nonce).unwrap(), [5]);
}

#[test]
fn nobody_else_can_read_or_write_it() {
    let (_directory, cache, path) = with_answer(b"x");
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode(&cache.directory), mode(&path)), (0o700, 0o600));
    assert_eq!(names(&cache.directory), [Key::of(&CRL).name()]);
}

#[test]
fn what_is_damaged_or_cut_short_is_not_there() {
    let (_directory, cache, path) = with_answer(b"an answer");
    let whole = fs::read(&path).unwrap();
    for end in 0..whole.len() {
        fs::write(&path, &whole[..end]).unwrap();
        assert_eq!(cache.find(&CRL), None, "{end}");
    }
    for place in 0..whole.len() {
        let mut damaged = whole.clone();
        damaged[place] ^= 1;
        fs::write(&path, &damaged).unwrap();
        // The location in it is for people.
        let found = cache.find(&CRL);
        assert!(found.is_none_or(|found| found == b"an answer"), "{place}");
    }
    let answer = whole.len() - b"an answer".len();
    for place in answer..whole.len() {
        let mut damaged = whole.clone();
        damaged[place] ^= 1;
        fs::write(&path, &damaged).unwrap();
        assert_eq!(cache.find(&CRL), None, "{place}");
    }
    fs::write(&path, [&whole[..], b"x"].concat()).unwrap();
    assert_eq!(cache.find(&CRL), None);
    fs::write(&path, &whole).unwrap();
    assert!(cache.find(&CRL).is_some());
}

#[test]
fn what_is_somebody_elses_is_not_there() {
    let (_directory, cache, path) = with_answer(b"x");
    let other = Request::Issuers {
        location: CRL.location(),
    };
    fs::copy(&path, cache.directory.join(Key::of(&other).name())).unwrap();
    assert_eq!(cache.find(&other), None);
    for foreign in [
        &b""[..],
        b"\n",
        b"{}\n",
        b"\x30\x03\x02\x01\x01",
        &[b'x'; 5000],
    ] {
        fs::write(&path, foreign).unwrap();
        assert_eq!(cache.find(&CRL), None);
    }
}

#[test]
fn a_later_version_is_not_there() {
    let (_directory, cache, path) = with_answer(b"x");
    let text = fs::read_to_string(&path).unwrap();
    let later = text.replace("\"version\":1", "\"version\":2");
    assert_ne!(text, later);
    fs::write(&path, later).unwrap();
    assert_eq!(cache.find(&CRL), None);
}

#[test]
fn links_are_not_followed() {
    let (directory, cache, path) = with_answer(b"x");
    let elsewhere = directory.path().join("elsewhere");
    fs::rename(&path, &elsewhere).unwrap();
    symlink(&elsewhere, &path).unwrap();
    assert_eq!(cache.find(&CRL), None);
    let before = fs::read(&elsewhere).unwrap();
    cache.keep(&CRL, b"new", until()).unwrap();
    assert!(fs::symlink_metadata(&path).unwrap().is_file());
    assert_eq!(cache.find(&CRL).unwrap(), b"new");
    assert_eq!(fs::read(&elsewhere).unwrap(), before);
}

#[test]
fn what_is_no_file_is_not_waited_for() {
    let (_directory, cache, path) = with_answer(b"x");
    fs::remove_file(&path).unwrap();
    mknodat(CWD, &path, FileType::Fifo, Mode::RWXU, 0).unwrap();
    assert_eq!(cache.find(&CRL), None);
    fs::remove_file(&path).unwrap();
    fs::create_dir(&path).unwrap();
    assert_eq!(cache.find(&CRL), None);
    assert!(cache.keep(&CRL, b"x", until()).is_err());
    assert_eq!(names(&cache.directory).len(), 1, "nothing is left of it");
}

#[test]
fn a_directory_that_is_there_stays_as_it_is() {
    let directory = tempfile::tempdir().unwrap();
    fs::set_permissions(directory.path(), Permissions::from_mode(0o755)).unwrap();
    let cache = Cache::new(directory.path(), 1000);
    cache.keep(&CRL, b"x", until()).unwrap();
    assert_eq!(cache.find(&CRL).unwrap(), b"x");
    let mode = fs::metadata(directory.path()).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o755);
}

#[test]
fn a_directory_that_cannot_be_made_is_an_error() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let cache = Cache::new(file.path().join("x"), 1000);
    assert!(cache.keep(&CRL, b"x", until()).is_err());
    assert_eq!(cache.find(&CRL), None);
}

#[test]
fn answers_have_a_longest_length() {
    let (_directory, cache) = cache();
    cache.keep(&CRL, &[b'x'; 1001], until()).unwrap();
    assert_eq!(cache.find(&CRL), None);
    cache.keep(&CRL, &[b'x'; 1000], until()).unwrap();
    assert_eq!(cache.find(&CRL).unwrap().len(), 1000);
    let longer = Cache::new(&cache.directory, 100_000);
    longer.keep(&CRL, &[b'x'; 100_000], until()).unwrap();
    assert_eq!(cache.find(&CRL), None);
}

#[test]
fn many_may_write_at_once_and_every_reader_finds_a_whole_answer() {
    let (_directory, cache, _) = with_answer(&[0; 1000]);
    std::thread::scope(|scope| {
        for writer in 1..=4 {
            let cache = Cache::new(&cache.directory, 1000);
            scope.spawn(move || {
                for _ in 0..50 {
                    cache.keep(&CRL, &[writer; 1000], until()).unwrap();
                }
            });
        }
        for _ in 0..200 {
            let found = cache.find(&CRL).unwrap();
            assert!(found.len() == 1000 && found.iter().all(|octet| *octet == found[0]));
        }
    });
    assert_eq!(names(&cache.directory).len(), 1);
}

/// A cache with answers 1, 2, … that are of use for so many days of 2001.
fn with_days(days: &[i8]) -> (TempDir, Cache, Vec<String>) {
    let (directory, cache) = cache();
    let locations: Vec<_> = (1..=days.len())
        .map(|n| format!("http://a.example/{n}"))
        .collect();
    for (location, day) in locations.iter().zip(days) {
        let until = format!("2001-01-{day:02}T00:00:00Z").parse().unwrap();
        cache
            .keep(&Request::Crl { location }, &[b'x'; 100], until)
            .unwrap();
    }
    (directory, cache, locations)
}

fn found(cache: &Cache, locations: &[String]) -> Vec<usize> {
    let is_there = |location: &String| cache.find(&Request::Crl { location }).is_some();
    (1..=locations.len())
        .filter(|n| is_there(&locations[n - 1]))
        .collect()
}

#[test]
fn of_too_many_files_those_go_that_are_of_no_use_soonest() {
    let (_directory, mut cache, locations) = with_days(&[9, 2, 5, 1, 7]);
    cache.keep_within_bounds().unwrap();
    assert_eq!(found(&cache, &locations), [1, 2, 3, 4, 5]);
    cache.most_files = 3;
    cache.keep_within_bounds().unwrap();
    assert_eq!(found(&cache, &locations), [1, 3, 5]);
}

#[test]
fn of_too_much_content_as_well() {
    let (_directory, mut cache, locations) = with_days(&[9, 2, 5, 1, 7]);
    // Each has its header besides.
    cache.most_octets = 999;
    cache.keep_within_bounds().unwrap();
    let left = found(&cache, &locations);
    assert!(!left.is_empty() && left.len() < 5 && left.contains(&1) && !left.contains(&4));
}

#[test]
fn what_was_put_there_by_others_stays_and_what_a_killed_process_left_goes() {
    let (_directory, mut cache, locations) = with_days(&[9]);
    let foreign = cache.directory.join("README");
    let left = cache.directory.join(".mailseal-abcdef");
    for path in [&foreign, &left] {
        fs::write(path, "x").unwrap();
        let before = SystemTime::UNIX_EPOCH;
        File::options()
            .write(true)
            .open(path)
            .unwrap()
            .set_modified(before)
            .unwrap();
    }
    cache.most_files = 1;
    cache.keep_within_bounds().unwrap();
    assert_eq!(found(&cache, &locations), [1]);
    assert!(foreign.exists() && !left.exists());
}

#[test]
fn bounds_are_looked_after_while_answers_are_kept() {
    let (_directory, mut cache) = cache();
    cache.most_files = 2;
    for number in 0..=FILES_BETWEEN_LOOKS {
        let location = format!("http://a.example/{number}");
        let location = location.as_str();
        cache
            .keep(&Request::Crl { location }, b"x", until())
            .unwrap();
    }
    assert_eq!(names(&cache.directory).len(), 2);
}

#[test]
fn a_date_far_away_does_not_make_an_answer_outlive_all_others() {
    let day = |days: u64| SystemTime::UNIX_EPOCH + Duration::from_secs(days * 24 * 60 * 60);
    let until = |text: &str| text.parse().unwrap();
    let now = day(100);
    assert_eq!(time_of_no_use(now, until("1970-04-12T00:00:00Z")), day(101));
    assert_eq!(time_of_no_use(now, until("1970-01-02T00:00:00Z")), day(1));
    assert_eq!(time_of_no_use(now, Timestamp::MAX), day(130));
    assert_eq!(time_of_no_use(now, Timestamp::MIN), day(0));
}
