//! The AES-GCM cipher suites: RFC 8446 5.2 for TLS 1.3, RFC 5288 for TLS 1.2.

use aes_gcm::aead::{AeadInOut, KeyInit, Nonce as GcmNonce, Tag};
use aes_gcm::{Aes128Gcm, Aes256Gcm};
use rustls::crypto::cipher::{
    AeadKey, InboundOpaqueMessage, InboundPlainMessage, Iv, KeyBlockShape, MessageDecrypter,
    MessageEncrypter, Nonce, OutboundOpaqueMessage, OutboundPlainMessage, PrefixedPayload,
    Tls12AeadAlgorithm, Tls13AeadAlgorithm, UnsupportedOperationError, make_tls12_aad,
    make_tls13_aad,
};
use rustls::crypto::tls12::PrfUsingHmac;
use rustls::crypto::tls13::HkdfUsingHmac;
use rustls::crypto::{CipherSuiteCommon, KeyExchangeAlgorithm};
use rustls::{
    CipherSuite, ConnectionTrafficSecrets, ContentType, Error, ProtocolVersion, SignatureScheme,
    SupportedCipherSuite, Tls12CipherSuite, Tls13CipherSuite,
};

use super::hash::{HMAC_SHA256, HMAC_SHA384, SHA256, SHA384};
use super::signing;

/// The suites in order of preference: TLS 1.3 first, ECDSA before RSA.
pub(super) static SUITES: &[SupportedCipherSuite] = &[
    SupportedCipherSuite::Tls13(&TLS13_AES_256_GCM_SHA384),
    SupportedCipherSuite::Tls13(&TLS13_AES_128_GCM_SHA256),
    SupportedCipherSuite::Tls12(&ECDHE_ECDSA_AES_256_GCM_SHA384),
    SupportedCipherSuite::Tls12(&ECDHE_ECDSA_AES_128_GCM_SHA256),
    SupportedCipherSuite::Tls12(&ECDHE_RSA_AES_256_GCM_SHA384),
    SupportedCipherSuite::Tls12(&ECDHE_RSA_AES_128_GCM_SHA256),
];

static TLS13_AES_128_GCM_SHA256: Tls13CipherSuite = Tls13CipherSuite {
    common: with_sha256(CipherSuite::TLS13_AES_128_GCM_SHA256),
    hkdf_provider: &HkdfUsingHmac(&HMAC_SHA256),
    aead_alg: &AesGcm::Aes128,
    quic: None,
};

static TLS13_AES_256_GCM_SHA384: Tls13CipherSuite = Tls13CipherSuite {
    common: with_sha384(CipherSuite::TLS13_AES_256_GCM_SHA384),
    hkdf_provider: &HkdfUsingHmac(&HMAC_SHA384),
    aead_alg: &AesGcm::Aes256,
    quic: None,
};

static ECDHE_ECDSA_AES_128_GCM_SHA256: Tls12CipherSuite = tls12_aes128(
    CipherSuite::TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
    signing::ECDSA_SCHEMES,
);

static ECDHE_ECDSA_AES_256_GCM_SHA384: Tls12CipherSuite = tls12_aes256(
    CipherSuite::TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384,
    signing::ECDSA_SCHEMES,
);

static ECDHE_RSA_AES_128_GCM_SHA256: Tls12CipherSuite = tls12_aes128(
    CipherSuite::TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
    signing::RSA_SCHEMES,
);

static ECDHE_RSA_AES_256_GCM_SHA384: Tls12CipherSuite = tls12_aes256(
    CipherSuite::TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
    signing::RSA_SCHEMES,
);

static PRF_SHA256: PrfUsingHmac<'static> = PrfUsingHmac(&HMAC_SHA256);
static PRF_SHA384: PrfUsingHmac<'static> = PrfUsingHmac(&HMAC_SHA384);

const fn tls12_aes128(suite: CipherSuite, sign: &'static [SignatureScheme]) -> Tls12CipherSuite {
    Tls12CipherSuite {
        common: with_sha256(suite),
        prf_provider: &PRF_SHA256,
        kx: KeyExchangeAlgorithm::ECDHE,
        sign,
        aead_alg: &AesGcm::Aes128,
    }
}

const fn tls12_aes256(suite: CipherSuite, sign: &'static [SignatureScheme]) -> Tls12CipherSuite {
    Tls12CipherSuite {
        common: with_sha384(suite),
        prf_provider: &PRF_SHA384,
        kx: KeyExchangeAlgorithm::ECDHE,
        sign,
        aead_alg: &AesGcm::Aes256,
    }
}

// RFC 8446 5.5: about 2^24.5 full records under one key leave a safety margin of 2^-57.
const CONFIDENTIALITY_LIMIT: u64 = 1 << 24;

const fn with_sha256(suite: CipherSuite) -> CipherSuiteCommon {
    CipherSuiteCommon {
        suite,
        hash_provider: &SHA256,
        confidentiality_limit: CONFIDENTIALITY_LIMIT,
    }
}

const fn with_sha384(suite: CipherSuite) -> CipherSuiteCommon {
    CipherSuiteCommon {
        suite,
        hash_provider: &SHA384,
        confidentiality_limit: CONFIDENTIALITY_LIMIT,
    }
}

const TAG_LENGTH: usize = 16;
// RFC 5288 3: four octets of the nonce come from the key block, eight travel in each record.
const SALT_LENGTH: usize = 4;
const EXPLICIT_NONCE_LENGTH: usize = 8;
// RFC 5246 6.2.3: TLSCompressed, here TLSPlaintext, is never longer.
const LARGEST_RECORD: usize = 1 << 14;

#[derive(Clone, Copy)]
enum AesGcm {
    Aes128,
    Aes256,
}

impl AesGcm {
    const fn key_length(self) -> usize {
        match self {
            Self::Aes128 => 16,
            Self::Aes256 => 32,
        }
    }

    fn keyed(self, key: &AeadKey) -> RecordCipher {
        const INVARIANT: &str = "rustls cuts the key to key_length";
        match self {
            Self::Aes128 => RecordCipher::Aes128(Box::new(
                Aes128Gcm::new_from_slice(key.as_ref()).expect(INVARIANT),
            )),
            Self::Aes256 => RecordCipher::Aes256(Box::new(
                Aes256Gcm::new_from_slice(key.as_ref()).expect(INVARIANT),
            )),
        }
    }

    fn secrets(self, key: AeadKey, iv: Iv) -> ConnectionTrafficSecrets {
        match self {
            Self::Aes128 => ConnectionTrafficSecrets::Aes128Gcm { key, iv },
            Self::Aes256 => ConnectionTrafficSecrets::Aes256Gcm { key, iv },
        }
    }
}

impl Tls13AeadAlgorithm for AesGcm {
    fn encrypter(&self, key: AeadKey, iv: Iv) -> Box<dyn MessageEncrypter> {
        Box::new(Tls13Records {
            cipher: self.keyed(&key),
            iv,
        })
    }

    fn decrypter(&self, key: AeadKey, iv: Iv) -> Box<dyn MessageDecrypter> {
        Box::new(Tls13Records {
            cipher: self.keyed(&key),
            iv,
        })
    }

    fn key_len(&self) -> usize {
        self.key_length()
    }

    fn extract_keys(
        &self,
        key: AeadKey,
        iv: Iv,
    ) -> Result<ConnectionTrafficSecrets, UnsupportedOperationError> {
        Ok(self.secrets(key, iv))
    }
}

impl Tls12AeadAlgorithm for AesGcm {
    fn encrypter(&self, key: AeadKey, salt: &[u8], explicit: &[u8]) -> Box<dyn MessageEncrypter> {
        Box::new(Tls12Encrypter {
            cipher: self.keyed(&key),
            iv: join_nonce(salt, explicit),
        })
    }

    fn decrypter(&self, key: AeadKey, salt: &[u8]) -> Box<dyn MessageDecrypter> {
        let salt = salt
            .try_into()
            .expect("rustls cuts the salt to fixed_iv_len");
        Box::new(Tls12Decrypter {
            cipher: self.keyed(&key),
            salt,
        })
    }

    fn key_block_shape(&self) -> KeyBlockShape {
        KeyBlockShape {
            enc_key_len: self.key_length(),
            fixed_iv_len: SALT_LENGTH,
            explicit_nonce_len: EXPLICIT_NONCE_LENGTH,
        }
    }

    fn extract_keys(
        &self,
        key: AeadKey,
        salt: &[u8],
        explicit: &[u8],
    ) -> Result<ConnectionTrafficSecrets, UnsupportedOperationError> {
        Ok(self.secrets(key, join_nonce(salt, explicit)))
    }
}

fn join_nonce(salt: &[u8], explicit: &[u8]) -> Iv {
    let mut nonce = [0; SALT_LENGTH + EXPLICIT_NONCE_LENGTH];
    nonce[..SALT_LENGTH].copy_from_slice(salt);
    nonce[SALT_LENGTH..].copy_from_slice(explicit);
    Iv::new(nonce)
}

enum RecordCipher {
    Aes128(Box<Aes128Gcm>),
    Aes256(Box<Aes256Gcm>),
}

impl RecordCipher {
    fn seal(
        &self,
        nonce: &[u8; 12],
        additional: &[u8],
        record: &mut [u8],
    ) -> Result<[u8; TAG_LENGTH], Error> {
        match self {
            Self::Aes128(cipher) => seal(cipher.as_ref(), nonce, additional, record),
            Self::Aes256(cipher) => seal(cipher.as_ref(), nonce, additional, record),
        }
    }

    /// Decrypts `sealed`, ciphertext then tag, in place and returns the plaintext's length.
    fn open(&self, nonce: &[u8; 12], additional: &[u8], sealed: &mut [u8]) -> Result<usize, Error> {
        match self {
            Self::Aes128(cipher) => open(cipher.as_ref(), nonce, additional, sealed),
            Self::Aes256(cipher) => open(cipher.as_ref(), nonce, additional, sealed),
        }
    }
}

fn seal<C: AeadInOut>(
    cipher: &C,
    nonce: &[u8; 12],
    additional: &[u8],
    record: &mut [u8],
) -> Result<[u8; TAG_LENGTH], Error> {
    let nonce = GcmNonce::<C>::try_from(&nonce[..]).map_err(|_| Error::EncryptError)?;
    let tag = cipher
        .encrypt_inout_detached(&nonce, additional, record.into())
        .map_err(|_| Error::EncryptError)?;
    tag.as_slice().try_into().map_err(|_| Error::EncryptError)
}

fn open<C: AeadInOut>(
    cipher: &C,
    nonce: &[u8; 12],
    additional: &[u8],
    sealed: &mut [u8],
) -> Result<usize, Error> {
    let length = sealed
        .len()
        .checked_sub(TAG_LENGTH)
        .ok_or(Error::DecryptError)?;
    let (record, tag) = sealed.split_at_mut(length);
    let nonce = GcmNonce::<C>::try_from(&nonce[..]).map_err(|_| Error::DecryptError)?;
    let tag = Tag::<C>::try_from(&*tag).map_err(|_| Error::DecryptError)?;
    cipher
        .decrypt_inout_detached(&nonce, additional, record.into(), &tag)
        .map_err(|_| Error::DecryptError)?;
    Ok(length)
}

struct Tls13Records {
    cipher: RecordCipher,
    iv: Iv,
}

impl MessageEncrypter for Tls13Records {
    fn encrypt(
        &mut self,
        message: OutboundPlainMessage<'_>,
        sequence: u64,
    ) -> Result<OutboundOpaqueMessage, Error> {
        let length = self.encrypted_payload_len(message.payload.len());
        let mut payload = PrefixedPayload::with_capacity(length);
        payload.extend_from_chunks(&message.payload);
        payload.extend_from_slice(&message.typ.to_array());
        let nonce = Nonce::new(&self.iv, sequence);
        let tag = self
            .cipher
            .seal(&nonce.0, &make_tls13_aad(length), payload.as_mut())?;
        payload.extend_from_slice(&tag);
        // RFC 8446 5.2: the outer record always says application_data and TLS 1.2.
        Ok(OutboundOpaqueMessage::new(
            ContentType::ApplicationData,
            ProtocolVersion::TLSv1_2,
            payload,
        ))
    }

    fn encrypted_payload_len(&self, length: usize) -> usize {
        length + 1 + TAG_LENGTH
    }
}

impl MessageDecrypter for Tls13Records {
    fn decrypt<'a>(
        &mut self,
        mut message: InboundOpaqueMessage<'a>,
        sequence: u64,
    ) -> Result<InboundPlainMessage<'a>, Error> {
        let additional = make_tls13_aad(message.payload.len());
        let nonce = Nonce::new(&self.iv, sequence);
        let length = self
            .cipher
            .open(&nonce.0, &additional, &mut message.payload)?;
        message.payload.truncate(length);
        message.into_tls13_unpadded_message()
    }
}

struct Tls12Encrypter {
    cipher: RecordCipher,
    iv: Iv,
}

impl MessageEncrypter for Tls12Encrypter {
    fn encrypt(
        &mut self,
        message: OutboundPlainMessage<'_>,
        sequence: u64,
    ) -> Result<OutboundOpaqueMessage, Error> {
        let nonce = Nonce::new(&self.iv, sequence);
        let additional = make_tls12_aad(
            sequence,
            message.typ,
            message.version,
            message.payload.len(),
        );
        let length = self.encrypted_payload_len(message.payload.len());
        let mut payload = PrefixedPayload::with_capacity(length);
        payload.extend_from_slice(&nonce.0[SALT_LENGTH..]);
        payload.extend_from_chunks(&message.payload);
        let record = &mut payload.as_mut()[EXPLICIT_NONCE_LENGTH..];
        let tag = self.cipher.seal(&nonce.0, &additional, record)?;
        payload.extend_from_slice(&tag);
        Ok(OutboundOpaqueMessage::new(
            message.typ,
            message.version,
            payload,
        ))
    }

    fn encrypted_payload_len(&self, length: usize) -> usize {
        EXPLICIT_NONCE_LENGTH + length + TAG_LENGTH
    }
}

struct Tls12Decrypter {
    cipher: RecordCipher,
    salt: [u8; SALT_LENGTH],
}

impl MessageDecrypter for Tls12Decrypter {
    fn decrypt<'a>(
        &mut self,
        mut message: InboundOpaqueMessage<'a>,
        sequence: u64,
    ) -> Result<InboundPlainMessage<'a>, Error> {
        let length = message
            .payload
            .len()
            .checked_sub(EXPLICIT_NONCE_LENGTH + TAG_LENGTH)
            .ok_or(Error::DecryptError)?;
        if length > LARGEST_RECORD {
            return Err(Error::PeerSentOversizedRecord);
        }
        let mut nonce = [0; SALT_LENGTH + EXPLICIT_NONCE_LENGTH];
        nonce[..SALT_LENGTH].copy_from_slice(&self.salt);
        nonce[SALT_LENGTH..].copy_from_slice(&message.payload[..EXPLICIT_NONCE_LENGTH]);
        let additional = make_tls12_aad(sequence, message.typ, message.version, length);
        let sealed = &mut message.payload[EXPLICIT_NONCE_LENGTH..];
        self.cipher.open(&nonce, &additional, sealed)?;
        Ok(message.into_plain_message_range(EXPLICIT_NONCE_LENGTH..EXPLICIT_NONCE_LENGTH + length))
    }
}
