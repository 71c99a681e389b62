"""Plain HTTP: `granian --interface wsgi agentic.wsgi:application`."""

from __future__ import annotations

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "agentic.settings")
django = get_wsgi_application()

from agentic.bodies import bounded_chunks  # noqa: E402
from agentic.garbage import freeze_what_is_loaded  # noqa: E402

application = bounded_chunks(django)
freeze_what_is_loaded()
