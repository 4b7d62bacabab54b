"""Every setting, grouped under headings; the only file that reads the environment."""

import os
import secrets
import sys
from pathlib import Path

import environ
from django.core.exceptions import ImproperlyConfigured

from bingeboard import secrecy

env = environ.Env()
BASE_DIR = Path(__file__).resolve().parent.parent
environ.Env.read_env(BASE_DIR / ".env")

# --- Where things are -------------------------------------------------------------------------------------
# Embedded servers, model artefacts and demo secrets of one machine live together in one folder.
BINGEBOARD_HOME = Path(env.str("BINGEBOARD_HOME", default=str(BASE_DIR / ".demo"))).resolve()
MEDIA_ROOT = env.str("MEDIA_ROOT", default=str(BINGEBOARD_HOME / "media"))
MEDIA_URL = "/media/"
STATIC_URL = "/static/"
# Only who collects static files elsewhere needs it; see WHITENOISE_USE_FINDERS.
STATIC_ROOT = env.str("STATIC_ROOT", default="") or None
STATICFILES_DIRS = [BASE_DIR / "bingeboard" / "static"]

# --- Security ---------------------------------------------------------------------------------------------
DEBUG = env.bool("BINGEBOARD_DEBUG", default=False)
PRODUCTION = env.str("BINGEBOARD_ENVIRONMENT", default="").strip().lower() in ("production", "prod", "live")
# Without a key of one's own every start gets a new one: sessions then end with the process, nothing is guessable.
SECRET_KEY = env.str("BINGEBOARD_SECRET_KEY", default="") or secrets.token_urlsafe(50)
if not DEBUG and (weakness := secrecy.weakness_of_key(SECRET_KEY)):
    raise ImproperlyConfigured(f"BINGEBOARD_SECRET_KEY {weakness}; set a long random one, or none")
if PRODUCTION and not env.str("BINGEBOARD_SECRET_KEY", default=""):
    raise ImproperlyConfigured("BINGEBOARD_SECRET_KEY is not set, and in production all processes share one")
ALLOWED_HOSTS = env.list("BINGEBOARD_ALLOWED_HOSTS", default=["localhost", "127.0.0.1", "[::1]"])
CSRF_TRUSTED_ORIGINS = env.list("BINGEBOARD_TRUSTED_ORIGINS", default=[])
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = env.bool("BINGEBOARD_HTTPS", default=False)
X_FRAME_OPTIONS = "DENY"
SECURE_CONTENT_TYPE_NOSNIFF = True
DATA_UPLOAD_MAX_MEMORY_SIZE = 2 * 1024 * 1024
AUTH_USER_MODEL = "users.User"
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator"},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]

# --- Apps -------------------------------------------------------------------------------------------------
INSTALLED_APPS = [
    "unfold",
    "unfold.contrib.filters",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "django_celery_beat",
    "strawberry_django",
    "allauth",
    "allauth.account",
    "allauth.headless",
    "bingeboard.users",
    "bingeboard.signin",
    "bingeboard.shows",
    "social",
    "experiments",
    "recommendations",
    "bingeboard.demo",
    "bingeboard.embedded",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "bingeboard.signin.middleware.CleanAnswers",
    "allauth.account.middleware.AccountMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]
ROOT_URLCONF = "bingeboard.urls"
WSGI_APPLICATION = "bingeboard.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "bingeboard" / "templates"],
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
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
# Served straight from the packages: nobody has to remember collectstatic before the first page looks right.
WHITENOISE_USE_FINDERS = True
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# --- Database ---------------------------------------------------------------------------------------------
# Any command that needs a database and finds no DATABASE_URL has had manage.py start an embedded one.
DATABASES = {
    "default": {
        **env.db("DATABASE_URL", default="postgresql://127.0.0.1:5432/bingeboard"),
        "CONN_MAX_AGE": 0,
        # A connection that died with the server is noticed before it is used: nobody's request pays for it.
        "CONN_HEALTH_CHECKS": True,
        "OPTIONS": {
            "connect_timeout": 2,
            "options": "-c lock_timeout=5000 -c idle_in_transaction_session_timeout=60000",
            # Given up after two seconds, an attempt to connect starts anew with the next request; left to themselves,
            # attempts grow rarer, and a database that was away for half a minute is missed for as long again.
            "pool": {"min_size": 1, "max_size": 12, "timeout": 1.5, "reconnect_timeout": 2},
        },
    }
}

# --- Signing in -------------------------------------------------------------------------------------------
# People sign up and in at /_allauth/ (django-allauth, without pages of its own); see bingeboard/signin/.
SESSION_ENGINE = "bingeboard.signin.sessions"
SIGNUP_OPEN = env.bool("BINGEBOARD_SIGNUP", default=True)
# Locks count in PostgreSQL, where neither a flushed broker nor another process forgets them.
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.db.DatabaseCache",
        "LOCATION": "cache_entries",
        # Keys name people and addresses; only their hashes are kept.
        "KEY_FUNCTION": "bingeboard.signin.names.cache_key",
        # Nobody shall push a lock out by trying many names.
        "OPTIONS": {"MAX_ENTRIES": 100_000},
    }
}
AUTHENTICATION_BACKENDS = ["bingeboard.signin.backends.Backend"]
ACCOUNT_ADAPTER = "bingeboard.signin.adapter.AccountAdapter"
# Wrong passwords: from one address in a minute, and for one account in five.
ACCOUNT_RATE_LIMITS = {"login_failed": "10/m/ip,5/5m/key"}
ACCOUNT_SIGNUP_FORM_CLASS = "bingeboard.signin.forms.SignUp"
ACCOUNT_LOGIN_METHODS = {"username", "email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "username", "password1*"]
# By codes, not links: a link names a page of the app, and the library takes ids with a dash in them apart.
ACCOUNT_EMAIL_VERIFICATION = "mandatory"
ACCOUNT_EMAIL_VERIFICATION_BY_CODE_ENABLED = True
ACCOUNT_PASSWORD_RESET_BY_CODE_ENABLED = True
# What else was signed in with the old password is out anyway; whoever changed it stays.
ACCOUNT_LOGOUT_ON_PASSWORD_CHANGE = False
ACCOUNT_EMAIL_SUBJECT_PREFIX = "[BingeBoard] "
ACCOUNT_DEFAULT_HTTP_PROTOCOL = "https" if SESSION_COOKIE_SECURE else "http"
HEADLESS_ONLY = True
HEADLESS_CLIENTS = ("app", "browser")
HEADLESS_TOKEN_STRATEGY = "bingeboard.signin.tokens.SessionTokens"  # noqa: S105 - where the code is
# Mails name these pages of the app that people see; it is for that app to have them.
APP_URL = env.str("BINGEBOARD_APP_URL", default="").rstrip("/")
HEADLESS_FRONTEND_URLS = {
    "account_signup": f"{APP_URL}/",
    "account_reset_password": f"{APP_URL}/",
    "account_reset_password_from_key": f"{APP_URL}/?key={{key}}",
    "account_confirm_email": f"{APP_URL}/?key={{key}}",
}
# How many of our own proxies stand before us, and so which entry of X-Forwarded-For is the client's.
ALLAUTH_TRUSTED_PROXY_COUNT = TRUSTED_PROXIES = env.int("BINGEBOARD_TRUSTED_PROXIES", default=0)
# An outside identity provider, whose tokens (JWT) are taken as well; see bingeboard/signin/outside.py.
JWT_ISSUER = env.str("BINGEBOARD_JWT_ISSUER", default="")
JWT_AUDIENCE = env.str("BINGEBOARD_JWT_AUDIENCE", default="")
JWT_JWKS_URL = env.str("BINGEBOARD_JWT_JWKS_URL", default="")
JWT_ALGORITHMS = env.list("BINGEBOARD_JWT_ALGORITHMS", default=["RS256", "ES256"])
JWT_VIEWER_CLAIM = env.str("BINGEBOARD_JWT_VIEWER_CLAIM", default="sub")
JWT_REQUIRED_CLAIMS = env.list("BINGEBOARD_JWT_REQUIRED_CLAIMS", default=["exp", "nbf"])
JWT_LEEWAY = env.int("BINGEBOARD_JWT_LEEWAY", default=30)
JWT_CREATE_VIEWERS = env.bool("BINGEBOARD_JWT_CREATE_VIEWERS", default=False)
# How mails go out: printed where nothing is named.
vars().update(env.email("EMAIL_URL", default="consolemail://"))
EMAIL_TIMEOUT = 5
DEFAULT_FROM_EMAIL = env.str("BINGEBOARD_MAIL_FROM", default="BingeBoard <noreply@localhost>")

# A password that everybody knows is for machines of one's own.
if PRODUCTION and (weakness := secrecy.weakness_of_address(env.str("DATABASE_URL", default=""))):
    raise ImproperlyConfigured(f"DATABASE_URL {weakness}; set another, there and here")

# --- Celery -----------------------------------------------------------------------------------------------
REDIS_URL = env.str("REDIS_URL", default="redis://127.0.0.1:6379/0")
CELERY_BROKER_URL = REDIS_URL
CELERY_RESULT_BACKEND = REDIS_URL
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_TASK_SERIALIZER = "json"
CELERY_RESULT_SERIALIZER = "json"
CELERY_RESULT_EXPIRES = 3600
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
# Longer than the longest stage, so that a running one is not handed out twice.
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "visibility_timeout": 3600,
    "socket_connect_timeout": 2,
    "socket_timeout": 30,
}
CELERY_BEAT_SCHEDULER = "django_celery_beat.schedulers:DatabaseScheduler"
CELERY_TIMEZONE = "UTC"

# --- Language and time ------------------------------------------------------------------------------------
LANGUAGE_CODE = "en"
TIME_ZONE = "UTC"
USE_TZ = True
USE_I18N = False
FORMAT_MODULE_PATH = "bingeboard.formats"

# --- The engine -------------------------------------------------------------------------------------------
# Who turns text into vectors: "minilm" (local, no network), "openai", or "lexical" (no model at all).
EMBEDDING_PROVIDER = env.str("EMBEDDING_PROVIDER", default="minilm")
OPENAI_API_KEY = env.str("OPENAI_API_KEY", default="")
OPENAI_BASE_URL = env.str("OPENAI_BASE_URL", default="https://api.openai.com/v1")
# "hnsw" or "ivfflat"; see `manage.py build_vector_index`.
VECTOR_INDEX_METHOD = env.str("VECTOR_INDEX_METHOD", default="hnsw")

# --- The GraphQL door -------------------------------------------------------------------------------------
GRAPHIQL = env.bool("BINGEBOARD_GRAPHIQL", default=True)
# The demo page lets whoever opens it act as a made-up viewer. `manage.py demo` turns it on; production never has it.
DEMO = env.bool("BINGEBOARD_DEMO", default=False) and not PRODUCTION
# Where subscriptions are listened for, as the start page says it; the web's own server has no sockets.
SOCKET_URL = env.str("BINGEBOARD_SOCKET_URL", default="")
# Points that one operation may cost, and that one account may spend in a minute (0: any number).
# The dearest page that a client of ours asks for costs 5,000; twenty of those in a minute are no person's.
COST_LIMIT = env.int("BINGEBOARD_COST_LIMIT", default=25_000)
BUDGET_PER_MINUTE = env.int("BINGEBOARD_BUDGET_PER_MINUTE", default=100_000)
# Whether the schema can be asked for: by introspection, as a file, and by the hints in what a typing error is told.
INTROSPECTION = env.bool("BINGEBOARD_INTROSPECTION", default=not PRODUCTION)
# A manifest (sha256 -> document) or a folder of .graphql files: with it, only those documents run.
TRUSTED_DOCUMENTS = env.str("BINGEBOARD_TRUSTED_DOCUMENTS", default="")
STRAWBERRY_DJANGO = {
    "FIELD_DESCRIPTION_FROM_HELP_TEXT": True,
    "TYPE_DESCRIPTION_FROM_MODEL_DOCSTRING": False,
    "MUTATIONS_DEFAULT_HANDLE_ERRORS": False,
    "MAP_AUTO_ID_AS_GLOBAL_ID": True,
}

# --- Logs -------------------------------------------------------------------------------------------------
LOG_LEVEL = env.str("BINGEBOARD_LOG_LEVEL", default="INFO")
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "filters": {"request": {"()": "bingeboard.request_ids.WithRequestId"}},
    "formatters": {"plain": {"format": "%(asctime)s %(levelname)-7s %(name)s%(request_id)s: %(message)s"}},
    "handlers": {
        "stderr": {
            "class": "logging.StreamHandler",
            "formatter": "plain",
            "filters": ["request"],
            "stream": sys.stderr,
        }
    },
    "root": {"handlers": ["stderr"], "level": LOG_LEVEL},
    "loggers": {
        "httpx": {"level": "WARNING"},
        # A line for every sweep would drown the lines that say something.
        "celery.app.trace": {"level": "WARNING"},
        "celery.worker.strategy": {"level": "WARNING"},
        "celery.beat": {"level": "WARNING"},
        "psycopg.pool": {"level": "ERROR"},
        "strawberry.execution": {"level": "CRITICAL"},
    },
}

# --- The admin --------------------------------------------------------------------------------------------
LOGIN_URL = "admin:login"
LOGIN_REDIRECT_URL = "admin:index"
# What the badge in the admin says one is working on; where it is empty, the database's address tells.
ENVIRONMENT_NAME = env.str("BINGEBOARD_ENVIRONMENT", default="")
UNFOLD = {
    "SITE_TITLE": "BingeBoard",
    "SITE_HEADER": "BingeBoard",
    "SITE_SUBHEADER": "Recommendation engine",
    "SITE_SYMBOL": "movie",
    "SITE_FAVICONS": [{"rel": "icon", "type": "image/svg+xml", "href": STATIC_URL + "bingeboard/icon.svg"}],
    "SHOW_HISTORY": True,
    "SHOW_VIEW_ON_SITE": False,
    "ENVIRONMENT": "bingeboard.admin.navigation.environment",
    "LOGIN": {"form": "bingeboard.signin.staff.StaffLogin"},
    "DASHBOARD_CALLBACK": "recommendations.admin.dashboard.show",
    "STYLES": [STATIC_URL + "bingeboard/admin.css"],
    "SIDEBAR": {"show_search": True, "navigation": "bingeboard.admin.navigation.sidebar"},
}

# Threads of BLAS beyond the cores make everything slower when web, worker and database share two of them.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "2")
