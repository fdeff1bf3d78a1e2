"""Practice LMS: a small LTI 1.3 platform for demos and tests.

It is a Django project of its own (`courseserver.practice_lms.settings`), speaks to the tool over
HTTP and imports none of it. It has no accounts: the address says who you act as.
"""
