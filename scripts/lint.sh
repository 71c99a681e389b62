#!/bin/sh
# Every check that needs no server. Runs all of them, then fails if one did.
set -u
cd "$(dirname "$0")/.."
# The embedded default, whatever the caller's environment says; production() below sets its own.
unset DATABASE_URL REDIS_URL SECRET_KEY JWT_SECRET_KEY DEBUG BEHIND_TLS
failed=""

check() {
    name=$1
    shift
    printf '== %s\n' "$name"
    "$@" || failed="$failed  $name
"
}

no_index_address() { ! grep -nE '^-|://' requirements.txt requirements-dev.txt; }

random() { python -c 'import secrets; print(secrets.token_urlsafe(64))'; }

# As in production: nothing here is connected to, the settings are only read.
production() {
    env DATABASE_URL=postgres://agentic@127.0.0.1/agentic REDIS_URL=redis://127.0.0.1/0 \
        SECRET_KEY="$(random)" JWT_SECRET_KEY="$(random)" ALLOWED_HOSTS=agents.example.org \
        CSRF_TRUSTED_ORIGINS=https://agents.example.org python -W error::DeprecationWarning "$@"
}

check "ruff check" ruff check --quiet --output-format concise .
check "ruff format" ruff format --check --quiet --output-format concise .
check "mypy --strict" mypy
check "import-linter" lint-imports --no-logo
check "djlint" djlint --lint --quiet templates
check "migrations match the models" python manage.py makemigrations --check --dry-run
check "manage.py check --deploy" production manage.py check --deploy --fail-level WARNING
check "the API's document is whole and valid" \
    python manage.py spectacular --validate --fail-on-warn --file /dev/null
check "docker-compose.yml fits the Compose schema" \
    check-jsonschema --builtin-schema vendor.compose-spec docker-compose.yml
check "compiled requirements name no index" no_index_address

if [ -n "$failed" ]; then
    printf '\nFAILED:\n%s' "$failed"
    exit 1
fi
printf '\nAll checks passed.\n'
