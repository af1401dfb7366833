#!/bin/sh
# Finds Chromium, or installs Debian's; without it the tests of the pages cannot run.
for name in chromium chromium-browser google-chrome; do
    command -v "$name" >/dev/null && exit 0
done
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    apt-get update -qq && apt-get install -y -qq --no-install-recommends chromium >/dev/null && exit 0
fi
echo "Chromium is missing, and the tests of the pages need it. Install it (Debian: apt install chromium)." >&2
[ -z "$CI" ]
