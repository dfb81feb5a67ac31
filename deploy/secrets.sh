#!/bin/sh
# Makes secrets/ for compose.yaml, once; never overwrites. The folder is closed to everyone but you; the files in it
# are readable because the containers read them as users that this machine doesn't know.
set -eu
cd "$(dirname "$0")/.."
if [ -e secrets ]; then
    echo "secrets/ is there already; nothing was changed" >&2
    exit 1
fi
random() { od -An -N32 -tx1 /dev/urandom | tr -d ' \n'; }
mkdir -m 700 secrets
password=$(random)
printf %s "$password" > secrets/database_password
printf %s "postgresql://flare:$password@db:5432/flare" > secrets/database_url
random > secrets/flare_secret
chmod 444 secrets/*
echo "made secrets/; keep a copy where you keep your backups"
