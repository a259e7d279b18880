use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::thread;

use jiff::Timestamp;
use tempfile::TempDir;

use super::*;

const ROOMY: Depth = Depth {
    messages: 1000,
    octets: 1 << 20,
};

fn message(text: &str) -> Received {
    let now = Timestamp::now();
    Received {
        id: Id::new(now),
        received: now,
        source: Source::SparkPost,
        peer: "192.0.2.7".into(),
        msg_from: Some("bob@example.com".into()),
        rcpt_to: None,
        message: text.as_bytes().to_vec(),
    }
}

fn open(directory: &TempDir) -> (SpoolDirectory, TakenUp) {
    SpoolDirectory::open(directory.path(), ROOMY).unwrap()
}

fn claim(spool: &SpoolDirectory) -> Claimed {
    spool.claim().unwrap().unwrap()
}

/// The files of the directory besides the lock and the spare ones.
fn files(directory: &TempDir) -> Vec<PathBuf> {
    let mut paths = all_files(directory);
    paths.retain(|path| !is_spare(path));
    paths
}

/// The files of the directory besides the lock.
fn all_files(directory: &TempDir) -> Vec<PathBuf> {
    let entries = fs::read_dir(directory.path()).unwrap();
    let paths = entries.map(|entry| entry.unwrap().path());
    paths.filter(|path| !path.ends_with("lock")).collect()
}

fn is_spare(path: &Path) -> bool {
    let name = path.file_name().unwrap().to_str().unwrap();
    name.starts_with("spare-")
}

/// A directory in which one message waits whose process has gone.
fn left_behind(text: &str) -> (TempDir, PathBuf) {
    let directory = tempfile::tempdir().unwrap();
    open(&directory).0.put(vec![message(text)]).unwrap();
    let file = files(&directory).remove(0);
    (directory, file)
}

#[test]
fn what_is_put_is_claimed_in_its_order_and_gone_when_done() {
    let directory = tempfile::tempdir().unwrap();
    let (spool, _) = open(&directory);
    let messages = vec![message("one"), message("two\n\nlines"), message("")];
    spool.put(messages.clone()).unwrap();
    for message in messages {
        let claimed = claim(&spool);
        assert_eq!(*claimed.received(), message);
        assert_eq!(claimed.attempts(), 0);
        claimed.done().unwrap();
    }
    assert!(files(&directory).is_empty());
    assert_eq!(spool.depth(), Depth::default());
}

/// How many octets the files have that messages wait in.
fn sizes(directory: &TempDir) -> Vec<u64> {
    let files = files(directory);
    let length = |path: &PathBuf| fs::metadata(path).unwrap().len();
    files.iter().map(length).collect()
}

#[test]
fn messages_of_one_request_share_files_that_are_not_too_large() {
    let directory = tempfile::tempdir().unwrap();
    let most = Depth {
        messages: 10_000,
        octets: 100 << 20,
    };
    let (spool, _) = SpoolDirectory::open(directory.path(), most).unwrap();
    let small: Vec<_> = (0..5000)
        .map(|number| message(&number.to_string()))
        .collect();
    spool.put(small).unwrap();
    assert_eq!(sizes(&directory).len(), 1);
    let mib = "x".repeat(1 << 20);
    spool.put((0..9).map(|_| message(&mib)).collect()).unwrap();
    let large = "y".repeat(5 << 20);
    spool.put(vec![message(&large), message("z")]).unwrap();
    let (shared, alone): (Vec<_>, Vec<_>) = sizes(&directory)
        .into_iter()
        .partition(|size| *size <= LARGEST_FILE);
    // The small ones, three times three, and what came after the large one.
    assert_eq!((shared.len(), alone.len()), (5, 1));
    drop(spool);
    let (_, taken_up) = SpoolDirectory::open(directory.path(), most).unwrap();
    assert_eq!(taken_up.messages, 5000 + 9 + 2);
}

/// Three messages that share a file.
fn three_in_a_file() -> (TempDir, SpoolDirectory, [Received; 3]) {
    let directory = tempfile::tempdir().unwrap();
    let (spool, _) = open(&directory);
    let messages = ["one", "two", "three"].map(message);
    spool.put(messages.to_vec()).unwrap();
    assert_eq!(files(&directory).len(), 1);
    (directory, spool, messages)
}

#[test]
fn what_is_done_with_is_not_found_again_beside_what_waits() {
    let (directory, spool, messages) = three_in_a_file();
    let first = claim(&spool);
    claim(&spool).done().unwrap();
    first.done().unwrap();
    drop(spool);
    let (spool, taken_up) = open(&directory);
    assert_eq!(taken_up.messages, 1);
    assert_eq!(spool.depth().octets, {
        let entry = received::Entry::new(messages[2].clone());
        entry.octets()
    });
    let last = claim(&spool);
    assert_eq!(*last.received(), messages[2]);
    last.done().unwrap();
    assert!(files(&directory).is_empty());
}

/// The last marks nothing, since its file goes; a crash may come before that.
#[test]
fn file_whose_messages_are_all_done_with_does_not_wait() {
    let (directory, file) = left_behind("one");
    let text = String::from_utf8(fs::read(&file).unwrap()).unwrap();
    let marked = text.replacen("\"done\":false", "\"done\":true ", 1);
    assert_eq!(marked.len(), text.len());
    fs::write(&file, marked).unwrap();
    let (spool, taken_up) = open(&directory);
    assert_eq!((taken_up.messages, taken_up.put_aside.len()), (0, 0));
    assert_eq!(spool.depth(), Depth::default());
    assert!(files(&directory).is_empty());
}

#[test]
fn message_that_is_tried_again_leaves_those_that_it_came_with() {
    let (directory, spool, messages) = three_in_a_file();
    claim(&spool).done().unwrap();
    claim(&spool).defer(Duration::from_secs(3600)).unwrap();
    assert_eq!(files(&directory).len(), 2);
    claim(&spool).done().unwrap();
    assert_eq!(files(&directory).len(), 1);
    assert_eq!(spool.depth().messages, 1);
    let file = files(&directory).remove(0);
    let name = FileName::parse(file.file_name().unwrap().to_str().unwrap()).unwrap();
    assert_eq!((name.id, name.attempts), (messages[1].id.clone(), 1));
    drop(spool);
    let due_now = file.with_file_name(format!("{}.1.0", messages[1].id));
    fs::rename(&file, due_now).unwrap();
    let (spool, taken_up) = open(&directory);
    assert_eq!(taken_up.messages, 1);
    assert_eq!(*claim(&spool).received(), messages[1]);
}

#[test]
fn directory_and_files_are_private() {
    let parent = tempfile::tempdir().unwrap();
    let path = parent.path().join("var/spool");
    let (spool, _) = SpoolDirectory::open(&path, ROOMY).unwrap();
    spool.put(vec![message("one")]).unwrap();
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&path), 0o700);
    for entry in fs::read_dir(&path).unwrap() {
        assert_eq!(mode(&entry.unwrap().path()), 0o600);
    }
}

#[test]
fn what_waits_survives_the_process() {
    let (directory, _) = left_behind("one");
    let (spool, taken_up) = open(&directory);
    assert_eq!((taken_up.messages, taken_up.put_aside.len()), (1, 0));
    assert_eq!(spool.depth().messages, 1);
    assert_eq!(claim(&spool).received().message, b"one");
}

#[test]
fn deferral_survives_the_process_with_its_attempts_and_the_first_time() {
    let directory = tempfile::tempdir().unwrap();
    let (spool, _) = open(&directory);
    let message = message("one");
    spool.put(vec![message.clone()]).unwrap();
    claim(&spool).defer(Duration::ZERO).unwrap();
    claim(&spool).defer(Duration::from_millis(60)).unwrap();
    drop(spool);
    let (spool, taken_up) = open(&directory);
    assert_eq!(taken_up.messages, 1);
    let claimed = claim(&spool);
    assert_eq!(claimed.attempts(), 2);
    assert_eq!(*claimed.received(), message);
}

#[test]
fn message_of_a_worker_that_panics_waits_again() {
    let directory = tempfile::tempdir().unwrap();
    let (spool, _) = open(&directory);
    spool.put(vec![message("one")]).unwrap();
    let worker = spool.clone();
    let panicked = thread::spawn(move || {
        let _claimed = claim(&worker);
        std::panic::resume_unwind(Box::new("a bug"));
    });
    panicked.join().unwrap_err();
    assert_eq!(spool.depth().messages, 1);
    let name = files(&directory).remove(0);
    let name = name.file_name().unwrap().to_str().unwrap();
    assert_eq!(FileName::parse(name).unwrap().attempts, 1);
}

#[test]
fn full_spool_takes_none_of_a_request_until_there_is_room_for_all() {
    let directory = tempfile::tempdir().unwrap();
    let most = Depth {
        messages: 2,
        octets: 10_000,
    };
    let (spool, _) = SpoolDirectory::open(directory.path(), most).unwrap();
    spool.put(vec![message("one")]).unwrap();
    let refused = spool.put(vec![message("two"), message("three")]);
    assert!(matches!(
        refused,
        Err(PutError::Full(Depth { messages: 1, .. }))
    ));
    assert_eq!(files(&directory).len(), 1);
    spool.put(vec![message("two")]).unwrap();
    claim(&spool).done().unwrap();
    spool.put(vec![message("three")]).unwrap();
    claim(&spool).done().unwrap();
    let large = "x".repeat(10_000);
    assert!(matches!(
        spool.put(vec![message(&large)]),
        Err(PutError::Full(_))
    ));
    spool.put(vec![message(&large[..9000])]).unwrap();
}

#[test]
fn what_waits_is_taken_up_even_if_the_limits_are_smaller_now() {
    let (directory, _) = left_behind("one");
    let none = Depth::default();
    let (spool, _) = SpoolDirectory::open(directory.path(), none).unwrap();
    assert!(matches!(
        spool.put(vec![message("two")]),
        Err(PutError::Full(_))
    ));
    claim(&spool).done().unwrap();
}

#[test]
fn torn_file_is_put_aside_with_the_reason() {
    let (directory, file) = left_behind("one");
    let whole = fs::read(&file).unwrap();
    for (torn, reason) in [
        (&whole[..whole.len() - 1], "the message has 2 octets of 3"),
        (&whole[..20], "a line does not tell of the message after it"),
        (&[0; 600], "a line does not tell of the message after it"),
    ] {
        fs::write(&file, torn).unwrap();
        let (spool, taken_up) = open(&directory);
        assert_eq!(taken_up.messages, 0);
        assert_eq!(taken_up.put_aside[0].damage.to_string(), reason);
        assert!(taken_up.put_aside[0].not_moved.is_none());
        assert_eq!(spool.depth(), Depth::default());
    }
    let damaged = fs::read_dir(directory.path().join("damaged")).unwrap();
    assert_eq!(damaged.count(), 3, "none takes the place of another");
}

/// Of a message that was done with nothing stays but an empty file, which the next one is written to.
#[test]
fn files_are_used_again() {
    let directory = tempfile::tempdir().unwrap();
    let (spool, _) = open(&directory);
    spool.put(vec![message("one, which is longer")]).unwrap();
    let first = fs::metadata(&files(&directory)[0]).unwrap();
    claim(&spool).done().unwrap();
    let spare = all_files(&directory).remove(0);
    assert!(is_spare(&spare));
    assert_eq!(fs::metadata(&spare).unwrap().len(), 0);
    spool.put(vec![message("two")]).unwrap();
    let second = fs::metadata(&all_files(&directory)[0]).unwrap();
    assert_eq!(first.ino(), second.ino());
    assert!(first.len() > second.len());
    assert_eq!(claim(&spool).received().message, b"two");
}

/// A crash may come between the new name and the emptying, or lose the new name.
#[test]
fn what_was_done_with_before_a_crash_does_not_wait() {
    let (directory, file) = left_behind("one");
    fs::rename(&file, file.with_file_name("spare-7")).unwrap();
    let emptied = file.with_file_name("1m8j4tkz7masv.0.0");
    fs::write(&emptied, b"").unwrap();
    let (spool, taken_up) = open(&directory);
    assert_eq!((taken_up.messages, taken_up.unfinished), (0, 0));
    assert!(taken_up.put_aside.is_empty());
    assert!(all_files(&directory).is_empty());
    assert_eq!(spool.depth(), Depth::default());
}

#[test]
fn message_that_is_damaged_while_it_waits_is_put_aside_when_the_others_are_done() {
    let directory = tempfile::tempdir().unwrap();
    let (spool, _) = open(&directory);
    spool.put(vec![message("one"), message("two")]).unwrap();
    let file = files(&directory).remove(0);
    let text = String::from_utf8(fs::read(&file).unwrap()).unwrap();
    let damaged = text.replacen("\"version\":1", "\"version\":x", 1);
    fs::write(&file, &damaged).unwrap();
    let refused = spool.claim().unwrap();
    assert!(matches!(refused, Err(ClaimError::PutAside(_))));
    assert_eq!(spool.depth().messages, 1);
    let claimed = claim(&spool);
    assert_eq!(claimed.received().message, b"two");
    assert!(file.exists());
    claimed.done().unwrap();
    assert!(files(&directory).iter().all(|path| path.is_dir()));
    let aside = directory
        .path()
        .join("damaged")
        .join(file.file_name().unwrap());
    assert_eq!(fs::read_to_string(aside).unwrap(), damaged);
}

/// What is behind the damage cannot be told apart any more; the operator has it.
#[test]
fn messages_before_the_damage_are_judged_before_the_file_is_put_aside() {
    let (directory, spool, messages) = three_in_a_file();
    drop(spool);
    let file = files(&directory).remove(0);
    let whole = fs::read(&file).unwrap();
    fs::write(&file, &whole[..whole.len() - 1]).unwrap();
    let (spool, taken_up) = open(&directory);
    assert_eq!(taken_up.messages, 2);
    let told: Vec<_> = taken_up.put_aside.iter().map(ToString::to_string).collect();
    assert!(
        told[0].ends_with("is put aside: the message has 4 octets of 5"),
        "{told:?}"
    );
    for message in &messages[..2] {
        let claimed = claim(&spool);
        assert_eq!(claimed.received(), message);
        claimed.done().unwrap();
    }
    assert_eq!(spool.depth(), Depth::default());
    let aside = directory
        .path()
        .join("damaged")
        .join(file.file_name().unwrap());
    assert!(fs::read(aside).unwrap().ends_with(b"thre"));
    assert!(!file.exists());
}

#[test]
fn file_that_is_torn_while_it_waits_is_put_aside() {
    let directory = tempfile::tempdir().unwrap();
    let (spool, _) = open(&directory);
    spool.put(vec![message("one")]).unwrap();
    fs::write(files(&directory).remove(0), "nothing of ours").unwrap();
    let refused = spool.claim().unwrap();
    assert!(matches!(refused, Err(ClaimError::PutAside(_))));
    assert_eq!(spool.depth(), Depth::default());
    let damaged = fs::read_dir(directory.path().join("damaged")).unwrap();
    assert_eq!(damaged.count(), 1);
}

#[test]
fn foreign_things_are_put_aside_and_links_are_not_followed() {
    let (directory, file) = left_behind("one");
    let elsewhere = tempfile::NamedTempFile::new().unwrap();
    let link = file.with_file_name("0123456789abc.0.1");
    symlink(elsewhere.path(), &link).unwrap();
    fs::write(directory.path().join("README"), "hello").unwrap();
    fs::create_dir(directory.path().join("0123456789abd.0.1")).unwrap();
    let (_spool, taken_up) = open(&directory);
    assert_eq!(taken_up.messages, 1);
    let mut put_aside: Vec<String> = taken_up.put_aside.iter().map(ToString::to_string).collect();
    put_aside.sort();
    assert_eq!(
        put_aside,
        [
            "0123456789abc.0.1 in the spool is put aside: it is no regular file",
            "0123456789abd.0.1 in the spool is put aside: it is no regular file",
            "README in the spool is put aside: its name is not one of the spool's",
        ]
    );
    assert!(elsewhere.path().exists());
}

#[test]
fn file_that_was_never_answered_for_is_removed() {
    let (directory, file) = left_behind("one");
    let name = file.file_name().unwrap().to_str().unwrap();
    fs::rename(&file, file.with_file_name(format!("new-{name}"))).unwrap();
    let (spool, taken_up) = open(&directory);
    assert_eq!((taken_up.messages, taken_up.unfinished), (0, 1));
    assert!(files(&directory).is_empty());
    assert_eq!(spool.depth(), Depth::default());
}

#[test]
fn second_process_is_told_who_has_the_spool() {
    let directory = tempfile::tempdir().unwrap();
    let (spool, _) = open(&directory);
    let refused = SpoolDirectory::open(directory.path(), ROOMY).unwrap_err();
    let (path, process) = (directory.path().display(), std::process::id());
    assert_eq!(
        refused.to_string(),
        format!("the spool {path} is in use by another process, number {process}")
    );
    drop(spool);
    open(&directory);
}

#[test]
fn request_that_cannot_be_written_to_its_end_leaves_nothing() {
    let directory = tempfile::tempdir().unwrap();
    let most = Depth {
        octets: 10 << 20,
        ..ROOMY
    };
    let (spool, _) = SpoolDirectory::open(directory.path(), most).unwrap();
    spool.put(vec![message("one")]).unwrap();
    let depth = spool.depth();
    // Too large for one file, and the second of them would be named like the first.
    let twice = message(&"x".repeat(3 << 20));
    let refused = spool.put(vec![twice.clone(), twice]);
    assert!(matches!(refused, Err(PutError::Io(_))), "{refused:?}");
    assert_eq!(spool.depth(), depth);
    assert_eq!(files(&directory).len(), 1);
}

#[test]
fn many_threads_put_and_claim_and_nothing_is_lost() {
    let directory = tempfile::tempdir().unwrap();
    let (spool, _) = open(&directory);
    thread::scope(|scope| {
        let workers: Vec<_> = (0..4)
            .map(|_| {
                scope.spawn(|| {
                    let mut texts = Vec::new();
                    while let Some(claimed) = spool.claim() {
                        let mut claimed = claimed.unwrap();
                        texts.push(claimed.take_message());
                        claimed.done().unwrap();
                    }
                    texts
                })
            })
            .collect();
        let senders: Vec<_> = (0..8)
            .map(|sender| {
                let spool = &spool;
                scope.spawn(move || {
                    for number in 0..25 {
                        spool
                            .put(vec![message(&format!("{sender} {number}"))])
                            .unwrap();
                    }
                })
            })
            .collect();
        for sender in senders {
            sender.join().unwrap();
        }
        while spool.depth().messages > 0 {
            thread::yield_now();
        }
        spool.close();
        let mut texts: Vec<_> = workers
            .into_iter()
            .flat_map(|worker| worker.join().unwrap())
            .collect();
        texts.sort();
        texts.dedup();
        assert_eq!(texts.len(), 200);
    });
    assert!(files(&directory).is_empty());
}
