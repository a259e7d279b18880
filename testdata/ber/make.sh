#!/usr/bin/env bash
# Makes the files of this folder with OpenSSL (3.0 or later), without network.
set -euo pipefail
cd "$(dirname "$0")"

# Of a size that makes OpenSSL write three chunks, the last one short.
for ((line = 1; line <= 270; line++)); do
    printf 'This is line %03d of the content.\r\n' "$line"
done >content.txt

# PKCS #1 v1.5 without signed attributes: each run gives the same signature, so the two differ in
# nothing but their encoding.
sign() {
    openssl cms -sign -binary -nodetach -noattr -md sha256 -in content.txt -outform DER \
        -signer ../keys/alice@example.com.crt -inkey ../keys/alice@example.com.pem "$@"
}
sign -out signed.p7m
sign -stream -out signed-stream.p7m

openssl cms -EncryptedData_encrypt -stream -binary -aes-128-cbc -in content.txt -outform DER \
    -secretkey 000102030405060708090a0b0c0d0e0f -out encrypted-stream.p7m
