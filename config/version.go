package config

import (
	"cmp"
	"fmt"
	"runtime"

	"github.com/prometheus/common/version"
)

// VersionText is version.Print without the fields that builds of this project do not set.
func VersionText() string {
	return fmt.Sprintf("%s, version %s (revision: %s)\n  go version: %s\n  platform:   %s/%s",
		Program, cmp.Or(version.Version, "devel"), version.GetRevision(), runtime.Version(), runtime.GOOS, runtime.GOARCH)
}
