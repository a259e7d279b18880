//! One RecipientInfo, taken apart.

use der::Decode;
use der::asn1::ObjectIdentifier;
use spki::AlgorithmIdentifierRef;

use super::identifier::RecipientIdentifier;
use crate::asn1::reader::{self, Element, Reader};
use crate::asn1::{oid, tag, tlv};
use crate::crypto;

/// RecipientInfo (RFC 5652 6.2). The versions say nothing that the tags do not.
#[derive(Clone, Debug)]
pub(super) enum Structure {
    KeyTransport {
        identifier: RecipientIdentifier,
        algorithm: Algorithm,
        encrypted_key: Vec<u8>,
    },
    KeyAgreement {
        /// None when it is the originator's certificate.
        originator: Option<Originator>,
        user_keying_material: Option<Vec<u8>>,
        algorithm: Algorithm,
        /// One ephemeral key may serve several recipients (RFC 5753 3.1.1).
        encrypted_keys: Vec<(RecipientIdentifier, Vec<u8>)>,
    },
    KeyEncryptionKey {
        identifier: Vec<u8>,
        algorithm: Algorithm,
        encrypted_key: Vec<u8>,
    },
    Password {
        derivation: Option<Algorithm>,
        algorithm: Algorithm,
        encrypted_key: Vec<u8>,
    },
    KeyEncapsulation {
        identifier: RecipientIdentifier,
        mechanism: Algorithm,
        ciphertext: Vec<u8>,
        derivation: Algorithm,
        /// None when it does not fit its type: 1 to 65535.
        kek_length: Option<u16>,
        user_keying_material: Option<Vec<u8>>,
        wrap: Algorithm,
        encrypted_key: Vec<u8>,
    },
    /// What cannot be opened: an OtherRecipientInfo of this type, or an alternative of a later
    /// standard.
    Other(Option<ObjectIdentifier>),
}

/// OriginatorPublicKey (RFC 5652 6.2.2).
#[derive(Clone, Debug)]
pub(super) struct Originator {
    pub(super) algorithm: Algorithm,
    /// The content of the BIT STRING.
    pub(super) public_key: Vec<u8>,
}

/// An AlgorithmIdentifier, a whole DER element.
#[derive(Clone, Debug)]
pub(super) struct Algorithm(Vec<u8>);

impl Algorithm {
    pub(super) fn identifier(&self) -> Result<AlgorithmIdentifierRef<'_>, crypto::Error> {
        AlgorithmIdentifierRef::from_der(&self.0).map_err(|_| crypto::Error::MalformedParameters {
            algorithm: "an AlgorithmIdentifier".to_owned(),
        })
    }

    /// The name the RFCs give it.
    pub(super) fn name(&self) -> String {
        match self.identifier() {
            Ok(identifier) => oid::name(&identifier.oid),
            Err(_) => "malformed".to_owned(),
        }
    }
}

impl Structure {
    /// Reads one, which lies in `der` where the element says.
    pub(super) fn read(der: &[u8], recipient: &Element) -> Result<Structure, reader::Error> {
        const KARI: u8 = tag::context_constructed(1);
        const KEKRI: u8 = tag::context_constructed(2);
        const PWRI: u8 = tag::context_constructed(3);
        const ORI: u8 = tag::context_constructed(4);
        let mut fields = Fields {
            der,
            reader: Reader::of(der, recipient.value()),
        };
        let structure = match recipient.tag() {
            tag::SEQUENCE => fields.key_transport()?,
            KARI => fields.key_agreement()?,
            KEKRI => fields.key_encryption_key()?,
            PWRI => fields.password()?,
            ORI => return fields.other(),
            _ => return Ok(Structure::Other(None)),
        };
        fields.reader.finish()?;
        Ok(structure)
    }
}

/// The fields of one structure, read one after another.
struct Fields<'a> {
    der: &'a [u8],
    reader: Reader<'a>,
}

impl<'a> Fields<'a> {
    fn key_transport(&mut self) -> Result<Structure, reader::Error> {
        self.reader.expect(tag::INTEGER)?;
        Ok(Structure::KeyTransport {
            identifier: RecipientIdentifier::read(self.der, &mut self.reader)?,
            algorithm: self.algorithm()?,
            encrypted_key: self.octets()?,
        })
    }

    fn key_agreement(&mut self) -> Result<Structure, reader::Error> {
        self.reader.expect(tag::INTEGER)?;
        let originator = self.reader.expect(tag::context_constructed(0))?;
        let originator = self.inside(&originator).originator()?;
        let user_keying_material = self.user_keying_material(1)?;
        let algorithm = self.algorithm()?;
        let sequence = self.reader.expect(tag::SEQUENCE)?;
        let mut keys = self.inside(&sequence);
        let mut encrypted_keys = Vec::new();
        while !keys.reader.is_empty() {
            let key = keys.reader.expect(tag::SEQUENCE)?;
            let mut key = keys.inside(&key);
            let identifier = RecipientIdentifier::read(key.der, &mut key.reader)?;
            encrypted_keys.push((identifier, key.octets()?));
            key.reader.finish()?;
        }
        Ok(Structure::KeyAgreement {
            originator,
            user_keying_material,
            algorithm,
            encrypted_keys,
        })
    }

    /// OriginatorIdentifierOrKey: originatorKey is `[1] IMPLICIT OriginatorPublicKey`.
    fn originator(&mut self) -> Result<Option<Originator>, reader::Error> {
        let Some(key) = self.reader.optional(tag::context_constructed(1))? else {
            return Ok(None);
        };
        self.reader.finish()?;
        let mut key = self.inside(&key);
        let algorithm = key.algorithm()?;
        let bits = key.reader.expect(tag::BIT_STRING)?;
        key.reader.finish()?;
        match key.reader.value(&bits) {
            [0, public_key @ ..] => Ok(Some(Originator {
                algorithm,
                public_key: public_key.to_vec(),
            })),
            _ => Err(reader::Error::Value(bits.value().start)),
        }
    }

    fn key_encryption_key(&mut self) -> Result<Structure, reader::Error> {
        self.reader.expect(tag::INTEGER)?;
        // KEKIdentifier ::= SEQUENCE { keyIdentifier, date OPTIONAL, other OPTIONAL }
        let identifier = self.reader.expect(tag::SEQUENCE)?;
        let identifier = self.inside(&identifier).octets()?;
        Ok(Structure::KeyEncryptionKey {
            identifier,
            algorithm: self.algorithm()?,
            encrypted_key: self.octets()?,
        })
    }

    fn password(&mut self) -> Result<Structure, reader::Error> {
        self.reader.expect(tag::INTEGER)?;
        // [0] IMPLICIT KeyDerivationAlgorithmIdentifier
        let derivation = self.reader.optional(tag::context_constructed(0))?;
        let derivation = derivation.map(|derivation| self.reader.value(&derivation));
        Ok(Structure::Password {
            derivation: derivation.map(|value| Algorithm(tlv::element(tag::SEQUENCE, value))),
            algorithm: self.algorithm()?,
            encrypted_key: self.octets()?,
        })
    }

    /// OtherRecipientInfo ::= SEQUENCE { oriType OBJECT IDENTIFIER, oriValue ANY }
    fn other(&mut self) -> Result<Structure, reader::Error> {
        let ori_type = self.reader.expect(tag::OBJECT_IDENTIFIER)?;
        let ori_type = ObjectIdentifier::from_bytes(self.reader.value(&ori_type)).ok();
        let value = self.reader.read()?;
        self.reader.finish()?;
        if ori_type != Some(oid::ID_ORI_KEM) || value.tag() != tag::SEQUENCE {
            return Ok(Structure::Other(ori_type));
        }
        let mut fields = self.inside(&value);
        let structure = fields.key_encapsulation()?;
        fields.reader.finish()?;
        Ok(structure)
    }

    /// KEMRecipientInfo (RFC 9629 3).
    fn key_encapsulation(&mut self) -> Result<Structure, reader::Error> {
        self.reader.expect(tag::INTEGER)?;
        Ok(Structure::KeyEncapsulation {
            identifier: RecipientIdentifier::read(self.der, &mut self.reader)?,
            mechanism: self.algorithm()?,
            ciphertext: self.octets()?,
            derivation: self.algorithm()?,
            kek_length: self.kek_length()?,
            user_keying_material: self.user_keying_material(0)?,
            wrap: self.algorithm()?,
            encrypted_key: self.octets()?,
        })
    }

    fn kek_length(&mut self) -> Result<Option<u16>, reader::Error> {
        let length = self.reader.expect(tag::INTEGER)?;
        Ok(match self.reader.value(&length) {
            [low @ 0..=0x7f] => Some(u16::from(*low)),
            [high @ 0..=0x7f, low] | [0, high, low] => Some(u16::from_be_bytes([*high, *low])),
            _ => None,
        })
    }

    /// `[number] EXPLICIT UserKeyingMaterial OPTIONAL`
    fn user_keying_material(&mut self, number: u8) -> Result<Option<Vec<u8>>, reader::Error> {
        match self.reader.optional(tag::context_constructed(number))? {
            None => Ok(None),
            Some(material) => {
                let mut material = self.inside(&material);
                let octets = material.octets()?;
                material.reader.finish()?;
                Ok(Some(octets))
            }
        }
    }

    fn algorithm(&mut self) -> Result<Algorithm, reader::Error> {
        let algorithm = self.reader.expect(tag::SEQUENCE)?;
        Ok(Algorithm(self.der[algorithm.whole()].to_vec()))
    }

    fn octets(&mut self) -> Result<Vec<u8>, reader::Error> {
        let octets = self.reader.expect(tag::OCTET_STRING)?;
        Ok(self.reader.value(&octets).to_vec())
    }

    fn inside(&self, element: &Element) -> Fields<'a> {
        Fields {
            der: self.der,
            reader: self.reader.inside(element),
        }
    }
}
