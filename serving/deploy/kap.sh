#!/bin/sh
# /usr/local/sbin/kap: any `kap` command as the service's user and with its settings. Run it as root.
# Relative paths are in /var/lib/kap, where it writes as the user kap.
exec systemd-run --quiet --pipe --wait --collect --uid=kap --gid=kap \
  --property=UMask=0077 --property=WorkingDirectory=/var/lib/kap \
  --property=EnvironmentFile=-/etc/kap/environment \
  --setenv=KAP_STATE=/var/lib/kap --setenv=BENTOML_HOME=/var/lib/kap-models \
  /opt/kap/.venv/bin/kap "$@"
