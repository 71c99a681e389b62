"""Settings, from the environment. docs/how-to/deploy.md lists every variable."""

from __future__ import annotations

from pathlib import Path

import environ
from csp.constants import NONE, SELF

from agentic import VERSION
from agentic.environment import (
    database,
    dotted_paths,
    mail,
    optional_key,
    own_address,
    refuse_below_one,
    refuse_equal,
    signing_key,
)
from agentic.oidc import environment as oidc

env = environ.Env()
BASE_DIR = Path(__file__).resolve().parent.parent
DATA_DIR = Path(env.str("DATA_DIR", default=str(BASE_DIR / "var")))

DATABASE_URL = env.str("DATABASE_URL", default="")
REDIS_URL = env.str("REDIS_URL", default="")
# Neither a database nor Redis is named: everything runs in one process (DESIGN.md, section 9).
EMBEDDED = not DATABASE_URL and not REDIS_URL

DEBUG = env.bool("DEBUG", default=False)
SECRET_KEY = signing_key(
    "SECRET_KEY", env.str("SECRET_KEY", ""), embedded=EMBEDDED, data_dir=DATA_DIR
)
JWT_SECRET_KEY = signing_key(
    "JWT_SECRET_KEY", env.str("JWT_SECRET_KEY", ""), embedded=EMBEDDED, data_dir=DATA_DIR
)
# While a key is being replaced: it still verifies tokens, and signs none.
JWT_PREVIOUS_SECRET_KEY = optional_key(
    "JWT_PREVIOUS_SECRET_KEY", env.str("JWT_PREVIOUS_SECRET_KEY", "")
)
refuse_equal(
    SECRET_KEY=SECRET_KEY,
    JWT_SECRET_KEY=JWT_SECRET_KEY,
    JWT_PREVIOUS_SECRET_KEY=JWT_PREVIOUS_SECRET_KEY,
)
JWT_ISSUER = "agentic"
JWT_AUDIENCE = "agentic-api"
JWT_ACCESS_SECONDS = 600
# After so many failed sign-ins nobody gets in for so long, with the right password neither.
SIGN_IN_FAILURES_PER_ACCOUNT = env.int("SIGN_IN_FAILURES_PER_ACCOUNT", default=10)
SIGN_IN_FAILURES_PER_ADDRESS = env.int("SIGN_IN_FAILURES_PER_ADDRESS", default=50)
SIGN_IN_LOCKED_SECONDS = env.int("SIGN_IN_LOCKED_SECONDS", default=900)
refuse_below_one(
    SIGN_IN_FAILURES_PER_ACCOUNT=SIGN_IN_FAILURES_PER_ACCOUNT,
    SIGN_IN_FAILURES_PER_ADDRESS=SIGN_IN_FAILURES_PER_ADDRESS,
    SIGN_IN_LOCKED_SECONDS=SIGN_IN_LOCKED_SECONDS,
)
# How many proxies of our own stand before us: so many entries of X-Forwarded-For are theirs, and believed.
NUM_PROXIES = env.int("NUM_PROXIES", default=0)

ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=["localhost", "127.0.0.1", "[::1]"])
CSRF_TRUSTED_ORIGINS = env.list("CSRF_TRUSTED_ORIGINS", default=[])
BEHIND_TLS = env.bool("BEHIND_TLS", default=not (EMBEDDED or DEBUG))

INSTALLED_APPS = [
    "agentic",
    "agents",
    "mlregistry",
    "decisions",
    "oversight",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "csp",
    "django_htmx",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "rules.apps.AutodiscoverRulesConfig",
]

MIDDLEWARE = [
    "agentic.headers.HeadersMiddleware",
    "csp.middleware.CSPMiddleware",
    "django_permissions_policy.PermissionsPolicyMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "agentic.middleware.RequestMiddleware",
    "agentic.bodies.RefuseLargeBodies",
    "agentic.refusals.RefusalMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "agentic.page_sessions.PageSessions",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]

ROOT_URLCONF = "agentic.urls"
WSGI_APPLICATION = "agentic.wsgi.application"
ASGI_APPLICATION = "agentic.asgi.application"
APPEND_SLASH = False

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    }
]

DATABASES = {"default": database(DATABASE_URL, data_dir=DATA_DIR)}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
CHANNEL_LAYERS = {
    "default": {
        "BACKEND": "channels_redis.pubsub.RedisPubSubChannelLayer",
        "CONFIG": {"hosts": [REDIS_URL], "prefix": "agentic"},
    }
    if REDIS_URL
    else {"BACKEND": "channels.layers.InMemoryChannelLayer", "CONFIG": {"capacity": 1000}}
}

AUTH_USER_MODEL = "agentic.User"
AUTHENTICATION_BACKENDS = [
    "rules.permissions.ObjectPermissionBackend",
    "agentic.passwords.PasswordBackend",
    "agentic.oidc.backend.OidcBackend",
]
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
]
LOGIN_URL = "/sign-in"
CSRF_FAILURE_VIEW = "agentic.views.form_expired"

# Sign-in by OpenID Connect (docs/how-to/oidc.md); without an issuer there is none. OIDC_RP_ is the library's prefix.
OIDC_RP_CLIENT_ID = env.str("OIDC_CLIENT_ID", default="")
OIDC_RP_CLIENT_SECRET = env.str("OIDC_CLIENT_SECRET", default="")
OIDC_ISSUER = oidc.issuer(env.str("OIDC_ISSUER", default=""), client_id=OIDC_RP_CLIENT_ID)
OIDC_RP_SCOPES = env.str("OIDC_SCOPES", default="openid email profile")
OIDC_GROUPS_CLAIM = env.str("OIDC_GROUPS_CLAIM", default="groups")
OIDC_ROLES = oidc.group_roles(env.str("OIDC_ROLES", default=""))
OIDC_REDIRECT_URIS = oidc.redirect_uris(env.list("OIDC_REDIRECT_URIS", default=[]))
OIDC_USE_PKCE = True
OIDC_AUTHENTICATION_CALLBACK_URL = "oidc_callback"

LANGUAGE_CODE = "en"
TIME_ZONE = "UTC"
USE_TZ = True
# For the words in `agentic/locale`: everybody gets the one language.
USE_I18N = True
FORMAT_MODULE_PATH = "agentic.formats"

STATIC_URL = "/static/"
STATICFILES_DIRS = [BASE_DIR / "static"]
# Where nothing is collected, files are served from where they lie.
WHITENOISE_USE_FINDERS = DEBUG or EMBEDDED
STATIC_ROOT = None if WHITENOISE_USE_FINDERS else DATA_DIR / "static"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if WHITENOISE_USE_FINDERS
        else "whitenoise.storage.CompressedManifestStaticFilesStorage"
    },
}

SECURE_SSL_REDIRECT = BEHIND_TLS
SECURE_REDIRECT_EXEMPT = [r"^(health|healthz|readyz)$"]
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if BEHIND_TLS else None
SECURE_HSTS_SECONDS = 31_536_000 if BEHIND_TLS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = BEHIND_TLS
SECURE_HSTS_PRELOAD = BEHIND_TLS
SESSION_COOKIE_SECURE = BEHIND_TLS
CSRF_COOKIE_SECURE = BEHIND_TLS
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_HTTPONLY = CSRF_COOKIE_HTTPONLY = True
# A working day at most, and no longer than the browser is open.
SESSION_COOKIE_AGE = 12 * 3600
SESSION_EXPIRE_AT_BROWSER_CLOSE = True
SECURE_REFERRER_POLICY = SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
# Everything from here and nothing inline; only the page of the API's documents asks for more, for itself.
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "base-uri": [SELF],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
        "object-src": [NONE],
    }
}
# Nothing here needs what a browser could lend: it is refused for pages and for whatever they might embed.
PERMISSIONS_POLICY: dict[str, list[str]] = {
    name: []
    for name in (
        "accelerometer",
        "camera",
        "display-capture",
        "geolocation",
        "gyroscope",
        "microphone",
        "midi",
        "payment",
        "publickey-credentials-get",
        "serial",
        "usb",
    )
}
DATA_UPLOAD_MAX_MEMORY_SIZE = 1_000_000  # 413 past it: bodies are read whole

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["agents.authentication.BearerAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["agentic.permissions.RulePermission"],
    "DEFAULT_THROTTLE_CLASSES": ["agentic.rates.RateLimit"],
    "DEFAULT_PARSER_CLASSES": ["agentic.parsing.StrictJSONParser"],
    "DEFAULT_RENDERER_CLASSES": ["agentic.rendering.JSONRenderer"],
    "DEFAULT_SCHEMA_CLASS": "agentic.openapi.Described",
    "EXCEPTION_HANDLER": "agentic.problems.handle",
    "UNAUTHENTICATED_USER": None,
    "URL_FORMAT_OVERRIDE": None,  # ?format= is nobody's business: there is one format
}

SPECTACULAR_SETTINGS = {
    "TITLE": "Agentic Agent Platform",
    "DESCRIPTION": "JSON both ways. People send an access token, agents send their key. Errors are "
    "application/problem+json (RFC 9457). A question in the address that a call does not know is not looked at; "
    "a field in a body that it does not know is refused. The sockets have a document of their own, /api/asyncapi.",
    "VERSION": VERSION,
    "OAS_VERSION": "3.1.1",
    "SCHEMA_PATH_PREFIX": "/api/v1",
    "POSTPROCESSING_HOOKS": ["agentic.openapi.complete"],
}

# Calls a minute, of each kind, that each caller may make; 0 sets no limit. Sign-ins by address.
RATE_PER_MINUTE_PERSON = env.int("RATE_PER_MINUTE_PERSON", default=1200)
RATE_PER_MINUTE_AGENT = env.int("RATE_PER_MINUTE_AGENT", default=6000)
RATE_PER_MINUTE_SIGN_IN = env.int("RATE_PER_MINUTE_SIGN_IN", default=30)
# Sockets that one person may have open at once in one process, of the API and of pages together; 0 sets no limit.
SOCKETS_PER_PERSON = env.int("SOCKETS_PER_PERSON", default=50)
# For so long a POST that is repeated with its Idempotency-Key gets the same answer.
IDEMPOTENCY_HOURS = env.int("IDEMPOTENCY_HOURS", default=24)

# Celery: a message carries ids only and may be lost; the sweep finds the row again (no ETA anywhere).
CELERY_BROKER_URL = REDIS_URL or "memory://this-process"
CELERY_BROKER_TRANSPORT_OPTIONS = (
    {"visibility_timeout": 7200} if REDIS_URL else {"polling_interval": 0.05}
)
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_TIME_LIMIT = 3600
# Training waits for workers of its own (`celery -A agentic worker -Q training`): no tick ever stands behind it.
CELERY_TASK_ROUTES = {"mlregistry.tasks.train": {"queue": "training"}}
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_WORKER_MAX_TASKS_PER_CHILD = 10_000
CELERY_WORKER_MAX_MEMORY_PER_CHILD = 400_000  # kilobytes
CELERY_WORKER_HIJACK_ROOT_LOGGER = False

SWEEP_INTERVAL_SECONDS = env.float("SWEEP_INTERVAL_SECONDS", default=1.0)
AUDITOR_HEARTBEAT_URL = env.str("AUDITOR_HEARTBEAT_URL", default="")
AUDITOR_INTERVAL_SECONDS = 30.0
CELERY_BEAT_SCHEDULE = {
    # A tick that comes late is worthless: the next one does its work.
    "sweep": {
        "task": "decisions.tasks.sweep",
        "schedule": SWEEP_INTERVAL_SECONDS,
        "options": {"expires": max(3.0, 3 * SWEEP_INTERVAL_SECONDS)},
    },
    "audit-deadlines": {
        "task": "decisions.tasks.audit_deadlines",
        "schedule": AUDITOR_INTERVAL_SECONDS,
        "options": {"expires": AUDITOR_INTERVAL_SECONDS},
    },
    "notify": {
        "task": "oversight.tasks.notify",
        "schedule": 2.0,
        "options": {"expires": 6.0},
    },
    "look-after-training": {
        "task": "mlregistry.tasks.look_after_training",
        "schedule": 2.0,
        "options": {"expires": 6.0},
    },
    "learn-from-verdicts": {
        "task": "decisions.tasks.learn_from_verdicts",
        "schedule": 30.0,
        "options": {"expires": 30.0},
    },
    # Hourly, not daily: a beat that is started anew each day would never get to it.
    "clean-up": {
        "task": "agentic.tasks.clean_up",
        "schedule": 3600.0,
        "options": {"expires": 3600.0},
    },
    "clear-notices": {
        "task": "oversight.tasks.clear_notices",
        "schedule": 3600.0,
        "options": {"expires": 3600.0},
    },
}

# Who is told that something waits (docs/how-to/notifications.md). Without a server for it, no e-mail is sent.
EMAIL_URL = env.str("EMAIL_URL", default="consolemail://" if EMBEDDED else "")
mail_server = mail(EMAIL_URL)
EMAIL_BACKEND, EMAIL_FILE_PATH = mail_server["EMAIL_BACKEND"], mail_server["EMAIL_FILE_PATH"]
EMAIL_HOST, EMAIL_PORT = mail_server["EMAIL_HOST"], mail_server["EMAIL_PORT"]
EMAIL_HOST_USER = mail_server["EMAIL_HOST_USER"]
EMAIL_HOST_PASSWORD = mail_server["EMAIL_HOST_PASSWORD"]
EMAIL_USE_TLS, EMAIL_USE_SSL = mail_server["EMAIL_USE_TLS"], mail_server["EMAIL_USE_SSL"]
EMAIL_TIMEOUT = 5
DEFAULT_FROM_EMAIL = env.str("DEFAULT_FROM_EMAIL", default="agentic@localhost")
PUBLIC_URL = own_address(env.str("PUBLIC_URL", default=""))
WEBHOOK_ALLOW_PRIVATE = env.bool("WEBHOOK_ALLOW_PRIVATE", default=False)

TASK_ACK_TIMEOUT_SECONDS = env.int("TASK_ACK_TIMEOUT_SECONDS", default=30)
TASK_MAX_RETRIES = env.int("TASK_MAX_RETRIES", default=3)
TASK_LEASE_SECONDS = env.int("TASK_LEASE_SECONDS", default=30)
TASK_REVIEW_SECONDS = env.int("TASK_REVIEW_SECONDS", default=24 * 3600)
TASK_ESCALATION_STEP_SECONDS = env.int("TASK_ESCALATION_STEP_SECONDS", default=3600)
# However lively its heartbeats: an attempt that lasts longer is taken for hung.
TASK_ATTEMPT_SECONDS = env.int("TASK_ATTEMPT_SECONDS", default=24 * 3600)
# A task that no agent takes for so long goes to a person.
TASK_QUEUE_SECONDS = env.int("TASK_QUEUE_SECONDS", default=24 * 3600)
TASK_DELEGATION_DEPTH = env.int("TASK_DELEGATION_DEPTH", default=5)
DELEGATION_STRATEGY = env.str("DELEGATION_STRATEGY", default="capability_match")
AGENT_HEARTBEAT_SECONDS = env.int("AGENT_HEARTBEAT_SECONDS", default=10)
AGENT_SILENT_SECONDS = env.int("AGENT_SILENT_SECONDS", default=30)
# Nobody verifies or overrides what they created: always for critical tasks, for all of them with this.
REVIEW_SEPARATION_OF_DUTIES = env.bool("REVIEW_SEPARATION_OF_DUTIES", default=False)
# Whoever opens a decision at the review desk keeps it for so long, and longer while the desk shows it.
REVIEW_RESERVATION_SECONDS = env.int("REVIEW_RESERVATION_SECONDS", default=300)
# A review policy is drafted by one person and published by another; without this one may do both.
POLICY_TWO_PEOPLE = env.bool("POLICY_TWO_PEOPLE", default=True)

# Who trains what, by name: functions as `mlregistry.trainers` says. The environment adds `name=dotted.path,...`.
OUR_TRAINERS = {
    "review_risk": "decisions.learning.review_risk.train",
    "calibration": "decisions.learning.calibration.train",
}
TRAINERS = OUR_TRAINERS | dotted_paths(
    "TRAINERS", env.str("TRAINERS", default=""), ours=OUR_TRAINERS
)
# A worker that is silent for so long has died, and another one takes the job up, once.
TRAINING_LEASE_SECONDS = env.int("TRAINING_LEASE_SECONDS", default=30)
# A training that takes longer has failed.
TRAINING_MOST_SECONDS = env.int("TRAINING_MOST_SECONDS", default=3000)
# After so many new verdicts the models that decide are trained anew; 0: only when somebody asks.
LEARN_EVERY_VERDICTS = env.int("LEARN_EVERY_VERDICTS", default=200)

# The files of models, by their SHA-256; every process that decides by one reads it here.
MODEL_ROOT = Path(env.str("MODEL_ROOT", default=str(DATA_DIR / "models")))
# The largest file of a model, in bytes.
MODEL_MOST_BYTES = env.int("MODEL_MOST_BYTES", default=100_000_000)
# What files of skops may hold besides what `mlregistry.safe_models` trusts; for trainers of one's own.
MODEL_TRUSTED_TYPES = env.list("MODEL_TRUSTED_TYPES", default=[])
# The models that the review policy decides by: it takes two people to let a version of these go live.
DECIDING_MODELS = [
    name
    for said in env.list("DECIDING_MODELS", default=["review_risk", "calibration"])
    if (name := said.strip())
]
refuse_below_one(MODEL_MOST_BYTES=MODEL_MOST_BYTES)
# What such a version has to show before (`mlregistry.gates`): lines by name, each about one metric and one of
# `at_least`, `at_most`, `from_n` examples, `at_most_metric` (another one of its own) and `worse_than_live_by`.
OUR_GATES = {
    "review_risk": [
        {"metric": "auc", "from_n": 100},
        {"metric": "auc", "at_least": 0.6},
        {"metric": "auc", "worse_than_live_by": 0.05},
    ],
    "calibration": [
        # Not by ECE: over agents that doubt themselves and agents that do not, it finds nothing to better.
        {"metric": "brier", "from_n": 50},
        {"metric": "brier", "at_most_metric": "brier_before"},
    ],
}
MODEL_GATES = env.json(
    "MODEL_GATES", default={n: OUR_GATES[n] for n in DECIDING_MODELS if n in OUR_GATES}
)

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "line": {
            "class": "agentic.redaction.RedactingFormatter",
            "format": "{asctime} {levelname} {name} {message}",
            "style": "{",
        }
    },
    # The only one there is: whoever logs does so through it.
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["console"], "level": env.str("LOG_LEVEL", default="INFO")},
    "loggers": {
        "django": {"handlers": []},
        "django.server": {"handlers": [], "propagate": True},
        "django.request": {"level": "ERROR"},  # a 4xx is an answer, not an incident
        "celery": {"level": "WARNING"},
        "httpx": {"level": "WARNING"},
        # These have handlers of their own when they are started from the command line.
        **{
            name: {"handlers": [], "propagate": True}
            for name in ("uvicorn", "uvicorn.error", "uvicorn.access", "_granian", "granian.access")
        },
    },
}
