"""Sign-in by an OpenID Connect provider: on the pages, and for clients of the API."""

from __future__ import annotations
