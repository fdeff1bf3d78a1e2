from django.apps import AppConfig


class BenchesConfig(AppConfig):
    name = "courseserver.benches"
