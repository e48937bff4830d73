#!/bin/sh
# Run as root while the service's image is built, when `features` and `models` are in it: a read-only root keeps nothing.
set -eu
cd "$BENTO_PATH/src"
XDG_CACHE_HOME=/dev/null exec python -m models.machine_code
