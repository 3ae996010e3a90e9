package host_test

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"raptoreum_exporter/host"
)

// process is a process in a fake proc.
type process struct {
	pid  int
	args string // separated by spaces; $DIR is the folder of the test
	comm string // "" is raptoreum-init, as the daemon renames its first thread
	exe  string
	uid  int
	tgid int  // 0 is pid: not a thread
	gone bool // exits after its command line was read
}

func (p process) write(tb testing.TB, dir string) {
	tb.Helper()
	folder := fmt.Sprintf("proc/%d/", p.pid)
	args := strings.ReplaceAll(strings.ReplaceAll(p.args, "$DIR", dir), " ", "\x00")
	if args != "" {
		args += "\x00"
	}
	files := map[string]string{folder + "cmdline": args}
	if !p.gone {
		comm, tgid := p.comm, p.tgid
		if comm == "" {
			comm = "raptoreum-init"
		}
		if tgid == 0 {
			tgid = p.pid
		}
		files[folder+"comm"] = comm + "\n"
		files[folder+"status"] = fmt.Sprintf("Name:\t%s\nTgid:\t%d\nUid:\t%[3]d\t%[3]d\t%[3]d\t%[3]d\n", comm, tgid, p.uid)
	}
	write(tb, dir, files)
	if p.exe != "" {
		if err := os.Symlink(p.exe, filepath.Join(dir, folder, "exe")); err != nil {
			tb.Fatal(err)
		}
	}
}

// find calls Daemon on a proc with these processes and compares the pid and the error.
func find(t *testing.T, processes []process, pidFile string, query host.Query, want int, wantErr error) (certain bool) {
	t.Helper()
	dir := t.TempDir()
	write(t, dir, map[string]string{
		"one/raptoreumd.pid":             pidFile,
		"home/1/.raptoreumcore/LOCK":     "",
		"home/2/.raptoreumcore/LOCK":     "",
		"proc/1/cmdline":                 "/sbin/init\x00",
		"proc/1/comm":                    "systemd\n",
		"proc/sys/kernel/random/boot_id": "",
	})
	if err := os.Symlink("one", filepath.Join(dir, "link")); err != nil {
		t.Fatal(err)
	}
	for _, p := range processes {
		p.write(t, dir)
	}
	in := func(s string) string { return strings.ReplaceAll(s, "$DIR", dir) }
	q := host.Query{PidFile: in(query.PidFile), Datadir: in(query.Datadir), Conf: in(query.Conf)}
	got, err := newHost(t, dir).Daemon(q)
	if diff := cmp.Diff(host.Process{PID: want, Certain: got.Certain}, got, cmpopts.IgnoreUnexported(host.Process{})); diff != "" || !errors.Is(err, wantErr) {
		t.Errorf("got error %v, want %v; -want +got:\n%s", err, wantErr, diff)
	}
	return got.Certain
}

// TestDaemonCertain: only arguments or a pid file make it certain whose a raptoreumd is.
func TestDaemonCertain(t *testing.T) {
	plain := process{pid: 20, args: "raptoreumd", uid: 3} // of a user without a known home
	relative := process{pid: 22, args: "raptoreumd -datadir=one"}
	other := process{pid: 24, args: "raptoreumd", uid: 1} // its home has another data directory
	one := process{pid: 31, args: "raptoreumd -datadir=$DIR/one"}
	ours := host.Query{PidFile: "$DIR/one/raptoreumd.pid", Datadir: "$DIR/one", Conf: "$DIR/one/raptoreum.conf"}
	for _, tc := range []struct {
		name    string
		process process
		pidFile string
		want    bool
	}{
		{"arguments", one, "", true},
		{"no arguments", plain, "", false},
		{"relative arguments", relative, "", false},
		{"no arguments, pid file", plain, "20\n", true},
		{"relative arguments, pid file", relative, "22\n", true},
		{"another home, pid file", other, "24\n", false},
		{"stale pid file", relative, "21\n", false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if got := find(t, []process{tc.process}, tc.pidFile, ours, tc.process.pid, nil); got != tc.want {
				t.Errorf("certain: %t, want %t", got, tc.want)
			}
		})
	}
}

func TestDaemonPidFile(t *testing.T) {
	plain := process{pid: 20, args: "raptoreumd"}
	one := process{pid: 31, args: "/usr/bin/raptoreumd -daemon -datadir=$DIR/one"}
	two := process{pid: 32, args: "raptoreumd --datadir=$DIR/x/../two/"}
	bash := process{pid: 40, args: "-bash", comm: "bash", exe: "/usr/bin/bash"}
	ours := host.Query{PidFile: "$DIR/one/raptoreumd.pid", Datadir: "$DIR/one", Conf: "$DIR/one/raptoreum.conf"}
	for name, tc := range map[string]struct {
		processes []process
		pidFile   string
		want      int
		err       error
	}{
		"pid file":                           {[]process{plain, {pid: 21, args: "raptoreumd"}}, "21\n", 21, nil},
		"pid file without line break":        {[]process{plain, {pid: 21, args: "raptoreumd"}}, "21", 21, nil},
		"pid file before the scan":           {[]process{one, plain}, "20\n", 20, nil},
		"pid file against an unlikely home":  {[]process{{pid: 20, args: "raptoreumd", uid: 1}}, "20\n", 20, nil},
		"pid file stale, pid gone":           {[]process{bash}, "21\n", 0, host.ErrNotRunning},
		"pid file stale, restarted":          {[]process{bash, one}, "21\n", 31, nil},
		"pid file stale, reused by bash":     {[]process{bash}, "40\n", 0, host.ErrNotRunning},
		"pid file stale, reused by other":    {[]process{two}, "32\n", 0, host.ErrNotRunning},
		"pid file stale, reused by a thread": {[]process{{pid: 21, args: one.args, tgid: 31}, one}, "21\n", 31, nil},
		"pid file of a zombie":               {[]process{{pid: 21, comm: "raptoreumd"}}, "21\n", 0, host.ErrNotRunning},
		"pid file, process exits":            {[]process{{pid: 21, args: "raptoreumd", gone: true}}, "21\n", 0, host.ErrNotRunning},
		"pid file garbage":                   {[]process{one}, "garbage", 31, nil},
		"pid file empty":                     {[]process{one}, "", 31, nil},
		"pid file zero":                      {[]process{one}, "0\n", 31, nil},
		"pid file negative":                  {[]process{one}, "-31\n", 31, nil},
		"pid file too large":                 {[]process{one}, "99999999999999999999\n", 31, nil},
	} {
		t.Run(name, func(t *testing.T) {
			find(t, tc.processes, tc.pidFile, ours, tc.want, tc.err)
		})
	}
}

func TestDaemonScan(t *testing.T) {
	plain := process{pid: 20, args: "raptoreumd"}
	one := process{pid: 31, args: "/usr/bin/raptoreumd -daemon -datadir=$DIR/one"}
	two := process{pid: 32, args: "raptoreumd --datadir=$DIR/x/../two/"}
	bash := process{pid: 40, args: "-bash", comm: "bash", exe: "/usr/bin/bash"}
	ours := host.Query{PidFile: "$DIR/one/raptoreumd.pid", Datadir: "$DIR/one", Conf: "$DIR/one/raptoreum.conf"}
	for name, tc := range map[string]struct {
		processes []process
		query     host.Query
		want      int
		err       error
	}{
		"no process":                       {nil, ours, 0, host.ErrNotRunning},
		"others only":                      {[]process{bash, {pid: 41, args: "raptoreumd-cli stop", comm: "raptoreum-cli"}}, ours, 0, host.ErrNotRunning},
		"one, nothing known":               {[]process{bash, plain}, host.Query{}, 20, nil},
		"one without arguments":            {[]process{bash, plain}, ours, 20, nil},
		"one, another datadir":             {[]process{bash, two}, ours, 0, host.ErrNotRunning},
		"one, relative datadir":            {[]process{{pid: 22, args: "raptoreumd -datadir=one"}}, ours, 22, nil},
		"one, empty datadir":               {[]process{{pid: 22, args: "raptoreumd -datadir="}}, ours, 22, nil},
		"last datadir wins":                {[]process{{pid: 22, args: two.args + " -datadir=$DIR/one"}}, ours, 22, nil},
		"two, different datadirs":          {[]process{one, two}, ours, 31, nil},
		"two, one without arguments":       {[]process{one, plain}, ours, 31, nil},
		"two, the other without arguments": {[]process{two, plain}, ours, 20, nil},
		"two without arguments":            {[]process{plain, {pid: 21, args: "raptoreumd"}}, ours, 0, host.ErrSeveral},
		"two, nothing known":               {[]process{one, two}, host.Query{}, 0, host.ErrSeveral},
		"two in one datadir":               {[]process{one, {pid: 33, args: one.args + " -testnet"}}, ours, 0, host.ErrSeveral},
		"through a symbolic link":          {[]process{{pid: 22, args: "raptoreumd -datadir=$DIR/link"}, two}, ours, 22, nil},
		"exits while it is read":           {[]process{{pid: 22, args: one.args, gone: true}, one}, ours, 31, nil},
		"name in comm only":                {[]process{{pid: 22, args: "./rtm", comm: "raptoreumd", exe: "/opt/rtm"}}, ours, 22, nil},
		"name in exe only":                 {[]process{{pid: 22, args: "./rtm", exe: "/opt/raptoreumd"}}, ours, 22, nil},
		"name in exe only, file updated":   {[]process{{pid: 22, args: "./rtm", exe: "/opt/raptoreumd (deleted)"}}, ours, 22, nil},
		"name in an argument only":         {[]process{{pid: 22, args: "tail raptoreumd"}}, ours, 0, host.ErrNotRunning},
	} {
		t.Run(name, func(t *testing.T) {
			find(t, tc.processes, "", tc.query, tc.want, tc.err)
		})
	}
}

func TestDaemonConfAndHome(t *testing.T) {
	plain := process{pid: 20, args: "raptoreumd"}
	home := host.Query{Datadir: "$DIR/home/1/.raptoreumcore", Conf: "$DIR/home/1/.raptoreumcore/raptoreum.conf"}
	conf := host.Query{Datadir: "$DIR/etc", Conf: "$DIR/etc/raptoreum.conf"}
	for name, tc := range map[string]struct {
		processes []process
		query     host.Query
		want      int
		err       error
	}{
		"by conf":                     {[]process{{pid: 22, args: "raptoreumd -conf=$DIR/etc/raptoreum.conf"}, plain}, conf, 22, nil},
		"by conf despite datadir":     {[]process{{pid: 22, args: "raptoreumd -datadir=$DIR/one -conf=$DIR/etc/raptoreum.conf"}}, conf, 22, nil},
		"by conf relative to datadir": {[]process{{pid: 22, args: "raptoreumd -datadir=$DIR/etc/. -conf=raptoreum.conf"}}, host.Query{Conf: conf.Conf}, 22, nil},
		"another conf":                {[]process{{pid: 22, args: "raptoreumd -conf=$DIR/etc/other.conf"}}, conf, 0, host.ErrNotRunning},
		"home of the user":            {[]process{{pid: 22, args: "raptoreumd", uid: 2}, {pid: 21, args: "raptoreumd", uid: 1}, plain}, home, 21, nil},
		"home of another user":        {[]process{{pid: 22, args: "raptoreumd", uid: 2}}, home, 0, host.ErrNotRunning},
		"home that does not exist":    {[]process{{pid: 23, args: "raptoreumd", uid: 3}}, home, 23, nil},
	} {
		t.Run(name, func(t *testing.T) {
			find(t, tc.processes, "", tc.query, tc.want, tc.err)
		})
	}
}

// TestDaemonHidden: with hidepid or ProtectProc= another user's daemon cannot be seen. It may be
// running all the same.
func TestDaemonHidden(t *testing.T) {
	dir := t.TempDir()
	h := newHost(t, dir) // a proc without pid 1
	for name, tc := range map[string]struct {
		datadir string
		want    error
	}{
		"datadir is ours":    {dir, host.ErrNotRunning},
		"datadir is unknown": {"", fs.ErrPermission},
		"datadir is hidden":  {filepath.Join(dir, "missing"), fs.ErrPermission},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := h.Daemon(host.Query{Datadir: tc.datadir})
			if !errors.Is(err, tc.want) {
				t.Errorf("got %v, want %v", err, tc.want)
			}
		})
	}
}

func TestDaemonErrorText(t *testing.T) {
	dir := t.TempDir()
	h := newHost(t, dir)
	for pid := range 3 {
		process{pid: 10 + pid, args: "raptoreumd"}.write(t, dir)
	}
	_, err := h.Daemon(host.Query{})
	for _, want := range []string{"several raptoreumd are running", "3 match", "pid file"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v does not say %q", err, want)
		}
	}
}

func TestDaemonAnother(t *testing.T) {
	dir := t.TempDir()
	h := newHost(t, dir)
	write(t, dir, map[string]string{"proc/1/cmdline": "/sbin/init\x00"})
	process{pid: 10, args: "raptoreumd -datadir=/other"}.write(t, dir)
	_, err := h.Daemon(host.Query{Conf: "/one/raptoreum.conf", Datadir: "/one"})
	if !errors.Is(err, host.ErrNotRunning) || !errors.Is(err, host.ErrAnother) {
		t.Fatalf("got %v, want both ErrNotRunning and ErrAnother", err)
	}
	const want = "raptoreumd is not running with /one/raptoreum.conf; another raptoreumd is running: 1 with another -datadir or -conf"
	if err.Error() != want {
		t.Errorf("got %q, want %q", err, want)
	}
}
