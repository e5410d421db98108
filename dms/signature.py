"""Ed25519 signatures beside files: ``FILE.sig``, 64 bytes over the whole file, as ``openssl pkeyutl -rawin`` makes them.

Keys are PEM files: ``openssl genpkey -algorithm ed25519 -out private.pem`` makes a private one, ``openssl pkey -in private.pem
-pubout -out public.pem`` the public half. Needs the package ``cryptography`` (``pip install 'dms[signing]'``), which is imported
only when a key is read.
"""

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from dms.errors import BackendUnavailable, InputError

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

SUFFIX = ".sig"


def signature_of(path: Path) -> Path:
    """Where the signature of a file lies."""
    return path.with_name(path.name + SUFFIX)


class TrustedKey:
    """The public half of the key whose signatures count.

    Raises:
        InputError: the file cannot be read or is no Ed25519 public key.
        BackendUnavailable: the package ``cryptography`` is missing.
    """

    def __init__(self, path: Path) -> None:
        text = _read(path)
        _need_package()
        from cryptography.exceptions import UnsupportedAlgorithm
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
        from cryptography.hazmat.primitives.serialization import load_pem_public_key

        try:
            key = load_pem_public_key(text)
        except (ValueError, UnsupportedAlgorithm):
            key = None
        if not isinstance(key, Ed25519PublicKey):
            raise InputError(f"{path}: not an Ed25519 public key (PEM)")
        self._verify: Callable[[bytes, bytes], None] = key.verify
        self.fingerprint = hashlib.sha256(key.public_bytes_raw()).hexdigest()[:16]
        """To compare keys by eye: the first 16 hexadecimal digits of the SHA-256 of its 32 bytes."""

    def require(self, path: Path) -> bytes:
        """Content of a file with a good signature beside it.

        Raises:
            InputError: the file or its signature cannot be read, or the signature is another file's or another key's.
        """
        from cryptography.exceptions import InvalidSignature

        data = _read(path)
        try:
            signature = signature_of(path).read_bytes()
        except OSError:
            raise InputError(f"{path}: not signed, and the configuration trusts one key only; see dms profiles sign") from None
        try:
            self._verify(signature, data)
        except InvalidSignature:
            raise InputError(f"{path}: its signature does not fit: the file was changed, or another key signed it") from None
        return data


def sign(path: Path, key: "Ed25519PrivateKey") -> Path:
    """Write the signature of a file beside it; its path.

    Raises:
        InputError: the file cannot be read, or there is no writing beside it.
    """
    signature = key.sign(_read(path))
    try:
        signature_of(path).write_bytes(signature)
    except OSError as error:
        raise InputError(f"{signature_of(path)}: {error.strerror}") from None
    return signature_of(path)


def read_private_key(path: Path) -> "Ed25519PrivateKey":
    """The private key to sign with.

    Raises:
        InputError: the file cannot be read, is encrypted, or is no Ed25519 private key.
        BackendUnavailable: the package ``cryptography`` is missing.
    """
    text = _read(path)
    _need_package()
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    try:
        key = load_pem_private_key(text, password=None)
    except TypeError:
        raise InputError(f"{path}: the key is encrypted; decrypt it first: openssl pkey -in {path.name}") from None
    except (ValueError, UnsupportedAlgorithm):
        key = None
    if not isinstance(key, Ed25519PrivateKey):
        raise InputError(f"{path}: not an Ed25519 private key (PEM); make one: openssl genpkey -algorithm ed25519")
    return key


def _need_package() -> None:
    """Refuse in one line where the package is missing.

    Raises:
        BackendUnavailable: with the command that mends it.
    """
    try:
        import cryptography  # noqa: F401
    except ImportError:
        raise BackendUnavailable("signatures need the package cryptography", "run: pip install 'dms[signing]'") from None


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise InputError(f"{path}: {error.strerror}") from None
