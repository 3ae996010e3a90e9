#!/bin/sh
# Makes the files of the package that are not in the repository as they are installed. Arguments: the version of the
# package, the Unix time of the commit, the directory to write to.
set -e
version=$1 time=$2 to=$3
cd "$(dirname "$0")/.."
rm -rf "$to"
mkdir -p "$to"

gzip -9nc packaging/raptoreum_exporter.1 >"$to/raptoreum_exporter.1.gz"
gzip -9nc CHANGELOG.md >"$to/changelog.gz"
gzip -9nc >"$to/changelog.Debian.gz" <<END
raptoreum-exporter ($version-1) unstable; urgency=medium

  * The changes are in changelog.gz.

 -- The raptoreum_exporter authors <raptoreum_exporter@localhost>  $(LC_ALL=C date -u -d "@$time" -R)
END

# The licenses of everything that is linked into the program: most of them require that their text goes with it.
{
  echo "raptoreum_exporter is linked with these Go modules."
  for module in "$(go env GOROOT)" $(go list -deps -f '{{with .Module}}{{if not .Main}}{{.Dir}}{{end}}{{end}}' . | sort -u); do
    for file in "$module"/LICENSE* "$module"/NOTICE* "$module"/COPYING*; do
      [ -f "$file" ] || continue
      name=${module#"$(go env GOMODCACHE)/"}
      [ "$module" = "$(go env GOROOT)" ] && name="the Go standard library"
      printf '\n---- %s: %s ----\n\n' "$name" "${file##*/}"
      cat "$file"
    done
  done
} | gzip -9nc >"$to/third-party-licenses.gz"
