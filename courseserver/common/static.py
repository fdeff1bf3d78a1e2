"""Static files with their hash in the name, ES modules included."""

from collections.abc import Iterator
from functools import cached_property

from django.contrib.staticfiles.storage import ManifestStaticFilesStorage
from whitenoise.storage import CompressedManifestStaticFilesStorage

_IN_MODULES = ManifestStaticFilesStorage._js_module_import_aggregation_patterns[1]  # type: ignore[attr-defined]


class ModuleStorage(CompressedManifestStaticFilesStorage):  # type: ignore[misc]
    """Hash names inside `import` statements too, so that modules cache for ever without a bundler.

    Before `collectstatic` has run (tests, a fresh clone) files keep their plain names.
    """

    # Our modules only: other packages ship sources whose imports name no file.
    patterns = (
        *ManifestStaticFilesStorage.patterns,
        ("js/*.js", _IN_MODULES),
        ("lti/*.js", _IN_MODULES),
    )
    # One pass resolves one level of imports.
    max_post_process_passes = 12

    @cached_property
    def _urls(self) -> dict[str, str]:
        return {}

    def compress_files(self, paths: set[str]) -> Iterator[tuple[str, str]]:
        """Compress what pages ask for; a file's plain name is asked for by no page."""
        yield from super().compress_files(paths & {*self.hashed_files.values()})

    def url(self, name: str, force: bool = False) -> str:
        """Return a file's address; a page asks for some forty, the same ones every time."""
        if name not in self._urls:
            self._urls[name] = str(super().url(name, force))
        return self._urls[name]

    def stored_name(self, name: str) -> str:
        try:
            return str(super().stored_name(name))
        except ValueError:
            return name
