package host_test

import (
	"errors"
	"io/fs"
	"testing"

	"github.com/google/go-cmp/cmp"

	"raptoreum_exporter/host"
)

func TestDaemonOOMKills(t *testing.T) {
	const (
		v1     = "9:name=systemd:/x\n4:cpu,memory:/system.slice/raptoreumd.service\n0::/\n"
		v2     = "0::/system.slice/raptoreumd.service\n"
		folder = "/system.slice/raptoreumd.service"
		events = "low 0\nhigh 0\nmax 11\noom 3\noom_kill 2\noom_group_kill 0\n"
	)
	for name, tc := range map[string]struct {
		cgroup        string // of the process; "" is missing
		file, content string // below the cgroup file system
		folder        string
		kills         uint64
		absent, wrong bool
	}{
		"v2":                       {v2, folder + "/memory.events", events, folder, 2, false, false},
		"v2 without accounting":    {v2, folder + "/cgroup.procs", "", folder, 0, true, false},
		"v2 root":                  {"0::/\n", "/cgroup.procs", "", "/", 0, true, false},
		"v2 root of a container":   {"0::/\n", "/memory.events", events, "/", 2, false, false},
		"v2 outside our namespace": {"0::/../other\n", "/other/memory.events", events, "", 0, true, false},
		"v2 before 4.13":           {v2, folder + "/memory.events", "oom 3\n", folder, 0, true, false},
		"v2 malformed":             {v2, folder + "/memory.events", "oom_kill two\n", folder, 0, false, true},
		"v1":                       {v1, "/memory" + folder + "/memory.oom_control", "oom_kill_disable 0\nunder_oom 0\noom_kill 5\n", "/memory" + folder, 5, false, false},
		"v1 before 4.13":           {v1, "/memory" + folder + "/memory.oom_control", "oom_kill_disable 0\nunder_oom 0\n", "/memory" + folder, 0, true, false},
		"v1 without memory":        {"3:cpu:/x\n", "/x", "", "", 0, true, false},
		"no cgroup file":           {"", "/x", "", "", 0, true, false},
		"malformed cgroup file":    {"0:", "/x", "", "", 0, true, false},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			process{pid: 7, args: "raptoreumd"}.write(t, dir)
			files := map[string]string{"cgroup" + tc.file: tc.content}
			if tc.cgroup != "" {
				files["proc/7/cgroup"] = tc.cgroup
			}
			write(t, dir, files)
			h := newHost(t, dir)
			p, err := h.Daemon(host.Query{})
			if diff := cmp.Diff(host.Process{PID: 7, Cgroup: tc.folder}, p); diff != "" || err != nil {
				t.Fatalf("error %v, -want +got:\n%s", err, diff)
			}
			kills, err := h.DaemonOOMKills(p)
			if kills != tc.kills || errors.Is(err, fs.ErrNotExist) != tc.absent || (err != nil) != (tc.absent || tc.wrong) {
				t.Errorf("got %d, error %v", kills, err)
			}
		})
	}
}

func TestDaemonOOMKillsStaysBelow(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, map[string]string{"memory.events": "oom_kill 1\n"})
	_, err := newHost(t, dir).DaemonOOMKills(host.Process{PID: 7, Cgroup: "/.."})
	if !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("got %v, want fs.ErrNotExist", err)
	}
}
