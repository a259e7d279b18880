"""Cryptography for test data: slow, not constant in time, and the same in every run.

No random number is drawn anywhere: nonces come from a digest of what they are for, so that the
corpus can be made again octet by octet.
"""

import hashlib
import hmac
import subprocess
import tempfile

# ---- what stands for randomness


def stream(seed, count):
    """`count` octets that depend on `seed` alone; none of them is zero (RFC 8017 7.2.1)."""
    found, counter = b"", 0
    while len(found) < count:
        block = hashlib.sha256(f"{seed} {counter}".encode()).digest()
        found += bytes(octet for octet in block if octet)
        counter += 1
    return found[:count]


# ---- AES (FIPS 197), modes of NIST SP 800-38A and 38D, key wrap (RFC 3394)


def _tables():
    inverse = [0] * 256
    for a in range(1, 256):
        for b in range(1, 256):
            if _times(a, b) == 1:
                inverse[a] = b
    forward = []
    for value in inverse:
        rotated = 0x63
        for shift in range(5):
            rotated ^= (value << shift | value >> (8 - shift)) & 0xFF
        forward.append(rotated)
    backward = [forward.index(value) for value in range(256)]
    return forward, backward


def _times(a, b):
    product = 0
    while b:
        if b & 1:
            product ^= a
        a = a << 1 ^ (0x11B if a & 0x80 else 0)
        b >>= 1
    return product


FORWARD, BACKWARD = _tables()
TIMES = {
    factor: [_times(factor, value) for value in range(256)] for factor in (2, 3, 9, 11, 13, 14)
}


def xor(one, other):
    return bytes(a ^ b for a, b in zip(one, other))


class Aes:
    def __init__(self, key):
        words, round_constant = [key[i : i + 4] for i in range(0, len(key), 4)], 1
        count, self.rounds = len(words), len(words) + 6
        for index in range(count, 4 * (self.rounds + 1)):
            word = words[-1]
            if index % count == 0:
                word = bytes(FORWARD[octet] for octet in word[1:] + word[:1])
                word = bytes([word[0] ^ round_constant]) + word[1:]
                round_constant = _times(round_constant, 2)
            elif count > 6 and index % count == 4:
                word = bytes(FORWARD[octet] for octet in word)
            words.append(xor(words[index - count], word))
        self.keys = [b"".join(words[i : i + 4]) for i in range(0, len(words), 4)]

    def encrypt(self, block):
        state = xor(block, self.keys[0])
        for number in range(1, self.rounds + 1):
            state = bytes(FORWARD[state[(i + 4 * (i % 4)) % 16]] for i in range(16))
            if number < self.rounds:
                state = _mix(state, (2, 3, 1, 1))
            state = xor(state, self.keys[number])
        return state

    def decrypt(self, block):
        state = block
        for number in range(self.rounds, 0, -1):
            state = xor(state, self.keys[number])
            if number < self.rounds:
                state = _mix(state, (14, 11, 13, 9))
            state = bytes(BACKWARD[state[(i - 4 * (i % 4)) % 16]] for i in range(16))
        return xor(state, self.keys[0])


def _mix(state, factors):
    mixed = bytearray()
    for column in range(0, 16, 4):
        for row in range(4):
            value = 0
            for index in range(4):
                factor, octet = factors[(index - row) % 4], state[column + index]
                value ^= octet if factor == 1 else TIMES[factor][octet]
            mixed.append(value)
    return bytes(mixed)


def padded(content):
    """RFC 5652 6.3."""
    count = 16 - len(content) % 16
    return content + bytes([count]) * count


def cbc_encrypt(key, iv, content, pad=padded):
    cipher, found, previous = Aes(key), b"", iv
    content = pad(content)
    for start in range(0, len(content), 16):
        previous = cipher.encrypt(xor(content[start : start + 16], previous))
        found += previous
    return found


def cbc_decrypt(key, iv, content):
    """With the padding."""
    cipher, found, previous = Aes(key), b"", iv
    for start in range(0, len(content), 16):
        block = content[start : start + 16]
        found += xor(cipher.decrypt(block), previous)
        previous = block
    return found


def _ghash(key, data):
    product, factor = 0, int.from_bytes(key, "big")
    for start in range(0, len(data), 16):
        value = product ^ int.from_bytes(data[start : start + 16].ljust(16, b"\x00"), "big")
        product, shifted = 0, factor
        for bit in range(127, -1, -1):
            if value >> bit & 1:
                product ^= shifted
            shifted = shifted >> 1 ^ (0xE1 << 120 if shifted & 1 else 0)
    return product.to_bytes(16, "big")


def gcm_encrypt(key, nonce, content, additional=b""):
    """The content and the whole tag, for a nonce of any length, none included."""
    cipher = Aes(key)
    hash_key = cipher.encrypt(bytes(16))

    def pad(data):
        return data + bytes(-len(data) % 16)

    def lengths(one, other):
        return (8 * len(one)).to_bytes(8, "big") + (8 * len(other)).to_bytes(8, "big")

    if len(nonce) == 12:
        counter = nonce + b"\x00\x00\x00\x01"
    else:
        counter = _ghash(hash_key, pad(nonce) + lengths(b"", nonce))
    found, current = b"", counter
    for start in range(0, len(content), 16):
        number = (int.from_bytes(current[12:], "big") + 1) % 2**32
        current = current[:12] + number.to_bytes(4, "big")
        found += xor(content[start : start + 16], cipher.encrypt(current))
    digest = _ghash(hash_key, pad(additional) + pad(found) + lengths(additional, found))
    return found, xor(digest, cipher.encrypt(counter))


def wrap(key_encryption_key, key):
    cipher, register = Aes(key_encryption_key), b"\xa6" * 8
    blocks = [key[i : i + 8] for i in range(0, len(key), 8)]
    for step in range(6 * len(blocks)):
        index = step % len(blocks)
        block = cipher.encrypt(register + blocks[index])
        register = xor(block[:8], (step + 1).to_bytes(8, "big"))
        blocks[index] = block[8:]
    return register + b"".join(blocks)


# ---- RSA (RFC 8017)

DIGEST_INFO = {
    "md5": "3020300c06082a864886f70d020505000410",
    "sha1": "3021300906052b0e03021a05000414",
    "sha256": "3031300d060960864801650304020105000420",
    "sha384": "3041300d060960864801650304020205000430",
    "sha512": "3051300d060960864801650304020305000440",
}


def digest(name, data):
    return hashlib.new(name, data).digest()


def pkcs1_encoded(name, data, size):
    """EMSA-PKCS1-v1_5."""
    info = bytes.fromhex(DIGEST_INFO[name]) + digest(name, data)
    return b"\x00\x01" + b"\xff" * (size - len(info) - 3) + b"\x00" + info


def mask(name, seed, count):
    """MGF1."""
    blocks = (count + hashlib.new(name).digest_size - 1) // hashlib.new(name).digest_size
    return b"".join(digest(name, seed + i.to_bytes(4, "big")) for i in range(blocks))[:count]


def pss_encoded(name, data, modulus_bits, salt, mask_name=None):
    """EMSA-PSS."""
    bits = modulus_bits - 1
    size = (bits + 7) // 8
    hashed = digest(name, bytes(8) + digest(name, data) + salt)
    block = bytes(size - len(salt) - len(hashed) - 2) + b"\x01" + salt
    masked = xor(block, mask(mask_name or name, hashed, len(block)))
    masked = bytes([masked[0] & 0xFF >> (8 * size - bits)]) + masked[1:]
    return masked + hashed + b"\xbc"


def oaep_encoded(name, message, size, seed, label=b"", first=0, mask_name=None):
    """EME-OAEP; `first` is the octet that has to be zero."""
    label_hash, mask_name = digest(name, label), mask_name or name
    block = label_hash + bytes(size - len(message) - 2 * len(label_hash) - 2) + b"\x01" + message
    seed = stream(seed, len(label_hash))
    masked = xor(block, mask(mask_name, seed, len(block)))
    return bytes([first]) + xor(seed, mask(mask_name, masked, len(seed))) + masked


def pkcs1_padded(message, size, seed):
    """EME-PKCS1-v1_5."""
    return b"\x00\x02" + stream(seed, size - len(message) - 3) + b"\x00" + message


# ---- X25519 (RFC 7748 5)


def x25519(scalar, point):
    prime = 2**255 - 19
    scalar = (int.from_bytes(scalar, "little") | 2**254) & (2**255 - 8)
    x = (int.from_bytes(point, "little") & (2**255 - 1)) % prime
    a, b, c, d = 1, x, 0, 1
    for bit in bin(scalar)[2:]:
        if bit == "1":
            a, b, c, d = b, a, d, c
        plus, minus = (a + c) ** 2, (a - c) ** 2
        cross, straight = (b + d) * (a - c), (b - d) * (a + c)
        a, b = plus * minus % prime, (cross + straight) ** 2 % prime
        c = (plus - minus) * (plus + 121665 * (plus - minus)) % prime
        d = x * (cross - straight) ** 2 % prime
        if bit == "1":
            a, b, c, d = b, a, d, c
    return (a * pow(c, -1, prime) % prime).to_bytes(32, "little")


# ---- key derivation


def x963_kdf(name, secret, shared_info, count):
    """ANSI X9.63, as SEC 1 3.6.1 has it."""
    blocks = (count + hashlib.new(name).digest_size - 1) // hashlib.new(name).digest_size
    found = b""
    for counter in range(1, blocks + 1):
        found += digest(name, secret + counter.to_bytes(4, "big") + shared_info)
    return found[:count]


def hkdf(name, secret, info, count, salt=b""):
    """RFC 5869."""
    salt = salt or bytes(hashlib.new(name).digest_size)
    key = hmac.new(salt, secret, name).digest()
    found, block, counter = b"", b"", 1
    while len(found) < count:
        block = hmac.new(key, block + info + bytes([counter]), name).digest()
        found += block
        counter += 1
    return found[:count]


# ---- Ed25519, by OpenSSL: RFC 8032 has no random number in it either


def ed25519(path, data):
    with tempfile.NamedTemporaryFile() as message:
        message.write(data)
        message.flush()
        command = ["openssl", "pkeyutl", "-sign", "-rawin", "-inkey", path, "-in", message.name]
        return subprocess.run(command, check=True, capture_output=True).stdout
