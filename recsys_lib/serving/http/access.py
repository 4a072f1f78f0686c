"""Who may start a training: whoever has the token; without a token, programs of this machine."""

from __future__ import annotations

import hmac
import os
from ipaddress import ip_address
from typing import Annotated

from fastapi import HTTPException, Request, Security
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

TOKEN_VARIABLE = "RECSYS_TOKEN"  # the name of the variable, not a token

_BEARER = HTTPBearer(auto_error=False, description=f"the value of {TOKEN_VARIABLE}")


def token() -> str:
    """The token that the environment asks for; "" for none."""
    return os.environ.get(TOKEN_VARIABLE, "").strip()


def require_token(
    request: Request,
    sent: Annotated[HTTPAuthorizationCredentials | None, Security(_BEARER)],
) -> None:
    """401 for a wrong or missing token; 403 where there must be one and the service has none."""
    wanted = token()
    if not wanted:
        server = request.scope.get("server")
        if server is None or (server[1] is not None and not is_loopback(server[0])):
            raise HTTPException(
                403,
                f"set {TOKEN_VARIABLE} for the service: other machines can reach it, so a "
                "training needs a token",
            )
        # A page that somebody has open can ask for its own name, and let it lead to this machine.
        if server[1] is not None and not is_loopback(request.url.hostname or ""):
            raise HTTPException(
                403,
                f"set {TOKEN_VARIABLE} for the service, or ask it as 127.0.0.1: a training "
                f"that was asked of {request.url.hostname!r} needs a token",
            )
        return
    given = sent.credentials if sent else ""
    if not hmac.compare_digest(given.encode(), wanted.encode()):
        raise HTTPException(
            401,
            f"a training needs the token of the service: send 'Authorization: Bearer' and the "
            f"value of {TOKEN_VARIABLE}",
            headers={"WWW-Authenticate": "Bearer"},
        )


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches a host: a name or an address."""
    try:
        return ip_address(host.partition("%")[0]).is_loopback
    except ValueError:
        return host == "localhost"
