#!/usr/bin/env bash
# Installs the system packages Tandem builds on, when any is missing (Debian and its relatives).
set -euo pipefail

packages=(librdkafka-dev libsqlite3-dev libssl-dev zlib1g-dev pkg-config ca-certificates)
missing=()
for package in "${packages[@]}"; do
    dpkg-query --show --showformat='${Status}' "$package" 2>/dev/null | grep -q 'install ok installed' || missing+=("$package")
done

if [ ${#missing[@]} -gt 0 ]; then
    echo "installing: ${missing[*]}"
    as_root=""
    if [ "$(id -u)" -ne 0 ]; then as_root="sudo"; fi
    $as_root apt-get update -qq
    $as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}"
fi

if ! command -v swift >/dev/null; then
    echo "Swift 6.2 or newer is needed and no 'swift' is on the PATH: see https://www.swift.org/install/linux/" >&2
    exit 1
fi
