"""The WebSocket addresses: one that exists, and everything else, which is refused quietly."""

from django.urls import path, re_path

from realtime.consumers import live, refuse

websocket_urlpatterns = [
    path("ws/live/", live),  # type: ignore[arg-type]  # Channels routes to ASGI applications
    re_path("", refuse),  # type: ignore[arg-type]
]
