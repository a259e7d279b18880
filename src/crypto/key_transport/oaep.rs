//! RSAES-OAEP as a message asks for it.

use der::asn1::{Any, AnyRef};
use der::referenced::OwnedToRef;
use der::{Tag, Tagged};
use rsa::Oaep;
use rsa::pkcs1::RsaOaepParams;
use sha2::digest::{Digest, FixedOutputReset};
use sha2::{Sha256, Sha384, Sha512};
use spki::AlgorithmIdentifierRef;
use zeroize::Zeroizing;

use crate::asn1::oid;
use crate::crypto::{DigestAlgorithm, Error, PrivateKey};

/// RSAES-OAEP-params (RFC 4055 section 4.1), which the sender chose.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OaepParameters {
    hash: DigestAlgorithm,
    mask_generation: DigestAlgorithm,
    label: Vec<u8>,
}

impl OaepParameters {
    pub(super) fn from_parameters(parameters: Option<AnyRef<'_>>) -> Result<Self, Error> {
        let malformed = || Error::malformed_parameters(&oid::ID_RSAES_OAEP);
        // RFC 4055 section 4.1: whatever is left out is SHA-1, MGF1 with SHA-1 or the empty
        // label. The parameters MUST be there; without them everything is left out.
        let parameters: RsaOaepParams<Any> = match parameters {
            Some(parameters) => parameters.decode_as().map_err(|_| malformed())?,
            None => RsaOaepParams::default(),
        };
        let mask_generation = parameters.mask_gen;
        if mask_generation.oid != oid::ID_MGF_1 {
            return Err(unsupported(&oid::name(&mask_generation.oid), "RSAES-OAEP"));
        }
        let label = parameters.p_source;
        if label.oid != oid::ID_P_SPECIFIED {
            return Err(unsupported(&oid::name(&label.oid), "RSAES-OAEP"));
        }
        Ok(OaepParameters {
            hash: digest(parameters.hash.owned_to_ref(), "RSAES-OAEP")?,
            mask_generation: digest(
                mask_generation
                    .parameters
                    .ok_or_else(malformed)?
                    .owned_to_ref(),
                "the MGF1 of RSAES-OAEP",
            )?,
            label: label
                .parameters
                .filter(|label| label.tag() == Tag::OctetString)
                .ok_or_else(malformed)?
                .value()
                .to_vec(),
        })
    }

    pub(super) fn decrypt(
        &self,
        key: &PrivateKey,
        encrypted: &[u8],
    ) -> Result<Zeroizing<Vec<u8>>, Error> {
        match self.hash {
            DigestAlgorithm::Sha256 => self.decrypt_hashed::<Sha256>(key, encrypted),
            DigestAlgorithm::Sha384 => self.decrypt_hashed::<Sha384>(key, encrypted),
            DigestAlgorithm::Sha512 => self.decrypt_hashed::<Sha512>(key, encrypted),
        }
    }

    fn decrypt_hashed<D: Digest + FixedOutputReset>(
        &self,
        key: &PrivateKey,
        encrypted: &[u8],
    ) -> Result<Zeroizing<Vec<u8>>, Error> {
        match self.mask_generation {
            DigestAlgorithm::Sha256 => key.decrypt_rsa(self.scheme::<D, Sha256>(), encrypted),
            DigestAlgorithm::Sha384 => key.decrypt_rsa(self.scheme::<D, Sha384>(), encrypted),
            DigestAlgorithm::Sha512 => key.decrypt_rsa(self.scheme::<D, Sha512>(), encrypted),
        }
    }

    fn scheme<D, M>(&self) -> Oaep<D, M>
    where
        D: Digest + FixedOutputReset,
        M: Digest + FixedOutputReset,
    {
        Oaep::new_with_mgf_hash_and_label(self.label.as_slice())
    }
}

/// A digest, or an error that says where it was to be used.
fn digest(algorithm: AlgorithmIdentifierRef<'_>, place: &str) -> Result<DigestAlgorithm, Error> {
    DigestAlgorithm::from_algorithm_identifier(algorithm).map_err(|error| match error {
        Error::UnsupportedAlgorithm { algorithm } => unsupported(&algorithm, place),
        other => other,
    })
}

fn unsupported(algorithm: &str, place: &str) -> Error {
    Error::UnsupportedAlgorithm {
        algorithm: format!("{algorithm} in {place}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::asn1::tlv;
    use crate::crypto::testing::{Enveloped, hex};
    use cms::enveloped_data::RecipientInfo;
    use der::{Decode, Encode};

    fn refused(parameters: Option<&[u8]>) -> String {
        let parameters = parameters.map(|it| AnyRef::from_der(it).unwrap());
        OaepParameters::from_parameters(parameters)
            .unwrap_err()
            .to_string()
    }

    #[test]
    fn sha_1_is_named() {
        for name in ["oaep-sha1-sha1", "oaep-sha256-sha1"] {
            let enveloped = Enveloped::of(&format!("rsa2048.{name}.aes-256-gcm.cms"));
            let RecipientInfo::Ktri(recipient) = &enveloped.recipient else {
                panic!("not a KeyTransRecipientInfo");
            };
            let parameters = recipient.key_enc_alg.parameters.to_der().unwrap();
            let place = match name {
                "oaep-sha1-sha1" => "RSAES-OAEP",
                _ => "the MGF1 of RSAES-OAEP",
            };
            assert_eq!(
                refused(Some(&parameters)),
                format!("id-sha1 in {place} is not supported")
            );
        }
        // RFC 4055 section 4.1: what is left out is SHA-1.
        for parameters in [None, Some(&hex("3000")[..])] {
            let error = refused(parameters);
            assert_eq!(error, "id-sha1 in RSAES-OAEP is not supported");
        }
    }

    #[test]
    fn parameters_that_are_not_those_of_the_algorithm_are_refused() {
        let sha256 = DigestAlgorithm::Sha256.algorithm_identifier();
        let sha256 = sha256.to_der().unwrap();
        let hash = tlv::element(0xa0, &sha256);
        let mgf1 = oid::ID_MGF_1.to_der().unwrap();
        let mgf1_sha256 = tlv::element(0xa1, &tlv::sequence(&[&mgf1, &sha256]));
        let specified = oid::ID_P_SPECIFIED.to_der().unwrap();
        let label = tlv::element(crate::asn1::tag::OCTET_STRING, b"label");

        let malformed = "the parameters of id-RSAES-OAEP are missing or malformed";
        let without_digest = tlv::element(0xa1, &tlv::sequence(&[&mgf1]));
        let not_mgf1 = tlv::element(0xa1, &sha256);
        let without_label = tlv::element(0xa2, &tlv::sequence(&[&specified]));
        let null_label = tlv::element(0xa2, &tlv::sequence(&[&specified, &[5, 0]]));
        let not_specified = tlv::element(0xa2, &tlv::sequence(&[&mgf1, &label]));
        for (parameters, error) in [
            (tlv::sequence(&[&hash, &without_digest]), malformed),
            (
                tlv::sequence(&[&hash, &mgf1_sha256, &without_label]),
                malformed,
            ),
            (
                tlv::sequence(&[&hash, &mgf1_sha256, &null_label]),
                malformed,
            ),
            (tlv::sequence(&[&hash, &mgf1_sha256, &[5, 0]]), malformed),
            (vec![5, 0], malformed),
            (label.clone(), malformed),
            (
                tlv::sequence(&[&hash, &not_mgf1]),
                "id-sha256 in RSAES-OAEP is not supported",
            ),
            (
                tlv::sequence(&[&hash, &mgf1_sha256, &not_specified]),
                "id-mgf1 in RSAES-OAEP is not supported",
            ),
        ] {
            assert_eq!(refused(Some(&parameters)), error);
        }
    }
}
