.DEFAULT_GOAL := help
.PHONY: help setup run build test simulate drill lint format bench tsan contracts clean

# One set of flags per scratch path: alternating them would rebuild every dependency.
TEST_FLAGS := --disable-xctest

help: ## Shows this list
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

setup: ## Installs the system packages that are missing
	@deploy/install-packages.sh

run: setup ## Builds Tandem and plays the main job on emulated vendors
	swift build --product tandem
	.build/debug/tandem demo

build: setup ## Builds everything
	swift build

# Those that kill real processes or simulate on all cores have the machine to themselves: next to others they starve each other.
# What keeps the processors busy goes apart from what waits for sockets and brokers.
test: setup ## Builds and runs every test
	swift build --build-tests
	swift test $(TEST_FLAGS) --skip-build --skip CrashTests --skip SimulatorTests --skip WorkersTests
	swift test $(TEST_FLAGS) --skip-build --filter WorkersTests
	swift test $(TEST_FLAGS) --skip-build --filter SimulatorTests --skip SeedCampaign
	swift test $(TEST_FLAGS) --skip-build --filter SeedCampaign
	swift test $(TEST_FLAGS) --skip-build --filter CrashTests

SEEDS := 10000

simulate: setup ## Simulates 10,000 clusters with seeded faults (SEEDS=n for another number; release build)
	swift build -c release --scratch-path .build-release --product tandem
	.build-release/release/tandem simulate --seeds $(SEEDS)

drill: setup ## Plants one bug after the other and shows how soon the simulator finds it (release build)
	swift build -c release --scratch-path .build-release --product tandem
	.build-release/release/tandem simulate --drill

lint: setup ## Checks the style and the generated contracts
	swift format lint --strict --recursive Package.swift Sources Tests
	swift build --product tandem
	.build/debug/tandem contracts --check Config/contracts

format: ## Formats the sources in place
	swift format --in-place --recursive Package.swift Sources Tests

contracts: ## Generates Config/contracts anew from the code
	swift build --product tandem
	.build/debug/tandem contracts --write Config/contracts

bench: setup ## Prints speeds, costs and memory (release build)
	swift build -c release --scratch-path .build-release --product tandem-bench
	.build-release/release/tandem-bench

# Debian's librdkafka starts threads in a way ThreadSanitizer does not see; the shim lets it.
tsan: setup ## Runs the tests under ThreadSanitizer
	swift build --build-tests --sanitize=thread --scratch-path .build-tsan
	cc -shared -fPIC -O1 -o .build-tsan/libc11threads.so Tests/ThreadSanitizer/c11threads.c -lpthread
	TSAN_OPTIONS=suppressions=$(CURDIR)/Tests/ThreadSanitizer/suppressions.txt \
	LD_PRELOAD=$(CURDIR)/.build-tsan/libc11threads.so \
		swift test --skip-build --sanitize=thread --scratch-path .build-tsan $(TEST_FLAGS) --skip CrashTests --skip SimulatorTests

clean: ## Removes what was built
	rm -rf .build .build-release .build-tsan
