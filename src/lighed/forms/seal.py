"""Sealing what a citizen has said: AES-256-GCM, with a key for each sealing and bound to the row that it belongs to.

The cipher is the one that Arrow has for encrypted Parquet files, so that nothing of it is written here.
"""

from __future__ import annotations

import hmac
import io
import secrets

import pyarrow as pa
import pyarrow.parquet as pq
from pyarrow.parquet.encryption import create_decryption_properties, create_encryption_properties

from lighed.core.errors import FormError

SALT = 16


def seal(text: str, key: bytes, *, of: str) -> bytes:
    """Return `text` sealed for the row `of`; nobody opens it without the key, or as another row's.

    Examples
    --------
    >>> sealed = seal("education: none", bytes(32), of="a1")
    >>> b"education" in sealed, opened(sealed, bytes(32), of="a1")
    (False, 'education: none')
    """
    salt, written = secrets.token_bytes(SALT), io.BytesIO()
    lock = create_encryption_properties(_derived(key, salt), aad_prefix=of.encode(), store_aad_prefix=False)
    pq.write_table(pa.table({"text": [text]}), written, encryption_properties=lock)
    return salt + written.getvalue()


def opened(sealed: bytes, key: bytes, *, of: str) -> str:
    """Return what was sealed for the row `of`; raises FormError when key or row is another, or a bit was changed."""
    unlock = create_decryption_properties(_derived(key, sealed[:SALT]), aad_prefix=of.encode())
    try:
        return str(pq.read_table(io.BytesIO(sealed[SALT:]), decryption_properties=unlock)["text"][0].as_py())
    except (OSError, pa.ArrowException):
        raise FormError("sealed") from None


def _derived(key: bytes, salt: bytes) -> bytes:
    return hmac.digest(key, b"seal" + salt, "sha256")
