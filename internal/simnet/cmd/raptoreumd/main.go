// Command raptoreumd looks like a raptoreumd to the tests of setup: it has its name and its options, reads rpcport,
// rpcuser and rpcpassword of its raptoreum.conf, and answers like a healthy one.
package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"raptoreum_exporter/internal/simnet"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "raptoreumd:", err)
		os.Exit(1)
	}
}

// run answers until ctx is done. Replies are in the folder SIMNET_TESTDATA.
func run(ctx context.Context, args []string) error {
	home, err := os.UserHomeDir()
	if err != nil {
		return err
	}
	datadir := filepath.Join(home, ".raptoreumcore")
	for _, arg := range args {
		if dir, ok := strings.CutPrefix(arg, "-datadir="); ok {
			datadir = dir
		}
	}
	conf, err := read(filepath.Join(datadir, "raptoreum.conf"))
	if err != nil {
		return err
	}
	testdata := os.Getenv("SIMNET_TESTDATA")
	scenario, err := simnet.Load(os.DirFS(testdata + "/scenarios/healthy"))
	if err != nil {
		return err
	}
	config := simnet.Config{
		Scenario: scenario, Captures: os.DirFS(testdata + "/captures"), Explorers: -1, OwnAddress: true,
		User: conf["rpcuser"], Password: conf["rpcpassword"], AuthDelay: 250 * time.Millisecond,
	}
	if config.Password == "" {
		config.CookieDir = datadir
	}
	network, err := simnet.Start(config)
	if err != nil {
		return err
	}
	defer network.Close()
	rpc, err := url.Parse(network.RPCURL())
	if err != nil {
		return err
	}
	return forward(ctx, "127.0.0.1:"+conf["rpcport"], rpc.Host)
}

// read returns the values of a raptoreum.conf.
func read(path string) (map[string]string, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	values := map[string]string{}
	lines := bufio.NewScanner(file)
	for lines.Scan() {
		if key, value, ok := strings.Cut(lines.Text(), "="); ok {
			values[key] = value
		}
	}
	return values, lines.Err()
}

// forward hands the connections to one address on to another.
func forward(ctx context.Context, from, to string) error {
	listener, err := net.Listen("tcp", from)
	if err != nil {
		return err
	}
	defer context.AfterFunc(ctx, func() { _ = listener.Close() })()
	for {
		conn, err := listener.Accept()
		if errors.Is(err, net.ErrClosed) {
			return nil
		}
		if err != nil {
			return err
		}
		go pipe(conn, to)
	}
}

func pipe(conn net.Conn, to string) {
	defer conn.Close()
	back, err := net.Dial("tcp", to)
	if err != nil {
		return
	}
	defer back.Close()
	go func() {
		_, _ = io.Copy(back, conn)
		_ = back.(*net.TCPConn).CloseWrite()
	}()
	_, _ = io.Copy(conn, back)
}
