# syntax=docker/dockerfile:1
# One image for every process of the platform; docker-compose.yml says which one each container runs.

FROM python:3.11-slim AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1
RUN python -m venv /venv
COPY requirements.txt /tmp/requirements.txt
RUN --mount=type=cache,target=/root/.cache/pip \
    /venv/bin/pip install --require-hashes --only-binary :all: -r /tmp/requirements.txt

FROM python:3.11-slim
ENV PATH=/venv/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    DJANGO_SETTINGS_MODULE=agentic.settings \
    DATA_DIR=/app/var
RUN groupadd --gid 10001 agentic \
    && useradd --uid 10001 --gid agentic --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin agentic
WORKDIR /app
COPY --from=build /venv /venv
COPY . .
RUN python -m compileall -q -j 0 --invalidation-mode unchecked-hash .

# Hashed names and compressed copies. These settings are read at build time only; nothing of them stays in the image.
RUN DATABASE_URL=postgres://build/build REDIS_URL=redis://build SECRET_KEY="$(head -c 48 /dev/urandom | base64 -w 0)" JWT_SECRET_KEY="$(head -c 48 /dev/urandom | base64 -w 0)" python manage.py collectstatic --noinput

# The volume for the files of models begins as this folder is, and so belongs to whoever writes there.
RUN install -d -o agentic -g agentic var/models

USER 10001:10001
EXPOSE 8000 8001
CMD ["granian", "--interface", "wsgi", "--workers", "2", "--blocking-threads", "2", "agentic.wsgi:application"]
