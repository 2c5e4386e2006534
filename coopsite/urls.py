"""The site's routes: pages, API, health, admin and the language switch."""

from django.contrib import admin
from django.urls import include, path

from pools import api

admin.autodiscover()

handler400 = "coopsite.error_pages.bad_request"
handler403 = "coopsite.error_pages.forbidden"
handler404 = "coopsite.error_pages.not_found"
handler500 = "coopsite.error_pages.server_error"

urlpatterns = [
    path("", include("pools.urls")),
    path("", include("coopsite.health")),
    path("api/v1/", api.urls()),
    path("i18n/", include("django.conf.urls.i18n")),
    path("admin/", admin.site.urls),
]
