package host_test

import (
	"os"
	"testing"
	"time"

	"raptoreum_exporter/host"
)

// TestUsage reads what this process uses, twice: the second time its start is known.
func TestUsage(t *testing.T) {
	h, err := host.New(host.Config{})
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		u := h.Usage(os.Getpid())
		if u.CPUSeconds == nil || u.OpenFiles == nil || *u.OpenFiles < 3 || u.MaxFiles == nil || u.MaxVirtualMemory == nil ||
			u.VirtualMemory == nil || u.ResidentMemory == nil || *u.ResidentMemory < 1<<20 {
			t.Fatalf("%+v", u)
		}
		started := time.Unix(int64(*u.StartTime), 0)
		if age := time.Since(started); age < -2*time.Second || age > time.Hour {
			t.Errorf("started %s", started)
		}
	}
	if u := h.Usage(1 << 30); u != (host.Usage{}) {
		t.Errorf("of no process: %+v", u)
	}
}
