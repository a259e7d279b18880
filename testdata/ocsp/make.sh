#!/usr/bin/env bash
# Makes the OCSP requests and responses of this folder with OpenSSL (3.0 or later) from ../pki and ../keys,
# without network. To be run again when those change: ../README.md says what each file is.
#
# good.req comes out the same each time, octet for octet. The others cannot: responder.pem is a new key,
# its signatures have random numbers in them, good-nonce.req has a random nonce, and OpenSSL takes
# producedAt and thisUpdate from the clock. So it does with nextUpdate, which is in 2199 in whole days
# from now.
set -euo pipefail
cd "$(dirname "$0")"
rm -f ./*.crt ./*.pem ./*.req ./*.resp

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

BEGIN=20250101000000Z
END=21991231235959Z
days=$((($(date -u -d 2199-12-01 +%s) - $(date +%s)) / 86400))

# A responder of its own (RFC 6960 4.2.2.2), by the CA that it answers for.
openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -pkeyopt ec_param_enc:named_curve \
    -out responder.pem 2>/dev/null
chmod 600 responder.pem
cat >"$work/ca.cnf" <<CONF
[ca]
default_ca = this
[this]
database = $work/issued
serial = $work/serial
new_certs_dir = $work
default_md = sha256
policy = anything
[anything]
organizationName = optional
commonName = optional
[req]
distinguished_name = dn
[dn]
[extensions]
basicConstraints = CA:FALSE
keyUsage = critical,digitalSignature
extendedKeyUsage = OCSPSigning
noCheck = ignored
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
CONF
: >"$work/issued"
echo 3101 >"$work/serial"
openssl req -new -config "$work/ca.cnf" -key responder.pem -subj '/O=mailseal tests/CN=Responder' \
    -utf8 -out "$work/request"
openssl ca -config "$work/ca.cnf" -cert ../pki/intermediate.crt -keyfile ../pki/intermediate.pem \
    -in "$work/request" -startdate $BEGIN -enddate $END -extensions extensions -preserveDN -batch \
    -notext -out responder.crt 2>"$work/log" || { cat "$work/log" >&2; exit 1; }

# What the intermediate has issued, as far as the responder knows: alice (1001) and bob (1002). The
# fields are status, end, revocation, serial, file, subject.
printf '%s\t991231235959Z\t%s\t%s\tunknown\t/O=mailseal tests/CN=%s\n' \
    V '' 1001 alice \
    R 250601000000Z,keyCompromise 1002 bob >"$work/index"

# ask FILE NAME OPTIONS…: FILE.req about keys/NAME@example.com.
ask() {
    local file=$1 name=$2
    shift 2
    openssl x509 -in "../keys/$name@example.com.crt" -out "$work/$name.crt"
    openssl ocsp -issuer ../pki/intermediate.crt "$@" -cert "$work/$name.crt" -reqout "$file"
}

# answer REQUEST FILE SIGNER OPTIONS…: SIGNER is the path of a .crt and a .pem.
answer() {
    local request=$1 file=$2 signer=$3
    shift 3
    openssl ocsp -index "$work/index" -CA ../pki/intermediate.crt -ndays "$days" -reqin "$request" \
        -rsigner "$signer.crt" -rkey "$signer.pem" -respout "$file" "$@" >"$work/log" 2>&1 ||
        { cat "$work/log" >&2; exit 1; }
}

ask good.req alice -no_nonce
ask good-nonce.req alice -nonce
ask "$work/revoked.req" bob -no_nonce
ask "$work/unknown.req" carol -no_nonce -sha256

answer good.req good.resp ../pki/intermediate -resp_key_id -resp_no_certs
answer good-nonce.req good-nonce.resp responder
answer "$work/revoked.req" revoked.resp responder -resp_key_id
answer "$work/unknown.req" unknown.resp responder

# Whether OpenSSL itself takes them for what they are.
# expect WORD RESPONSE NAME OPTIONS…
expect() {
    local word=$1 response=$2 name=$3
    shift 3
    openssl ocsp -respin "$response" -CAfile ../pki/root.crt -verify_other ../pki/intermediate.crt \
        -issuer ../pki/intermediate.crt "$@" -cert "$work/$name.crt" -no_nonce >"$work/said" 2>&1
    grep -q '^Response verify OK' "$work/said" && grep -q ": $word\$" "$work/said" ||
        { echo "$response:"; cat "$work/said"; exit 1; } >&2
}
expect good good.resp alice
expect good good-nonce.resp alice
expect revoked revoked.resp bob
expect unknown unknown.resp carol -sha256
