//! SHA-256 and SHA-384, plain and under HMAC, as TLS's transcripts and key schedules want them.

use std::marker::PhantomData;

use hmac::{Hmac, KeyInit, Mac};
use rustls::crypto::hash::{self, HashAlgorithm, Output};
use rustls::crypto::hmac as tls_hmac;
use sha2::{Digest, Sha256, Sha384};

/// One hash function in the two shapes rustls takes it.
pub(super) trait HashFunction: Send + Sync + 'static {
    type Digest: Digest + Clone + Send + Sync + 'static;
    type Mac: Mac + KeyInit + Clone + Send + Sync + 'static;
    const ALGORITHM: HashAlgorithm;
    const LENGTH: usize;
}

pub(super) struct Sha2With256;
pub(super) struct Sha2With384;

impl HashFunction for Sha2With256 {
    type Digest = Sha256;
    type Mac = Hmac<Sha256>;
    const ALGORITHM: HashAlgorithm = HashAlgorithm::SHA256;
    const LENGTH: usize = 32;
}

impl HashFunction for Sha2With384 {
    type Digest = Sha384;
    type Mac = Hmac<Sha384>;
    const ALGORITHM: HashAlgorithm = HashAlgorithm::SHA384;
    const LENGTH: usize = 48;
}

pub(super) struct Hash<H>(PhantomData<fn() -> H>);
pub(super) struct HmacOver<H>(PhantomData<fn() -> H>);

pub(super) static SHA256: Hash<Sha2With256> = Hash(PhantomData);
pub(super) static SHA384: Hash<Sha2With384> = Hash(PhantomData);
pub(super) static HMAC_SHA256: HmacOver<Sha2With256> = HmacOver(PhantomData);
pub(super) static HMAC_SHA384: HmacOver<Sha2With384> = HmacOver(PhantomData);

impl<H: HashFunction> hash::Hash for Hash<H> {
    fn start(&self) -> Box<dyn hash::Context> {
        Box::new(Transcript::<H>(H::Digest::new()))
    }

    fn hash(&self, data: &[u8]) -> Output {
        Output::new(&H::Digest::digest(data))
    }

    fn output_len(&self) -> usize {
        H::LENGTH
    }

    fn algorithm(&self) -> HashAlgorithm {
        H::ALGORITHM
    }
}

struct Transcript<H: HashFunction>(H::Digest);

impl<H: HashFunction> hash::Context for Transcript<H> {
    fn fork_finish(&self) -> Output {
        Output::new(&self.0.clone().finalize())
    }

    fn fork(&self) -> Box<dyn hash::Context> {
        Box::new(Self(self.0.clone()))
    }

    fn finish(self: Box<Self>) -> Output {
        Output::new(&self.0.finalize())
    }

    fn update(&mut self, data: &[u8]) {
        self.0.update(data);
    }
}

impl<H: HashFunction> tls_hmac::Hmac for HmacOver<H> {
    fn with_key(&self, key: &[u8]) -> Box<dyn tls_hmac::Key> {
        let keyed = <H::Mac as KeyInit>::new_from_slice(key);
        Box::new(Key::<H>(keyed.expect("HMAC takes a key of any length")))
    }

    fn hash_output_len(&self) -> usize {
        H::LENGTH
    }
}

struct Key<H: HashFunction>(H::Mac);

impl<H: HashFunction> tls_hmac::Key for Key<H> {
    fn sign_concat(&self, first: &[u8], middle: &[&[u8]], last: &[u8]) -> tls_hmac::Tag {
        let mut mac = self.0.clone();
        mac.update(first);
        for part in middle {
            mac.update(part);
        }
        mac.update(last);
        tls_hmac::Tag::new(&mac.finalize().into_bytes())
    }

    fn tag_len(&self) -> usize {
        H::LENGTH
    }
}
