package heal_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"raptoreum_exporter/heal"
	"raptoreum_exporter/host"
	"raptoreum_exporter/internal/history"
	"raptoreum_exporter/internal/simnet"
)

// moved is the disk use of a process that has read and written so much.
func moved(n float64) *host.Disk { return &host.Disk{Bytes: known(uint64(n))} }

// TestIdle: a hung daemon is restarted early only if its process is known to be idle although it could use the CPU.
func TestIdle(t *testing.T) {
	for _, test := range []struct {
		name   string
		change func(o *heal.Observation, minute float64)
		want   int
	}{
		{"idle", func(*heal.Observation, float64) {}, 5},
		{"working", func(o *heal.Observation, m float64) { o.CPU = known(m * 6) }, 30}, // a tenth of a core
		{"working, as far as its limit of 2 % allows", func(o *heal.Observation, m float64) { o.CPU, o.Limit = known(m*1.2), known(0.02) }, 30},
		{"idle, with a limit", func(o *heal.Observation, _ float64) { o.Limit = known(2.0) }, 5},
		{"throttled", func(o *heal.Observation, m float64) { o.Withheld = m * 30 }, 30},
		{"other guests take the CPU", func(o *heal.Observation, m float64) { o.Withheld = m * 12 }, 30},
		{"a little steal", func(o *heal.Observation, m float64) { o.Withheld = m * 3 }, 5},
		{"its process is not visible", func(o *heal.Observation, _ float64) { o.CPU = nil }, 30},
		{"its threads are not visible", func(o *heal.Observation, _ float64) { o.Disk = nil }, 30},
		{"a thread waits for the disk at each check", func(o *heal.Observation, _ float64) { o.Disk = &host.Disk{Blocked: 1} }, 30},
		{"a thread waited for the disk at minute 4", func(o *heal.Observation, m float64) {
			if m == 4 {
				o.Disk = &host.Disk{Blocked: 1}
			}
		}, 9},
		{"reads from the disk", func(o *heal.Observation, m float64) { o.Disk = moved(m * 60 * 16384) }, 30},
		{"a line in debug.log now and then", func(o *heal.Observation, m float64) { o.Disk = moved(m * 2 * 4096) }, 5},
		{"it may read /proc/PID/io at every second check only", func(o *heal.Observation, m float64) {
			if o.Disk = moved(1 << 40); int(m)%2 == 1 {
				o.Disk.Bytes = nil
			}
		}, 5},
		{"the machine swaps", func(o *heal.Observation, m float64) { o.Disk = &host.Disk{MajorFaults: uint64(m * 60 * 20)} }, 30},
		{"a few pages from the swap", func(o *heal.Observation, m float64) { o.Disk = &host.Disk{MajorFaults: uint64(m * 9)} }, 5},
		{"waits for the block device", func(o *heal.Observation, m float64) { o.Disk = &host.Disk{DelaySeconds: m * 40} }, 30},
		{"read from the disk before it hung", func(o *heal.Observation, _ float64) {
			o.Disk = &host.Disk{MajorFaults: 1e6, DelaySeconds: 1e4, Bytes: known(uint64(1 << 40))}
		}, 5},
	} {
		observations := repeat(60, hung)
		for i := range observations {
			test.change(&observations[i], float64(i))
		}
		if got := firstRestart(heal.Policy{}, observations); got != test.want {
			t.Errorf("%s: restart at minute %d, want %d", test.name, got, test.want)
		}
	}
}

// TestWaitsForDisk: a long flush to a slow disk looks like a deadlock: no CPU, the main lock is held, calls that take no
// lock are answered. heal says why it waits.
func TestWaitsForDisk(t *testing.T) {
	for _, test := range []struct {
		name string
		disk func(check int) *host.Disk
		says string // at the check after 5 minutes
	}{
		{"deadlock", func(int) *host.Disk { return &host.Disk{} }, "raptoreumd has been hung for 5m0s in 5 checks"},
		{
			"flush", func(int) *host.Disk { return &host.Disk{Blocked: 2} },
			"raptoreumd has been hung for 5m0s in 5 checks; its process is waiting for the disk (threads in state D: 2); a restart is due once it has been idle for 5m0s, or after 30m0s",
		},
		{
			"flush that has ended", func(check int) *host.Disk { return &host.Disk{Blocked: max(0, 4-check)} },
			"raptoreumd has been hung for 5m0s in 5 checks; its process was waiting for the disk (threads in state D: 1) 1m15s ago; a restart is due once it has been idle for 5m0s, or after 30m0s",
		},
		{"swap", func(check int) *host.Disk { return &host.Disk{MajorFaults: uint64(check) * 750} }, "its process is waiting for the disk (10 major page faults per second)"},
		{"writes", func(check int) *host.Disk { return moved(float64(check) * 75 * 4e5) }, "its process is waiting for the disk (391 KiB read or written per second)"},
		{"block devices", func(check int) *host.Disk { return &host.Disk{DelaySeconds: float64(check) * 60} }, "its process is waiting for the disk (for 0.8 s of each second)"},
	} {
		var h history.History
		var d heal.Decision
		for check := range 5 {
			o := heal.Observation{State: "slow", Alive: known(true), CPU: known(7.0), At: began.Add(time.Duration(check) * 75 * time.Second), Disk: test.disk(check)}
			d, h = heal.Decide(heal.Policy{}, h, o)
		}
		if want := map[bool]heal.Action{true: heal.Restart, false: heal.Wait}[test.name == "deadlock"]; d.Action != want || !strings.Contains(d.Reason, test.says) {
			t.Errorf("%s: %s, %s", test.name, d.Action, d.Reason)
		}
	}
}

// TestRunWaitsForDisk: heal reads what shows that from /proc. A dry run signals no process, so the pid can be any.
func TestRunWaitsForDisk(t *testing.T) {
	t.Parallel()
	f := newFixture(t, false, func(s *simnet.State) { s.Daemon = simnet.DaemonHung })
	stat := func(state string) string {
		return "7 (raptoreumd) " + state + " 1 1 1 0 -1 0 0 0 9 0 0 0 0 0 20 0 2 0 0 4096 2" + strings.Repeat(" 0", 28)
	}
	for name, content := range map[string]string{
		"self": "", "stat": "btime 1000000000\n", "1/cmdline": "init\x00", "7/cmdline": "raptoreumd\x00-datadir=" + f.dir + "\x00",
		"7/comm": "raptoreumd\n", "7/status": "Name:\traptoreumd\nTgid:\t7\nUid:\t0\t0\t0\t0\n", "7/stat": stat("S"), "7/task/7/stat": stat("S"),
	} {
		if err := os.MkdirAll(filepath.Dir(filepath.Join(f.dir, name)), 0o700); err != nil {
			t.Fatal(err)
		}
		f.write(name, content)
	}
	f.options.Procfs = f.dir
	f.config.Sources, f.config.DryRun = f.options.Connect(t), true
	f.config.CheckTimeout, f.config.SlowTimeout = time.Second, time.Second
	h := f.recorded()
	h.Since, h.CPU, h.Disk = time.Now().Add(-10*time.Minute), known(0.0), &history.Disk{MajorFaults: 9}
	f.record(h)
	for state, want := range map[string]string{
		"S": "msg=\"would restart\"",
		"D": "; its process is waiting for the disk (threads in state D: 1); a restart is due once it has been idle for 5m0s, or after 30m0s\"",
	} {
		file := f.write("7/task/7/stat", stat("S"))
		later := time.AfterFunc(2500*time.Millisecond, func() { // after the timeouts: one sample would not find it
			if err := os.WriteFile(file, []byte(stat(state)), 0o600); err != nil {
				t.Error(err)
			}
		})
		if code, err := heal.Run(t.Context(), f.config); code != 0 || err != nil || !strings.Contains(f.log.String(), want) {
			t.Errorf("%s: code %d, %v\n%s", state, code, err, f.log)
		}
		later.Stop()
	}
}
