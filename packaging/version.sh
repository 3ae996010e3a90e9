#!/bin/sh
# Converts the output of git describe to a package version: v1.2.3-rc1-4-gabc becomes 1.2.3~rc1+4.gabc, which
# sorts after 1.2.3~rc1 and before 1.2.3. Without a tag it is 0.0.0~devel and the number of commits.
set -e
case "$1" in
  v[0-9]*.* | [0-9]*.*) ;;
  *) set -- "0.0.0-devel-${2:-0}-g$1" ;;
esac
echo "$1" | sed -E '
  s/^v//
  s/-dirty$/.dirty/
  s/-([0-9]+)-(g[0-9a-f]+)/+\1.\2/
  s/^([0-9.]+)-/\1~/
  s/^([^+]*)\.dirty$/\1+dirty/
  s/-/./g
  s/[^A-Za-z0-9.+~]/./g'
