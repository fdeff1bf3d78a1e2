"""Static files: hashed modules find each other, fonts stay small, foreign files their hash."""

import base64
import gzip
import hashlib
import re
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import brotli
import pytest
from django.conf import settings
from django.core.files.storage import FileSystemStorage

from courseserver.common.static import ModuleStorage
from courseserver.demo import install

STATIC = Path(settings.BASE_DIR) / "courseserver" / "static"
MODULES = (STATIC / "js", STATIC.parent / "lti/static/lti")
FONTS_MAX_BYTES = 90_000


@pytest.fixture
def collected(installed: Path) -> Path:
    return installed / "static"


def test_every_module_finds_its_imports_under_their_hashed_names(collected: Path) -> None:
    storage = ModuleStorage(location=str(collected))
    ours = [f"{folder.name}/{file.name}" for folder in MODULES for file in folder.glob("*.js")]
    seen: set[Path] = set()
    waiting = [collected / storage.stored_name(name) for name in ours]
    while waiting:
        module = waiting.pop()
        seen.add(module)
        for url in re.findall(r'^(?:import|export|\})[^;"]*"(\.[^"]+)";', module.read_text(), re.M):
            target = (module.parent / url).resolve()
            assert re.search(r"\.[0-9a-f]{12}\.js$", target.name), f"{module.name} imports {url}"
            assert target.is_file()
            if target not in seen:
                waiting.append(target)

    assert len(seen) > 20


def test_a_lab_page_asks_at_once_for_every_module_that_it_needs() -> None:
    page = STATIC.parent / "labruntime/templates/labruntime/lab_base.html"
    asked = set(
        re.findall(r"modulepreload\" href=\"\{% static 'js/([\w/]+\.js)'", page.read_text())
    )
    needed: set[str] = set()
    waiting = [STATIC / "js/lab.js"]
    while waiting:
        module = waiting.pop()
        for url in re.findall(r'^(?:import|\})[^;"]*"(\.[^"]+)";', module.read_text(), re.M):
            target = (module.parent / url).resolve()
            name = target.relative_to(STATIC / "js").as_posix()
            if name not in needed:
                needed.add(name)
                waiting.append(target)

    assert asked == needed


def test_style_sheets_name_the_hashed_fonts(collected: Path) -> None:
    storage = ModuleStorage(location=str(collected))
    sheet = (collected / storage.stored_name("css/foundation.css")).read_text()

    fonts = re.findall(r'url\("([^"]+)"\)', sheet)

    assert len(fonts) == 2
    assert all((collected / "css" / font).resolve().is_file() for font in fonts)
    assert all(re.search(r"\.[0-9a-f]{12}\.woff2$", font) for font in fonts)


def test_every_script_and_sheet_that_pages_ask_for_lies_there_compressed(collected: Path) -> None:
    storage = ModuleStorage(location=str(collected))
    names = [f"{folder.name}/{file.name}" for folder in MODULES for file in folder.glob("*.js")]
    asked = [collected / storage.stored_name(name) for name in [*names, "css/foundation.css"]]

    for file in asked:
        assert re.search(r"\.[0-9a-f]{12}\.", file.name)
        if file.stat().st_size > 1000:
            assert gzip.decompress(Path(f"{file}.gz").read_bytes()) == file.read_bytes()
            assert brotli.decompress(Path(f"{file}.br").read_bytes()) == file.read_bytes()
    assert not (collected / "css/foundation.css.br").exists(), "asked for by no page"


def test_light_and_dark_differ_in_colours_alone() -> None:
    """`light-dark()` takes colours alone: `browser/axe.py` asks dark pages for nothing else."""
    kinds = {".css", ".js", ".html"}
    files = [file for file in STATIC.parent.rglob("*.*") if file.suffix in kinds]
    told = [file for file in files if "light-dark(" in file.read_text()]

    assert [file for file in files if "prefers-color-scheme" in file.read_text()] == []
    assert {"foundation.css", "lms.css"} <= {file.name for file in told}


def test_before_collecting_files_keep_their_plain_names(tmp_path: Path) -> None:
    storage = ModuleStorage(location=str(tmp_path))

    assert storage.stored_name("js/lab.js") == "js/lab.js"


def test_a_second_start_gathers_again_only_what_changed(
    tmp_path: Path, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.STATIC_ROOT = tmp_path
    sheet = tmp_path / "sheet.css"
    sheet.write_text("a {}")
    folder = FileSystemStorage(location=tmp_path)
    finder = Mock(list=lambda ignored: [("sheet.css", folder)])
    monkeypatch.setattr(install, "get_finders", lambda: [finder])
    called = Mock()
    monkeypatch.setattr(install, "call_command", called)

    install.prepare()
    install.prepare()
    sheet.write_text("a { color: red }")
    install.prepare()

    assert [call.args[0] for call in called.call_args_list].count("collectstatic") == 2


def test_both_typefaces_together_stay_under_ninety_kilobytes() -> None:
    fonts = list((STATIC / "fonts").glob("*.woff2"))

    assert len(fonts) == 2
    assert sum(font.stat().st_size for font in fonts) < FONTS_MAX_BYTES
    assert all((font.parent / f"{font.stem}-LICENSE.txt").is_file() for font in fonts)


@pytest.mark.parametrize(
    "folder", [STATIC / "vendor", Path(settings.BASE_DIR) / "tests/browser/vendor"]
)
def test_every_file_from_elsewhere_has_its_hash_and_licence(folder: Path) -> None:
    if not folder.is_dir():
        return
    vouched = {
        name: digest
        for digest, name, *_ in (
            line.split() for line in (folder / "HASHES.txt").read_text().splitlines()
        )
    }
    for file in folder.glob("*.js"):
        digest = base64.b64encode(hashlib.sha384(file.read_bytes()).digest()).decode()
        assert vouched.pop(file.name) == f"sha384-{digest}"
    assert vouched == {}
    assert list(folder.glob("*LICENSE*"))


def test_no_template_holds_inline_script_or_style() -> None:
    templates = list(Path(settings.BASE_DIR, "courseserver").rglob("templates/**/*.html"))

    for template in templates:
        text = template.read_text()
        assert not re.search(r"\sstyle\s*=|<style|\son[a-z]+\s*=\s*[\"']|javascript:", text), (
            template
        )
        assert not re.search(r"<script(?![^>]*\b(src|type=\"application/json\"))", text), template

    assert templates
