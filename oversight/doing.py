"""What a page hears of something that was done on it."""

from __future__ import annotations

from typing import Any

from django import forms
from django.http import HttpResponse, HttpResponseRedirect
from django_htmx.http import trigger_client_event

from agentic.errors import Invalid
from oversight.doors import PageRequest, toast


def done(request: PageRequest, text: str, *, back: str) -> HttpResponse:
    """A toast, and the page's parts fetch themselves (`calm.js`); a browser without scripts goes back."""
    if not request.htmx:
        return HttpResponseRedirect(back)
    return trigger_client_event(toast(request, text), "done")


def filled(form: forms.Form) -> dict[str, Any]:
    """What was filled in; Invalid names the fields that were not as they should be."""
    if form.is_valid():
        return form.cleaned_data
    raise Invalid(**{name: " ".join(map(str, texts)) for name, texts in form.errors.items()})
