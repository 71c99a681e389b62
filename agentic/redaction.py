"""Nothing that opens a door is written to a log: not in a message, not in a traceback, whoever logs it."""

from __future__ import annotations

import logging
import re

HIDDEN = "[redacted]"
# Names whose value is a secret wherever they stand: in a query, a form, a header, JSON, or the text of a dict. Also as
# the end of a longer name (`OIDC_CLIENT_SECRET`), and before a number (`new_password1`).
NAMES = (
    "password", "passwd", "passphrase", "passcode", "pwd", "secret", "token", "secret[_-]?key", "api[_-]?key",
    "access[_-]?key", "private[_-]?key", "signing[_-]?key", "code_verifier", "id_token_hint", "client_assertion",
    "credentials?", "csrftoken", "session_?id",
)  # fmt: skip
# And those that are words of every day elsewhere.
IN_A_QUERY = ("code", "key", "nonce")
# In an address within an address, as after `next=`, signs are percent-encoded, and again in the next one.
PERCENT = r"%(?:25)*"
# Between a name and its value: `=`, or `:`, or the `,` of a pair; the name may be quoted, and the quotes escaped.
JOINT = rf"""(?:\\*['"]\s*[:,=]|\s*[:=]|{PERCENT}3[ad])\s*"""
# A text in quotes ends with the quote it began with, escaped as often as that; one that was cut off, with its line.
QUOTED = r"""[\[({]*[bru]?(?P<quote>\\*['"])(?:(?s:.*?)(?<!\\)(?P=quote)|.*)"""
VALUE = rf"(?:{QUOTED}|[^\s&]+)"
# Where a word begins; an encoded sign ends in what could be letters of it.
START = r"(?:\b|(?<=%[\da-f]{2})|(?<=%25[\da-f]{2}))"
# What is no English word: so short a secret may be after the name of a scheme.
SHORT = r"(?=\S*[\d_.~+/=:-]|\S*(?-i:[A-Z])|\S{8})"
RULES = [
    (re.compile(pattern, re.IGNORECASE), instead)
    for pattern, instead in (
        # The whole value of these headers, with or without a scheme.
        (rf"((?:authorization|cookie){JOINT})(?:{QUOTED}|[^\r\n]+)", rf"\1{HIDDEN}"),
        # Our own keys and refresh tokens, whole or cut off, and any JWT.
        (rf"{START}(aa[a-z]_)[\w-]{{6,}}", rf"\1{HIDDEN}"),
        (rf"{START}eyJ[\w-]{{6,}}(?:\.[\w-]*){{0,4}}", HIDDEN),
        (rf"\b(Bearer|Basic|Digest)\s+{SHORT}[\w.~+/=:-]+", rf"\1 {HIDDEN}"),
        # The password in an address, of a database say.
        (r"(\b[a-z][\w+.-]{0,30}://[^\s:/@'\"]*:)[^\s/'\"]+@", rf"\1{HIDDEN}@"),
        (rf"((?:{'|'.join(NAMES)})\d*{JOINT}){VALUE}", rf"\1{HIDDEN}"),
        (
            rf"((?:[?&;'\"]|{PERCENT}(?:3f|26))(?:{'|'.join(IN_A_QUERY)})(?:=|{PERCENT}3d))[^\s&]+",
            rf"\1{HIDDEN}",
        ),
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
