"""`python -m tests.oidc_provider PORT REDIRECT_URI...`: set everything up, then serve until killed.

PROVIDER_DATA is a folder for its database; PROVIDER_ISSUER is how it names itself.
"""

from __future__ import annotations

import os
import sys

import uvicorn

os.environ["DJANGO_SETTINGS_MODULE"] = "tests.oidc_provider.settings"

import django
from django.core.management import call_command
from django.core.wsgi import get_wsgi_application

django.setup()

from tests.oidc_provider.people import set_up  # noqa: E402

if __name__ == "__main__":
    call_command("migrate", verbosity=0)
    set_up(sys.argv[2:])
    uvicorn.run(
        get_wsgi_application(),
        host="127.0.0.1",
        port=int(sys.argv[1]),
        interface="wsgi",
        log_level="warning",
    )
