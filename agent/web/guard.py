"""Who may ask: the server has no users yet and serves this host only, so a browser must not be led to it.

A page of a foreign site can make a browser on this host ask us: by a name of its own that it points at 127.0.0.1
(then the Host header is that name), or by a form (then the browser says where it comes from). Both are refused.
"""

import ipaddress
from urllib.parse import urlsplit

from aiohttp import hdrs, web
from aiohttp.typedefs import Handler

SAFE_METHODS = frozenset({hdrs.METH_GET, hdrs.METH_HEAD, hdrs.METH_OPTIONS})
OWN_SITES = frozenset({"same-origin", "none"})
"""What a browser says when the request is its user's own: from our pages, or typed in."""


@web.middleware
async def refuse_foreign(request: web.Request, handler: Handler) -> web.StreamResponse:
    """421 for a name that is not ours, 403 for a write that another site began."""
    host = request.headers.get(hdrs.HOST)
    if host is not None and not is_own_host(host):
        raise web.HTTPMisdirectedRequest(
            text=f"Host {host[:200]!r} is not a name of this agent; use its IP address or localhost"
        )
    if request.method not in SAFE_METHODS and not is_own_write(request):
        raise web.HTTPForbidden(text="this request was begun by a page of another site; send it from this host itself")
    return await handler(request)


def is_own_host(host: str) -> bool:
    """An IP address or localhost: names that nobody can point elsewhere."""
    try:
        name = urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return False
    if name == "localhost":
        return True
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def is_own_write(request: web.Request) -> bool:
    """Not from a browser, or from a page of ours."""
    if request.headers.get("Sec-Fetch-Site", "none") not in OWN_SITES:
        return False
    origin = request.headers.get(hdrs.ORIGIN)
    return origin is None or urlsplit(origin).netloc == request.headers.get(hdrs.HOST)
