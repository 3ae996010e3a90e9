package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/alecthomas/kingpin/v2"
	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/testscript"
	"go.uber.org/goleak"

	"raptoreum_exporter/config"
	"raptoreum_exporter/internal/harness"
	"raptoreum_exporter/internal/manpage"
	"raptoreum_exporter/internal/simnet"
)

func TestMain(m *testing.M) {
	testscript.Main(leakChecked{m}, map[string]func(){config.Program: main})
}

// leakChecked fails tests that leave goroutines behind.
type leakChecked struct{ *testing.M }

// Run implements testscript.TestingM.
func (m leakChecked) Run() int {
	code := m.M.Run()
	http.DefaultClient.CloseIdleConnections()
	if err := goleak.Find(); err != nil && code == 0 {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return code
}

// TestCommandLine runs testdata/cli/*.txtar.
func TestCommandLine(t *testing.T) {
	testscript.Run(t, testscript.Params{Dir: "testdata/cli"})
}

var update = flag.Bool("update", false, "rewrite README.md")

const (
	tableBegins = "<!-- flags: made by make docs -->\n"
	tableEnds   = "<!-- end of flags -->\n"
)

// TestDocsFlags fails if the table of flags in README.md is out of date; make docs writes it.
func TestDocsFlags(t *testing.T) {
	_, app, _, err := parse(nil, io.Discard, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	var table strings.Builder
	fmt.Fprint(&table, "\n| flag | meaning |\n|---|---|\n")
	rows := func(command string, flags []*kingpin.FlagModel) {
		for _, f := range flags {
			if f.Hidden || f.Name == "help" || f.Name == "version" {
				continue
			}
			name, help := command+"--"+f.Name, f.Help
			if f.IsBoolFlag() && strings.HasPrefix(f.Name, "collector.") {
				name = "--[no-]" + f.Name
			} else if len(f.Default) > 0 && f.Default[0] != "" && !f.IsBoolFlag() {
				help += " Default: `" + f.Default[0] + "`"
			}
			fmt.Fprintf(&table, "| `%s` | %s |\n", name, help)
		}
	}
	rows("", app.Model().Flags)
	for _, command := range app.Model().Commands {
		rows(command.Name+" ", command.Flags)
		for _, below := range command.Commands {
			rows(command.Name+" "+below.Name+" ", below.Flags)
		}
	}
	fmt.Fprint(&table, "\n")
	readme, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	before, rest, begins := strings.Cut(string(readme), tableBegins)
	have, after, ends := strings.Cut(rest, tableEnds)
	if !begins || !ends {
		t.Fatal("README.md has no markers for the table of flags")
	}
	if *update {
		written := before + tableBegins + table.String() + tableEnds + after
		if err := os.WriteFile("README.md", []byte(written), 0o644); err != nil {
			t.Fatal(err)
		}
		have = table.String()
	}
	if diff := cmp.Diff(strings.Split(have, "\n"), strings.Split(table.String(), "\n")); diff != "" {
		t.Errorf("the table of flags in README.md is out of date; run make docs:\n%s", diff)
	}
}

// TestStopDuringScrape: a scrape that is running when the exporter stops gets its answer, not a hung daemon.
func TestStopDuringScrape(t *testing.T) {
	fake := harness.Start(t, "healthy", nil, func(s *simnet.State) { s.RPCDelay = simnet.Duration(40 * time.Millisecond) })
	free, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := free.Addr().String()
	free.Close()
	o, _, _, err := parse([]string{"--daemon.conf=" + fake.Conf, "--web.listen-address=" + address, "--no-collector.explorer", "--no-collector.release"}, io.Discard, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	log := new(harness.Buffer)
	go func() { ended <- serve(ctx, o, log) }()
	for deadline := time.Now().Add(5 * time.Second); time.Now().Before(deadline); time.Sleep(10 * time.Millisecond) {
		if conn, err := net.Dial("tcp", address); err == nil {
			conn.Close()
			break
		}
	}
	before := fake.Network.Calls().RoundTrips
	body := make(chan string, 1)
	go func() {
		response, err := http.Get("http://" + address + "/metrics")
		if err != nil {
			body <- err.Error()
			return
		}
		defer response.Body.Close()
		text, _ := io.ReadAll(response.Body)
		body <- string(text)
	}()
	for fake.Network.Calls().RoundTrips == before {
		time.Sleep(time.Millisecond)
	}
	stop()
	if text := <-body; !strings.Contains(text, "\nraptoreum_up 1\n") {
		t.Errorf("the scrape got %.300s; log:\n%s", text, log)
	}
	if err := <-ended; err != nil {
		t.Errorf("serve: %v", err)
	}
}

// TestExitCodes: the verdict of check is its exit code, 2 is a wrong flag elsewhere, and a wrong flag of
// check is 3.
func TestExitCodes(t *testing.T) {
	_, healthy := harness.Command(t, "healthy")
	_, penalized := harness.Command(t, "healthy", func(s *simnet.State) { s.Penalty = 66 })
	heal := []string{"heal", "--heal.history=" + filepath.Join(t.TempDir(), "history.json")}
	for _, test := range []struct {
		args []string
		code int
		says string
	}{
		{append(healthy.Flags(), "check"), 0, "OK: this machine"},
		{append(penalized.Flags(), "check", "--quiet"), 2, "CRITICAL: this machine"},
		{append(healthy.Flags(), "check", "--watch"), 0, "synced at block"},
		{append(healthy.Flags(), "check", "--json", "--quiet"), 3, "give only one of them"},
		{[]string{"check", "--runbook=RaptoreumDaemonHung"}, 0, "# RaptoreumDaemonHung"},
		{[]string{"check", "--runbook=Nope"}, 3, "no runbook"},
		{[]string{"--version"}, 0, "raptoreum_exporter, version "},
		{append(heal, "--heal.command=true", "--daemon.conf="+healthy.Daemon.Conf), 0, "raptoreumd is ready"},
		{append(heal, "--heal.command=true", "--no-collector.daemon"), 2, "heal needs it to decide"},
		{heal, 2, "--heal.command: give the command"},
		{[]string{"--fleet.check-config"}, 2, "give the file with --fleet.config"},
		{[]string{"--web.config.file=nosuch"}, 2, "--web.config.file: "},
		{[]string{"--web.max-requests=0"}, 2, "--web.max-requests: 0 is less than 1"},
		{[]string{"--runtime.gomaxprocs=0"}, 2, "--runtime.gomaxprocs: 0 is less than 1"},
	} {
		var out harness.Buffer
		if code := run(test.args, &out, &out); code != test.code || !strings.Contains(out.String(), test.says) {
			t.Errorf("%q: exit %d, want %d and %q\n%s", test.args, code, test.code, test.says, &out)
		}
	}
}

// generated are the files of the package that are made from the flags; make docs writes them.
func generated(t *testing.T) map[string]string {
	t.Helper()
	_, app, _, err := parse(nil, io.Discard, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	files := map[string]string{"packaging/raptoreum_exporter.1": manpage.Write(app.Model())}
	for path, template := range map[string]string{"bash": kingpin.BashCompletionTemplate, "_raptoreum_exporter": kingpin.ZshCompletionTemplate} {
		context, err := app.ParseContext(nil)
		if err != nil {
			t.Fatal(err)
		}
		var script strings.Builder
		app.UsageWriter(&script)
		if err := app.UsageForContextWithTemplate(context, 2, template); err != nil {
			t.Fatal(err)
		}
		files["packaging/completion/"+path] = strings.TrimSpace(script.String()) + "\n"
	}
	return files
}

// TestDocsPackage fails if the man page or the shell completion is out of date.
func TestDocsPackage(t *testing.T) {
	for path, want := range generated(t) {
		if *update {
			if err := os.WriteFile(path, []byte(want), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		have, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(strings.Split(string(have), "\n"), strings.Split(want, "\n")); diff != "" {
			t.Errorf("%s is out of date; run make docs:\n%s", path, diff)
		}
	}
	if man, err := exec.LookPath("man"); err == nil {
		if out, err := exec.Command(man, "--warnings", "-E", "UTF-8", "-l", "-Tutf8", "packaging/raptoreum_exporter.1").CombinedOutput(); err != nil || strings.Contains(string(out), "warning:") {
			t.Errorf("man: %v\n%.500s", err, out)
		}
	}
}
