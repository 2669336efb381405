# Copyright: (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""RSA keys and signatures (RFC 8017) without any library, as far as public numbers go.

What is not exactly of the form in which OpenSSL writes it raises ValueError, though it may be fine.
"""

from __future__ import annotations

import hashlib

from ansible_collections.mailops.smime.plugins.module_utils._x509.der import BIT_STRING, INTEGER, SEQUENCE, Element
from ansible_collections.mailops.smime.plugins.module_utils._x509.strict import (
    read_bits,
    read_number,
    read_pem,
    read_whole,
    take,
)

_OCTET_STRING = 0x04
_EXPONENT = 65537
_RSA = bytes.fromhex("300d06092a864886f70d0101010500")
# RFC 8017, appendix A.2.4 and 9.2: by the signature's algorithm, the hash and what stands before its value.
SIGNATURES = {
    bytes.fromhex(f"06092a864886f70d01010{digit}0500"): (name, bytes.fromhex(prefix))
    for digit, name, prefix in (
        ("b", "sha256", "3031300d060960864801650304020105000420"),
        ("c", "sha384", "3041300d060960864801650304020205000430"),
        ("d", "sha512", "3051300d060960864801650304020305000440"),
    )
}


def read_public_half(pem: bytes) -> bytes:
    """Return the SubjectPublicKeyInfo, in DER, of a private key that is not encrypted."""
    bare = pem.startswith(b"-----BEGIN RSA ")
    (encoded,) = read_pem(pem, b"RSA PRIVATE KEY" if bare else b"PRIVATE KEY")
    key = read_whole(encoded)
    if not bare:
        version, algorithm, inner = take(key, INTEGER, SEQUENCE, _OCTET_STRING)
        if version.value != b"\0" or algorithm.encoded != _RSA:
            raise ValueError("not an RSA key in PKCS#8")
        key = read_whole(inner.value)
    numbers = take(key, *[INTEGER] * 9)
    _check_private([read_number(number) for number in numbers])
    return _wrap(SEQUENCE, _RSA + _wrap(BIT_STRING, b"\0" + _wrap(SEQUENCE, numbers[1].encoded + numbers[2].encoded)))


def read_modulus(public_key: Element) -> int:
    """Return the modulus of a SubjectPublicKeyInfo."""
    algorithm, bits = take(public_key, SEQUENCE, BIT_STRING)
    modulus, exponent = (read_number(item) for item in take(read_whole(read_bits(bits)), INTEGER, INTEGER))
    if algorithm.encoded != _RSA:
        raise ValueError("not an RSA key")
    _check_public(modulus, exponent)
    return modulus


def is_signature(signature: bytes, signed: bytes, algorithm: bytes, modulus: int) -> bool:
    """Tell whether the key with ``modulus`` made ``signature`` over ``signed`` (RFC 8017, 8.2.2)."""
    name, prefix = SIGNATURES[algorithm]
    digest = prefix + hashlib.new(name, signed).digest()
    octets = (modulus.bit_length() + 7) // 8
    padded = b"\0\1" + b"\xff" * (octets - 3 - len(digest)) + b"\0" + digest
    number = int.from_bytes(signature, "big")
    whole = len(signature) == octets and number < modulus
    return whole and pow(number, _EXPONENT, modulus) == int.from_bytes(padded, "big")


def _check_public(modulus: int, exponent: int) -> None:
    if exponent != _EXPONENT or not modulus & 1 or not 2048 <= modulus.bit_length() <= 8192:
        raise ValueError("not an RSA key as they are made today")


def _check_private(numbers: list[int]) -> None:
    """Raise ValueError unless the numbers of an RSA key (RFC 8017, 3.2 and A.1.2) belong together."""
    version, n, e, d, p, q, dp, dq, qi = numbers
    _check_public(n, e)
    whole = version == 0 and p > 1 and q > 1 and n == p * q and d < n
    if not (
        whole and d * e % (p - 1) == d * e % (q - 1) == qi * q % p == 1 and dp == d % (p - 1) and dq == d % (q - 1)
    ):
        raise ValueError("a damaged RSA key")


def _wrap(tag: int, content: bytes) -> bytes:
    """Return the element with this content, which is as long as the parts of an RSA key are."""
    return bytes((tag, 0x82)) + len(content).to_bytes(2, "big") + content
