# One command each, from a machine with rustup, gcc, make and apt:
#
#   make demo    a network of five processes tells the story of a shipment, every step checked
#   make test    everything that must hold: format, lints, all tests
#   make interop a second implementation, in Python, held against this one (asks PyPI for two packages, once)
#
# The first two first run `make deps`, which installs what the build of RocksDB needs and says so.

SHELL := /bin/bash
CARGO ?= cargo

# A compiler cache makes the second cold build of RocksDB cheap; without one everything works the same.
ifneq ($(shell command -v ccache 2>/dev/null),)
export CC  ?= ccache gcc
export CXX ?= ccache g++
ifeq ($(origin CC),default)
CC  := ccache gcc
endif
ifeq ($(origin CXX),default)
CXX := ccache g++
endif
endif

.PHONY: help deps build demo test lint unit interop bench release clean

help:
	@sed -n 's/^#   \(make .*\)/\1/p' Makefile

deps:
	@sh .ci/deps

build: deps
	$(CARGO) build --workspace --locked

demo: build
	target/debug/sampan-testnet demo $(DEMO)

test: lint unit

lint: deps
	$(CARGO) fmt --all --check
	$(CARGO) clippy --workspace --all-targets --locked -- -D warnings

# The binaries come first: tests of the command line and of whole networks run them.
unit: build
	$(CARGO) test --workspace --locked

# Needs no RocksDB. INTEROP="--count 300 --seed 2" tries more and others.
interop:
	$(CARGO) build --package sampan-cli --locked
	testnet/interop/run $(INTEROP)

release: deps
	$(CARGO) build --workspace --release --locked

bench: release
	target/release/sampan-testnet bench $(BENCH)

clean:
	$(CARGO) clean
