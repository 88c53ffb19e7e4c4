# Set-up and everyday commands. `make` alone lists them.

PREFIX ?= /usr/local
DESTDIR ?=
CONFIGURATION := release
BUILD := .build/$(CONFIGURATION)
PROGRAMS := detect segment backbone
DEMO := demo
DEMO_PICTURES := Samples/astronaut.png Samples/chelsea.png Samples/grace_hopper.jpg
# Swift's libraries inside the programs, which then also start in two thirds of the time; symbols left out.
STANDALONE := $(if $(filter Linux,$(shell uname -s)),--static-swift-stdlib -Xlinker -s)
# Set-up speaks to the package registry and to apt only; detecting needs no network.
SUDO := $(shell [ "$$(id -u)" = 0 ] || command -v sudo)

# Damaged files that `make mutate` reads, of each format (of PNG ten times as many), and the seed that they follow from.
MUTATIONS := 100000
MUTATION_SEED := 1
# Seconds that `make fuzz` spends on each reader.
FUZZ_SECONDS := 180

# What runs on several threads or on raw memory.
SANITIZED := KernelSuiteTests|WorkerPoolTests|SessionTests|NetworkTests|AsyncTests|TrainingTests|SharedPassTests|$\
  ManyCallersTests|MaskSizeTests|BitIdentityTests|StrayFilesTests|PlacedFileTests|FamilyTests|PackedConvolutionTests
# What is the better the longer it runs: callers for a minute, 2000 sizes, 200 kills, 100 interrupts, all prefixes.
SOAKED := ManyCallersTests|MaskSizeTests|OutputTests|InterruptTests|PrefixTests

.PHONY: help setup build demo debug test soak mutate fuzz unsafe sanitize install uninstall format lint clean

help: ## List the commands
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: ## Install the system packages that are missing (libpng, libjpeg, libwebp, expat)
	@command -v swift >/dev/null || { echo "make: swift: not found; install a Swift 6.2 or newer toolchain first" >&2; exit 1; }
	@if [ -e /usr/include/png.h ] && [ -e /usr/include/jpeglib.h ] && [ -e /usr/include/webp/decode.h ] && [ -e /usr/include/expat.h ] || pkg-config --exists libpng libjpeg libwebp expat 2>/dev/null; then :; \
	elif command -v apt-get >/dev/null; then \
	  echo "Installing libpng-dev, libjpeg-dev, libwebp-dev and libexpat1-dev"; \
	  $(SUDO) apt-get update -qq && $(SUDO) env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq libpng-dev libjpeg-dev libwebp-dev libexpat1-dev; \
	else \
	  echo "make: install the development files of libpng, libjpeg-turbo, libwebp and expat with your package manager, then try again" >&2; exit 1; \
	fi

build: setup ## Build the programs
	swift build -c $(CONFIGURATION)

demo: build ## Find and outline the people and the cat in the sample pictures
	$(BUILD)/detect $(DEMO_PICTURES) --out $(DEMO)/boxes/
	$(BUILD)/segment $(DEMO_PICTURES) --out $(DEMO)/masks/ --overlay $(DEMO)/outlines/
	@echo "Look at $(CURDIR)/$(DEMO)/boxes and $(CURDIR)/$(DEMO)/outlines; $(CURDIR)/$(DEMO)/masks has the masks"

test: setup ## Run all tests
	swift test -c $(CONFIGURATION)

# What is quick without optimisation, and touches every layer from tensors to boxes.
DEBUGGED := TensorsTests|ProcessingTests|EvaluationTests|SSDLiteTests

debug: setup ## Build in debug, as packages that depend on this one do, and run a part of the tests
	swift build
	swift test --filter '$(DEBUGGED)'

soak: mutate ## Run the tests that kill, interrupt, crowd and damage in their long forms (half an hour)
	BACKBONE_SOAK=1 swift test -c $(CONFIGURATION) --filter '$(SOAKED)'

mutate: setup ## Read 1,700,000 damaged files in children with little memory and time (MUTATIONS, MUTATION_SEED)
	swift build -c $(CONFIGURATION) --product mutate
	$(BUILD)/mutate --format png --count $(MUTATIONS)0 --seed $(MUTATION_SEED) --reasons --keep .build/harm
	for format in jpeg safetensors tflite graph voc coco yolo cvat labelme supervisely; do \
	  $(BUILD)/mutate --format $$format --count $(MUTATIONS) --seed $(MUTATION_SEED) --reasons --keep .build/harm || exit 1; done

sanitize: setup ## Run the kernel, pool and network tests under the address and the thread sanitizer
	ASAN_OPTIONS=detect_leaks=0 swift test -c $(CONFIGURATION) --sanitize address --scratch-path .build-asan --filter '$(SANITIZED)'
	swift test -c $(CONFIGURATION) --sanitize thread --scratch-path .build-tsan --filter '$(SANITIZED)'

fuzz: setup ## Search for files that break a reader, with libFuzzer and the address sanitizer (FUZZ_SECONDS each)
	Tests/Fuzz/run.sh $(FUZZ_SECONDS)

unsafe: ## Count the uses of unsafe, module by module
	@Tests/unsafe-count.sh

install: setup ## Install the programs under PREFIX (/usr/local); they need no toolchain to run
	swift build -c $(CONFIGURATION) --scratch-path .build/install $(STANDALONE)
	install -d "$(DESTDIR)$(PREFIX)/bin"
	for program in $(PROGRAMS); do \
	  install -m 755 ".build/install/$(CONFIGURATION)/$$program" "$(DESTDIR)$(PREFIX)/bin/$$program"; done

uninstall: ## Remove the installed programs
	for program in $(PROGRAMS); do rm -f "$(DESTDIR)$(PREFIX)/bin/$$program"; done

format: ## Format the sources
	swift format --in-place --recursive Package.swift Sources Heads Samples Tests

lint: ## Check the format of the sources
	swift format lint --strict --recursive Package.swift Sources Heads Samples Tests

clean: ## Remove what was built
	rm -rf .build .build-asan .build-tsan .build-fuzz $(DEMO)
