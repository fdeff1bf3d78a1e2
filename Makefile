# The same commands with less typing; ./run and ./test need no make.
PYTHON := .venv/bin/python

.PHONY: setup demo test check format lock bench soak

setup:
	@. ./docker/python-environment.sh && python_environment .venv requirements-dev.lock

demo:
	@./run $(if $(ONCE),--once)

test:
	@./test

check: setup
	$(PYTHON) -m ruff format --check .
	$(PYTHON) -m ruff check .
	$(PYTHON) -m mypy courseserver simcore labs firmware_specs device_agent
	.venv/bin/lint-imports
	$(PYTHON) -m pytest -q -n 2 -m "not slow and not browser and not processes and not chroot"

format: setup
	$(PYTHON) -m ruff format .
	$(PYTHON) -m ruff check --fix .

# For maintainers with uv: after a change of dependencies.
lock:
	uv lock
	uv export --quiet --locked --no-emit-project --no-header --extra server --no-dev --output-file requirements.lock
	uv export --quiet --locked --no-emit-project --no-header --extra server --group dev --output-file requirements-dev.lock

bench: setup
	$(PYTHON) -m tests.benchmarks $(if $(JSON),--json $(JSON))

soak: setup
	$(PYTHON) -m tests.soak
