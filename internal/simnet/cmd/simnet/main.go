// Command simnet runs a fake Raptoreum network on loopback until it is interrupted, for the
// demo and for scripted outages. It prints one KEY=VALUE line for each address.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"raptoreum_exporter/internal/simnet"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	err := run(ctx, os.Args[1:], os.Stdout)
	if err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "simnet:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string, out io.Writer) error {
	flags := flag.NewFlagSet("simnet", flag.ContinueOnError)
	scenario := flags.String("scenario", "testdata/scenarios/healthy", "folder of captured replies")
	captures := flags.String("captures", "testdata/captures", "folder with the captured handshakes in p2p/")
	user := flags.String("user", "", "user of the RPC port")
	password := flags.String("password", "", "password of the RPC port")
	passwordFile := flags.String("password-file", "", "file with the password of the RPC port")
	cookieDir := flags.String("cookie-dir", "", "folder for .cookie, when there is no password")
	explorers := flags.Int("explorers", 2, "number of explorers")
	advance := flags.Duration("advance", 0, "time between blocks; 0 is no new blocks")
	control := flags.String("control", "127.0.0.1:0", "address of the control page, loopback only")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if flags.NArg() > 0 {
		return fmt.Errorf("unexpected argument %q", flags.Arg(0))
	}
	host, _, err := net.SplitHostPort(*control)
	if err != nil {
		return fmt.Errorf("-control: %w", err)
	}
	if ip := net.ParseIP(host); host != "localhost" && (ip == nil || !ip.IsLoopback()) {
		return fmt.Errorf("-control %s: not a loopback address; want 127.0.0.1:PORT", *control)
	}
	if *passwordFile != "" {
		data, err := os.ReadFile(*passwordFile)
		if err != nil {
			return err
		}
		*password = strings.TrimSpace(string(data))
	}
	loaded, err := simnet.Load(os.DirFS(*scenario))
	if err != nil {
		return fmt.Errorf("-scenario %s: %w", *scenario, err)
	}
	config := simnet.Config{
		Scenario: loaded, Captures: os.DirFS(*captures), Explorers: *explorers,
		User: *user, Password: *password, CookieDir: *cookieDir, OwnAddress: true, ControlAddress: *control,
	}
	if *explorers == 0 {
		config.Explorers = -1
	}
	return play(ctx, config, *advance, out)
}

// play runs the network until ctx is done.
func play(ctx context.Context, config simnet.Config, every time.Duration, out io.Writer) error {
	network, err := simnet.Start(config)
	if err != nil {
		return err
	}
	defer network.Close()
	network.AddBlock() // the captured tip is old by now
	network.Set(func(s *simnet.State) { s.AdvanceEvery = simnet.Duration(every) })

	fmt.Fprintf(out, "RPC_URL=%s\nPEER_ADDRESS=%s\n", network.RPCURL(), network.PeerAddress())
	for i, url := range network.ExplorerURLs() {
		fmt.Fprintf(out, "EXPLORER_URL_%d=%s\n", i+1, url)
	}
	fmt.Fprintf(out, "CONTROL_URL=%s\n", network.ControlURL())
	<-ctx.Done()
	return nil
}
