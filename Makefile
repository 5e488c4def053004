# Planisphere. Every recipe is one line: what needs a loop or a parse is a program, a test or tests/setup.sh.
# CARGO_TARGET_DIR is honoured. Variables of the demo: DEMO_EXIT=1 CUSTOMERS=5000 MONTHS=24 SEED=7; of bench-extract: N=10000000
# ROUNDS=3 PEAKS=1.
SHELL := /bin/sh
CARGO ?= cargo
PROGRAMS = $${CARGO_TARGET_DIR:-target}/debug
RELEASED = $${CARGO_TARGET_DIR:-$$PWD/target}/release

.DEFAULT_GOAL := help
.PHONY: help demo test lint bench-extract bench-load bench-cube fuzz-queries

help: ## this list
	@sed -n 's/^\([a-z-]*\): ##/make \1:/p' Makefile

demo: ## makes a CRM, loads it, serves it, asks it, checks each answer against the CRM; DEMO_EXIT=1 stops at the end
	@$(CARGO) build --workspace && "$(PROGRAMS)/planisphere-demo"

test: ## installs what is missing where it can, then runs every test
	@sh tests/peers/environment.sh queries >/dev/null && $(CARGO) build --workspace && $(CARGO) test --workspace

lint: ## formatting, clippy and documentation, warnings refused
	@$(CARGO) fmt --all --check && $(CARGO) clippy --workspace --all-targets -- -D warnings && RUSTDOCFLAGS="-D warnings" $(CARGO) doc --workspace --no-deps

bench-extract: ## extraction to Parquet beside DuckDB, connectorx, the server's own copy and bare drivers; N=10000000 ROUNDS=3
	@python=$$(sh tests/peers/environment.sh extract) && $(CARGO) build --release --workspace --bin planisphere-etl && CARGO_TARGET_DIR=$${CARGO_TARGET_DIR:-$$PWD/target} $(CARGO) build --release --manifest-path tests/peers/bare/Cargo.toml && PLANISPHERE_ETL="$(RELEASED)/planisphere-etl" BARE_LOOP="$(RELEASED)/bare-loop" PYTHONPATH=tests/peers "$$python" tests/peers/extract

bench-load: ## changes of a dimension and a fact load beside DuckDB and Delta's MERGE; N=10000000 ROUNDS=3
	@python=$$(sh tests/peers/environment.sh load) && $(CARGO) build --release --workspace --bin planisphere-etl && PLANISPHERE_ETL="$(RELEASED)/planisphere-etl" PYTHONPATH=tests/peers "$$python" tests/peers/load

bench-cube: ## CUBE over four columns beside DuckDB on the same files; SF=10 ROUNDS=3
	@python=$$(sh tests/peers/environment.sh cube) && $(CARGO) build --release --workspace --bin planisphere-etl --bin planisphere-olap && PLANISPHERE_ETL="$(RELEASED)/planisphere-etl" PLANISPHERE_OLAP="$(RELEASED)/planisphere-olap" PYTHONPATH=tests/peers "$$python" tests/peers/cube

fuzz-queries: ## random cube queries beside plain SQL in DuckDB on the same files; N=1000 SEED=1, QUERY=7 asks one again, FRESH=1 all
	@python=$$(sh tests/peers/environment.sh queries) && $(CARGO) build --release --workspace --bin planisphere-etl --bin planisphere-olap && PLANISPHERE_ETL="$(RELEASED)/planisphere-etl" PLANISPHERE_OLAP="$(RELEASED)/planisphere-olap" "$$python" tests/peers/queries
