#!/bin/sh
# Installs the built wheel in an environment of its own, away from the project, and uses it.
set -e
wheel=$(ls "$PWD"/dist/*.whl)
lock=$PWD/requirements.lock
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
"$PWD"/.venv/bin/python -m venv "$place/venv"
"$place/venv/bin/python" -m pip install --quiet --disable-pip-version-check --require-hashes -r "$lock"
"$place/venv/bin/python" -m pip install --quiet --disable-pip-version-check --no-deps "$wheel"
cd "$place"
"$place/venv/bin/lighed" check
"$place/venv/bin/lighed" demo --folder "$place/demo" --persons 10000 --no-serve
