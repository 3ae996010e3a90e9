#!/bin/sh
# Converts the output of git describe to a package version: v1.2.3-rc1-4-gabc becomes 1.2.3~rc1+4.gabc, which
# sorts after 1.2.3~rc1 and before 1.2.3. Without a tag it is the date of the commit, the number of commits and the
# commit, which sort before any release. Arguments: the output, the number of commits, the Unix time of the commit.
set -e
case "$1" in
  v[0-9]*.* | [0-9]*.*) ;;
  *)
    echo "0~$(date -u -d "@${3:-0}" +%Y%m%d).${2:-0}.g$1" | sed 's/-dirty$/.dirty/; s/[^A-Za-z0-9.+~]/./g'
    exit
    ;;
esac
echo "$1" | sed -E '
  s/^v//
  s/-dirty$/.dirty/
  s/-([0-9]+)-(g[0-9a-f]+)/+\1.\2/
  s/^([0-9.]+)-/\1~/
  s/^([^+]*)\.dirty$/\1+dirty/
  s/-/./g
  s/[^A-Za-z0-9.+~]/./g'
