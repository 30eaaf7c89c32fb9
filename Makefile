# Everything a machine needs beside these: make, npm with any Node 20 or later (it brings Node 24), and Go 1.26 or later
# to build the control plane of the tests and the demo.
.DEFAULT_GOAL := help
VERSION ?= $(shell sed -n 's/^  "version": "\(.*\)",$$/\1/p' package.json)
IMG ?= csi-port-operator:$(VERSION)
# The time of the commit: what is made from the same commit is the same.
SOURCE_DATE_EPOCH ?= $(shell git log -1 --format=%ct 2>/dev/null)

# npm ci is run again only when the lockfile has changed.
node_modules/.package-lock.json: package.json package-lock.json
	npm ci --no-audit --loglevel=error
	@touch $@

.PHONY: help
help: ## Show this
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  %-16s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: install-tools
install-tools: node_modules/.package-lock.json

.PHONY: demo
demo: install-tools ## See the conflict and its end on a real control plane (ARGS=--keep: leave it up, --real-nodes: pods that run)
	@npm run --silent demo -- $(ARGS)

.PHONY: test
test: install-tools ## Lint, types, format, unit and cluster tests; ends with "N passed, N failed"
	@npm run --silent test

.PHONY: e2e
e2e: install-tools ## The conflict and its end on real nodes, as root (ARGS=--all: all of test/e2e); ends with "N passed, N failed"
	@npm run --silent e2e -- $(ARGS)

.PHONY: unit
unit: install-tools ## The fast tests alone
	@npm run --silent unit

PROPERTY_ROUNDS ?= 20
PROPERTY_SEED ?= $(shell date +%s)
.PHONY: properties
properties: install-tools ## The fast tests PROPERTY_ROUNDS times, each time with other draws for their properties
	@for round in $$(seq 0 $$(( $(PROPERTY_ROUNDS) - 1 ))); do \
	  seed=$$(( $(PROPERTY_SEED) + round )); echo "PROPERTY_SEED=$$seed"; \
	  PROPERTY_SEED=$$seed npm run --silent unit || exit 1; \
	done

# In many there is what no run of two thousand has seen; MODEL_SEED and MODEL_PATH run one of them again.
MODEL_RUNS ?= 50000
MODEL_SEED := $(or $(MODEL_SEED),$(shell date +%s))
.PHONY: model
model: install-tools ## The whole reconcile in MODEL_RUNS interleavings with what others do (50,000)
	@echo "MODEL_SEED=$(MODEL_SEED)"
	@MODEL_RUNS=$(MODEL_RUNS) MODEL_SEED=$(MODEL_SEED) npm run --silent model

.PHONY: lint
lint: install-tools ## ESLint, types and format
	@npm run --silent lint && npm run --silent types && npm run --silent format:check

.PHONY: verify
verify: build ## Check what others made: lockfile, licences, code that makes code, advisories, signatures
	@npm run --silent verify

.PHONY: build
build: install-tools ## Bundle the operator and the kubectl plugin into dist/
	@npm run --silent build

.PHONY: sbom
sbom: build ## List what the bundles are made of: dist/sbom.cdx.json, and of the plugin (CycloneDX)
	@SOURCE_DATE_EPOCH=$(SOURCE_DATE_EPOCH) npm run --silent sbom

.PHONY: run
run: build ## Run the operator against the current kubeconfig
	@npm run --silent start -- --kubeconfig="$${KUBECONFIG:-$$HOME/.kube/config}" --log-format=pretty $(ARGS)

.PHONY: control-plane
control-plane: install-tools ## Provide the control plane's binaries; the last line is their folder
	@npm run --silent control-plane

.PHONY: bench
bench: install-tools ## What the operator takes and costs, in two minutes (ARGS=--full: all of it, in 13)
	@npm run --silent bench -- $(ARGS)

.PHONY: soak
soak: install-tools ## The operator through MINUTES (30) of faults and changes, with a verdict (SOAK_SEED repeats a run)
	@SOAK_MINUTES=$(MINUTES) SOAK_SEED=$(SOAK_SEED) npm run --silent soak

REVISION ?= $(shell git rev-parse HEAD 2>/dev/null || echo unknown)
CREATED ?= $(shell git log -1 --format=%cI 2>/dev/null || echo unknown)
# The repository's address.
SOURCE ?= unknown
PLATFORMS ?= linux/amd64,linux/arm64
image_arguments = $(foreach name,VERSION REVISION CREATED SOURCE SOURCE_DATE_EPOCH,--build-arg '$(name)=$($(name))')

.PHONY: docker-build docker-buildx
docker-build: ## Build the image IMG
	docker build $(image_arguments) -t $(IMG) .
# The builder has to be one of the docker-container driver: docker buildx create --use
docker-buildx: ## Build the image IMG for PLATFORMS and push it, with provenance and SBOM; dist/image.json has its digest
	mkdir -p dist
	docker buildx build --platform=$(PLATFORMS) $(image_arguments) --provenance=mode=max --sbom=true \
	  --output=type=image,name=$(IMG),push=true,rewrite-timestamp=true --metadata-file=dist/image.json .

.PHONY: image
image: build ## Write the image IMG to dist/image.tar without a container engine (IMAGE_BUILDER: buildah or archive)
	@npm run --silent image -- --tag '$(IMG)' $(image_arguments) $(ARGS)

PLUGIN := kubectl-csiports-$(VERSION)
PLUGIN_FILES := kubectl-csiports.js kubeconfig.js package.json

# What is made from the same commit is the same, to the byte.
.PHONY: plugin
plugin: build ## Pack the kubectl plugin, with its manifest for krew, into dist/plugin
	rm -rf dist/plugin && mkdir -p dist/plugin/$(PLUGIN)
	cp $(addprefix dist/,$(PLUGIN_FILES)) dist/bin/kubectl_complete-csiports LICENSE dist/plugin/$(PLUGIN)/
	cp dist/plugin-licenses.txt dist/plugin/$(PLUGIN)/THIRD-PARTY-LICENSES.txt
	tar --create --sort=name --mtime=@$(or $(SOURCE_DATE_EPOCH),0) --owner=0 --group=0 --numeric-owner --mode=go-w \
	  --directory=dist/plugin/$(PLUGIN) . | gzip --no-name --best > dist/plugin/$(PLUGIN).tar.gz
	sed -e '/^#/d' -e 's#SOURCE#$(SOURCE)#' -e 's#VERSION#$(VERSION)#g' \
	  -e "s#DIGEST#$$(sha256sum < dist/plugin/$(PLUGIN).tar.gz | cut -d ' ' -f 1)#" krew/csiports.yaml > dist/plugin/csiports.yaml

RELEASE := dist/release

.PHONY: release-check release-files
release-check: ## Fail where TAG is not the version in all files of this commit, or CHANGELOG.md has not closed it
	test "$(TAG)" = "v$(VERSION)"
	grep -Fqx '  "version": "$(VERSION)",' package.json
	test "$$(sed 10q package-lock.json | grep -Fc '"version": "$(VERSION)",')" = 2
	grep -Fqx 'version: $(VERSION)' $(CHART)/Chart.yaml
	grep -Fqx 'appVersion: $(VERSION)' $(CHART)/Chart.yaml
	grep -Fqx '    newTag: $(VERSION)' config/manager/kustomization.yaml
	grep -q '^## \[$(VERSION)\] - [0-9-]*$$' CHANGELOG.md
	! sed -n '/^## \[Unreleased\]/,/^## \[[0-9]/{/^## /!p}' CHANGELOG.md | grep .
# The chart is packaged from a copy that names IMG as its image.
release-files: sbom plugin install-bundle ## Collect in dist/release what goes beside the image IMG, NAME:VERSION@DIGEST
	rm -rf $(RELEASE) dist/chart && mkdir -p $(RELEASE) dist/chart
	cp -R charts/csi-port-operator dist/chart/
	sed -i -e "s#^  repository: csi-port-operator#  repository: $(firstword $(subst :, ,$(IMG)))#" \
	  -e "s#^  digest: ''#  digest: $(lastword $(subst @, ,$(IMG)))#" dist/chart/csi-port-operator/values.yaml
	test "$$(diff charts/csi-port-operator/values.yaml dist/chart/csi-port-operator/values.yaml | grep -c '^>')" = 2
	$(MAKE) chart CHART=dist/chart/csi-port-operator
	mv dist/csi-port-operator-$(VERSION).tgz $(RELEASE)/
	cp dist/install.yaml dist/sbom.cdx.json crds/csiportassignments.yaml $(RELEASE)/
	cp dist/plugin/$(PLUGIN).tar.gz dist/plugin/csiports.yaml dist/kubectl-csiports.cdx.json $(RELEASE)/
	sed -n '/^## \[$(VERSION)\]/,/^## \[/{/^## \[/!p}' CHANGELOG.md > dist/release-notes.md
	cd $(RELEASE) && sha256sum * > checksums.txt

# kubectl is your own, with its current context. helm is built from its pinned module unless HELM names one.
HELM ?= $$(npm run --silent tool -- helm)
CHART := charts/csi-port-operator

.PHONY: install uninstall
install: ## Install the CustomResourceDefinition into the current cluster
	kubectl apply -k config/crd
uninstall: ## Remove it, and with it every CSIPortAssignment
	kubectl delete --ignore-not-found -k config/crd

# config/default with the image IMG, by tag or by digest; the files in config/ stay as they are.
define DEPLOY_KUSTOMIZATION
resources: [../../config/default]
patches:
  - target: { kind: Deployment, name: csi-port-operator }
    patch: '[{ "op": "replace", "path": "/spec/template/spec/containers/0/image", "value": "$(IMG)" }]'
endef
export DEPLOY_KUSTOMIZATION

.PHONY: dist/deploy/kustomization.yaml
dist/deploy/kustomization.yaml:
	@mkdir -p $(@D)
	@printf '%s\n' "$$DEPLOY_KUSTOMIZATION" > $@

.PHONY: deploy undeploy
deploy: dist/deploy/kustomization.yaml ## Install the operator IMG, cluster-wide, into the current cluster
	kubectl apply -k $(<D)
# The pods first, and their ends waited for: while they have their rights they give the lease back.
undeploy: ## Remove the operator and its rights; the ports, the CSIPortAssignments and their definition stay
	kubectl delete --ignore-not-found --cascade=foreground -k config/manager
	kubectl delete --ignore-not-found -k config/rbac
	kubectl delete --ignore-not-found -k config/rbac/metrics-auth
	kubectl delete --ignore-not-found -f config/default/namespace.yaml

.PHONY: install-bundle
install-bundle: dist/deploy/kustomization.yaml ## Write what deploy applies, with the image IMG, into dist/install.yaml
	kubectl kustomize $(<D) > dist/install.yaml

.PHONY: chart-files
chart-files: ## Copy the files that the chart shares with crds/ and config/
	cp crds/csiportassignments.yaml config/prometheus/podmonitor.yaml config/prometheus/prometheusrule.yaml $(CHART)/files/

.PHONY: helm-lint
helm-lint: install-tools ## Lint the chart, with its defaults and with each file of values in its ci folder
	$(HELM) lint --strict $(CHART)
	for values in $(CHART)/ci/*.yaml; do $(HELM) lint --strict --quiet --values $$values $(CHART) || exit 1; done

.PHONY: chart
chart: install-tools ## Package the chart into dist/
	$(HELM) package --destination dist $(CHART)
