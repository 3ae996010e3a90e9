// Package packaging has only tests: of the deb and the rpm, their systemd units, the container image and the examples.
package packaging
