# Copyright (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Revoked certificates, and the list of them (RFC 5280, section 5), right or with what a test wants to be wrong with it."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from types import MappingProxyType

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding

from test_ca.arguments import FieldError, choice, update
from test_ca.authority import PEM, Authority, Issuer, authority_key_identifier
from test_ca.listeners import Delivery, say

CRL_PATH = "/crl/issuer.crl"
CRL_TYPE = "application/pkix-crl"
FETCHES_KEPT = 10_000
LARGE = 32 * 1024 * 1024
SILENCE_SECONDS = 600.0
LONGEST_SECONDS = 10 * 365 * 86400
# "removeFromCRL" is for delta CRLs alone.
REASONS = tuple(reason.value for reason in x509.ReasonFlags if reason is not x509.ReasonFlags.remove_from_crl)
UNKNOWN_EXTENSION = x509.UnrecognizedExtension(x509.ObjectIdentifier("1.3.6.1.4.1.55555.1"), b"\x05\x00")


@dataclass(frozen=True)
class Revocation:
    """A revoked certificate, as the control API takes and tells it."""

    serial_number: str = ""
    reason: str = choice("unspecified", *(reason for reason in REASONS if reason != "unspecified"))
    days_ago: int = 0

    def entry(self, now: datetime) -> x509.RevokedCertificate:
        """Give the list's entry; the reason is left out where there is none to say (section 5.3.1)."""
        builder = x509.RevokedCertificateBuilder().serial_number(int(self.serial_number))
        builder = builder.revocation_date(now - timedelta(days=self.days_ago))
        if self.reason != "unspecified":
            builder = builder.add_extension(x509.CRLReason(x509.ReasonFlags(self.reason)), critical=False)
        return builder.build()


@dataclass(frozen=True)
class Draft:
    """What a list is made of."""

    issuer: Issuer
    revocations: tuple[Revocation, ...]
    number: int
    begins: datetime
    ends: datetime
    extension: x509.ExtensionType | None = None
    encoding: Encoding = Encoding.DER
    signer: Issuer | None = None  # none: the issuer

    def sign(self) -> bytes:
        """Write the list."""
        builder = (
            x509.CertificateRevocationListBuilder()
            .issuer_name(self.issuer.certificate.subject)
            .last_update(self.begins)
            .next_update(self.ends)
            .add_extension(x509.CRLNumber(self.number), critical=False)
            .add_extension(authority_key_identifier(self.issuer), critical=False)
        )
        for revocation in self.revocations:
            builder = builder.add_revoked_certificate(revocation.entry(self.begins))
        if self.extension is not None:
            builder = builder.add_extension(self.extension, critical=True)
        return builder.sign((self.signer or self.issuer).key, hashes.SHA256()).public_bytes(self.encoding)

    def shift(self, days: int) -> Draft:
        """Move its time."""
        return replace(self, begins=self.begins + timedelta(days=days), ends=self.ends + timedelta(days=days))


def send_list(draft: Draft) -> Delivery:
    """Send the list as it should be."""
    return say(200, draft.sign(), CRL_TYPE)


def send_half_list(draft: Draft) -> Delivery:
    """Send the first half, as if that were all."""
    whole = draft.sign()
    return say(200, whole[: len(whole) // 2], CRL_TYPE)


def send_changed(change: Callable[[Authority, Draft], Draft]) -> Callable[[Authority, Draft], Delivery]:
    """Give a trouble that sends a changed list."""
    return lambda authority, draft: send_list(change(authority, draft))


def expire(_authority: Authority, draft: Draft) -> Draft:
    """Let its time be over, however long it is."""
    return draft.shift(-(draft.ends - draft.begins).days - 2)


# What is wrong with the list, or with how it is served.
CRL_TROUBLES: Mapping[str, Callable[[Authority, Draft], Delivery]] = MappingProxyType(
    {
        "none": lambda _authority, draft: send_list(draft),
        "expired": send_changed(expire),
        "not_yet_valid": send_changed(lambda _authority, draft: draft.shift(7)),
        "wrong_signature": send_changed(
            lambda authority, draft: replace(draft, signer=authority.stranger.intermediate)
        ),
        "wrong_issuer": send_changed(lambda authority, draft: replace(draft, issuer=authority.stranger.intermediate)),
        "delta": send_changed(lambda _authority, draft: replace(draft, extension=x509.DeltaCRLIndicator(draft.number))),
        "unknown_extension": send_changed(lambda _authority, draft: replace(draft, extension=UNKNOWN_EXTENSION)),
        "pem": send_changed(lambda _authority, draft: replace(draft, encoding=PEM)),
        "truncated": lambda _authority, draft: send_half_list(draft),
        "garbage": lambda _authority, _draft: say(200, b"<html>no list</html>", "text/html"),
        "empty": lambda _authority, _draft: say(200, b"", CRL_TYPE),
        "too_large": lambda _authority, draft: say(200, draft.sign() + bytes(LARGE), CRL_TYPE),
        "redirect": lambda _authority, _draft: say(302, b"", "text/html", ("Location", "http://127.0.0.1:9/crl")),
        "not_found": lambda _authority, _draft: say(404, b"not found\n", "text/plain"),
        "unavailable": lambda _authority, _draft: say(503, b"try again later\n", "text/plain"),
        "cut": lambda _authority, _draft: Delivery(None, cut=True),
        "silent": lambda _authority, draft: replace(send_list(draft), seconds=SILENCE_SECONDS),
    }
)


@dataclass
class RevocationList:
    """What is revoked, and how often the list was asked for. `urls` says where it is served, by scheme."""

    authority: Authority
    urls: dict[str, str] = field(default_factory=dict)
    revoked: dict[str, Revocation] = field(default_factory=dict)
    fetches: deque[dict[str, str]] = field(default_factory=lambda: deque(maxlen=FETCHES_KEPT))
    number: int = 0

    def revoke(self, wanted: object) -> None:
        """Revoke a certificate by its serial number, or change why and when it was."""
        revocation = update(Revocation(), wanted)
        if not revocation.serial_number.isascii() or not revocation.serial_number.isdecimal():
            raise FieldError("'serial_number' must be a decimal number, as text")
        if not 0 <= revocation.days_ago <= 3650:
            raise FieldError("'days_ago' must be 0 to 3650")
        self.revoked[revocation.serial_number] = revocation

    def deliver(self, scheme: str, trouble: str, seconds: int) -> Delivery:
        """Answer somebody who asks for the list; it is good for so many seconds."""
        self.fetches.append({"scheme": scheme, "trouble": trouble})
        self.number += 1
        now = datetime.now(UTC).replace(microsecond=0)
        draft = Draft(
            issuer=self.authority.hierarchy.intermediate,
            revocations=tuple(self.revoked.values()),
            number=self.number,
            begins=now,
            ends=now + timedelta(seconds=seconds),
        )
        return CRL_TROUBLES[trouble](self.authority, draft)

    def describe(self) -> dict[str, object]:
        """Tell what is revoked, where that is told, and who asked."""
        revoked = [vars(revocation) for revocation in self.revoked.values()]
        return {"urls": self.urls, "revoked": revoked, "fetches": list(self.fetches)}
