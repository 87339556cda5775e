# Postvagt. Two commands for a newcomer: `make run` and `make test`.

VENV = .venv
PYTHON_IN_VENV = $(VENV)/bin/python
EVENTS = 1000000

.PHONY: run test check bench bench-audit accuracy learn fuzz specimens chaos lock clean help

help:            ## What there is.
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:[^#]*## */\t/' | expand -t 14

run:             ## Install what it needs, start the embedded gateway, show three messages, serve until Ctrl-C.
	@scripts/install run
	@exec $(PYTHON_IN_VENV) scripts/demo.py

test:            ## Install what the tests need and run them all, two files at a time.
	@scripts/install dev
	@scripts/debian-peers
	@scripts/debian-unpacked
	@exec $(PYTHON_IN_VENV) -m pytest -n 2 --dist loadfile

check:           ## Form, lint, types, and the arrows between the rooms.
	@scripts/install dev
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/ruff check .
	$(VENV)/bin/mypy
	$(VENV)/bin/lint-imports
	scripts/lint-files

bench:           ## What a decision costs; rate, processor time, latency and memory beside HAProxy, Postfix, rspamd and Haraka.
	@scripts/install dev
	@scripts/debian-peers
	@scripts/debian-unpacked
	@scripts/bench-peers
	@$(PYTHON_IN_VENV) bench/deciding.py
	@exec $(PYTHON_IN_VENV) bench/run.py

bench-audit:     ## The record: rates, and how it is when it is large (EVENTS=1000000); writes the tables of docs/audit.md.
	@scripts/install dev
	@scripts/debian-peers
	@$(PYTHON_IN_VENV) bench/audit_rates.py | $(PYTHON_IN_VENV) bench/into_docs.py docs/audit.md rates
	@$(PYTHON_IN_VENV) bench/audit_rates.py --postgres | $(PYTHON_IN_VENV) bench/into_docs.py docs/audit.md rates-postgres
	@$(PYTHON_IN_VENV) bench/audit_scale.py --events $(EVENTS) | $(PYTHON_IN_VENV) bench/into_docs.py docs/audit.md scale
	@$(PYTHON_IN_VENV) bench/audit_scale.py --postgres --events $(EVENTS) | $(PYTHON_IN_VENV) bench/into_docs.py docs/audit.md scale-postgres

accuracy:        ## Recall and false blocks on the labelled mails of ../shared; fails under the targets.
	@scripts/install dev
	@exec $(VENV)/bin/postvagt evaluate --targets ../shared/corpus/dev

learn:           ## Learn from training/ and tests/detect/rows how sensitive sentences are worded; writes ord/learned.yaml.
	@scripts/install dev
	@exec $(PYTHON_IN_VENV) scripts/learn.py

fuzz:            ## Any bytes at the gateway and damage to any document, longer than `make test` has time for.
	@scripts/install dev
	@FUZZ=50 $(PYTHON_IN_VENV) -m pytest tests/fuzz
	@FUZZ=500 $(PYTHON_IN_VENV) -m pytest tests/extract/test_fuzz.py

specimens:       ## Read the specimens and the hostile files of ../shared; writes the tables of docs/extraction.md, fails on a miss.
	@scripts/install dev
	@exec $(PYTHON_IN_VENV) scripts/extraction_tables.py --ocr --write docs/extraction.md

chaos:           ## Killed workers, a next hop that comes and goes, a full disk, for a minute each; prints the counts.
	@scripts/install dev
	@scripts/debian-peers
	@CHAOS=60 $(PYTHON_IN_VENV) -m pytest -s tests/chaos

lock:            ## Renew the locks after a change in pyproject.toml.
	@scripts/install dev
	@scripts/lock

clean:           ## Take away everything that make made.
	rm -rf $(VENV) .tools var build *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis
