"""What any tool remembers of a launch: who, in which course, as what, through which link."""

from django.db import models


class Person(models.Model):
    issuer = models.CharField(max_length=255)
    subject = models.CharField(max_length=255)
    name = models.CharField(max_length=255, blank=True)
    email = models.CharField(max_length=255, blank=True)

    class Meta:
        app_label = "pylti1p3_tool"
        unique_together = [("issuer", "subject")]

    def __str__(self) -> str:
        return self.subject


class Course(models.Model):
    issuer = models.CharField(max_length=255)
    context = models.CharField(max_length=255)
    title = models.CharField(max_length=255, blank=True)

    class Meta:
        app_label = "pylti1p3_tool"
        unique_together = [("issuer", "context")]

    def __str__(self) -> str:
        return self.title


class Enrolment(models.Model):
    person = models.ForeignKey(Person, models.CASCADE)
    course = models.ForeignKey(Course, models.CASCADE)
    roles = models.JSONField(default=list)

    class Meta:
        app_label = "pylti1p3_tool"
        unique_together = [("person", "course")]

    def __str__(self) -> str:
        return f"{self.person_id} in {self.course_id}"


class Link(models.Model):
    course = models.ForeignKey(Course, models.CASCADE)
    link = models.CharField(max_length=255)
    title = models.CharField(max_length=255, blank=True)

    class Meta:
        app_label = "pylti1p3_tool"
        unique_together = [("course", "link")]

    def __str__(self) -> str:
        return self.title
