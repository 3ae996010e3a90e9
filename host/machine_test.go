package host_test

import (
	"errors"
	"io/fs"
	"maps"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/procfs"

	"raptoreum_exporter/host"
)

const (
	statFile = "cpu  3405 0 2706 145244 241 0 52 1815 0 0\n" +
		"cpu0 1612 0 1283 72869 33 0 8 908 0 0\ncpu2 1793 0 1423 72375 208 0 43 907 0 0\n" +
		"intr 12 3 4\nctxt 5\nbtime 1700000000\n"
	pressureFile = "some avg10=1.02 avg60=1.18 avg300=0.97 total=10082834\n" +
		"full avg10=0.00 avg60=0.00 avg300=0.00 total=0\n"
	memoryFile = "MemTotal:       24684092 kB\nMemFree:        1 kB\nMemAvailable:   24440592 kB\n" +
		"SwapTotal:            4 kB\nSwapFree:            0 kB\nHugePages_Total:       0\n"
	vmstatFile = "nr_free_pages 6130471\noom_kill 2\noom_kill_other 9\n"
)

func TestMachine(t *testing.T) {
	full := map[string]string{
		"stat": statFile, "pressure/cpu": pressureFile, "meminfo": memoryFile, "vmstat": vmstatFile,
	}
	all := func() host.Machine {
		return host.Machine{
			CPUs: new(2), StealSeconds: new(18.15), CPUPressureSeconds: new(10.082834),
			MemoryAvailable: new(uint64(24440592 << 10)), MemoryTotal: new(uint64(24684092 << 10)),
			SwapFree: new(uint64(0)), SwapTotal: new(uint64(4096)), OOMKills: new(uint64(2)),
		}
	}
	noStat := func(m *host.Machine) { m.CPUs, m.StealSeconds = nil, nil }
	noPressure := func(m *host.Machine) { m.CPUPressureSeconds = nil }
	noOOM := func(m *host.Machine) { m.OOMKills = nil }
	noMemory := func(m *host.Machine) {
		m.MemoryAvailable, m.MemoryTotal, m.SwapFree, m.SwapTotal = nil, nil, nil, nil
	}
	for name, tc := range map[string]struct {
		file, content string // instead of the valid one; "" is missing
		lacks         func(*host.Machine)
		wantErr       bool
	}{
		"complete":           {"vmstat", vmstatFile, func(*host.Machine) {}, false},
		"no stat":            {"stat", "", noStat, false},
		"empty stat":         {"stat", "\n", noStat, false},
		"truncated stat":     {"stat", statFile[:20], noStat, false},
		"kernel without PSI": {"pressure/cpu", "", noPressure, false},
		"empty pressure":     {"pressure/cpu", "\n", noPressure, false},
		"malformed pressure": {"pressure/cpu", "some avg10=1.02 avg60", noPressure, true},
		"no meminfo":         {"meminfo", "", noMemory, false},
		"malformed meminfo":  {"meminfo", "MemTotal: many kB\n", noMemory, true},
		"no MemAvailable":    {"meminfo", "MemTotal: 24684092 kB\nSwapTotal: 4 kB\nSwapFree: 0 kB\n", func(m *host.Machine) { m.MemoryAvailable = nil }, false},
		"no vmstat":          {"vmstat", "", noOOM, false},
		"vmstat before 4.13": {"vmstat", "nr_free_pages 6130471\n", noOOM, false},
		"truncated vmstat":   {"vmstat", "oom_kill", noOOM, false},
		"malformed vmstat":   {"vmstat", "oom_kill -1\n", noOOM, true},
		"malformed cpu line": {"stat", "cpu 1 2 3 4 5 6 7 x 9 10\ncpu0 1 2 3 4 5 6 7 8 9 10\n", noStat, true},
	} {
		t.Run(name, func(t *testing.T) {
			files := maps.Clone(full)
			files[tc.file] = tc.content
			if tc.content == "" {
				delete(files, tc.file)
			}
			dir := t.TempDir()
			write(t, filepath.Join(dir, "proc"), files)
			got, err := newHost(t, dir).Machine()
			want := all()
			tc.lacks(&want)
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
			if (err != nil) != tc.wantErr || errors.Is(err, fs.ErrNotExist) {
				t.Errorf("got error %v, want one: %v", err, tc.wantErr)
			}
		})
	}
}

func TestMachineNothing(t *testing.T) {
	got, err := newHost(t, t.TempDir()).Machine()
	if diff := cmp.Diff(host.Machine{}, got); diff != "" || err != nil {
		t.Errorf("error %v, -want +got:\n%s", err, diff)
	}
}

func TestMachineReal(t *testing.T) {
	h, err := host.New(host.Config{})
	if err != nil {
		t.Fatal(err)
	}
	m, err := h.Machine()
	if err != nil {
		t.Fatal(err)
	}
	proc, err := procfs.NewDefaultFS()
	if err != nil {
		t.Fatal(err)
	}
	stat, err := proc.Stat()
	if err != nil {
		t.Fatal(err)
	}
	if m.CPUs == nil || *m.CPUs != len(stat.CPU) || *m.StealSeconds > stat.CPUTotal.Steal || *m.StealSeconds < stat.CPUTotal.Steal-60 {
		t.Errorf("got %+v, procfs has %d CPUs and %v", m, len(stat.CPU), stat.CPUTotal)
	}
	if m.CPUs == nil || *m.CPUs < runtime.NumCPU() || m.MemoryTotal == nil || *m.MemoryTotal == 0 {
		t.Errorf("got %+v, want CPUs and memory", m)
	}
}
