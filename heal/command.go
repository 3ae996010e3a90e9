package heal

import (
	"fmt"
	"os/exec"
	"strings"
)

// CheckCommand returns an error if this machine does not have the program of a --heal.command. No command is none.
func CheckCommand(command string) error {
	words := strings.Fields(command)
	if len(words) == 0 {
		return nil
	}
	if _, err := exec.LookPath(words[0]); err != nil {
		return fmt.Errorf("--heal.command: %w; give a command of this machine", err)
	}
	return nil
}
