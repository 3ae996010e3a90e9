package config

import (
	"cmp"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// Etc is the folder with the flags of the exporter's services.
const Etc = "/etc/raptoreum_exporter"

// userHome returns the home of this user, or as raptoreumd does, the root folder.
func userHome() string {
	home, err := os.UserHomeDir()
	if err != nil {
		return "/"
	}
	return home
}

// confPath returns the raptoreum.conf of a user.
func (d *Daemon) confPath(home string) string {
	return cmp.Or(d.Conf, filepath.Join(home, ".raptoreumcore", "raptoreum.conf"))
}

// ServiceFlags returns the file in etc with the flags of the exporter's service, so that `sudo raptoreum_exporter check`
// checks what the service monitors. It is empty if the flags name a raptoreumd or a fleet, if this user has a
// raptoreum.conf, or if no service is set up. An error means that there are several.
func (c *Config) ServiceFlags(etc string) (string, error) {
	if _, err := os.Stat(c.Daemon.confPath(userHome())); err == nil || c.Daemon != (Daemon{}) || c.Fleet.File != "" {
		return "", nil
	}
	var found []string
	for _, pattern := range []string{"flags", "*/flags"} {
		files, _ := filepath.Glob(filepath.Join(etc, pattern)) // the pattern is valid
		for _, file := range files {
			if text, err := os.ReadFile(file); err == nil && strings.Contains("\n"+string(text), "\n--") {
				found = append(found, file)
			}
		}
	}
	if len(found) > 1 {
		return "", fmt.Errorf("several exporters are set up on this machine; add one of @%s", strings.Join(found, ", @"))
	}
	return strings.Join(found, ""), nil
}
