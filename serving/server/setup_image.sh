#!/bin/sh
# Run as root while the service's image is built, after its files are copied: a read-only root then compiles nothing.
set -eu
cd "$BENTO_PATH/src"
XDG_CACHE_HOME=/dev/null exec python -m models.machine_code
