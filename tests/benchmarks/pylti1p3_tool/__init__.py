"""The least Django tool that PyLTI1p3 makes: its login, its launch, its session storage."""
