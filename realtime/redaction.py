"""Where the workers find redaction; it lies in `pools`, whose alerts need it as well."""

from pools.redaction import Redactor, host_of, is_loopback

__all__ = ["Redactor", "host_of", "is_loopback"]
