"""All settings of Coopsite, read once from the environment. See README.md for each variable."""

import os
from pathlib import Path
from typing import Any

import django_stubs_ext
from csp.constants import NONE, SELF

from coopsite import logs, schedule
from coopsite.environment import (
    LOOPBACK_HOSTS,
    ConfigurationError,
    Environment,
    PoolContract,
    contact,
    database,
    load_file,
    load_stack,
    mail_address,
    mail_sender,
    mail_server,
    pool_contract,
    public_name,
    secret_in,
    time_zone,
    url_of,
    var_directory,
)

django_stubs_ext.monkeypatch()  # Field[int, int] and ModelAdmin[Pool] exist at run time too

BASE_DIR = Path(__file__).resolve().parent.parent

load_file(BASE_DIR / (os.environ.get("ENV_FILE") or ".env"))
env = Environment()
VAR_DIR = var_directory(BASE_DIR)
load_stack(VAR_DIR / "stack.env")

# --- the site ---------------------------------------------------------------------------------

DEBUG: bool = env.flag("DEBUG", default=False)
SECRET_KEY: str = env.text("SECRET_KEY") or secret_in(VAR_DIR / "secret_key")
ALLOWED_HOSTS: list[str] = env.listed("ALLOWED_HOSTS", sorted(LOOPBACK_HOSTS), of=str)
CSRF_TRUSTED_ORIGINS: list[str] = env.listed(
    "CSRF_TRUSTED_ORIGINS", [], of=url_of(("https", "http"))
)
PORT: int = env.whole("PORT", 8000, at_least=1, at_most=65535)
ROOT_URLCONF = "coopsite.urls"
CSRF_FAILURE_VIEW = "coopsite.error_pages.form_too_old"
ASGI_APPLICATION = "coopsite.asgi.application"

INSTALLED_APPS = [
    # Not "daphne", which would bring all of Twisted into every worker for `runserver` alone.
    "coopsite",
    "pools",
    "realtime",
    "channels",
    # Without searching for admin modules: only the web process needs them, see coopsite.urls.
    "django.contrib.admin.apps.SimpleAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "django_htmx",
    "django_filters",
    "ninja",
    "csp",
    "axes",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    # Safe beside secrets: Django masks CSRF tokens anew each time and pads what it compresses.
    "django.middleware.gzip.GZipMiddleware",
    "csp.middleware.CSPMiddleware",
    "django_permissions_policy.PermissionsPolicyMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "axes.middleware.AxesMiddleware",
]

TEMPLATES: list[dict[str, Any]] = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.template.context_processors.i18n",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    },
]

# --- languages and time -----------------------------------------------------------------------

LANGUAGE_CODE = "en"
LANGUAGES = [("en", "English"), ("es", "Español")]
LOCALE_PATHS = [BASE_DIR / "locale"]
TIME_ZONE: str = env.text("TIME_ZONE", "UTC", check=time_zone)
USE_TZ = True

# --- storage ----------------------------------------------------------------------------------

DATABASE_URL: str = env.text(
    "DATABASE_URL",
    f"sqlite:///{VAR_DIR / 'coopsite.sqlite3'}",
    check=url_of(("sqlite", "postgres", "postgresql")),
)
DATABASES: dict[str, Any] = {"default": database(DATABASE_URL, root=BASE_DIR)}
REDIS_URL: str = env.text(
    "REDIS_URL", "redis://127.0.0.1:6379/0", check=url_of(("redis", "rediss", "unix"))
)

CHANNEL_LAYERS: dict[str, Any] = {
    "default": {
        "BACKEND": "channels_redis.core.RedisChannelLayer",
        "CONFIG": {
            # The layer blocks for 5 s at a time: redis-py's own read limit would cut that short.
            "hosts": [
                {
                    "address": REDIS_URL,
                    "socket_timeout": 15,
                    "socket_connect_timeout": 5,
                    "health_check_interval": 30,
                }
            ],
            "prefix": "coopsite",
        },
    }
}

CACHES: dict[str, Any] = {
    "default": {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": REDIS_URL,
        "KEY_PREFIX": "coopsite",
        "OPTIONS": {"socket_timeout": 2, "socket_connect_timeout": 2},
    }
}

CELERY_BROKER_URL = REDIS_URL
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "global_keyprefix": "coopsite:",
    "visibility_timeout": 900,
    "socket_timeout": 15,
    "socket_keepalive": True,
    "health_check_interval": 10,
}
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_CONNECTION_MAX_RETRIES = None
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_TASK_SERIALIZER = "json"
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_TASK_SOFT_TIME_LIMIT = 240
CELERY_TASK_TIME_LIMIT = 300
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_TIMEZONE = "UTC"
CELERY_BEAT_SCHEDULE = schedule.TURNS

STATIC_URL = "/static/"
STATIC_ROOT = VAR_DIR / "static"
STATICFILES_DIRS = [BASE_DIR / "static"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "coopsite.static_files.MinifiedStorage"},
}

# --- security ---------------------------------------------------------------------------------

# Served to loopback alone, plain HTTP is right; to anyone else, only HTTPS unless told otherwise.
HTTPS: bool = env.flag("HTTPS", default=not DEBUG and not LOOPBACK_HOSTS.issuperset(ALLOWED_HOSTS))
# Where others find the site, if a name says so: what is sent out links to it.
_name = public_name(ALLOWED_HOSTS)
SITE_URL: str = f"{'https' if HTTPS else 'http'}://{_name}" if _name else ""
SECURE_SSL_REDIRECT = HTTPS
SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$", r"^metrics$"]
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if HTTPS else None
SECURE_HSTS_SECONDS = 365 * 24 * 3600 if HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = HTTPS
SESSION_COOKIE_SECURE = HTTPS
CSRF_COOKIE_SECURE = HTTPS
# The browsers' preload list is for the owner of the whole domain to decide (W021); without HTTPS
# on loopback there is nothing to redirect to and no cookie to guard (W004, W008, W012, W016).
SILENCED_SYSTEM_CHECKS = ["security.W021"] + (
    [] if HTTPS else [f"security.W{number:03}" for number in (4, 8, 12, 16)]
)

CONTENT_SECURITY_POLICY: dict[str, Any] = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],
        "connect-src": [SELF],
        "object-src": [NONE],
        "base-uri": [NONE],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
    }
}
PERMISSIONS_POLICY: dict[str, list[str]] = {
    feature: []
    for feature in ("camera", "display-capture", "geolocation", "microphone", "payment", "usb")
}

AUTHENTICATION_BACKENDS = [
    "axes.backends.AxesStandaloneBackend",
    "django.contrib.auth.backends.ModelBackend",
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
AXES_FAILURE_LIMIT = 5
AXES_COOLOFF_TIME = 1  # hours
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_RESET_ON_SUCCESS = True
AXES_VERBOSE = False

# --- the chain --------------------------------------------------------------------------------

CHAIN_ID: int | None = env.whole("CHAIN_ID", 0, at_least=1) if env.text("CHAIN_ID") else None
CHAIN_WS_URLS: list[str] = env.listed("CHAIN_WS_URLS", [], of=url_of(("wss", "ws")))
# A node that serves WebSockets mostly answers HTTP under the same name: wss is https there.
CHAIN_HTTP_URLS: list[str] = env.listed(
    "CHAIN_HTTP_URLS",
    [f"http{url.removeprefix('ws')}" for url in CHAIN_WS_URLS],
    of=url_of(("https", "http")),
)
POOL_CONTRACTS: list[PoolContract] = env.listed("POOL_CONTRACTS", [], of=pool_contract)
CONFIRMATIONS: int = env.whole("CONFIRMATIONS", 0, at_least=0, at_most=10_000)
REORG_WINDOW: int = env.whole("REORG_WINDOW", 64, at_least=1, at_most=10_000)
WS_HEARTBEAT_SECONDS: float = env.seconds("WS_HEARTBEAT_SECONDS", 30, at_least=0.1)
WS_RECONNECT_SECONDS: float = env.seconds("WS_RECONNECT_SECONDS", 1, at_least=0.01)
WS_MAX_RECONNECT_SECONDS: float = env.seconds("WS_MAX_RECONNECT_SECONDS", 30, at_least=0.01)
WS_MAX_RECONNECT_ATTEMPTS: int = env.whole("WS_MAX_RECONNECT_ATTEMPTS", 10, at_least=1)
EXPLORER_URL: str = env.text(
    "EXPLORER_URL",
    "https://explorer.test.mezo.org" if CHAIN_ID == 31611 else "",
    check=url_of(("https", "http")),
).rstrip("/")

if WS_MAX_RECONNECT_SECONDS < WS_RECONNECT_SECONDS:
    raise ConfigurationError("WS_MAX_RECONNECT_SECONDS", "must not be below WS_RECONNECT_SECONDS")
if len({contract.address for contract in POOL_CONTRACTS}) < len(POOL_CONTRACTS):
    raise ConfigurationError(
        "POOL_CONTRACTS", "names one address twice; keep the lower start block"
    )

# --- features and other systems ---------------------------------------------------------------

ENABLE_LIVE: bool = env.flag("ENABLE_LIVE", default=True)
SOCKETS_PER_ADDRESS: int = env.whole("SOCKETS_PER_ADDRESS", 200, at_least=0)
ENABLE_NOTIFICATIONS: bool = env.flag("ENABLE_NOTIFICATIONS", default=True)
ENABLE_OPTIMISTIC: bool = env.flag("ENABLE_OPTIMISTIC", default=True)
ENABLE_REGIONS: bool = env.flag("ENABLE_REGIONS", default=True)
ENABLE_ANALYTICS: bool = env.flag("ENABLE_ANALYTICS", default=False)
ANALYTICS_ID: str = env.text("ANALYTICS_ID")
ANALYTICS_WEBHOOK_URL: str = env.text("ANALYTICS_WEBHOOK_URL", check=url_of(("https", "http")))
VAPID_PRIVATE_KEY: str = env.text("VAPID_PRIVATE_KEY")
VAPID_SUBJECT: str = env.text("VAPID_SUBJECT", check=contact)
ALERT_WEBHOOK_URL: str = env.text("ALERT_WEBHOOK_URL", check=url_of(("https", "http")))
ALERT_EMAILS: list[str] = env.listed("ALERT_EMAILS", [], of=mail_address)
ALERT_RECONNECTS: int = env.whole("ALERT_RECONNECTS", 5, at_least=1)
ALERT_SILENCE_SECONDS: int = env.whole("ALERT_SILENCE_SECONDS", 3600, at_least=1)
ALERT_LATENCY_MS: int = env.whole("ALERT_LATENCY_MS", 1000, at_least=1)

# --- mail, for alerts alone -------------------------------------------------------------------

_mail = env.parsed("EMAIL_URL", "smtp://localhost:25", of=mail_server)
EMAIL_HOST: str = _mail.host
EMAIL_PORT: int = _mail.port
EMAIL_HOST_USER: str = _mail.user
EMAIL_HOST_PASSWORD: str = _mail.password
EMAIL_USE_TLS: bool = _mail.security == "tls"
EMAIL_USE_SSL: bool = _mail.security == "ssl"
EMAIL_TIMEOUT = 10
DEFAULT_FROM_EMAIL: str = (
    env.text("DEFAULT_FROM_EMAIL", check=mail_sender) or f"coopsite@{_name or 'localhost'}"
)

# --- logs -------------------------------------------------------------------------------------

LOG_LEVEL: str = env.choice(
    "LOG_LEVEL", "INFO", of=("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")
)
LOG_FORMAT: str = env.choice("LOG_FORMAT", "text", of=("text", "json"))
LOGGING: dict[str, Any] = logs.configuration(level=LOG_LEVEL, style=LOG_FORMAT)
logs.configure_structlog()
