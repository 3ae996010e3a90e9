package host_test

import (
	"errors"
	"io/fs"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"raptoreum_exporter/host"
)

func TestDaemonOOMKills(t *testing.T) {
	const (
		v1     = "9:name=systemd:/x\n4:cpu,memory:/system.slice/raptoreumd.service\n0::/\n"
		v2     = "0::/system.slice/raptoreumd.service\n"
		folder = "/system.slice/raptoreumd.service"
		events = "low 0\nhigh 0\nmax 11\noom 3\noom_kill 2\noom_group_kill 0\n"
	)
	type cgroups = map[string]string
	inV1 := cgroups{"name=systemd": "/x", "cpu,memory": folder, "": "/"}
	inV2, inRoot := cgroups{"": folder}, cgroups{"": "/"}
	for name, tc := range map[string]struct {
		cgroup          string            // of the process; "" is missing
		files           map[string]string // below the cgroup file system
		cgroups         cgroups
		kills           uint64
		absent, wantErr bool
	}{
		"v2":                       {v2, cgroups{folder + "/memory.events": events}, inV2, 2, false, false},
		"v2 without accounting":    {v2, cgroups{folder + "/cgroup.procs": ""}, inV2, 0, true, false},
		"v2 root":                  {"0::/\n", cgroups{"/cgroup.procs": "7\n"}, inRoot, 0, true, false},
		"v2 root of a container":   {"0::/\n", cgroups{"/memory.events": events, "/cgroup.procs": "1\n7\n"}, inRoot, 2, false, false},
		"v2 root of another":       {"0::/\n", cgroups{"/memory.events": events, "/cgroup.procs": "1\n77\n"}, inRoot, 0, true, false},
		"v2 outside our namespace": {"0::/../other\n", cgroups{"/other/memory.events": events}, cgroups{"": "/../other"}, 0, true, false},
		"v2 not from the root":     {"0::x/y\n", cgroups{"/x/y/memory.events": events}, cgroups{"": "x/y"}, 0, true, false},
		"v2 above the root":        {"0::../x\n", cgroups{"/y/memory.events": events}, cgroups{"": "../x"}, 0, true, false},
		"v2 deleted":               {"0::/x (deleted)\n", cgroups{"/memory.events": events, "/cgroup.procs": "1\n"}, cgroups{"": "/x (deleted)"}, 0, true, false},
		"v2 before 4.13":           {v2, cgroups{folder + "/memory.events": "oom 3\n"}, inV2, 0, true, false},
		"v2 malformed":             {v2, cgroups{folder + "/memory.events": "oom_kill two\n"}, inV2, 0, false, true},
		"v1":                       {v1, cgroups{"/memory" + folder + "/memory.oom_control": "oom_kill_disable 0\nunder_oom 0\noom_kill 5\n"}, inV1, 5, false, false},
		"v1 before 4.13":           {v1, cgroups{"/memory" + folder + "/memory.oom_control": "oom_kill_disable 0\nunder_oom 0\n"}, inV1, 0, true, false},
		"v1 without memory":        {"3:cpu:/x\n", cgroups{"/x": ""}, cgroups{"cpu": "/x"}, 0, true, false},
		"no cgroup file":           {"", cgroups{"/x": ""}, nil, 0, true, false},
		"malformed cgroup file":    {"0:", cgroups{"/x": ""}, nil, 0, true, false},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			process{pid: 7, args: "raptoreumd"}.write(t, dir)
			files := map[string]string{}
			for file, content := range tc.files {
				files["cgroup"+file] = content
			}
			if tc.cgroup != "" {
				files["proc/7/cgroup"] = tc.cgroup
			}
			write(t, dir, files)
			h := newHost(t, dir)
			p, err := h.Daemon(host.Query{})
			if diff := cmp.Diff(host.Process{PID: 7, Certain: p.Certain, Cgroups: tc.cgroups}, p, cmpopts.IgnoreUnexported(host.Process{})); diff != "" || err != nil {
				t.Fatalf("error %v, -want +got:\n%s", err, diff)
			}
			kills, err := h.DaemonOOMKills(p)
			if kills != tc.kills || errors.Is(err, fs.ErrNotExist) != tc.absent || (err != nil) != (tc.absent || tc.wantErr) {
				t.Errorf("got %d, error %v", kills, err)
			}
		})
	}
}

func TestDaemonOOMKillsStaysBelow(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, map[string]string{"memory.events": "oom_kill 1\n", "cgroup.procs": "7\n"})
	_, err := newHost(t, dir).DaemonOOMKills(host.Process{PID: 7, Cgroups: map[string]string{"": "/.."}})
	if !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("got %v, want fs.ErrNotExist", err)
	}
}
