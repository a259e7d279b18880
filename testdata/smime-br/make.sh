#!/usr/bin/env bash
# Makes the certificates of this folder with OpenSSL (3.0 or later), without network: a PKI as the S/MIME
# Baseline Requirements have it, and leaves that depart from them. Nobody keeps the keys. README.md says
# what each file is. Another run differs in keys and signatures alone.
set -euo pipefail
cd "$(dirname "$0")"
rm -f ./*.crt

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

cat >"$work/ca.cnf" <<CONF
[ca]
default_ca = this
[this]
database = $work/index
serial = $work/serial
new_certs_dir = $work
policy = anything
unique_subject = no
email_in_dn = yes
string_mask = utf8only
[anything]
commonName = optional
[req]
distinguished_name = dn
[dn]
CONF
: >"$work/index"

# issue ISSUER NAME SERIAL SUBJECT KEY BEGIN END EXTENSIONS: NAME.crt, by ISSUER or by itself where that is
# "self". KEY is rsa or the name of a curve.
issue() {
    local by=(-cert "$1.crt" -keyfile "$work/$1.pem") key=(-algorithm EC -pkeyopt "ec_paramgen_curve:$5")
    [ "$1" != self ] || by=(-selfsign -keyfile "$work/$2.pem")
    [ "$5" != rsa ] || key=(-algorithm RSA -pkeyopt rsa_keygen_bits:2048)
    openssl genpkey "${key[@]}" -out "$work/$2.pem" 2>/dev/null
    echo "$3" >"$work/serial"
    printf '%s\n' "$8" >"$work/extensions"
    openssl req -new -config "$work/ca.cnf" -key "$work/$2.pem" -subj "$4" -utf8 -out "$work/request"
    openssl ca -config "$work/ca.cnf" "${by[@]}" -md sha384 -in "$work/request" -startdate "$6" -enddate "$7" \
        -extfile "$work/extensions" -preserveDN -batch -notext -out "$2.crt" 2>"$work/log" ||
        { cat "$work/log" >&2; exit 1; }
}

# leaf NAME SERIAL SUBJECT KEY EXTENSIONS [BEGIN [END]]
leaf() {
    issue ca "$1" "5a000000000000000000000000000$2" "$3" "$4" "${6:-20260101000000Z}" "${7:-20271231235959Z}" "$5"
}

AUTHORITY='keyUsage = critical,keyCertSign,cRLSign
subjectKeyIdentifier = hash'

issue self root 5a000000000000000000000000000001 '/C=DE/O=Example Trust GmbH/CN=Example S\/MIME Root' P-384 \
    20250101000000Z 20491231235959Z "basicConstraints = critical,CA:TRUE
$AUTHORITY"
issue root ca 5a000000000000000000000000000002 '/C=DE/O=Example Trust GmbH/CN=Example S\/MIME CA' P-384 \
    20250101000000Z 20391231235959Z "basicConstraints = critical,CA:TRUE,pathlen:0
$AUTHORITY
authorityKeyIdentifier = keyid
extendedKeyUsage = emailProtection,clientAuth
certificatePolicies = 2.5.29.32.0
crlDistributionPoints = URI:http://pki.example.com/root.crl
authorityInfoAccess = caIssuers;URI:http://pki.example.com/root.crt"

PLACES='crlDistributionPoints = URI:http://pki.example.com/ca.crl
authorityInfoAccess = caIssuers;URI:http://pki.example.com/ca.crt,OCSP;URI:http://ocsp.example.com/'
KEYS='subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid'
RSA_USAGE='keyUsage = critical,digitalSignature,keyEncipherment'
EC_USAGE='keyUsage = critical,digitalSignature,keyAgreement'

# Sponsor-validated, Multipurpose.
leaf sponsor 101 \
    '/C=DE/O=Beispiel GmbH/organizationIdentifier=NTRDE-DER3306.HRB12345/SN=Example/GN=Alice/CN=Alice Example' rsa \
    "$PLACES
$KEYS
$RSA_USAGE
extendedKeyUsage = emailProtection,clientAuth
subjectAltName = email:alice@example.com
certificatePolicies = @policy
[policy]
policyIdentifier = 2.23.140.1.5.3.2
CPS.1 = https://pki.example.com/cps"

# Mailbox-validated, Strict, without a subject.
leaf mailbox 102 / P-256 "$PLACES
$KEYS
$EC_USAGE
extendedKeyUsage = emailProtection
subjectAltName = critical,email:bob@example.com
certificatePolicies = 2.23.140.1.5.1.3"

# Mailbox-validated, Multipurpose, without what should be there alone.
leaf should 103 '/CN=carol@example.com' P-256 "crlDistributionPoints = URI:http://pki.example.com/ca.crl
subjectKeyIdentifier = none
authorityKeyIdentifier = keyid
keyUsage = digitalSignature,keyAgreement
extendedKeyUsage = emailProtection
subjectAltName = email:carol@example.com
certificatePolicies = 2.23.140.1.5.1.2"

# Mailbox-validated, Strict, and wrong in five ways.
leaf wrong 104 '/O=Beispiel GmbH/CN=mallory@example.com' rsa "crlDistributionPoints = URI:ldap://ldap.example.com/cn=ca
authorityInfoAccess = caIssuers;URI:http://pki.example.com/ca.crt
$KEYS
$RSA_USAGE,dataEncipherment
extendedKeyUsage = emailProtection,clientAuth
subjectAltName = email:mallory@example.com
certificatePolicies = 2.23.140.1.5.1.3" 20260101000000Z 20281231235959Z

# The same certificate on the last day of the Legacy generation and on the first without it.
LEGACY="$PLACES
$KEYS
$RSA_USAGE
extendedKeyUsage = emailProtection
subjectAltName = email:dave@example.com
certificatePolicies = 2.23.140.1.5.1.1"
leaf legacy 105 '/CN=dave@example.com' rsa "$LEGACY" 20250714000000Z 20280801235959Z
leaf legacy-late 106 '/CN=dave@example.com' rsa "$LEGACY" 20250715000000Z 20280801235959Z
