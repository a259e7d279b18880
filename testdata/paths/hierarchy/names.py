"""Distinguished names and general names, in every spelling."""

import ipaddress

from maker import oids
from maker.der import explicit, implicit, oid, sequence, set_of, text, tlv

# ---- Name


def attribute(kind, value):
    """AttributeTypeAndValue; the value is a text, or an element of any string type."""
    return sequence(oid(kind), text(value) if isinstance(value, str) else value)


def rdn(*attributes):
    return set_of(*attributes)


def common_name(value):
    return rdn(attribute(oids.COMMON_NAME, value))


ORGANIZATION = rdn(attribute(oids.ORGANIZATION, "mailseal paths"))


def name(value, organization=ORGANIZATION):
    """O=mailseal paths, and this commonName."""
    return sequence(organization, common_name(value))


def printable(value):
    return tlv(0x13, value.encode())


def teletex(value):
    return tlv(0x14, value.encode("latin-1"))


def ia5(value):
    return tlv(0x16, value.encode())


def bmp(value):
    return tlv(0x1E, value.encode("utf-16-be"))


# ---- GeneralName


def other_name(type_id, value):
    return tlv(0xA0, oid(type_id), explicit(0, value))


def smtp_utf8_mailbox(value):
    """RFC 9598 3."""
    return other_name(oids.SMTP_UTF8_MAILBOX, text(value))


def email(value):
    return tlv(0x81, value.encode())


def dns(value):
    return tlv(0x82, value.encode())


def directory(of):
    return tlv(0xA4, of)


def uri(value):
    return tlv(0x86, value.encode())


def ip(value):
    """An address, or address/mask for a constraint; the mask is an address or a length."""
    if "/" not in value:
        return tlv(0x87, ipaddress.ip_address(value).packed)
    address, mask = value.split("/")
    if mask.isdigit():
        mask = ipaddress.ip_network(value).netmask
    return tlv(0x87, ipaddress.ip_address(address).packed + ipaddress.ip_address(mask).packed)


def registered_id(dotted):
    return implicit(8, oid(dotted))
