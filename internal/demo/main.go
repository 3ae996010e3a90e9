// Command demo runs the exporter against a fake network on loopback. It needs only Go. A fake daemon,
// explorers and a release page simulate a healthy smartnode, and a control page breaks it.
package main

import (
	"context"
	"crypto/rand"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"raptoreum_exporter/internal/child"
	"raptoreum_exporter/internal/simnet"
)

const (
	raptoreumd = "raptoreumd"
	fleetFile  = "fleet.yml"
	blockEvery = 15 * time.Second
)

func main() {
	if filepath.Base(os.Args[0]) == raptoreumd { // started and stopped by programs.start
		time.Sleep(1<<63 - 1)
	}
	signal.Ignore(syscall.SIGPIPE) // a write after the reader has ended must not end the demo before it has cleaned up
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	go func() {
		awaitClosed(os.Stdout)
		stop()
	}()
	go func(parent int) { // "go run" does not forward SIGTERM: stop when the parent ends
		for os.Getppid() == parent {
			time.Sleep(time.Second)
		}
		stop()
	}(os.Getppid())
	err := run(ctx, os.Args[1:], os.Stdout)
	if err != nil && ctx.Err() == nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "demo:", err)
		os.Exit(1)
	}
}

// run runs the demo until ctx is done, or with -once until the exporter has returned every metric.
func run(ctx context.Context, args []string, out io.Writer) error {
	flags := flag.NewFlagSet("demo", flag.ContinueOnError)
	listen := flags.String("listen", "127.0.0.1:10227", "address of the exporter; a free port is used if it is taken")
	once := flags.Bool("once", false, "print the names of all metrics and exit")
	full := flags.Bool("full", false, "start outages and read the messages that the owner receives; needs Prometheus and Alertmanager")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if flags.NArg() > 0 {
		return fmt.Errorf("unexpected argument %q; see -help", flags.Arg(0))
	}
	if *full {
		return runFull(ctx, os.Stdin, out)
	}
	dir, err := os.MkdirTemp("", "raptoreum_exporter-demo-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(dir) }() // temporary files, removal is best effort
	network, conf, err := startNetwork(dir)
	if err != nil {
		return err
	}
	defer network.Close()
	releases, err := startReleases(ctx)
	if err != nil {
		return err
	}
	defer func() { _ = releases.Close() }()
	address, notice, err := freeAddress(ctx, *listen)
	if err != nil {
		return err
	}
	ctx, end := context.WithCancel(ctx)
	var children programs
	defer children.wait()
	defer end()
	died, err := children.start(ctx, dir, []string{
		"--daemon.conf=" + conf, "--release.url=http://" + releases.Addr, "--web.listen-address=" + address,
		"--fleet.config=" + filepath.Join(dir, fleetFile), "--fleet.allow-private", "--vantage=demo",
		"--explorer.url=" + network.ExplorerURLs()[0], "--explorer.url=" + network.ExplorerURLs()[1],
	})
	if err != nil {
		return err
	}
	names, err := await(ctx, "http://"+address+"/metrics", died)
	if err != nil {
		return err
	}
	if *once {
		fmt.Fprintf(out, "%s\n%d metrics at http://%s/metrics\n", strings.Join(names, "\n"), len(names), address)
		return nil
	}
	fmt.Fprintf(out, notice+welcome, address, network.ControlURL())
	select {
	case <-ctx.Done():
		return nil
	case err := <-died:
		return err
	}
}

const welcome = `
The exporter monitors a smartnode in a fake network with a block every 15 s.

  page       http://%[1]s/
  metrics    http://%[1]s/metrics
  probe      http://%[1]s/probe?target=demo&debug=true
  control    %[2]s

Break it, in this order, and check the page or the metrics:

  curl -d '{"daemon":"hung"}' %[2]s/state             raptoreum_up 0, after the scrape timeout of 10 s
  curl -d '{"daemon":"ok","penalty":66}' %[2]s/state  raptoreum_smartnode_pose_strikes_left 1
  curl -d '{"penalty":0}' %[2]s/state                 healthy again

Ctrl-C stops the demo.

`

// startNetwork starts a healthy network and writes the raptoreum.conf of its smartnode in dir.
func startNetwork(dir string) (network *simnet.Network, conf string, err error) {
	healthy, err := simnet.Load(os.DirFS("testdata/scenarios/healthy"))
	if err != nil {
		return nil, "", fmt.Errorf("%w; run make demo in the root of the repository", err)
	}
	password, data := rand.Text(), filepath.Join(dir, "regtest")
	if err := os.Mkdir(data, 0o700); err != nil {
		return nil, "", err
	}
	network, err = simnet.Start(simnet.Config{
		Scenario: healthy, Captures: os.DirFS("testdata/captures"), DebugLog: filepath.Join(data, "debug.log"),
		User: "demo", Password: password, OwnAddress: true,
	})
	if err != nil {
		return nil, "", err
	}
	network.AddBlock() // the recorded tip is old
	network.Set(func(s *simnet.State) {
		s.PeersOffset = simnet.Duration(-time.Second) // those that were recorded connected long ago
		s.AdvanceEvery = simnet.Duration(blockEvery)
		s.Started = time.Now().Add(-72 * time.Hour) // the recorded daemon had just started, which is a warning
		s.ListSize = 20                             // on a network of fewer than 10, running key generations are unknown
	})

	_, port, _ := strings.Cut(strings.TrimPrefix(network.RPCURL(), "http://"), ":")
	conf = filepath.Join(dir, "raptoreum.conf")
	err = os.WriteFile(conf, fmt.Appendf(nil, `regtest=1
rpcuser=demo
rpcpassword=%s
externalip=%s
smartnodeblsprivkey=%064x
[regtest]
rpcport=%s
`, password, network.PeerAddress(), 1, port), 0o600)
	if err == nil {
		err = os.WriteFile(filepath.Join(dir, fleetFile), fmt.Appendf(nil, "nodes:\n- {protx: %s, name: demo}\n", healthy.ProTxHash()), 0o600)
	}
	if err != nil {
		network.Close()
	}
	return network, conf, err
}

// startReleases serves a release page in GitHub's format. The caller must close the server.
func startReleases(ctx context.Context) (*http.Server, error) {
	const page = `[
{"tag_name":"2.0.4.01-testnet","name":"2.0.4.01 for the test network","draft":false,"prerelease":true},
{"tag_name":"2.0.3.01-mainnet","name":"2.0.3.01","draft":false,"prerelease":false}
]`
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	server := &http.Server{Addr: l.Addr().String(), Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json; charset=utf-8")
		_, _ = io.WriteString(w, page) // fails only if the client has disconnected
	})}
	go func() { _ = server.Serve(l) }() // it always returns ErrServerClosed
	return server, nil
}

// freeAddress returns the address, or 127.0.0.1 with a free port and a notice if it is taken.
func freeAddress(ctx context.Context, address string) (free, notice string, err error) {
	var config net.ListenConfig
	l, err := config.Listen(ctx, "tcp", address)
	if errors.Is(err, syscall.EADDRINUSE) {
		notice = "\n" + address + " is taken, so the exporter of this demo listens on another port.\n"
		l, err = config.Listen(ctx, "tcp", "127.0.0.1:0")
	}
	if err != nil {
		return "", "", fmt.Errorf("-listen %s: %w", address, err)
	}
	defer l.Close()
	return l.Addr().String(), notice, nil
}

// programs are the child processes, by their channels that close at the end.
type programs []<-chan struct{}

func (p *programs) wait() {
	for _, ended := range *p {
		<-ended
	}
}

// start starts the exporter and an idle raptoreumd for the process metrics. Both run until ctx is done.
// The channel receives an error when the exporter ends.
func (p *programs) start(ctx context.Context, dir string, exporterArgs []string) (<-chan error, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	exporter := filepath.Join(dir, "raptoreum_exporter")
	fmt.Fprintln(os.Stderr, "demo: building the exporter")
	build := exec.CommandContext(ctx, "go", "build", "-o", exporter, "raptoreum_exporter")
	build.Stdout, build.Stderr = os.Stderr, os.Stderr
	if err := build.Run(); err != nil {
		return nil, fmt.Errorf("go build: %w", err)
	}
	if _, err := p.add(ctx, self, raptoreumd, "-datadir="+dir); err != nil {
		return nil, err
	}
	return p.add(ctx, exporter, append([]string{"raptoreum_exporter"}, exporterArgs...)...)
}

// add starts a program. The channel receives an error when it ends.
func (p *programs) add(ctx context.Context, program string, args ...string) (<-chan error, error) {
	command := exec.CommandContext(ctx, program)
	command.Args = args
	command.Env = []string{} // RAPTOREUM_EXPORTER_... variables would set flags
	command.Stdout, command.Stderr = os.Stderr, os.Stderr
	ended, err := child.Start(command)
	if err != nil {
		return nil, err
	}
	*p = append(*p, ended)
	died := make(chan error, 1)
	go func() {
		<-ended
		died <- fmt.Errorf("%s ended: %s; see its output above", args[0], command.ProcessState)
	}()
	return died, nil
}
