"""/admin/, /graphql/, /health/ and a front page: the whole web surface."""

from django.contrib import admin
from django.urls import path

from bingeboard import views

urlpatterns = [
    path("", views.index, name="index"),
    path("admin/", admin.site.urls),
    path("graphql/", views.graphql, name="graphql"),
    path("graphql", views.graphql),
    path("health/", views.health, name="health"),
    path("health/ready/", views.ready, name="ready"),
]
