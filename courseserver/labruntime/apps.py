from django.apps import AppConfig


class LabruntimeConfig(AppConfig):
    name = "courseserver.labruntime"

    def ready(self) -> None:
        from courseserver.grading.progress import provide
        from courseserver.labruntime.progress import parts_committed

        provide("labs", parts_committed)
