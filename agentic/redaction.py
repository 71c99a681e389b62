"""Nothing that opens a door is written to a log: not in a message, not in a traceback, whoever logs it."""

from __future__ import annotations

import logging
import re

HIDDEN = "[redacted]"
# Names whose value is a secret wherever they stand: in a query, a form, a header, JSON, or the text of a dict.
NAMES = (
    "password", "passwd", "passphrase", "secret", "client_secret", "secret_key", "jwt_secret_key", "token",
    "access_token", "refresh_token", "id_token", "code_verifier", "api_key", "csrfmiddlewaretoken", "csrftoken",
    "sessionid",
)  # fmt: skip
# And those that are words of every day elsewhere.
IN_A_QUERY = ("code", "key", "nonce", "id_token_hint")
VALUE = r"""(?:'[^']*'|"[^"]*"|[^\s&;,'"#)}\]]+)"""
RULES = [
    (re.compile(pattern, re.IGNORECASE), instead)
    for pattern, instead in (
        # Our own keys and refresh tokens, whole or cut off, and any JWT.
        (r"\b(aa[a-z]_)[\w-]{6,}", rf"\1{HIDDEN}"),
        (r"\beyJ[\w-]{6,}(?:\.[\w-]*){0,4}", HIDDEN),
        # Whatever follows the name of a scheme, as in Authorization.
        (r"\b(Bearer|Basic|Digest)\s+[\w.~+/=:-]{8,}", rf"\1 {HIDDEN}"),
        (r"\b((?:set-)?cookie['\"]?\s*:\s*)[^\r\n]+", rf"\1{HIDDEN}"),
        # The password in an address, of a database say.
        (r"(\b[a-z][\w+.-]*://[^\s:/@'\"]*:)[^\s/'\"]+@", rf"\1{HIDDEN}@"),
        (rf"(?<![\w-])((?:{'|'.join(NAMES)})(?:['\"]?\s*:\s*|=)b?){VALUE}", rf"\1{HIDDEN}"),
        (rf"([?&;](?:{'|'.join(IN_A_QUERY)})=){VALUE}", rf"\1{HIDDEN}"),
    )
]


def redact(text: str) -> str:
    """`text` without what opens a door; the rest stays readable."""
    for pattern, instead in RULES:
        text = pattern.sub(instead, text)
    return text


class RedactingFormatter(logging.Formatter):
    """Cleans a line when it is whole, with its arguments and its traceback: a filter sees only the parts."""

    def format(self, record: logging.LogRecord) -> str:
        return redact(super().format(record))
