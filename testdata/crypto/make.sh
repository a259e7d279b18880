#!/bin/sh
# Makes the keys and signatures of this directory with OpenSSL 3: vectors for src/crypto that
# another implementation made. Running it again replaces all of them; the tests hold with any.
#
#   *.pkcs8.der *.pkcs1.der *.sec1.der   private keys, for tests only
#   *.spki.der                           their public keys
#   KEY.SCHEME.DIGEST.sig                signatures over message.txt
#   KEY.KEYING.CIPHER.cms                message.txt encrypted to KEY, in EnvelopedData, or in
#                                        AuthEnvelopedData for GCM. KEYING is the key derivation's
#                                        digest of a key agreement, or the padding of a key
#                                        transport: oaep-HASH-MGF1HASH
set -eu
cd "$(dirname "$0")"
rm -f ./*.der ./*.sig ./*.cms

pkcs8() { # NAME, then the options of genpkey
    name=$1; shift
    openssl genpkey "$@" 2>/dev/null |
        openssl pkcs8 -topk8 -nocrypt -outform DER -out "$name.pkcs8.der"
    openssl pkey -inform DER -in "$name.pkcs8.der" -pubout -outform DER -out "$name.spki.der"
}

for bits in 1024 2048 2056 3072 4096; do
    pkcs8 rsa$bits -algorithm RSA -pkeyopt rsa_keygen_bits:$bits
done
pkcs8 rsa2048-e3 -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -pkeyopt rsa_keygen_pubexp:3
pkcs8 rsa2048-3primes -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -pkeyopt rsa_keygen_primes:3
pkcs8 rsa2048-pss -algorithm RSA-PSS -pkeyopt rsa_keygen_bits:2048
pkcs8 rsa2048-pss-sha384 -algorithm RSA-PSS -pkeyopt rsa_keygen_bits:2048 \
    -pkeyopt rsa_pss_keygen_md:sha384 -pkeyopt rsa_pss_keygen_mgf1_md:sha384 \
    -pkeyopt rsa_pss_keygen_saltlen:32
pkcs8 p256 -algorithm EC -pkeyopt ec_paramgen_curve:P-256
pkcs8 p256-other -algorithm EC -pkeyopt ec_paramgen_curve:P-256
pkcs8 p256-explicit -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -pkeyopt ec_param_enc:explicit
pkcs8 p384 -algorithm EC -pkeyopt ec_paramgen_curve:P-384
pkcs8 p521 -algorithm EC -pkeyopt ec_paramgen_curve:P-521
pkcs8 secp256k1 -algorithm EC -pkeyopt ec_paramgen_curve:secp256k1
pkcs8 ed25519 -algorithm ED25519
# Old mail has 1024 bits and a q of 160, FIPS 186-4 more of both.
for bits in 1024:160 2048:256; do
    openssl genpkey -genparam -algorithm DSA -pkeyopt dsa_paramgen_bits:${bits%:*} \
        -pkeyopt dsa_paramgen_q_bits:${bits#*:} -out dsa.parameters 2>/dev/null
    pkcs8 dsa${bits%:*} -paramfile dsa.parameters
    rm dsa.parameters
done
pkcs8 x25519 -algorithm X25519
pkcs8 ed448 -algorithm ED448
pkcs8 x448 -algorithm X448

openssl rsa -inform DER -in rsa2048.pkcs8.der -traditional -outform DER -out rsa2048.pkcs1.der 2>/dev/null
for curve in p256 p384 p521 secp256k1; do
    openssl ec -inform DER -in $curve.pkcs8.der -outform DER -out $curve.sec1.der 2>/dev/null
done

sign() { # KEY SCHEME DIGEST, then the options of dgst
    key=$1; scheme=$2; digest=$3; shift 3
    openssl dgst -"$digest" -sign "$key.pkcs8.der" -keyform DER "$@" \
        -out "$key.$scheme.$digest.sig" message.txt
}

for digest in sha256 sha384 sha512; do
    for key in rsa2048 rsa2048-e3 rsa2056 rsa3072 rsa4096; do
        sign $key pkcs1 $digest
        sign $key pss $digest -sigopt rsa_padding_mode:pss -sigopt rsa_pss_saltlen:digest
    done
    for key in p256 p384 p521; do
        sign $key ecdsa $digest
    done
done
# Ed25519 signs the message itself.
openssl pkeyutl -sign -rawin -inkey ed25519.pkcs8.der -keyform DER -in message.txt \
    -out ed25519.eddsa.sig
sign dsa1024 dsa sha1
sign dsa2048 dsa sha256
# The salt is as long as fits, which is not what CMS signatures of ours have.
sign rsa2048 pss-max sha256 -sigopt rsa_padding_mode:pss -sigopt rsa_pss_saltlen:max

certificate=$(mktemp)
trap 'rm -f "$certificate"' EXIT
encrypt() { # KEY KEYING CIPHER, then the options of -recip
    key=$1; keying=$2; cipher=$3; shift 3
    openssl req -x509 -new -key "$key.pkcs8.der" -keyform DER -subj "/CN=$key" -out "$certificate"
    openssl cms -encrypt -binary -in message.txt -"$cipher" -outform DER \
        -out "$key.$keying.$cipher.cms" -recip "$certificate" "$@"
}

for cipher in aes-128-cbc aes-256-cbc aes-128-gcm aes-256-gcm; do
    encrypt p256 sha256 $cipher -keyopt ecdh_kdf_md:sha256
    encrypt rsa2048 pkcs1 $cipher
done
for cipher in aes-192-cbc aes-192-gcm; do
    encrypt rsa2048 pkcs1 $cipher
done
for cipher in des3 rc2-40-cbc rc2-64-cbc rc2-cbc; do
    encrypt rsa2048 pkcs1 $cipher -provider legacy -provider default
done
for digest in sha1 sha224 sha384 sha512; do
    encrypt p256 $digest aes-256-cbc -keyopt ecdh_kdf_md:$digest
done
encrypt p256 sha1 des3 -keyopt ecdh_kdf_md:sha1
encrypt p384 sha384 aes-192-cbc -keyopt ecdh_kdf_md:sha384
encrypt p521 sha512 aes-256-gcm -keyopt ecdh_kdf_md:sha512
oaep() { # HASH MGF1HASH
    encrypt rsa2048 "oaep-$1-$2" aes-256-gcm -keyopt rsa_padding_mode:oaep \
        -keyopt rsa_oaep_md:"$1" -keyopt rsa_mgf1_md:"$2"
}
for digest in sha1 sha256 sha384 sha512; do
    oaep $digest $digest
    oaep sha256 $digest
done
encrypt rsa2048 oaep-label aes-256-cbc -keyopt rsa_padding_mode:oaep -keyopt rsa_oaep_md:sha256 \
    -keyopt rsa_mgf1_md:sha384 -keyopt rsa_oaep_label:6c6162656c
chmod 644 ./*.der
