#!/bin/sh
# Type-checks the dashboards against the schemas of Grafana 12 and 11 in a temporary folder. It needs
# Node and an npm registry. The versions are here and not in a package.json, because Grafana would load
# that as a dashboard where this folder is mounted.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cp "$here/check.mjs" "$here"/../*.json "$work/"
cd "$work"
for schema in 12.4.11 11.6.0; do
  npm install --ignore-scripts --no-audit --no-fund --no-save --loglevel=error \
    "@grafana/schema@$schema" typescript@5.9.3 >/dev/null
  node check.mjs smartnode.json fleet.json
done
