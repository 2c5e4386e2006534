"""The project's settings, read from an environment that holds nothing of the developer's own.

Neither `.env` nor `var/` reaches a test, and two test runs, or two xdist workers, share no file,
no database and no port: each process that imports this module gets its own.
"""

import os
import tempfile

from coopsite.environment import VARIABLES
from tests.ports import free_port

for name in VARIABLES:
    os.environ.pop(name, None)
# `tests/databases/test_postgresql.py` runs other tests once more, on PostgreSQL.
if os.environ.get("TEST_DATABASE_URL"):
    os.environ["DATABASE_URL"] = os.environ["TEST_DATABASE_URL"]
_scratch = tempfile.TemporaryDirectory(prefix="coopsite-tests-")
os.environ["ENV_FILE"] = os.devnull
os.environ["VAR_DIR"] = _scratch.name
os.environ["SECRET_KEY"] = "only-for-tests-" * 4
# The fixture `redis_server` starts a Redis there; who forgets to ask for it is refused loudly.
os.environ["REDIS_URL"] = f"redis://127.0.0.1:{free_port()}/0"

from coopsite.settings import *  # noqa: E402, F403

# WhiteNoise warns of a directory that is not there, and a warning fails a test.
STATIC_ROOT.mkdir()  # noqa: F405
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    # Pages in tests need no collectstatic.
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
if DATABASES["default"]["ENGINE"].endswith("sqlite3"):  # noqa: F405
    # In a file, as in real life: several threads share it, each with a connection of its own.
    DATABASES["default"]["TEST"] = {"NAME": os.path.join(_scratch.name, "test.sqlite3")}  # noqa: F405, PTH118
