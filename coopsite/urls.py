"""The site's routes: pages, API, health, admin and the language switch."""

from importlib import import_module
from importlib.util import find_spec

from django.contrib import admin
from django.urls import URLPattern, URLResolver, include, path

urlpatterns: list[URLPattern | URLResolver] = [
    path("admin/", admin.site.urls),
    path("i18n/", include("django.conf.urls.i18n")),
]
if find_spec("coopsite.health"):
    urlpatterns.append(path("", include("coopsite.health")))
if find_spec("pools.api"):
    urlpatterns.append(path("api/v1/", import_module("pools.api").api.urls))
if find_spec("pools.urls"):
    urlpatterns.append(path("", include("pools.urls")))
