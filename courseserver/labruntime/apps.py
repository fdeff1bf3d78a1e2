from django.apps import AppConfig


class LabruntimeConfig(AppConfig):
    name = "courseserver.labruntime"

    def ready(self) -> None:
        from courseserver.grading import foresight, progress, regrading
        from courseserver.labruntime.anew import computed_anew
        from courseserver.labruntime.foresight import predictions_of
        from courseserver.labruntime.progress import parts_committed

        progress.provide("labs", parts_committed)
        regrading.provide("labs", computed_anew)
        foresight.provide("labs", predictions_of)
