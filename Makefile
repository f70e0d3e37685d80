# Everything a developer runs. Each target makes its own virtual environment; nothing else is needed but Python 3.11-3.13.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
REAL_DATA ?= ../shared/telemetry

.PHONY: demo test check bench acceptance lock vendor clean
.DEFAULT_GOAL := test

$(VENV)/.run: requirements/run.txt pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip --disable-pip-version-check install --quiet --require-hashes -r requirements/run.txt
	$(BIN)/python -m pip --disable-pip-version-check install --quiet --no-deps --no-build-isolation --editable .
	touch $@

$(VENV)/.dev: $(VENV)/.run requirements/dev.txt
	$(BIN)/python -m pip --disable-pip-version-check install --quiet --require-hashes -r requirements/dev.txt
	touch $@

# A fleet of 50 hosts for a day with one DCOM and one SCM attack, hunted; the report of it is out/demo.html.
demo: $(VENV)/.run
	$(BIN)/python -m tiercel.cli simulate --out out/demo --hosts 50 --days 1 --seed 7 --attack dcom --attack scm
	$(BIN)/python -m tiercel.cli hunt out/demo --report out/demo.html; status=$$?; [ $$status -eq 1 ] || exit $$status

test: check
	TIERCEL_REAL_DATA=$${TIERCEL_REAL_DATA:-$(REAL_DATA)} $(BIN)/python -m pytest -n 2 --dist loadgroup -q

check: $(VENV)/.dev
	$(BIN)/ruff check src tests bench
	$(BIN)/ruff format --check src tests bench
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache

$(VENV)/.bench: $(VENV)/.dev requirements/bench.txt
	$(BIN)/python -m pip --disable-pip-version-check install --quiet --require-hashes -r requirements/bench.txt
	touch $@

bench: $(VENV)/.bench
	$(BIN)/python -m bench

# Every labelled capture, every simulated scenario in every variant, a day of 10,000 devices: expected against found. A
# week watched in steps of five minutes, killed a hundred times, and a day watched by two: the alerts of one hunt.
acceptance: $(VENV)/.dev
	TIERCEL_REAL_DATA=$${TIERCEL_REAL_DATA:-$(REAL_DATA)} $(BIN)/python -m tests.acceptance
	$(BIN)/python -m tests.coverage
	$(BIN)/python -m tests.noisy_day --hosts 10000
	$(BIN)/python -m tests.watched_week --hosts 60 --days 7 --kills 100
	$(BIN)/python -m tests.watched_week --hosts 60 --days 1 --every 30 --watchers 2

# Pins every dependency with its hashes, for all supported Pythons and platforms. Needs `uv`.
lock:
	uv pip compile --universal --generate-hashes --python-version 3.11 --no-header --no-annotate --group build -o requirements/run.txt pyproject.toml
	uv pip compile --universal --generate-hashes --python-version 3.11 --no-header --no-annotate --group dev -c requirements/run.txt -o requirements/dev.txt pyproject.toml
	uv pip compile --universal --generate-hashes --python-version 3.11 --no-header --no-annotate --group bench -c requirements/dev.txt -o requirements/bench.txt pyproject.toml

# The library that lays out the report's graph, as its makers publish it. Needs `npm`; `make vendor DAGRE=...` takes another.
DAGRE ?= 3.1.3
DAGRE_HOME := src/tiercel/report/vendor/dagre
vendor:
	rm -rf out/vendor && mkdir -p out/vendor
	cd out/vendor && npm pack --silent @dagrejs/dagre@$(DAGRE) && tar xzf dagrejs-dagre-$(DAGRE).tgz
	cp out/vendor/package/dist/dagre.min.js out/vendor/package/LICENSE $(DAGRE_HOME)/
	cd $(DAGRE_HOME) && sha256sum dagre.min.js LICENSE > SHA256SUMS && echo "dagre $(DAGRE) MIT https://github.com/dagrejs/dagre" > VERSION

clean:
	rm -rf $(VENV) out build dist
