"""Response headers that do not depend on the request: what every answer of ours has, and what no upstream may send.

Each name stands here once, for the templates of both servers, the reader of a live server (``check``) and the tests.
Neither nginx nor httpd can take away all headers but some, so what is dropped is a list.
"""

from __future__ import annotations

__all__ = ["DROPPED", "OWN", "POLICY"]

#: What a page may do in a browser: look as it looks, be left by a link, and have a file of it saved. An upstream's page
#: comes from the origin of the private index; a script in it would read that. A sandbox without scripts sends no form
#: either, and does not act on ``<meta http-equiv=refresh>`` (HTML, 7.1.5); ``<base>`` it would.
POLICY = "sandbox allow-downloads; default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'"

#: On every answer. With ``nosniff`` a type is what it says: nothing of ours becomes the script of another site.
OWN = (
    ("Content-Security-Policy", POLICY),
    ("X-Content-Type-Options", "nosniff"),
)

#: By these an upstream would speak for this site to a browser, or at any other URL of it.
_TO_BROWSERS = (
    *("Accept-CH", "Alt-Svc", "Clear-Site-Data", "Content-Location", "Content-Security-Policy"),
    *("Content-Security-Policy-Report-Only", "Critical-CH", "Expect-CT", "Expires", "Link", "NEL"),
    *("No-Vary-Search", "Pragma", "Proxy-Authenticate", "Public-Key-Pins"),
    *("Public-Key-Pins-Report-Only", "Refresh", "Report-To", "Reporting-Endpoints"),
    *("Service-Worker-Allowed", "Set-Cookie", "Set-Cookie2", "Set-Login", "SourceMap"),
    *("Speculation-Rules", "Strict-Transport-Security", "Use-As-Dictionary", "WWW-Authenticate"),
    *("X-Content-Type-Options", "X-SourceMap", "X-XSS-Protection"),
)

#: These speak to caches, proxies and balancers in front of this site, or are its own words. RFC 9213 has the pattern of
#: those that end with ``-Cache-Control``.
_TO_FRONTS = (
    *("Age", "Akamai-Cache-Control", "CDN-Cache-Control", "Cache-Tag", "Cache-Tags"),
    *("Cloudflare-CDN-Cache-Control", "Edge-Cache-Tag", "Edge-Control"),
    *("Netlify-CDN-Cache-Control", "Netlify-Cache-Tag", "Netlify-Vary"),
    *("Surrogate-Capability", "Surrogate-Control", "Surrogate-Key", "Vary"),
    *("Vercel-CDN-Cache-Control", "Vercel-Cache-Tag", "X-Cache", "X-Cache-Tags"),
    *("X-Envoy-Degraded", "X-Envoy-Immediate-Health-Check-Fail", "X-Index-Source"),
    *("X-LiteSpeed-Cache", "X-LiteSpeed-Cache-Control", "X-LiteSpeed-Location"),
    *("X-LiteSpeed-Purge", "X-LiteSpeed-Tag", "X-LiteSpeed-Vary", "X-Lighttpd-Send-File"),
    *("X-Reproxy-Expected-Size", "X-Reproxy-URL", "X-Sendfile", "X-Sendfile2"),
    "xkey",
)

#: All of them, in the order of the alphabet.
DROPPED = tuple(sorted((*_TO_BROWSERS, *_TO_FRONTS), key=str.lower))
