"""TLS: a certificate and its key, tried before anybody is served."""

from __future__ import annotations

import ssl
from dataclasses import dataclass
from pathlib import Path

from firmline.errors import Code, InputError, shortened


@dataclass(frozen=True, slots=True, kw_only=True)
class Tls:
    """Files that have been tried.

    Attributes:
        certificate: The certificate and its chain, PEM.
        key: Its private key without a password, PEM.
    """

    certificate: Path
    key: Path


def tls_of(certificate: Path | None, key: Path | None) -> Tls | None:
    """What two options name; ``None``: neither was given.

    Raises:
        InputError: ``TLS_UNUSABLE``: one alone was given, or they are no pair.
    """
    if certificate is None and key is None:
        return None
    if certificate is None or key is None:
        raise InputError(Code.TLS_UNUSABLE, "A certificate is of no use without its key.")

    def refuse_password() -> str:
        raise InputError(
            Code.TLS_UNUSABLE,
            f"The key {shortened(key)} has a password, and nobody is there to type it.",
            hint="Keep the key without a password, readable for the server alone.",
        )

    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(certificate, key, refuse_password)
    except (OSError, ValueError) as problem:
        reason = getattr(problem, "reason", None) or getattr(problem, "strerror", None) or problem
        raise InputError(
            Code.TLS_UNUSABLE,
            f"{shortened(certificate)} and {shortened(key)} cannot be used:"
            f" {str(reason).replace('_', ' ').lower()}.",
        ) from problem
    return Tls(certificate=certificate, key=key)
