//! What `cert import` finds in its files: whose certificates they are about, what else helps to vouch
//! for those, and the private keys.

use std::collections::HashSet;
use std::path::PathBuf;

use mailseal::address::Address;
use mailseal::store::ImportedKey;
use mailseal::x509::Certificate;

use crate::cli::bundle::{Asking, Bundle, Key, Reading};
use crate::cli::failure::{Code, Failure};
use crate::cli::input::Input;
use crate::cli::{Global, output};

/// The files of one import.
#[derive(Default)]
pub(super) struct Material {
    /// The certificates that the files are about, each with the file that it is in.
    pub(super) leaves: Vec<(Certificate, Input)>,
    /// The others, and those of CAs in any case: who may have issued them.
    pub(super) pool: Vec<Certificate>,
    pub(super) keys: Vec<FoundKey>,
    seen: HashSet<[u8; 32]>,
}

/// A private key, fit to be put into the key directory.
pub(super) struct FoundKey {
    pub(super) key: ImportedKey,
    /// It was encrypted, and the password stays behind with the file.
    pub(super) loses_its_password: bool,
    input: Input,
}

impl Material {
    /// Reads all files; in one at least there is a certificate.
    pub(super) fn read(
        files: &[PathBuf],
        reading: &Reading<'_>,
        global: &Global,
    ) -> Result<Material, Failure> {
        let (inputs, _) = Input::from_arguments(files);
        let mut material = Material::default();
        for input in &inputs {
            let bundle = Bundle::read_asking(Asking::Keys, input, reading)?;
            for note in &bundle.notes {
                output::detail(format_args!("{input}: {note}"), global);
            }
            material.take(bundle, input)?;
        }
        match (material.leaves.is_empty(), inputs.first()) {
            (true, Some(input)) => Err(Failure::new(
                Code::Data,
                "there is a private key in it and no certificate",
            )
            .hint("name the file with its certificate, too")
            .about(input)),
            _ => {
                material.require_certificates_of_keys()?;
                material.find_leaves();
                Ok(material)
            }
        }
    }

    /// Takes away what is for none of the addresses. None stands for all.
    pub(super) fn limit_to(&mut self, addresses: &[Address]) -> Result<(), Failure> {
        let is_for = |certificate: &Certificate, address: &Address| {
            certificate
                .emails()
                .iter()
                .any(|email| email.matches(address))
        };
        for address in addresses {
            if !self.leaves.iter().any(|(leaf, _)| is_for(leaf, address)) {
                return Err(self.not_for(address));
            }
        }
        self.leaves.retain(|(leaf, _)| {
            addresses.is_empty() || addresses.iter().any(|address| is_for(leaf, address))
        });
        Ok(())
    }

    /// A key without its certificate would be found by nobody.
    fn require_certificates_of_keys(&self) -> Result<(), Failure> {
        let has_certificate =
            |key: &&FoundKey| self.leaves.iter().any(|(leaf, _)| key.belongs_to(leaf));
        match self.keys.iter().find(|key| !has_certificate(key)) {
            None => Ok(()),
            Some(key) => Err(Failure::new(
                Code::NoInput,
                "the private key belongs to none of the certificates",
            )
            .hint("name the file with its certificate, too")
            .about(&key.input)),
        }
    }

    fn take(&mut self, bundle: Bundle, input: &Input) -> Result<(), Failure> {
        for key in bundle.keys {
            self.keys.push(found(key, &bundle.notes, input)?);
        }
        for certificate in bundle.certificates {
            if self.seen.insert(certificate.sha256_fingerprint()) {
                self.leaves.push((certificate, input.clone()));
            }
        }
        Ok(())
    }

    /// Of all certificates those that are about somebody: not the CAs among them, nor who has issued
    /// another. Where there is nobody else, a CA that has issued none of the others is meant itself,
    /// such as a self-signed certificate; and so is in any case the one that has its private key here.
    fn find_leaves(&mut self) {
        let all = std::mem::take(&mut self.leaves);
        let below = all.iter().filter(|(it, _)| !it.is_self_issued());
        let issuers: HashSet<Vec<u8>> = below.map(|(it, _)| it.issuer_der().to_vec()).collect();
        let has_issued = |certificate: &Certificate| issuers.contains(certificate.subject_der());
        let is_person = |certificate: &Certificate| {
            let has_key = self.keys.iter().any(|key| key.belongs_to(certificate));
            has_key || !(is_ca(certificate) || has_issued(certificate))
        };
        let people: Vec<bool> = all.iter().map(|(it, _)| is_person(it)).collect();
        let is_anybody = people.contains(&true);
        for ((certificate, input), is_person) in all.into_iter().zip(people) {
            let is_leaf = is_person || (!is_anybody && !has_issued(&certificate));
            if !is_leaf || is_ca(&certificate) {
                self.pool.push(certificate.clone());
            }
            if is_leaf {
                self.leaves.push((certificate, input));
            }
        }
    }

    fn not_for(&self, address: &Address) -> Failure {
        /// As many addresses say whose certificates they are.
        const SHOWN: usize = 10;
        let certified = self.leaves.iter().flat_map(|(leaf, _)| leaf.emails());
        let certified: Vec<String> = certified.take(SHOWN).map(ToString::to_string).collect();
        let message = format!("no certificate in the files is for {address}");
        let hint = match certified.is_empty() {
            true => "they are for no address at all".to_owned(),
            false => format!("they are for {}", certified.join(", ")),
        };
        Failure::new(Code::NoInput, message).hint(hint)
    }
}

impl FoundKey {
    fn belongs_to(&self, certificate: &Certificate) -> bool {
        let public_key = certificate.public_key();
        public_key.is_ok_and(|public_key| public_key == self.key.public_key)
    }
}

fn found(key: Key, notes: &[String], input: &Input) -> Result<FoundKey, Failure> {
    let loses_its_password = key.loses_its_password();
    match (key.public_key, key.pem) {
        (Some(public_key), Some(pem)) => Ok(FoundKey {
            key: ImportedKey { pem, public_key },
            loses_its_password,
            input: input.clone(),
        }),
        _ => {
            let why = match notes {
                [] => "a private key in it cannot be used".to_owned(),
                notes => notes.join("; "),
            };
            Err(Failure::new(Code::NoInput, why)
                .hint("take the key out of the file, or have it turned into PKCS#8 first")
                .about(input))
        }
    }
}

fn is_ca(certificate: &Certificate) -> bool {
    let constraints = certificate.basic_constraints().ok().flatten();
    constraints.is_some_and(|constraints| constraints.is_ca)
}
