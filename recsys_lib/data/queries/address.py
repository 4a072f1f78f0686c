"""The address of a database, with what is secret in the environment."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from urllib.parse import quote

_VARIABLE = re.compile(r"\$\{(\w+)\}")
_SECRET = re.compile(
    r"^[\w+]+://[^:@/?]*:(?P<password>[^@/]*)@"
    r"|[?&;](?:password|passwd|pwd|token|secret|api_?key|access_?key)=(?P<option>[^&;]*)",
    re.IGNORECASE,
)
_SHORTEST_SECRET = 3  # characters; shorter values are in too many words to be hidden


@dataclass(frozen=True)
class Address:
    """A URL as it is written, with ``${NAME}`` for what the environment knows.

    Examples
    --------
    >>> Address("postgresql://shop:${SHOP_PASSWORD}@host/shop").holds_a_password
    False
    >>> Address("postgresql://shop:1234@host/shop").holds_a_password
    True
    """

    text: str

    @property
    def holds_a_password(self) -> bool:
        """Whether a secret is written down instead of the name of a variable."""
        secrets = (m["password"] or m["option"] or "" for m in _SECRET.finditer(self.text))
        return any(_VARIABLE.sub("", secret) for secret in secrets)

    @property
    def unset(self) -> str | None:
        """A variable that the environment lacks; None where it has all of them."""
        names = _VARIABLE.findall(self.text)
        return next((name for name in names if name not in os.environ), None)

    def url(self) -> str:
        """The URL with the values of the environment, which has all of them."""
        if whole := _VARIABLE.fullmatch(self.text):
            return os.environ[whole[1]]
        # A password or an option may hold signs that end it in a URL.
        before, start = self.text.rfind("@"), self.text.find("?")

        def value(match: re.Match[str]) -> str:
            text = os.environ[match[1]]
            is_quoted = match.start() < before or 0 <= start < match.start()
            return quote(text, safe="") if is_quoted else text

        return _VARIABLE.sub(value, self.text)

    def masked(self, error: BaseException) -> str:
        """What a library says, with the names of secrets in place of their values."""
        why = " ".join(str(error).split())
        for name in _VARIABLE.findall(self.text):
            value = os.environ.get(name, "")
            for secret in (value, quote(value, safe="")):
                if len(secret) >= _SHORTEST_SECRET:
                    why = why.replace(secret, f"${{{name}}}")
        return why
