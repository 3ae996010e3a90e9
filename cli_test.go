package main

import (
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

// TestCommandLine runs testdata/cli/*.txtar.
func TestCommandLine(t *testing.T) {
	testscript.Run(t, testscript.Params{Dir: "testdata/cli"})
}
