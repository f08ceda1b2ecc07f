# Two commands are all that a newcomer needs: `make demo` and `make test`.
# Both set up what they need on a Debian or Ubuntu machine (as root, or with sudo).

VENV ?= .venv
PY := $(VENV)/bin/python
SUDO := $(shell [ "$$(id -u)" = 0 ] || echo sudo)
APT := $(SUDO) env DEBIAN_FRONTEND=noninteractive apt-get
SCALE ?= 1
SEED ?= 1
MINUTES ?= 20
JOBS ?= 3
SERVICES := $(PY) -m deploy.local.services

.PHONY: setup setup-js setup-services setup-test demo test quick check render same drill chaos soak brokers cluster mqtt season mutants questions bench image clean
.PHONY: wheels sbom audit scan
.PHONY: kafka services registry services-stop services-wipe

# Python 3.11 or later with venv; from Debian's packages where it is missing. What runs a hub is
# installed first, and is all that the demo needs; what tests and checks need comes on top of it.
# uv fetches packages side by side; where it cannot be had or finds no index, pip does the same.
setup: $(VENV)/.installed

install = { $(PY) -m pip install --quiet --disable-pip-version-check uv 2>/dev/null \
	  && $(VENV)/bin/uv pip install --quiet --python $(PY) --editable '$(1)'; } \
	  || $(PY) -m pip install --disable-pip-version-check --editable '$(1)'

$(VENV)/.runs: pyproject.toml
	@python3 -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null \
	  || { command -v apt-get >/dev/null || { echo "Python 3.11 or later with venv is needed; it cannot be installed here without apt-get." >&2; exit 1; }; \
	       echo "Set-up: Python and venv, from Debian's packages."; \
	       $(APT) update -qq && $(APT) install -y -qq python3 python3-venv python3-pip; }
	@python3 -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo "Python 3.11 or later is needed; python3 here is $$(python3 --version)." >&2; exit 1; }
	@echo "Set-up, once: a hub and its packages into $(VENV), 0.7 GB; about a minute, longer on a slow line."
	@python3 -m venv $(VENV)
	@$(call install,.)
	@echo "Set-up: done."
	@touch $@

$(VENV)/.installed: $(VENV)/.runs
	@echo "Set-up, once: what tests and checks need into $(VENV), 0.6 GB more."
	@$(call install,.[dev])
	@touch $@

# What checks the page's scripts, and what an example reads Kafka with, pinned by package-lock.json;
# the Node that runs it comes with the set-up, from PyPI. Nothing of it is needed to run the hub.
setup-js: node_modules/.package-lock.json

node_modules/.package-lock.json: package.json package-lock.json $(VENV)/.installed
	$(VENV)/bin/npm ci --silent --ignore-scripts
	@touch $@

# Kafka and the schema registry need Java and Maven; PostgreSQL and Mosquitto are Debian's, of which
# only the programs are used: what the packages start by themselves is left alone.
setup-services: setup
	@PATH="$$PATH:/usr/sbin:$$(echo /usr/lib/postgresql/*/bin | tr ' ' ':')"; \
	for pair in java:default-jre-headless mvn:maven initdb:postgresql mosquitto:mosquitto; do command -v $${pair%:*} >/dev/null && continue; \
	  command -v apt-get >/dev/null || { echo "$${pair#*:} is needed; it cannot be installed here without apt-get." >&2; exit 1; }; \
	  $(APT) update -qq && $(APT) install -y -qq $${pair#*:} || exit 1; \
	done

# Tests also need a real browser, git, kcat, Prometheus, kubectl (to render manifests), a clock that
# can be set wrong (with a C compiler for what it lacks), a C# compiler for the example, and the jars.
setup-test: setup-services
	@for tool in chromium-headless-shell git kcat promtool:prometheus kubectl:kubernetes-client faketime cc:gcc mcs:mono-mcs,mono-runtime,libmono-system-net-http4.0-cil; do command -v $${tool%:*} >/dev/null && continue; \
	  command -v apt-get >/dev/null || { echo "$${tool#*:} is needed; it cannot be installed here without apt-get." >&2; exit 1; }; \
	  $(APT) update -qq && $(APT) install -y -qq $$(echo $${tool#*:} | tr , ' ') fonts-dejavu-core || exit 1; \
	done
	@$(SERVICES) fetch

# Real parts on loopback, with data in .hub-services; each prints the settings of a hub that uses them.
kafka: setup-services
	@$(SERVICES) start kafka

services: setup-services
	@$(SERVICES) start kafka postgres mosquitto

registry: setup-services
	@$(SERVICES) start registry

services-stop: setup
	@$(SERVICES) stop

services-wipe: setup
	@$(SERVICES) wipe

# The labelled synthetic year: `make demo`, or `make demo ONCE=1` to print the table and stop;
# `make demo CONNECTORS=1` runs the real connectors against simulated upstreams.
demo: $(if $(CONNECTORS),setup-services,$(VENV)/.runs)
	$(VENV)/bin/hub demo $(if $(CONNECTORS),--connectors,$(if $(ONCE),--once) --scale $(SCALE))

# Lint, types, import directions, rendered files, then every test: a file a process, each process
# with servers of its own; then a minute of faults under traffic, which need the machine for
# themselves, and of which `make chaos` is the long form.
# Half the time of tests is waiting, so there are more of their processes than two cores; each has
# up to 1.5 GB. Files are taken in the order of tests/turns.py: the longest first.
# Tests start hundreds of processes: what Python has compiled once is kept, whatever is set.
CHAOS_TESTS := tests/chaos/test_chaos.py
test quick: export PYTHONDONTWRITEBYTECODE :=
test: setup-test check
	$(VENV)/bin/pytest -n $(JOBS) --dist loadfile --no-loadscope-reorder -p no:schemathesis \
	  --ignore $(CHAOS_TESTS)
	$(VENV)/bin/pytest $(CHAOS_TESTS)

# Unit tests and laws, under a minute on two cores once all is set up: without what is slow by
# nature, in rounds enough to meet every case, and without kubectl, which `make setup-test` brings.
quick: setup
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/ruff check .
	$(VENV)/bin/pytest -n $(JOBS) --dist worksteal -m "not slow" --hypothesis-profile quick \
	  -p no:schemathesis --ignore tests/laws/test_k8s.py --ignore tests/laws/test_network.py tests/unit tests/laws

check: setup setup-js
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/ruff check .
	$(VENV)/bin/mypy
	$(VENV)/bin/lint-imports
	$(VENV)/bin/hub render --check
	$(VENV)/bin/node node_modules/typescript/bin/tsc --project jsconfig.json
	$(VENV)/bin/node node_modules/@biomejs/biome/bin/biome check --error-on-warnings

# Write what is rendered from the contracts.
render: setup
	$(VENV)/bin/hub render

# The whole synthetic year through both profiles, with faults, compared digest for digest.
same: setup-test
	$(PY) -m tests.parts.same --scale $(SCALE)

# A machine is lost and made again from archive and backup, in both profiles, and compared; RPO and
# RTO, kept in docs/drill. `make drill REMOVE=1` loses a file of the archive too, and must fail.
DRILL_SCALE ?= 0.01
drill: setup-services
	@$(SERVICES) fetch
	$(PY) -m tests.parts.drill --scale $(DRILL_SCALE) $(if $(REMOVE),--remove,--to docs/drill)

# Minutes of kill -9, restarts, frozen workers and wrong clocks under traffic, then every check.
chaos: setup-test
	$(PY) -m tests.chaos --seed $(SEED) --minutes $(MINUTES)

# Hours of live load with peaks, faults, readers and upkeep: memory, files, threads and tables are
# sampled and judged, figures compared with a rebuild; a page and a picture under docs/soak.
HOURS ?= 2
soak: setup-test
	$(PY) -m tests.chaos.soak --seed $(SEED) --hours $(HOURS) --to docs/soak

# Three guarded brokers under steady traffic: one dies, one hangs, one has no disk, two are away, all
# get new passwords and certificates; some six minutes, of which the verdict is kept in docs/brokers.
brokers: setup-services
	@$(SERVICES) fetch
	$(PY) -m tests.chaos.brokers --seed $(SEED) --to docs/brokers

# A Kubernetes of its own takes the manifests: nodes that run nothing take the province, a kubelet of
# this machine (as root) runs the image. What was said is kept in docs/cluster. It is built once from
# Go modules, from minutes to an hour, and kept outside the project: with Go 1.26 or later, which
# Debian 12 has not. Some forty minutes on two busy cores; ONLY=fake, ONLY=real does one of them;
# ONLY=policies has pods try what NetworkPolicies let through, in a network of its own, in minutes.
cluster: setup-services $(if $(filter fake,$(ONLY)),,image)
	@PATH="$$PATH:/usr/sbin"; for pair in etcd:etcd-server kubectl:kubernetes-client containerd:containerd runc:runc gcc:gcc ip:iproute2 iptables:iptables ipset:ipset; do command -v $${pair%:*} >/dev/null && continue; \
	  command -v apt-get >/dev/null || { echo "$${pair#*:} is needed; it cannot be installed here without apt-get." >&2; exit 1; }; \
	  $(APT) update -qq && $(APT) install -y -qq $${pair#*:} || exit 1; \
	done; [ -x /usr/lib/cni/bridge ] || $(APT) install -y -qq containernetworking-plugins
	$(PY) -m tests.cluster $(addprefix --only ,$(ONLY)) --to docs/cluster

# Ten thousand stations, a reading a minute each for ten minutes, through Mosquitto; the connector is
# killed with -9 and the broker restarts. `make mqtt QUEUED=1000`, Mosquitto's default, must lose.
STATIONS ?= 10000
mqtt: setup-services
	$(PY) -m tests.parts.stations --stations $(STATIONS) $(if $(QUEUED),--queued $(QUEUED))

# A dry season is replayed on a clock of its own at every speed, in both profiles, with a worker
# killed in between: the list of alerts must be the same bytes. Some forty minutes.
season: setup-services
	@$(SERVICES) fetch
	$(PY) -m tests.parts.replay

# Every KPI, measure, fold and report with one slip in it, a thousand times: something must notice.
# Some ten minutes on one core; `make mutants ONLY="kpis dossier_terms"` makes those of some modules.
mutants: setup
	$(PY) -m tests.mutants $(ONLY)

# What is claimed of speed, measured here beside the others: an hour and more; writes
# bench/RESULTS.md after each section. SECTIONS="compare state" measures only those; with --brief
# among them all run once with next to nothing, to see that they run.
bench: setup-test
	@command -v javac >/dev/null || { command -v apt-get >/dev/null || { echo "default-jdk-headless is needed; it cannot be installed here without apt-get." >&2; exit 1; }; \
	  $(APT) update -qq && $(APT) install -y -qq default-jdk-headless || exit 1; }
	$(PY) -m bench $(SECTIONS)

# A picture of each question of docs/questions.md, drawn anew from the tests that answer it.
questions: setup-test
	HUB_TEST_PICTURES=docs/questions HUB_TEST_SCALE=0.05 $(VENV)/bin/pytest -m pictured tests/browser

# The image, built without a daemon or a registry: the first layer is Debian's, by debootstrap.
IMAGE ?= lgsp-hub:0.1.0
BUILDAH := $(SUDO) env BUILDAH_ISOLATION=chroot STORAGE_DRIVER=vfs buildah
image:
	@for tool in buildah debootstrap; do command -v $$tool >/dev/null || [ -x /usr/sbin/$$tool ] || { $(APT) update -qq && $(APT) install -y -qq --no-install-recommends $$tool || exit 1; }; done
	@set -e; $(BUILDAH) images --quiet localhost/debian:12 >/dev/null 2>&1 || { \
	  folder=$$(mktemp -d); trap '$(SUDO) rm -rf "$$folder"' EXIT; \
	  $(SUDO) /usr/sbin/debootstrap --variant=minbase --include=ca-certificates bookworm "$$folder/root"; \
	  for suite in " bookworm" " bookworm-updates" "-security bookworm-security"; do \
	    echo "deb http://deb.debian.org/debian$$suite main"; \
	  done | $(SUDO) tee "$$folder/root/etc/apt/sources.list" >/dev/null; \
	  container=$$($(BUILDAH) from scratch); \
	  $(BUILDAH) add --quiet "$$container" "$$folder/root" /; \
	  $(BUILDAH) commit --quiet --rm "$$container" localhost/debian:12; }
	@set -e; container=$$($(BUILDAH) from localhost/debian:12); \
	$(BUILDAH) run --network host "$$container" -- sh -c 'apt-get update -qq && apt-get upgrade -y -qq \
	  && apt-get clean && rm -rf /var/lib/apt/lists/*'; \
	$(BUILDAH) commit --quiet --squash --rm "$$container" localhost/debian:12
	$(BUILDAH) bud --network host --volume /etc/ssl/certs:/etc/ssl/certs:ro \
	  --build-arg BASE=localhost/debian:12 --file deploy/Dockerfile --tag localhost/$(IMAGE) .

# Which packages of Debian in the image have a mended version by now, by Debian's own lists, those of
# its security team among them: fails where one has. `make audit` asks so about Python's.
scan:
	@mkdir -p build; set -e; container=$$($(BUILDAH) from localhost/$(IMAGE)); \
	trap '$(BUILDAH) rm "$$container" >/dev/null' EXIT; \
	$(BUILDAH) run --user root --network host "$$container" -- sh -c \
	  'apt-get update -qq --error-on=any && apt list --quiet --upgradable 2>/dev/null' >build/scan.txt; \
	if grep / build/scan.txt; then echo "$(IMAGE): of these there is a mended version; make image again"; exit 1; fi; \
	echo "$(IMAGE): Debian has no newer version of any package"

# A hub and all that it needs as wheels, for machines without internet that have this one's Python
# and processor. There: python3 -m venv hub && hub/bin/pip install --no-index --find-links wheels lgsp-hub
WHEELS ?= wheels
wheels: setup
	rm -rf "$(WHEELS)" build
	$(PY) -m pip wheel --quiet --disable-pip-version-check --constraint deploy/constraints.txt \
	  --wheel-dir "$(WHEELS)" '.[traces]'
	cd "$(WHEELS)" && sha256sum -- *.whl > SHA256SUMS
	@echo "$$(ls "$(WHEELS)" | grep -c whl) wheels, $$(du -sh "$(WHEELS)" | cut -f1), with SHA256SUMS, in $(WHEELS)"

# What the image is made of, as CycloneDX: each pinned package, once. The same pins give the same file.
SBOM ?= build/sbom.cdx.json
sbom: setup
	mkdir -p "$(dir $(SBOM))"
	$(VENV)/bin/cyclonedx-py requirements --output-reproducible --spec-version 1.6 --validate \
	  --output-format JSON --output-file "$(SBOM)" --pyproject pyproject.toml deploy/constraints.txt

# Known vulnerabilities of those packages, by their index's advisories: it asks about each of them
# over the network, so that it is no part of the tests. Exit code 1 where there are any, or where the
# index knows nothing of advisories: a list that cannot be read says nothing good.
audit: setup
	$(PY) -m pip install --quiet --disable-pip-version-check --target build/audit 'pip-audit>=2.9,<3'
	PYTHONPATH=build/audit $(PY) -m pip_audit --requirement deploy/constraints.txt --no-deps --disable-pip --strict

clean:
	rm -rf $(VENV) node_modules .hub .hub-demo .hub-demo-connectors build dist wheels *.egg-info
