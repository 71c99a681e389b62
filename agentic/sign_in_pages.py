"""The pages on which people sign in and out."""

from __future__ import annotations

from urllib.parse import urlsplit

from django import forms
from django.conf import settings
from django.contrib import admin, auth
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme, urlencode
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from agentic.errors import NotAuthenticated, TooMany
from agentic.oidc.sign_out import provider_sign_out
from agentic.rates import spend_sign_in

REFUSED, TOO_MANY = 403, 429


class Credentials(forms.Form):
    username = forms.CharField(max_length=320)
    password = forms.CharField(max_length=4096, strip=False)


@never_cache
@sensitive_post_parameters("password")
@require_http_methods(["GET", "HEAD", "POST"])
def sign_in(request: HttpRequest) -> HttpResponse:
    if request.method == "POST":
        return checked(request)
    if request.user.is_authenticated:
        return HttpResponseRedirect(page_after(request))
    return shown(request)


def checked(request: HttpRequest) -> HttpResponse:
    try:
        spend_sign_in(request)
        come_in(request)
    except TooMany as error:
        return told_to_wait(shown(request, error.detail, TOO_MANY), error)
    except NotAuthenticated as error:
        return shown(request, error.detail, REFUSED)
    return HttpResponseRedirect(page_after(request))


def come_in(request: HttpRequest) -> None:
    form = Credentials(request.POST)
    user = auth.authenticate(request, **form.cleaned_data) if form.is_valid() else None
    if user is None:
        raise NotAuthenticated("The name or the password is wrong.")
    auth.login(request, user)


def told_to_wait(answer: HttpResponse, error: TooMany) -> HttpResponse:
    answer["Retry-After"] = str(int(error.wait))
    return answer


def shown(request: HttpRequest, problem: str = "", status: int = 200) -> HttpResponse:
    about = {
        "problem": problem,
        "username": request.POST.get("username", "")[:320],
        "next": page_after(request),
        "provider": urlsplit(settings.OIDC_ISSUER).hostname,
    }
    return render(request, "sign_in.html", about, status=status)


def page_after(request: HttpRequest) -> str:
    """The page that was asked for, if it is one of ours; else the home page."""
    wanted = request.POST.get("next") or request.GET.get("next") or ""
    is_path = wanted.startswith("/") and wanted.isprintable()
    is_ours = is_path and url_has_allowed_host_and_scheme(wanted, allowed_hosts=None)
    return wanted if is_ours else reverse("home")


@never_cache
@require_POST
def sign_out(request: HttpRequest) -> HttpResponse:
    """Everywhere: this session, every program of theirs, and the provider's session.

    The way to the provider is a page and no redirect: under our CSP a form's answer must not lead to another site.
    """
    at_provider = provider_sign_out(request)
    auth.logout(request)
    return render(request, "signed_out.html", {"at_provider": at_provider})


def admin_sign_in(request: HttpRequest) -> HttpResponse:
    """The admin site's own: who is signed in and comes here lacks the role, and no sign-in would help."""
    if admin.site.has_permission(request):
        return HttpResponseRedirect(page_after(request))
    if request.user.is_authenticated:
        raise PermissionDenied
    return redirect(f"{reverse('sign_in')}?{urlencode({'next': page_after(request)})}")
