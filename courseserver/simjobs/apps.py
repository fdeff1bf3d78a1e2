from django.apps import AppConfig


class SimjobsConfig(AppConfig):
    name = "courseserver.simjobs"
