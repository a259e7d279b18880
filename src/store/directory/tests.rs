//! What becomes of collected certificates, and of those that try to lead the store astray.

use std::fs;
use std::os::unix::fs::symlink;
use std::thread;

use super::*;
use crate::collect::testing::TestMail;
use crate::keys::KeyDirectory;
use crate::keys::directory::Options;

const BOB: &str = "bob@example.com";

/// A store in a directory of its own.
struct TestStore {
    directory: tempfile::TempDir,
    store: StoreDirectory,
}

impl TestStore {
    fn new() -> TestStore {
        let directory = tempfile::tempdir().unwrap();
        TestStore {
            store: StoreDirectory::open(directory.path()).unwrap(),
            directory,
        }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    /// Every file, by its path inside.
    fn files(&self) -> Vec<String> {
        let mut files = Vec::new();
        let mut folders = vec![String::new()];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(self.path(&folder)).unwrap() {
                let entry = entry.unwrap();
                let name = format!("{folder}{}", entry.file_name().into_string().unwrap());
                match entry.file_type().unwrap().is_dir() {
                    true => folders.push(name + "/"),
                    false => files.push(name),
                }
            }
        }
        files.sort();
        files
    }

    fn stored(&self, mail: &TestMail<'_>, replacement: Replacement) -> StoredCertificate {
        self.store.store(&mail.collected(), replacement).unwrap()
    }

    fn always(&self, mail: &TestMail<'_>) -> Succession {
        self.stored(mail, Replacement::Always).succession
    }

    /// The serial number of the certificate that mail would be encrypted to.
    fn serial(&self, whose: &str) -> u8 {
        let at = "2026-07-31T12:00:00Z".parse().unwrap();
        let keys = KeyDirectory::new(self.directory.path(), Options::at(at));
        let recipient = keys.recipient(&address(whose)).unwrap();
        *recipient.certificate().serial_der().last().unwrap()
    }
}

fn address(text: &str) -> Address {
    Address::parse(text).unwrap()
}

/// Bob's with this key and serial number, in a mail that he signed on this day.
fn bobs(key: u8, serial: u8, day: &'static str) -> TestMail<'static> {
    TestMail {
        key,
        serial,
        signing_time: Some(day),
        ..TestMail::from(BOB)
    }
}

const FIRST: &str = "2026-07-01T12:00:00Z";
const SECOND: &str = "2026-07-02T12:00:00Z";
const THIRD: &str = "2026-07-03T12:00:00Z";

fn fingerprint(mail: &TestMail<'_>) -> String {
    hexadecimal(&mail.collected().certificate().sha256_fingerprint())
}

/// All that is stored.
fn entries(store: &StoreDirectory) -> Vec<StoreEntry> {
    let mut entries = Vec::new();
    store.each_entry(&mut |entry| entries.push(entry)).unwrap();
    entries
}

#[test]
fn the_first_is_stored_with_where_it_comes_from_and_can_be_encrypted_to() {
    let test = TestStore::new();
    let collected = bobs(7, 1, FIRST).collected();
    let stored = test.store.store(&collected, Replacement::Manual).unwrap();
    assert_eq!(stored.succession, Succession::First);
    assert_eq!(stored.path, Some(test.path("bob@example.com.crt")));
    let content = fs::read(stored.path.unwrap()).unwrap();
    assert_eq!(stored.bytes, content.len() as u64);
    assert_eq!(content, armour::certificates([collected.certificate()]));
    assert_eq!(
        test.files(),
        ["bob@example.com.crt", "bob@example.com.json"]
    );
    assert_eq!(test.serial(BOB), 1);
    let entries = entries(&test.store);
    assert_eq!(entries.len(), 1);
    assert_eq!(entries[0].address, address(BOB));
    assert_eq!(entries[0].provenance, Some(Provenance::of(&collected)));
    assert_eq!(
        &entries[0].certificate.clone().unwrap(),
        collected.certificate()
    );
}

#[test]
fn the_same_again_changes_nothing() {
    let test = TestStore::new();
    test.always(&bobs(7, 1, FIRST));
    let octets = || fs::read(test.path("bob@example.com.json")).unwrap();
    let before = octets();
    let again = test.stored(&bobs(7, 1, "2026-07-02T11:59:59Z"), Replacement::Always);
    assert_eq!(again.succession, Succession::AlreadyStored);
    assert_eq!(again.path, Some(test.path("bob@example.com.crt")));
    assert_eq!(
        again.bytes,
        fs::metadata(test.path("bob@example.com.crt"))
            .unwrap()
            .len()
    );
    assert_eq!(octets(), before);
    // A day later the signing time is news.
    let later = test.always(&bobs(7, 1, "2026-07-02T12:00:01Z"));
    assert_eq!(later, Succession::AlreadyStored);
    assert_ne!(octets(), before);
    assert_eq!(test.files().len(), 2);
}

#[test]
fn a_newer_one_replaces_and_the_old_one_is_kept() {
    let test = TestStore::new();
    let old = bobs(7, 1, FIRST).collected();
    test.store.store(&old, Replacement::Always).unwrap();
    let stored = test.stored(&bobs(8, 2, SECOND), Replacement::Always);
    assert_eq!(stored.succession, Succession::Replaces);
    let fingerprint = hexadecimal(&old.certificate().sha256_fingerprint());
    let kept = format!("history/{BOB}/{fingerprint}");
    assert_eq!(stored.history, Some(test.path(&format!("{kept}.crt"))));
    let files = ["bob@example.com.crt", "bob@example.com.json"].map(str::to_owned);
    let kept = [format!("{kept}.crt"), format!("{kept}.json")];
    assert_eq!(test.files(), [files, kept].concat());
    assert_eq!(test.serial(BOB), 2);
    let history = test.store.history(&address(BOB)).unwrap();
    assert_eq!(history.len(), 1);
    assert_eq!(history[0].provenance, Some(Provenance::of(&old)));
}

/// Attack 34.
#[test]
fn an_old_mail_brings_no_old_certificate_back() {
    let test = TestStore::new();
    test.always(&bobs(7, 1, SECOND));
    assert_eq!(test.always(&bobs(8, 2, FIRST)), Succession::Older);
    assert_eq!(test.serial(BOB), 1);
    assert_eq!(test.always(&bobs(8, 2, THIRD)), Succession::Replaces);
    assert_eq!(test.always(&bobs(7, 1, SECOND)), Succession::Older);
    assert_eq!(test.serial(BOB), 2);
    assert_eq!(test.files().len(), 4);
}

#[test]
fn what_waits_is_the_newest_and_is_accepted_or_refused() {
    let test = TestStore::new();
    test.always(&bobs(7, 1, FIRST));
    let manual = |mail: &TestMail<'_>| test.stored(mail, Replacement::Manual);
    let waiting = manual(&bobs(8, 2, SECOND));
    assert_eq!(waiting.succession, Succession::Waits);
    assert_eq!(waiting.path, Some(test.path("pending/bob@example.com.crt")));
    assert_eq!(manual(&bobs(9, 3, THIRD)).succession, Succession::Waits);
    assert_eq!(manual(&bobs(9, 3, THIRD)).succession, Succession::Waits);
    assert_eq!(manual(&bobs(8, 2, SECOND)).succession, Succession::Older);
    assert_eq!(test.files().len(), 4);
    assert_eq!(test.serial(BOB), 1);

    let pending = test.store.pending().unwrap();
    assert_eq!(pending.len(), 1);
    assert_eq!(
        &pending[0].certificate,
        bobs(9, 3, THIRD).collected().certificate()
    );
    let stored = bobs(7, 1, FIRST).collected();
    assert_eq!(pending[0].stored.as_ref(), Some(stored.certificate()));
    let newest = pending[0].certificate.sha256_fingerprint();
    let at: Timestamp = "2026-07-31T12:00:00Z".parse().unwrap();
    let other = bobs(8, 2, SECOND)
        .collected()
        .certificate()
        .sha256_fingerprint();
    let not_pending = test.store.accept(&address(BOB), &other, at);
    assert!(matches!(not_pending, Err(Error::NotPending { .. })));
    let too_late = "2027-01-01T00:00:00Z".parse().unwrap();
    let expired = test.store.accept(&address(BOB), &newest, too_late);
    assert!(matches!(expired, Err(Error::Unfit(_))), "{expired:?}");
    assert_eq!(test.serial(BOB), 1);

    let accepted = test.store.accept(&address(BOB), &newest, at).unwrap();
    assert_eq!(accepted.succession, Succession::Replaces);
    assert_eq!(test.serial(BOB), 3);
    assert!(test.store.pending().unwrap().is_empty());
    assert_eq!(
        entries(&test.store)[0]
            .provenance
            .as_ref()
            .unwrap()
            .accepted,
        Some(at)
    );
    assert_eq!(test.store.history(&address(BOB)).unwrap().len(), 1);

    assert_eq!(
        manual(&bobs(8, 4, "2026-07-04T12:00:00Z")).succession,
        Succession::Waits
    );
    let waiting = test.store.pending().unwrap()[0]
        .certificate
        .sha256_fingerprint();
    assert!(test.store.refuse(&address(BOB), &newest).is_err());
    test.store.refuse(&address(BOB), &waiting).unwrap();
    assert!(test.store.refuse(&address(BOB), &waiting).is_err());
    assert!(test.store.pending().unwrap().is_empty());
    assert_eq!(test.serial(BOB), 3);
}

#[test]
fn what_is_stored_by_another_rule_waits_no_longer() {
    let test = TestStore::new();
    test.always(&bobs(7, 1, FIRST));
    let new = bobs(8, 2, SECOND);
    test.stored(&new, Replacement::Manual);
    assert_eq!(test.store.pending().unwrap().len(), 1);
    assert_eq!(test.always(&new), Succession::Replaces);
    assert!(test.store.pending().unwrap().is_empty());
    assert!(!test.path("pending/bob@example.com.crt").exists());
}

#[test]
fn what_is_removed_is_kept() {
    let test = TestStore::new();
    test.always(&bobs(7, 1, FIRST));
    let removed = test.store.remove(&address("Bob@Example.com")).unwrap();
    assert_eq!(removed.path, test.path("bob@example.com.crt"));
    assert!(removed.history.exists() && removed.certificate.is_ok());
    assert_eq!(test.files().len(), 2);
    assert!(entries(&test.store).is_empty());
    let again = test.store.remove(&address(BOB));
    assert!(matches!(again, Err(Error::NotStored { .. })));
    let history = test.store.history(&address(BOB)).unwrap();
    assert!(history[0].provenance.is_some());
}

#[test]
fn what_cannot_be_read_is_said_and_kept() {
    let test = TestStore::new();
    fs::write(test.path("bob@example.com.crt"), "damaged").unwrap();
    assert!(entries(&test.store)[0].certificate.is_err());
    // Nobody knows whose key it was.
    let waiting = test.stored(&bobs(7, 1, FIRST), Replacement::SameIssuer);
    assert_eq!(waiting.succession, Succession::Waits);
    assert_eq!(
        fs::read(test.path("bob@example.com.crt")).unwrap(),
        b"damaged"
    );
    let stored = test.stored(&bobs(7, 1, FIRST), Replacement::Always);
    assert_eq!(stored.succession, Succession::Replaces);
    assert!(matches!(stored.unusable, Some(Unusable::Malformed(_))));
    assert_eq!(fs::read(stored.history.unwrap()).unwrap(), b"damaged");
    assert_eq!(test.serial(BOB), 1);
}

#[test]
fn the_certificate_of_another_is_nobodys() {
    let test = TestStore::new();
    test.always(&TestMail::from("carol@example.com"));
    let (carols, bobs_file) = ("carol@example.com.crt", "bob@example.com.crt");
    fs::rename(test.path(carols), test.path(bobs_file)).unwrap();
    let entries = entries(&test.store);
    assert!(matches!(
        entries[0].certificate,
        Err(Unusable::OtherAddress { .. })
    ));
    let stored = test.stored(&bobs(7, 1, FIRST), Replacement::Always);
    assert!(matches!(
        stored.unusable,
        Some(Unusable::OtherAddress { .. })
    ));
}

/// As `kill -9` leaves them between the one and the other.
#[test]
fn a_provenance_beside_another_certificate_is_nothing_and_is_mended() {
    let test = TestStore::new();
    test.always(&bobs(7, 1, FIRST));
    let json = fs::read(test.path("bob@example.com.json")).unwrap();
    let new = bobs(8, 2, SECOND).collected();
    let store = || {
        test.store
            .store(&new, Replacement::Always)
            .unwrap()
            .succession
    };
    assert_eq!(store(), Succession::Replaces);
    fs::write(test.path("bob@example.com.json"), &json).unwrap();
    assert_eq!(entries(&test.store)[0].provenance, None);
    assert_eq!(test.serial(BOB), 2);
    assert_eq!(store(), Succession::AlreadyStored);
    let provenance = Some(Provenance::of(&new));
    assert_eq!(entries(&test.store)[0].provenance, provenance);
    fs::remove_file(test.path("bob@example.com.json")).unwrap();
    assert_eq!(store(), Succession::AlreadyStored);
    assert_eq!(entries(&test.store)[0].provenance, provenance);
}

#[test]
fn what_the_operator_has_written_of_an_address_stays() {
    let test = TestStore::new();
    test.always(&bobs(7, 1, FIRST));
    let own = r#"{"version":1,"capabilities":["aes128-cbc"]}"#;
    fs::write(test.path("bob@example.com.json"), own).unwrap();
    assert_eq!(test.always(&bobs(7, 1, THIRD)), Succession::AlreadyStored);
    assert_eq!(
        fs::read_to_string(test.path("bob@example.com.json")).unwrap(),
        own
    );
    // With the certificate it was beside it goes into the history.
    test.always(&bobs(8, 2, THIRD));
    let kept = format!("history/{BOB}/{}.json", fingerprint(&bobs(7, 1, FIRST)));
    assert_eq!(fs::read_to_string(test.path(&kept)).unwrap(), own);
}

/// Attack 32.
#[test]
fn no_address_leads_out_or_into_a_file_of_another_kind() {
    let test = TestStore::new();
    let long = format!("{}@example.com", "x".repeat(239));
    for from in [
        "../../x@example.com",
        "/etc/x@example.com",
        "\".\"@example.com",
        ".x@example.com",
        "\"a\\\\b\"@example.com",
        &long,
    ] {
        let mail = TestMail::from(from);
        let refused = test.store.store(&mail.collected(), Replacement::Always);
        let Err(Error::Write(WriteError::Name(_))) = refused else {
            panic!("{from}: {refused:?}");
        };
        assert_eq!(test.files(), [""; 0], "{from}");
    }
    let longest = format!("{}@example.com", "x".repeat(238));
    assert_eq!(test.always(&TestMail::from(&longest)), Succession::First);
    assert_eq!(
        test.always(&TestMail::from("a..b@example.com")),
        Succession::First
    );
    assert!(test.path("a..b@example.com.crt").exists());
}

/// Attack 32.
#[test]
fn spellings_of_one_address_share_a_file() {
    let test = TestStore::new();
    assert_eq!(
        test.always(&TestMail::from("Bob@Example.com")),
        Succession::First
    );
    assert_eq!(
        test.always(&TestMail::from("bOB@example.COM")),
        Succession::Replaces
    );
    assert_eq!(
        test.files()[..2],
        ["bob@example.com.crt", "bob@example.com.json"]
    );
    // What the operator has put there goes by the name that it has.
    let carols = TestMail::from("carol@example.com");
    fs::rename(
        test.path("bob@example.com.crt"),
        test.path("BOB@example.com.crt"),
    )
    .unwrap();
    let test_again = StoreDirectory::open(test.directory.path()).unwrap();
    for store in [&test.store, &test_again] {
        let collected = bobs(7, 1, FIRST).collected();
        let stored = store.store(&collected, Replacement::Always).unwrap();
        assert_eq!(stored.path, Some(test.path("BOB@example.com.crt")));
    }
    test.always(&carols);
    fs::write(test.path("Carol@example.com.crt"), "twin").unwrap();
    // What is stored is stored; for anything new it has to be clear where.
    assert_eq!(test.always(&carols), Succession::AlreadyStored);
    let new = TestMail {
        serial: 9,
        signing_time: Some(THIRD),
        ..carols
    };
    let ambiguous = test.store.store(&new.collected(), Replacement::Always);
    let Err(Error::Write(WriteError::Ambiguous { names, .. })) = ambiguous else {
        panic!("{ambiguous:?}");
    };
    assert_eq!(names, ["Carol@example.com.crt", "carol@example.com.crt"]);
}

/// Attack 33.
#[test]
fn no_link_is_followed() {
    let test = TestStore::new();
    let elsewhere = tempfile::tempdir().unwrap();
    let target = elsewhere.path().join("target");
    for link in ["bob@example.com.crt", "bob@example.com.json"] {
        for target_is_there in [false, true] {
            if target_is_there {
                fs::write(&target, "precious").unwrap();
            }
            symlink(&target, test.path(link)).unwrap();
            let refused = test
                .store
                .store(&bobs(7, 1, FIRST).collected(), Replacement::Always);
            let Err(Error::Write(WriteError::Link { path })) = refused else {
                panic!("{link}: {refused:?}");
            };
            assert_eq!(path, test.path(link));
            assert_eq!(test.files(), [link]);
            fs::remove_file(test.path(link)).unwrap();
        }
        assert_eq!(fs::read(&target).unwrap(), b"precious");
        fs::remove_file(&target).unwrap();
    }
    for folder in ["history", "pending"] {
        let test = TestStore::new();
        symlink(elsewhere.path(), test.path(folder)).unwrap();
        test.always(&bobs(7, 1, FIRST));
        let how = if folder == "history" {
            Replacement::Always
        } else {
            Replacement::Manual
        };
        assert!(
            test.store
                .store(&bobs(8, 2, SECOND).collected(), how)
                .is_err()
        );
        assert_eq!(test.serial(BOB), 1);
        assert_eq!(fs::read_dir(elsewhere.path()).unwrap().count(), 0);
    }
}

#[test]
fn what_we_sign_with_is_not_replaced_unasked() {
    let test = TestStore::new();
    test.always(&bobs(7, 1, FIRST));
    fs::write(test.path("bob@example.com.pem"), "a private key").unwrap();
    assert_eq!(test.always(&bobs(8, 2, SECOND)), Succession::Waits);
    assert_eq!(test.always(&bobs(7, 3, THIRD)), Succession::Replaces);
    fs::write(
        test.path("carol@example.com.p12"),
        "a key and a certificate",
    )
    .unwrap();
    assert_eq!(
        test.always(&TestMail::from("carol@example.com")),
        Succession::Waits
    );
}

#[test]
fn an_expired_one_keeps_nobody_out() {
    let test = TestStore::new();
    let short = TestMail {
        validity: ["260601000000Z", "260702120000Z"],
        signing_time: None,
        at: "2026-07-02T12:00:00Z",
        ..TestMail::from(BOB)
    };
    test.always(&short);
    let long = TestMail {
        key: 8,
        serial: 2,
        signing_time: None,
        ..TestMail::from(BOB)
    };
    let at_once = TestMail {
        at: "2026-07-02T12:00:00Z",
        ..long
    };
    assert_eq!(test.always(&at_once), Succession::Older);
    assert_eq!(test.always(&long), Succession::Replaces);
}

#[test]
fn what_somebody_left_behind_who_was_stopped_is_cleared_away() {
    let test = TestStore::new();
    fs::create_dir(test.path("pending")).unwrap();
    let leftover = format!(".mailseal-key-{}", "0a".repeat(16));
    for folder in ["", "pending/"] {
        fs::write(test.path(&format!("{folder}{leftover}")), "half").unwrap();
        fs::write(test.path(&format!("{folder}{leftover}1")), "not ours").unwrap();
    }
    assert!(test.store.remove(&address(BOB)).is_err());
    assert_eq!(
        test.files(),
        [format!("{leftover}1"), format!("pending/{leftover}1")]
    );
}

#[test]
fn a_line_is_one_line_and_its_mail_is_seen() {
    let test = TestStore::new();
    assert!(matches!(
        test.store.record("{\n}", None),
        Err(Error::NotALine)
    ));
    test.store.record("{}", Some(&[1; 32])).unwrap();
    assert!(test.store.has_seen(&[1; 32]).unwrap());
    assert_eq!(test.store.decisions(5).unwrap(), ["{}"]);
}

#[test]
fn of_many_who_store_at_once_the_newest_wins_and_all_are_kept() {
    let test = TestStore::new();
    let days: Vec<String> = (1..=20)
        .map(|day| format!("2026-07-{day:02}T12:00:00Z"))
        .collect();
    let mails = days.iter().enumerate().map(|(index, day)| TestMail {
        serial: index as u8 + 1,
        signing_time: Some(day),
        ..TestMail::from(BOB)
    });
    let collected: Vec<CollectedCertificate> = mails.map(|mail| mail.collected()).collect();
    let outcomes: Vec<Succession> = thread::scope(|scope| {
        let threads: Vec<_> = collected
            .iter()
            .map(|collected| {
                scope.spawn(|| {
                    let store = StoreDirectory::open(test.directory.path()).unwrap();
                    let stored = store.store(collected, Replacement::Always).unwrap();
                    stored.succession
                })
            })
            .collect();
        threads
            .into_iter()
            .map(|thread| thread.join().unwrap())
            .collect()
    });
    assert_eq!(test.serial(BOB), 20);
    let count = |what| outcomes.iter().filter(|it| **it == what).count();
    assert_eq!(count(Succession::First), 1);
    let replaced = count(Succession::Replaces);
    assert_eq!(test.store.history(&address(BOB)).unwrap().len(), replaced);
    assert_eq!(count(Succession::Older), 19 - replaced);
}
