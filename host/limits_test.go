package host_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"

	"raptoreum_exporter/host"
)

const (
	mebibyte = 1 << 20
	gibibyte = 1 << 30

	// What each memory.stat of the fixtures has of the active file cache and, in cgroup v2, of reclaimable slab.
	activeV1, activeV2 = 96 * mebibyte, (96 + 12) * mebibyte
)

// machine unpacks testdata/host/cgroups/NAME.txtar, in which raptoreumd is process 7, and finds it.
func machine(tb testing.TB, name string) (*host.Host, host.Process, string) {
	tb.Helper()
	archive, err := txtar.ParseFile(filepath.Join("../testdata/host/cgroups", name+".txtar"))
	if err != nil {
		tb.Fatal(err)
	}
	dir := tb.TempDir()
	if err := txtar.Write(archive, dir); err != nil {
		tb.Fatal(err)
	}
	process{pid: 7, args: "raptoreumd"}.write(tb, dir)
	h := newHost(tb, dir)
	p, err := h.Daemon(host.Query{})
	if err != nil {
		tb.Fatal(err)
	}
	return h, p, dir
}

func limits(cores, throttled float64, limit, used uint64) host.Limits {
	return host.Limits{CPUCores: &cores, CPUThrottledSeconds: &throttled, MemoryLimit: &limit, MemoryUsed: &used}
}

func noLimits(throttled float64, used uint64) host.Limits {
	return host.Limits{CPUThrottledSeconds: &throttled, MemoryUsed: &used}
}

func TestDaemonLimits(t *testing.T) {
	onlyMemory := limits(0, 0, 3*gibibyte, 1792*mebibyte-activeV1)
	onlyMemory.CPUCores, onlyMemory.CPUThrottledSeconds = nil, nil
	high := limits(0, 0, 2*gibibyte, 2047*mebibyte-activeV2)
	high.CPUCores = nil
	outside := limits(0, 0, 4*gibibyte, 1536*mebibyte-activeV1)
	outside.CPUCores = nil
	want := map[string]host.Limits{
		"v2-systemd":       limits(1, 2.5, 3*gibibyte, 1792*mebibyte-activeV2),
		"v2-slice":         limits(1.5, 7.001, 2*gibibyte, 1535*mebibyte-activeV2),
		"v2-high":          high,
		"v2-equal":         limits(2, 3, 3*gibibyte, gibibyte+4096-activeV2),
		"v2-neighbour":     limits(1.5, 902, 4*gibibyte, 4*gibibyte-6*mebibyte-activeV2),
		"v2-nolimit":       noLimits(0, 1792*mebibyte-activeV2),
		"v2-noaccounting":  {},
		"v2-root":          {},
		"v2-docker":        limits(1.5, 12.345678, 3*gibibyte, gibibyte-activeV2),
		"v2-docker-other":  {},
		"v2-docker-host":   limits(1, 3, 3*gibibyte, gibibyte-activeV2),
		"v2-docker-bind":   limits(1, 2.5, 3*gibibyte, 1792*mebibyte-activeV2),
		"v2-lxcfs":         limits(2, 4, 4*gibibyte, 1536*mebibyte-activeV2),
		"v2-lxcfs-outside": noLimits(0, 768*mebibyte-activeV2),

		"v1-systemd":        limits(1.5, 2.5, 3*gibibyte, 1792*mebibyte-activeV1),
		"v1-slice":          limits(1, 9.000001, 2*gibibyte, 1535*mebibyte-activeV1),
		"v1-neighbour":      limits(1.5, 902, 4*gibibyte, 4*gibibyte-6*mebibyte-activeV1),
		"v1-nohierarchy":    onlyMemory,
		"v1-nolimit":        noLimits(0, 1792*mebibyte-activeV1),
		"v1-docker":         limits(1, 12, 3*gibibyte, gibibyte-activeV1),
		"v1-docker-systemd": limits(0.5, 17, 3*gibibyte, gibibyte-activeV1),
		"v1-docker-other":   {},
		"v1-lxcfs":          outside,

		"hybrid":           limits(1, 2.5, 3*gibibyte, 1792*mebibyte-activeV1),
		"hybrid-memory-v2": limits(1, 2.5, 3*gibibyte, 1792*mebibyte-activeV2),
	}
	files, err := filepath.Glob("../testdata/host/cgroups/*.txtar")
	if err != nil || len(files) != len(want) {
		t.Errorf("%d fixtures for %d cases, error %v", len(files), len(want), err)
	}
	for name, want := range want {
		t.Run(name, func(t *testing.T) {
			h, p, _ := machine(t, name)
			got, err := h.DaemonLimits(p)
			if diff := cmp.Diff(want, got); diff != "" || err != nil {
				t.Errorf("error %v, -want +got:\n%s", err, diff)
			}
		})
	}
}

// What replaces a file in the fixtures; a folder in its place is one that cannot be read.
const (
	missing    = "missing"
	unreadable = "unreadable"
)

// damage replaces one file.
type damage struct {
	file, content string
	lacks         func(*host.Limits) // removes what is then unknown
	wantErr       string             // "" is none
}

func noCores(l *host.Limits)      { l.CPUCores = nil }
func noThrottled(l *host.Limits)  { l.CPUThrottledSeconds = nil }
func onlyAbove(l *host.Limits)    { *l.CPUThrottledSeconds = 0 }
func noLimit(l *host.Limits)      { l.MemoryLimit = nil }
func onlyInactive(l *host.Limits) { *l.MemoryUsed = 2*gibibyte - 2 }
func noUsed(l *host.Limits)       { l.MemoryUsed = nil }
func noMemory(l *host.Limits)     { l.MemoryLimit, l.MemoryUsed = nil, nil }
func nothing(*host.Limits)        {}

func TestDaemonLimitsDamagedV2(t *testing.T) {
	const folder = "/system.slice/raptoreumd.service/"
	for name, tc := range map[string]damage{
		"v2 cpu.max missing":        {folder + "cpu.max", missing, noCores, ""},
		"v2 cpu.max unreadable":     {folder + "cpu.max", unreadable, noCores, "cpu.max"},
		"v2 cpu.max empty":          {folder + "cpu.max", "", noCores, "cpu.max"},
		"v2 cpu.max negative":       {folder + "cpu.max", "-5 100000\n", noCores, "cpu.max"},
		"v2 cpu.max period 0":       {folder + "cpu.max", "100000 0\n", noCores, "cpu.max"},
		"v2 parent's cpu.max bad":   {"/system.slice/cpu.max", "x 1\n", nothing, "cpu.max"},
		"v2 cpu.stat missing":       {folder + "cpu.stat", missing, onlyAbove, ""},
		"v2 cpu.stat bad":           {folder + "cpu.stat", "throttled_usec -1\n", noThrottled, "cpu.stat: throttled_usec"},
		"v2 cpu.stat truncated":     {folder + "cpu.stat", "throttled_usec", onlyAbove, ""},
		"v2 memory.max missing":     {folder + "memory.max", missing, noLimit, ""},
		"v2 memory.max bad":         {folder + "memory.max", "3G\n", noLimit, "memory.max"},
		"v2 memory.high missing":    {folder + "memory.high", missing, nothing, ""},
		"v2 memory.high bad":        {folder + "memory.high", "none\n", nothing, "memory.high"},
		"v2 memory.current missing": {folder + "memory.current", missing, noUsed, ""},
		"v2 memory.current bad":     {folder + "memory.current", "much\n", noUsed, "memory.current"},
		"v2 memory.stat missing":    {folder + "memory.stat", missing, noUsed, ""},
		"v2 memory.stat unreadable": {folder + "memory.stat", unreadable, noUsed, "memory.stat"},
		"v2 memory.stat bad":        {folder + "memory.stat", "inactive_file x\n", noUsed, "inactive_file"},
		"v2 active_file missing":    {folder + "memory.stat", "inactive_file 1\nslab_reclaimable 1\n", onlyInactive, ""},
		"v2 slab bad":               {folder + "memory.stat", "inactive_file 1\nactive_file 1\nslab_reclaimable -1\n", noUsed, "memory.stat: slab_reclaimable"},
		"v2 more cache than usage":  {folder + "memory.stat", "inactive_file 99999999999\nactive_file 1\nslab_reclaimable 1\n", func(l *host.Limits) { *l.MemoryUsed = 0 }, ""},
	} {
		t.Run(name, func(t *testing.T) { tc.run(t, "v2-systemd") })
	}
}

func TestDaemonLimitsDamagedV1(t *testing.T) {
	const folder = "/system.slice/raptoreumd.service/"
	for name, tc := range map[string]damage{
		"v1 quota missing":        {"/cpu,cpuacct" + folder + "cpu.cfs_quota_us", missing, noCores, ""},
		"v1 quota bad":            {"/cpu,cpuacct" + folder + "cpu.cfs_quota_us", "x\n", noCores, "cpu.cfs_quota_us"},
		"v1 period missing":       {"/cpu,cpuacct" + folder + "cpu.cfs_period_us", missing, noCores, ""},
		"v1 period 0":             {"/cpu,cpuacct" + folder + "cpu.cfs_period_us", "0\n", noCores, "cpu.cfs_quota_us"},
		"v1 memory.stat missing":  {"/memory" + folder + "memory.stat", missing, noMemory, ""},
		"v1 active cache missing": {"/memory" + folder + "memory.stat", "hierarchical_memory_limit 3221225472\ntotal_inactive_file 2\n", onlyInactive, ""},
		"v1 memory.stat bad":      {"/memory" + folder + "memory.stat", "hierarchical_memory_limit x\ntotal_inactive_file 268435456\ntotal_active_file 100663296\n", noLimit, "hierarchical_memory_limit"},
		"v1 limit before 3.19":    {"/memory" + folder + "memory.stat", "hierarchical_memory_limit 18446744073709551615\ntotal_inactive_file 268435456\ntotal_active_file 100663296\n", noLimit, ""},
		"v1 limit, pages of 64K":  {"/memory" + folder + "memory.stat", "hierarchical_memory_limit 9223372036854710272\ntotal_inactive_file 268435456\ntotal_active_file 100663296\n", noLimit, ""},
		"v1 usage missing":        {"/memory" + folder + "memory.usage_in_bytes", missing, noUsed, ""},
	} {
		t.Run(name, func(t *testing.T) { tc.run(t, "v1-systemd") })
	}
}

func (d damage) run(t *testing.T, fixture string) {
	t.Helper()
	h, p, dir := machine(t, fixture)
	want, err := h.DaemonLimits(p)
	if err != nil {
		t.Fatal(err)
	}
	d.lacks(&want)
	file := filepath.Join(dir, "cgroup", d.file)
	if err := os.Remove(file); err != nil {
		t.Fatal(err)
	}
	switch d.content {
	case missing:
	case unreadable:
		err = os.Mkdir(file, 0o755)
	default:
		err = os.WriteFile(file, []byte(d.content), 0o644)
	}
	if err != nil {
		t.Fatal(err)
	}
	got, err := h.DaemonLimits(p)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if (err != nil) != (d.wantErr != "") || err != nil && !strings.Contains(err.Error(), d.wantErr) {
		t.Errorf("got error %v, want one with %q", err, d.wantErr)
	}
}

// TestDaemonLimitsAllowedCPUs: raptoreumd may run on fewer CPUs than the machine has, whatever its quota is.
func TestDaemonLimitsAllowedCPUs(t *testing.T) {
	const quota, none = "v2-slice", "v2-nolimit" // 1.5 cores
	for name, tc := range map[string]struct {
		fixture, allowed string
		online           int
		want             float64 // 0 is no limit
		wantErr          string
	}{
		"one of 8":                       {none, "3", 8, 1, ""},
		"range":                          {none, "0-1", 8, 2, ""},
		"list":                           {none, "0-1,4,6-7", 8, 5, ""},
		"all":                            {none, "0-7", 8, 0, ""},
		"CPUs that are not online":       {none, "0-127", 8, 0, ""},
		"all that a container shows":     {none, "4-5", 2, 0, ""}, // as cpu0 and cpu1
		"lower than the quota":           {quota, "2", 8, 1, ""},
		"higher than the quota":          {quota, "0-3", 8, 1.5, ""},
		"number of CPUs is unknown":      {none, "0", 0, 0, ""},
		"not reported":                   {quota, "", 8, 1.5, ""},
		"malformed":                      {quota, "0-x", 8, 1.5, "Cpus_allowed_list"},
		"backwards":                      {quota, "3-1", 8, 1.5, "Cpus_allowed_list"},
		"number of CPUs is not readable": {quota, "0", -1, 1.5, "steal"},
	} {
		t.Run(name, func(t *testing.T) {
			h, p, dir := machine(t, tc.fixture)
			status, stat := "Name:\traptoreumd\n", "cpu 1 2 3 4 5 6 7 8\n"
			if tc.allowed != "" {
				status += "Cpus_allowed:\tff\nCpus_allowed_list:\t" + tc.allowed + "\n"
			}
			for i := range tc.online {
				stat += fmt.Sprintf("cpu%d 1 2 3 4 5 6 7 8\n", i)
			}
			if tc.online < 0 {
				stat = "cpu 1 2 3 4 5 6 7 x\n"
			}
			write(t, dir, map[string]string{"proc/7/status": status, "proc/stat": stat})
			for range 2 { // the second time with the number of CPUs that Machine has read
				got, err := h.DaemonLimits(p)
				if (err != nil) != (tc.wantErr != "") || err != nil && !strings.Contains(err.Error(), tc.wantErr) {
					t.Errorf("got error %v, want one with %q", err, tc.wantErr)
				}
				if got.CPUCores == nil && tc.want != 0 || got.CPUCores != nil && *got.CPUCores != tc.want {
					t.Errorf("got %+v, want %v cores", got, tc.want)
				}
				_, _ = h.Machine()
			}
		})
	}
}

func TestDaemonLimitsUnknown(t *testing.T) {
	h, _, _ := machine(t, "v2-systemd")
	for name, cgroups := range map[string]map[string]string{
		"no cgroups":     nil,
		"no controllers": {"name=systemd": "/"},
		"above the root": {"": "/.."},
		"relative":       {"": ""},
		"removed":        {"": "/system.slice/raptoreumd.service (deleted)"},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := h.DaemonLimits(host.Process{PID: 7, Cgroups: cgroups})
			if diff := cmp.Diff(host.Limits{}, got); diff != "" || err != nil {
				t.Errorf("error %v, -want +got:\n%s", err, diff)
			}
		})
	}
}

// TestDaemonLimitsReal reads the cgroup of the test on this machine, whatever its version.
func TestDaemonLimitsReal(t *testing.T) {
	dir := t.TempDir()
	pid := start(t, dir).Process.Pid
	h, err := host.New(host.Config{})
	if err != nil {
		t.Fatal(err)
	}
	p, err := h.Daemon(host.Query{Datadir: dir})
	if err != nil || p.PID != pid {
		t.Fatalf("got %+v and error %v, want pid %d", p, err, pid)
	}
	got, err := h.DaemonLimits(p)
	if err != nil || got.CPUCores != nil && *got.CPUCores <= 0 || got.MemoryLimit != nil && *got.MemoryLimit == 0 {
		t.Errorf("got %+v and error %v", got, err)
	}
}

func BenchmarkDaemonLimits(b *testing.B) {
	for _, name := range []string{"v2-systemd", "v1-systemd"} {
		b.Run(name, func(b *testing.B) {
			h, p, _ := machine(b, name)
			for b.Loop() {
				if _, err := h.DaemonLimits(p); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
