"""People and their sign-ins, what happened, and what was done about it, for operators."""

from __future__ import annotations

from django.contrib import admin

from agentic.admin.lock_outs import FailedSignInsAdmin
from agentic.admin.people import PersonAdmin, own_password
from agentic.admin.records import AuditAdmin, EventAdmin
from agentic.admin.roles import RoleAdmin
from agentic.admin.sign_ins import OidcIdentityAdmin, SignInAdmin

__all__ = [
    "AuditAdmin",
    "EventAdmin",
    "FailedSignInsAdmin",
    "OidcIdentityAdmin",
    "PersonAdmin",
    "RoleAdmin",
    "SignInAdmin",
    "own_password",
]

admin.site.site_header = admin.site.site_title = "Agentic Agent Platform"
admin.site.index_title = "Operations"
admin.site.empty_value_display = "-"
# Lists need the width; the tables that matter most are on top of every page.
admin.site.enable_nav_sidebar = False
