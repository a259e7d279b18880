//! Putting certificates, and the private keys that belong to them, into the key directory.

use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};

use crate::address::Address;
use crate::asn1::reader::hexadecimal;
use crate::crypto::PublicKey;
use crate::keys::directory::{Change, DirectoryWriter, Place, WriteError};
use crate::keys::private_key::FoundPrivateKey;
use crate::keys::{armour, pem};
use crate::secret::Secret;
use crate::store::{Error, Occupied, Vouched};
use crate::x509::Certificate;

/// As many addresses of one certificate get a file each without being named.
pub const MAX_ADDRESSES: usize = 100;

/// As many certificates may one address have; with their intermediates they make a file that the key
/// directory still reads.
pub const MAX_CERTIFICATES: usize = 32;

/// A private key as the key directory has it.
#[derive(Debug, Clone)]
pub struct ImportedKey {
    /// PKCS#8 in PEM, encrypted or not.
    pub pem: Secret,
    /// Its public half.
    pub public_key: PublicKey,
}

/// What is to be found under one address.
#[derive(Debug, Clone)]
pub struct Entry {
    address: Address,
    certificates: Vec<Vouched>,
    keys: Vec<ImportedKey>,
}

impl Entry {
    /// An entry for each address of the certificates, in their order; with all certificates that are
    /// for it, and the private keys that belong to those.
    ///
    /// # Errors
    ///
    /// A certificate with more than [`MAX_ADDRESSES`]: nobody wants as many files unawares.
    pub fn of_each_address(
        certificates: &[Vouched],
        keys: &[ImportedKey],
    ) -> Result<Vec<Entry>, Error> {
        let count = |vouched: &Vouched| vouched.certificate().emails().len();
        match certificates.iter().map(count).max() {
            Some(count) if count > MAX_ADDRESSES => Err(Error::TooManyAddresses { count }),
            _ => Ok(Entry::of_addresses(certificates, keys, |_| true)),
        }
    }

    /// The same for these addresses alone, of however many.
    pub fn of_these_addresses(
        certificates: &[Vouched],
        keys: &[ImportedKey],
        wanted: &[Address],
    ) -> Vec<Entry> {
        let is_wanted = |address: &Address| wanted.iter().any(|it| it.matches(address));
        Entry::of_addresses(certificates, keys, is_wanted)
    }

    fn of_addresses(
        certificates: &[Vouched],
        keys: &[ImportedKey],
        is_wanted: impl Fn(&Address) -> bool,
    ) -> Vec<Entry> {
        let mut entries: Vec<Entry> = Vec::new();
        for vouched in certificates {
            let addresses = vouched.certificate().emails().iter();
            for address in addresses.filter(|address| is_wanted(address)) {
                let same = |entry: &&mut Entry| entry.address.matches(address);
                match entries.iter_mut().find(same) {
                    Some(entry) if entry.certificates.last() == Some(vouched) => {}
                    Some(entry) => entry.certificates.push(vouched.clone()),
                    None => entries.push(Entry {
                        address: address.clone(),
                        certificates: vec![vouched.clone()],
                        keys: Vec::new(),
                    }),
                }
            }
        }
        for entry in &mut entries {
            let certificates = entry.certificates.iter();
            let own: Vec<PublicKey> = certificates
                .filter_map(|vouched| vouched.certificate().public_key().ok())
                .collect();
            let belongs = keys.iter().filter(|key| own.contains(&key.public_key));
            entry.keys = belongs.cloned().collect();
        }
        entries
    }

    /// Whose it is.
    pub fn address(&self) -> &Address {
        &self.address
    }

    /// The certificates; at least one.
    pub fn certificates(&self) -> &[Vouched] {
        &self.certificates
    }

    /// As `<address>.crt` has them: those of the address first, then the intermediates, each once.
    fn chain(&self) -> Vec<Certificate> {
        let own = self.certificates.iter().map(Vouched::certificate);
        let chains = self.certificates.iter().flat_map(|it| &it.chain()[1..]);
        let mut chain: Vec<Certificate> = Vec::new();
        for certificate in own.chain(chains) {
            if !chain.contains(certificate) {
                chain.push(certificate.clone());
            }
        }
        chain
    }
}

/// What becomes of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// There was none.
    Created,
    /// It holds the same already, and is left as it is.
    AlreadyThere,
    /// What was in it is kept in `history/`.
    Replaced,
}

/// One file of an import.
#[derive(Debug, Clone)]
pub struct ImportedFile {
    path: PathBuf,
    address: Address,
    is_private_key: bool,
    outcome: Outcome,
    history: Option<PathBuf>,
    previous: Option<Certificate>,
    certificates: Vec<Certificate>,
    key_of_another: Option<PathBuf>,
}

impl ImportedFile {
    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Whose it is.
    pub fn address(&self) -> &Address {
        &self.address
    }

    /// Whether it is for private keys.
    pub fn is_private_key(&self) -> bool {
        self.is_private_key
    }

    /// What becomes of it.
    pub fn outcome(&self) -> Outcome {
        self.outcome
    }

    /// Where that is kept which it takes the place of.
    pub fn history(&self) -> Option<&Path> {
        self.history.as_deref()
    }

    /// The first certificate of what it takes the place of, if there is one that can be read.
    pub fn previous(&self) -> Option<&Certificate> {
        self.previous.as_ref()
    }

    /// The certificates in it, the leaf first.
    pub fn certificates(&self) -> &[Certificate] {
        &self.certificates
    }

    /// The file with the private key of the address, if that belongs to none of the certificates.
    pub fn key_of_another(&self) -> Option<&Path> {
        self.key_of_another.as_deref()
    }
}

/// An import that can be carried out. Nobody else imports into the directory while it exists.
#[derive(Debug)]
pub struct Import {
    writer: DirectoryWriter,
    changes: Vec<Change>,
    files: Vec<ImportedFile>,
}

impl Import {
    /// Looks what is there already, and works out what has to be done.
    ///
    /// # Errors
    ///
    /// A directory that is not there, an address that cannot name a file, something that is no file
    /// in the place of one, more than [`MAX_CERTIFICATES`] for one address; and without `replace` a
    /// file that holds another certificate or key.
    pub fn plan(directory: &Path, entries: &[Entry], replace: bool) -> Result<Import, Error> {
        let mut import = Import {
            writer: DirectoryWriter::open(directory)?,
            changes: Vec::new(),
            files: Vec::new(),
        };
        let mut occupied = Vec::new();
        for entry in entries {
            if entry.certificates.len() > MAX_CERTIFICATES {
                return Err(Error::TooManyCertificates {
                    address: entry.address.clone(),
                    count: entry.certificates.len(),
                });
            }
            occupied.extend(import.plan_certificates(entry, replace)?);
            occupied.extend(import.plan_keys(entry, replace)?);
        }
        match occupied.is_empty() {
            true => Ok(import),
            false => Err(Error::Occupied(occupied)),
        }
    }

    /// Every file, and what becomes of it.
    pub fn files(&self) -> &[ImportedFile] {
        &self.files
    }

    /// Does it: all of it, or nothing.
    ///
    /// # Errors
    ///
    /// The directory cannot be written to, or somebody who asks for no lock has changed a file
    /// meanwhile.
    pub fn carry_out(self) -> Result<Vec<ImportedFile>, Error> {
        self.writer.put(&self.changes)?;
        Ok(self.files)
    }

    fn plan_certificates(
        &mut self,
        entry: &Entry,
        replace: bool,
    ) -> Result<Option<Occupied>, Error> {
        let place = self.writer.place(&entry.address, "crt")?;
        let chain = entry.chain();
        let there = |place: &Place| {
            let existing = place.existing.as_ref()?;
            pem::certificates(existing.content.expose()).ok()
        };
        let there = there(&place).unwrap_or_default();
        let own = entry.certificates.iter().map(Vouched::certificate);
        let is_there = own.clone().all(|certificate| there.contains(certificate));
        let is_same = if replace { there == chain } else { is_there };
        let planned = Planned {
            is_same: is_same && place.existing.is_some(),
            previous: there.first().cloned(),
            keep_as: match there.first() {
                Some(first) => hexadecimal(&first.sha256_fingerprint()),
                None => digest(&place),
            },
            key_of_another: match entry.keys.is_empty() {
                true => self.key_of_another(entry)?,
                false => None,
            },
            content: Secret::new(armour::certificates(&chain)),
            certificates: chain,
            place,
            is_private_key: false,
        };
        Ok(self.plan_file(entry, planned, replace))
    }

    fn plan_keys(&mut self, entry: &Entry, replace: bool) -> Result<Option<Occupied>, Error> {
        if entry.keys.is_empty() {
            return Ok(None);
        }
        let place = self.writer.place(&entry.address, "pem")?;
        let pem: Vec<&[u8]> = entry.keys.iter().map(|key| key.pem.expose()).collect();
        let content = Secret::new(pem.concat());
        let there = public_keys(&place);
        let is_there = |key: &ImportedKey| there.contains(&key.public_key);
        let same_octets = place.existing.as_ref();
        let same_octets = same_octets.is_some_and(|it| it.content.expose() == content.expose());
        let planned = Planned {
            is_same: same_octets || (!there.is_empty() && entry.keys.iter().all(is_there)),
            previous: None,
            keep_as: digest(&place),
            key_of_another: None,
            content,
            certificates: Vec::new(),
            place,
            is_private_key: true,
        };
        Ok(self.plan_file(entry, planned, replace))
    }

    fn plan_file(&mut self, entry: &Entry, planned: Planned, replace: bool) -> Option<Occupied> {
        let path = self.writer.path(&planned.place.name);
        let outcome = match &planned.place.existing {
            None => Outcome::Created,
            Some(_) if planned.is_same => Outcome::AlreadyThere,
            Some(_) if replace => Outcome::Replaced,
            Some(_) => {
                return Some(Occupied {
                    path,
                    certificate: planned.previous.map(Box::new),
                    is_private_key: planned.is_private_key,
                });
            }
        };
        let extension = if planned.is_private_key { "pem" } else { "crt" };
        let keep_as = format!("{}.{extension}", planned.keep_as);
        let is_replaced = outcome == Outcome::Replaced;
        let history = || self.writer.history_path(&planned.place, &keep_as);
        self.files.push(ImportedFile {
            path,
            address: entry.address.clone(),
            is_private_key: planned.is_private_key,
            outcome,
            history: is_replaced.then(history),
            previous: planned.previous.filter(|_| is_replaced),
            certificates: planned.certificates,
            key_of_another: planned.key_of_another,
        });
        if outcome != Outcome::AlreadyThere {
            self.changes.push(Change {
                place: planned.place,
                content: planned.content,
                is_private: planned.is_private_key,
                keep_as: Some(keep_as),
            });
        }
        None
    }

    /// The private key that is there, if it can be read and is of none of the certificates.
    fn key_of_another(&self, entry: &Entry) -> Result<Option<PathBuf>, WriteError> {
        let place = self.writer.place(&entry.address, "pem")?;
        let there = public_keys(&place);
        let own = entry.certificates.iter();
        let mut own = own.filter_map(|vouched| vouched.certificate().public_key().ok());
        let is_stranger = !there.is_empty() && !own.any(|key| there.contains(&key));
        Ok(is_stranger.then(|| self.writer.path(&place.name)))
    }
}

/// What one file comes to.
struct Planned {
    place: Place,
    content: Secret,
    is_private_key: bool,
    is_same: bool,
    previous: Option<Certificate>,
    keep_as: String,
    certificates: Vec<Certificate>,
    key_of_another: Option<PathBuf>,
}

/// The public halves of the keys that are there and not encrypted.
fn public_keys(place: &Place) -> Vec<PublicKey> {
    let Some(existing) = &place.existing else {
        return Vec::new();
    };
    let found = FoundPrivateKey::find_all(existing.content.expose()).unwrap_or_default();
    let decoded = found.into_iter().filter_map(|found| match found.ok()? {
        FoundPrivateKey::Plain(plain) => plain.decode().ok(),
        FoundPrivateKey::Encrypted(_) => None,
    });
    decoded.map(|key| key.public_key().clone()).collect()
}

/// What is kept of a file in which there is no certificate goes by its octets.
fn digest(place: &Place) -> String {
    let content = place
        .existing
        .as_ref()
        .map(|existing| existing.content.expose());
    hexadecimal(&Sha256::digest(content.unwrap_or_default()))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use jiff::Timestamp;

    use super::*;
    use crate::crypto::PrivateKey;
    use crate::keys::KeyDirectory;
    use crate::keys::directory::Options;
    use crate::keys::private_key::PlainPrivateKey;
    use crate::x509::testing::{TestCertificate, rfc822_name, subject_alt_name};

    fn now() -> Timestamp {
        "2026-07-01T12:00:00Z".parse().unwrap()
    }

    fn secret_key(seed: u8) -> p256::SecretKey {
        p256::SecretKey::from_slice(&[seed; 32]).unwrap()
    }

    fn certificate(addresses: &[&str], seed: u8, serial: u8) -> Vouched {
        let mut certificate = TestCertificate::of("", &secret_key(seed));
        certificate.serial_number = vec![serial];
        let names: Vec<Vec<u8>> = addresses.iter().map(|it| rfc822_name(it)).collect();
        certificate.extensions[0] = subject_alt_name(&names);
        let certificate = Certificate::from_der(&certificate.der()).unwrap();
        Vouched::by_operator(&certificate, &[], now(), false).unwrap()
    }

    fn key(seed: u8) -> ImportedKey {
        let der = p256::pkcs8::EncodePrivateKey::to_pkcs8_der(&secret_key(seed)).unwrap();
        let der = Secret::new(der.as_bytes().to_vec());
        let public_key = PrivateKey::from_pkcs8_der(&der)
            .unwrap()
            .public_key()
            .clone();
        let pem = PlainPrivateKey::from_pkcs8_der(der).to_pem().unwrap();
        ImportedKey { pem, public_key }
    }

    struct Keys(tempfile::TempDir);

    impl Keys {
        fn new() -> Keys {
            Keys(tempfile::tempdir().unwrap())
        }

        fn plan(
            &self,
            certificates: &[Vouched],
            keys: &[ImportedKey],
            replace: bool,
        ) -> Result<Import, Error> {
            let entries = Entry::of_each_address(certificates, keys)?;
            Import::plan(self.0.path(), &entries, replace)
        }

        /// What became of each file.
        fn import(
            &self,
            certificates: &[Vouched],
            keys: &[ImportedKey],
            replace: bool,
        ) -> Result<Vec<Outcome>, Error> {
            let files = self.plan(certificates, keys, replace)?.carry_out()?;
            Ok(files.iter().map(ImportedFile::outcome).collect())
        }

        fn exists(&self, name: &str) -> bool {
            self.0.path().join(name).exists()
        }
    }

    #[test]
    fn what_is_imported_can_be_sealed_with() {
        let keys = Keys::new();
        let both = ["bob@example.com", "Robert@Example.com"];
        let bob = certificate(&both, 7, 1);
        let outcomes = keys
            .import(std::slice::from_ref(&bob), &[key(7), key(8)], false)
            .unwrap();
        assert_eq!(outcomes, [Outcome::Created; 4]);
        let directory = KeyDirectory::new(keys.0.path(), Options::at(now()));
        for address in both {
            let address = Address::parse(address).unwrap();
            let recipient = directory.recipient(&address).unwrap();
            assert_eq!(recipient.certificate(), bob.certificate());
            assert!(directory.signer(&address).is_ok());
        }
    }

    #[test]
    fn the_same_again_changes_nothing() {
        let keys = Keys::new();
        let bob = [certificate(&["bob@example.com"], 7, 1)];
        keys.import(&bob, &[key(7)], false).unwrap();
        let path = keys.0.path().join("bob@example.com.crt");
        let before = fs::metadata(&path).unwrap().modified().unwrap();
        for replace in [false, true] {
            let outcomes = keys.import(&bob, &[key(7)], replace).unwrap();
            assert_eq!(outcomes, [Outcome::AlreadyThere; 2]);
        }
        assert_eq!(fs::metadata(&path).unwrap().modified().unwrap(), before);
        assert!(!keys.exists("history"));
    }

    #[test]
    fn nothing_is_replaced_without_a_word_and_everything_is_kept() {
        let keys = Keys::new();
        let old = certificate(&["bob@example.com"], 7, 1);
        let new = [certificate(&["bob@example.com"], 8, 2)];
        keys.import(std::slice::from_ref(&old), &[key(7)], false)
            .unwrap();
        let Err(Error::Occupied(occupied)) = keys.import(&new, &[key(8)], false) else {
            panic!("the file was free");
        };
        let [certificate, private_key] = &occupied[..] else {
            panic!("{occupied:?}");
        };
        assert_eq!(certificate.certificate.as_deref(), Some(old.certificate()));
        assert!(private_key.is_private_key && !certificate.is_private_key);
        assert!(!keys.exists("history"));

        let import = keys.plan(&new, &[key(8)], true).unwrap();
        let files = import.carry_out().unwrap();
        assert_eq!(files[0].previous(), Some(old.certificate()));
        let fingerprint = hexadecimal(&old.certificate().sha256_fingerprint());
        let kept = files[0].history().unwrap();
        assert!(kept.ends_with(format!("history/bob@example.com/{fingerprint}.crt")));
        assert_eq!(
            pem::certificates(&fs::read(kept).unwrap()).unwrap(),
            old.chain()
        );
        let kept = fs::read(files[1].history().unwrap()).unwrap();
        assert_eq!(kept, key(7).pem.expose());
    }

    #[test]
    fn several_addresses_are_put_together_or_not_at_all() {
        let keys = Keys::new();
        keys.import(&[certificate(&["b@example.com"], 7, 1)], &[], false)
            .unwrap();
        let both = [certificate(&["a@example.com", "b@example.com"], 8, 2)];
        let refused = keys.import(&both, &[], false).unwrap_err();
        assert!(matches!(&refused, Error::Occupied(occupied) if occupied.len() == 1));
        assert!(!keys.exists("a@example.com.crt"));
        let outcomes = keys.import(&both, &[], true).unwrap();
        assert_eq!(outcomes, [Outcome::Created, Outcome::Replaced]);
    }

    #[test]
    fn of_too_many_addresses_the_wanted_ones_are_named() {
        let many: Vec<String> = (0..=MAX_ADDRESSES)
            .map(|it| format!("{it}@example.com"))
            .collect();
        let many: Vec<&str> = many.iter().map(String::as_str).collect();
        let entries = |count| Entry::of_each_address(&[certificate(&many[..count], 7, 1)], &[]);
        assert_eq!(entries(MAX_ADDRESSES).unwrap().len(), MAX_ADDRESSES);
        let refused = entries(MAX_ADDRESSES + 1).unwrap_err();
        assert!(matches!(refused, Error::TooManyAddresses { count } if count > MAX_ADDRESSES));
        let wanted = [Address::parse("7@EXAMPLE.com").unwrap()];
        let one = Entry::of_these_addresses(&[certificate(&many, 7, 1)], &[], &wanted);
        assert_eq!(one.len(), 1);
    }

    #[test]
    fn one_address_has_no_more_certificates_than_can_be_read_again() {
        let keys = Keys::new();
        let many: Vec<Vouched> = (0..=32)
            .map(|serial| certificate(&["bob@example.com"], 7, serial))
            .collect();
        let refused = keys.import(&many, &[], false).unwrap_err();
        assert!(matches!(
            refused,
            Error::TooManyCertificates { count: 33, .. }
        ));
        assert!(keys.import(&many[1..], &[], false).is_ok());
    }

    #[test]
    fn certificates_of_one_address_share_a_file() {
        let keys = Keys::new();
        let (sign, receive) = (
            certificate(&["bob@example.com"], 7, 1),
            certificate(&["BOB@example.com"], 8, 2),
        );
        let both = [sign.clone(), receive.clone()];
        let files = keys.plan(&both, &[key(7), key(8)], false).unwrap();
        let files = files.carry_out().unwrap();
        assert_eq!(files.len(), 2);
        let own = [sign.certificate(), receive.certificate()].map(Clone::clone);
        assert_eq!(files[0].certificates(), own);
        // One of the two is there already, and both are.
        let outcomes = keys.import(&[receive], &[key(8)], false).unwrap();
        assert_eq!(outcomes, [Outcome::AlreadyThere; 2]);
    }

    #[test]
    fn a_key_that_will_not_fit_is_told() {
        let keys = Keys::new();
        keys.import(&[certificate(&["bob@example.com"], 7, 1)], &[key(7)], false)
            .unwrap();
        let renewed = |seed| {
            let import = keys.plan(&[certificate(&["bob@example.com"], seed, 2)], &[], true);
            import.unwrap().files()[0]
                .key_of_another()
                .map(Path::to_owned)
        };
        assert_eq!(renewed(7), None);
        assert!(renewed(8).unwrap().ends_with("bob@example.com.pem"));
    }

    #[test]
    fn what_is_there_and_is_nothing_counts_as_something() {
        let keys = Keys::new();
        fs::write(keys.0.path().join("bob@example.com.crt"), "garbage").unwrap();
        let bob = [certificate(&["bob@example.com"], 7, 1)];
        let refused = keys.import(&bob, &[], false).unwrap_err();
        assert!(
            refused
                .to_string()
                .ends_with("holds no certificate that can be read")
        );
        let files = keys.plan(&bob, &[], true).unwrap().carry_out().unwrap();
        assert_eq!(fs::read(files[0].history().unwrap()).unwrap(), b"garbage");
    }
}
