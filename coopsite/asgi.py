"""The ASGI application: Django for HTTP, the live consumer for WebSockets from allowed origins."""

import gc
import os

import django
from channels.routing import ProtocolTypeRouter, URLRouter
from channels.security.websocket import AllowedHostsOriginValidator

from coopsite.handler import OneThreadHandler

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "coopsite.settings")

django.setup(set_prefix=False)  # loads the apps, which the routes below need

from realtime.routing import websocket_urlpatterns  # noqa: E402

application = ProtocolTypeRouter(
    {
        "http": OneThreadHandler(),
        "websocket": AllowedHostsOriginValidator(URLRouter(websocket_urlpatterns)),
    }
)

# What is loaded by now stays for ever: no request has to wait until it is looked through again.
gc.collect()
gc.freeze()
