//! A certificate as it is planned, and its DER.
//!
//! Explanations look at plans and change them; so everything that may be amiss is a field.

use std::fmt;

use super::der::{
    bit_string, element, explicit, extension, generalized_time, implicit, integer, octet_string,
    oid, sequence, time,
};
use super::keys::{KeyIdentifier, ecdsa_with_sha256, sign, spki};
use super::names::{GeneralName, Name};

pub const ANY_PURPOSE: &str = "2.5.29.37.0";
pub const EMAIL_PROTECTION: &str = "1.3.6.1.5.5.7.3.4";
pub const SERVER_AUTH: &str = "1.3.6.1.5.5.7.3.1";
pub const CLIENT_AUTH: &str = "1.3.6.1.5.5.7.3.2";
pub const CODE_SIGNING: &str = "1.3.6.1.5.5.7.3.3";

pub const DIGITAL_SIGNATURE: u8 = 0b1000_0000;
pub const NON_REPUDIATION: u8 = 0b0100_0000;
pub const KEY_ENCIPHERMENT: u8 = 0b0010_0000;
pub const KEY_AGREEMENT: u8 = 0b0000_1000;
pub const KEY_CERT_SIGN: u8 = 0b0000_0100;
pub const CRL_SIGN: u8 = 0b0000_0010;

#[derive(Clone, Debug)]
pub struct Certificate {
    /// 1 or 3.
    pub version: u8,
    /// The octets of the INTEGER.
    pub serial: Vec<u8>,
    pub issuer: Name,
    /// The key that signs.
    pub signer: usize,
    /// Seconds from now.
    pub not_before: i64,
    pub not_after: i64,
    /// GeneralizedTime also where UTCTime would do.
    pub generalized: bool,
    pub subject: Name,
    pub key: usize,
    /// cA, and pathLenConstraint.
    pub basic_constraints: Option<(bool, Option<u8>)>,
    pub key_usage: Option<u8>,
    pub purposes: Option<Vec<&'static str>>,
    pub subject_key_identifier: KeyIdentifier,
    pub authority_key_identifier: KeyIdentifier,
    /// The authorityKeyIdentifier also holds an authorityCertIssuer and a serial number: these.
    pub authority_serial: Option<(Name, Vec<u8>)>,
    /// Both identifiers are marked critical, against RFC 5280 4.2.1.1 and 4.2.1.2.
    pub critical_identifiers: bool,
    pub alternative: Vec<GeneralName>,
    pub permitted: Vec<GeneralName>,
    pub excluded: Vec<GeneralName>,
    pub policies: Vec<&'static str>,
    pub mappings: Vec<(&'static str, &'static str)>,
    pub require_explicit: Option<u8>,
    pub inhibit_mapping: Option<u8>,
    pub inhibit_any: Option<u8>,
    /// An extension that nobody knows, critical or not.
    pub unknown: Option<bool>,
    /// The key usage stands there twice.
    pub is_doubled: bool,
    /// The signature is nobody's.
    pub is_forged: bool,
    /// The algorithm outside is another than the one inside.
    pub other_algorithm: bool,
}

impl Certificate {
    /// Issuer and subject as they are planned; the spelling may differ.
    pub fn is_self_signed(&self) -> bool {
        self.key == self.signer && self.issuer == self.subject
    }

    /// Makes of version 1, which has no extensions, a version 3 that says no more in its own.
    pub fn raise_version(&mut self, is_issuer: bool) {
        if self.version > 1 {
            return;
        }
        self.version = 3;
        self.basic_constraints = is_issuer.then_some((true, None));
        self.key_usage = is_issuer.then_some(KEY_CERT_SIGN | CRL_SIGN);
        (self.purposes, self.unknown, self.inhibit_any) = (None, None, None);
        (self.require_explicit, self.inhibit_mapping) = (None, None);
        (self.is_doubled, self.critical_identifiers) = (false, false);
        for names in [
            &mut self.alternative,
            &mut self.permitted,
            &mut self.excluded,
        ] {
            names.clear();
        }
        self.policies.clear();
        self.mappings.clear();
    }

    pub fn der(&self) -> Vec<u8> {
        let algorithm = ecdsa_with_sha256();
        let written = match self.generalized {
            true => generalized_time,
            false => time,
        };
        let mut parts = Vec::new();
        if self.version > 1 {
            parts.push(explicit(0, &integer(self.version - 1)));
        }
        parts.extend([
            element(0x02, &self.serial),
            algorithm.clone(),
            self.issuer.der(),
            sequence(&[written(self.not_before), written(self.not_after)]),
            self.subject.der(),
            spki(self.key),
        ]);
        if self.version > 1 {
            // SIZE (1..MAX): none at all where there would be no extension in it.
            let extensions = self.extensions();
            if !extensions.is_empty() {
                parts.push(explicit(3, &sequence(&extensions)));
            }
        }
        let content = sequence(&parts);
        let outside = match self.other_algorithm {
            true => sequence(&[oid("1.2.840.10045.4.3.3")]),
            false => algorithm,
        };
        let signed = if self.is_forged { &parts[1] } else { &content };
        let signature = bit_string(&sign(self.signer, signed));
        sequence(&[content, outside, signature])
    }

    fn extensions(&self) -> Vec<Vec<u8>> {
        let mut all = Vec::new();
        if let Some((is_ca, path_length)) = self.basic_constraints {
            let mut parts = Vec::new();
            parts.extend(is_ca.then(|| element(0x01, &[0xff])));
            parts.extend(path_length.map(integer));
            all.push(extension("2.5.29.19", true, &sequence(&parts)));
        }
        if let Some(bits) = self.key_usage {
            let usage = element(0x03, &[bits.trailing_zeros() as u8, bits]);
            let usage = extension("2.5.29.15", true, &usage);
            all.extend(vec![usage; 1 + usize::from(self.is_doubled)]);
        }
        if let Some(purposes) = &self.purposes {
            let purposes: Vec<_> = purposes.iter().map(|id| oid(id)).collect();
            all.push(extension("2.5.29.37", false, &sequence(&purposes)));
        }
        let critical = self.critical_identifiers;
        if let Some(octets) = self.subject_key_identifier.octets() {
            all.push(extension("2.5.29.14", critical, &octet_string(&octets)));
        }
        let authority = self.authority_key_identifier();
        if !authority.is_empty() {
            all.push(extension("2.5.29.35", critical, &sequence(&authority)));
        }
        all.extend(self.name_extensions());
        all.extend(self.policy_extensions());
        if let Some(is_critical) = self.unknown {
            all.push(extension("1.3.6.1.4.1.32473.1", is_critical, b"\x05\x00"));
        }
        all
    }

    fn authority_key_identifier(&self) -> Vec<Vec<u8>> {
        let octets = self.authority_key_identifier.octets();
        let mut parts: Vec<_> = octets.iter().map(|octets| implicit(0, octets)).collect();
        if let Some((issuer, serial)) = &self.authority_serial {
            let issuer = GeneralName::Directory(issuer.clone()).der();
            parts.extend([explicit(1, &issuer), implicit(2, serial)]);
        }
        parts
    }

    fn name_extensions(&self) -> Vec<Vec<u8>> {
        let names = |names: &[GeneralName]| names.iter().map(GeneralName::der).collect::<Vec<_>>();
        let mut all = Vec::new();
        if !self.alternative.is_empty() {
            // RFC 5280 4.2.1.6: critical where there is no subject.
            let is_critical = self.subject.0.is_empty();
            let value = sequence(&names(&self.alternative));
            all.push(extension("2.5.29.17", is_critical, &value));
        }
        let subtrees = |number, bases: &[GeneralName]| {
            let subtrees: Vec<_> = names(bases)
                .into_iter()
                .map(|base| sequence(&[base]))
                .collect();
            (!bases.is_empty()).then(|| explicit(number, &subtrees.concat()))
        };
        let subtrees = [subtrees(0, &self.permitted), subtrees(1, &self.excluded)];
        let subtrees: Vec<_> = subtrees.into_iter().flatten().collect();
        if !subtrees.is_empty() {
            all.push(extension("2.5.29.30", true, &sequence(&subtrees)));
        }
        all
    }

    fn policy_extensions(&self) -> Vec<Vec<u8>> {
        let mut all = Vec::new();
        if !self.policies.is_empty() {
            let policies: Vec<_> = self
                .policies
                .iter()
                .map(|id| sequence(&[oid(id)]))
                .collect();
            all.push(extension("2.5.29.32", false, &sequence(&policies)));
        }
        if !self.mappings.is_empty() {
            let pair = |(issuer, subject): &(&str, &str)| sequence(&[oid(issuer), oid(subject)]);
            let mappings: Vec<_> = self.mappings.iter().map(pair).collect();
            all.push(extension("2.5.29.33", true, &sequence(&mappings)));
        }
        let skip = |number, skip: Option<u8>| skip.map(|skip| implicit(number, &[skip]));
        let constraints = [
            skip(0, self.require_explicit),
            skip(1, self.inhibit_mapping),
        ];
        let constraints: Vec<_> = constraints.into_iter().flatten().collect();
        if !constraints.is_empty() {
            all.push(extension("2.5.29.36", true, &sequence(&constraints)));
        }
        if let Some(skip) = self.inhibit_any {
            all.push(extension("2.5.29.54", true, &integer(skip)));
        }
        all
    }
}

/// The fields in one line, without those that say nothing.
impl fmt::Display for Certificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let fields = format!("{self:?}");
        let says = |field: &&str| {
            let value = field.rsplit_once(": ").map(|(_, value)| value);
            !matches!(value, Some("None" | "[]" | "false"))
        };
        let fields: Vec<&str> = fields.split(", ").filter(says).collect();
        f.write_str(&fields.join(", "))
    }
}
