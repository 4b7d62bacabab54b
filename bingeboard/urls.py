"""/admin/, /graphql/, /_allauth/ (signing in), /health/, a start page and the demo page: the whole web surface."""

from django.contrib import admin
from django.urls import include, path

from bingeboard import views
from bingeboard.pages import demo, start

urlpatterns = [
    path("", start.index, name="index"),
    path("schema.graphql", start.schema_text, name="schema"),
    path("examples/<str:name>", start.example, name="example"),
    path("demo/", demo.board, name="demo"),
    path("demo/viewer/", demo.choose, name="demo-viewer"),
    path("demo/act/", demo.act, name="demo-act"),
    path("admin/", admin.site.urls),
    path("_allauth/", include("allauth.headless.urls")),
    path("graphql/", views.graphql, name="graphql"),
    path("graphql", views.graphql),
    path("health/", views.health, name="health"),
    path("health/ready/", views.ready, name="ready"),
]
