"""A real identity provider: a Django project of its own with django-oauth-toolkit, run as a second process."""

from __future__ import annotations
