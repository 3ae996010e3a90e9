package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"time"

	"raptoreum_exporter/internal/drill"
)

const (
	owned = "my-smartnode"
	built = ".bin" // where make installs Prometheus and Alertmanager
)

// runFull lets the user start outages of a smartnode and prints the messages that its owner receives.
func runFull(ctx context.Context, in io.Reader, out io.Writer) error {
	fmt.Fprintln(out, "Starting a smartnode, Prometheus and Alertmanager. This takes half a minute.")
	node, err := drill.StartNode(ctx, ".", "demo", owned)
	if err != nil {
		return fmt.Errorf("%w; run make demo-full in the root of the repository", err)
	}
	defer node.Close()
	d := &fullDemo{out: out, node: node, outages: outages()}
	config := drill.Config{Root: ".", Nodes: []*drill.Node{node}, Mail: d.arrived}
	if _, err := exec.LookPath("prometheus"); err != nil {
		config.Programs = built
	} else if _, err := exec.LookPath("alertmanager"); err != nil {
		config.Programs = built
	}
	// The stack must stop after the node, so it does not use ctx.
	stack, err := drill.StartStack(context.WithoutCancel(ctx), config)
	if err != nil {
		return err
	}
	defer stack.Close()
	if err := stack.Await(ctx); err != nil {
		return err
	}
	fmt.Fprintf(out, fullWelcome, node.MetricsURL(), stack.Prometheus[0].URL, stack.Alertmanager[0].URL, node.ControlURL())
	d.list()
	return d.read(ctx, in)
}

const fullWelcome = `
A smartnode, monitored with the rules and routes of alerts/. Time runs sixty times faster than real time:
a message that arrives after 6 seconds would arrive after 6 minutes.

  metrics       %s
  Prometheus    %s/api/v1/alerts
  Alertmanager  %s
  control       %s

`

// outages returns the outages of a single smartnode.
func outages() (single []drill.Outage) {
	for _, o := range drill.Outages() {
		if o.Nodes == 0 {
			single = append(single, o)
		}
	}
	return single
}

// fullDemo serializes the output and keeps the current outage.
type fullDemo struct {
	node    *drill.Node
	outages []drill.Outage

	mu      sync.Mutex
	out     io.Writer
	current *drill.Outage // nil if there is no outage
	since   time.Time     // start or end of the outage
}

func (d *fullDemo) list() {
	d.mu.Lock()
	defer d.mu.Unlock()
	for i, o := range d.outages {
		fmt.Fprintf(d.out, "  %2d  %s\n", i+1, o.Title)
	}
	fmt.Fprintf(d.out, "\nType a number and Enter to start an outage, 0 to end it, or only Enter to show this list. Ctrl-C stops the demo.\n\n")
}

// read processes the input until ctx is done. The end of the input does not stop the demo, because the
// input may not be a terminal.
func (d *fullDemo) read(ctx context.Context, in io.Reader) error {
	lines := make(chan string)
	go func() { // ends with the input or with ctx
		defer close(lines)
		for scanner := bufio.NewScanner(in); scanner.Scan(); {
			select {
			case lines <- strings.TrimSpace(scanner.Text()):
			case <-ctx.Done():
				return
			}
		}
	}()
	for {
		select {
		case <-ctx.Done():
			return nil
		case line, ok := <-lines:
			switch {
			case !ok:
				lines = nil
			case line == "":
				d.list()
			default:
				d.choose(line)
			}
		}
	}
}

// choose ends the current outage, if any, and starts the selected one.
func (d *fullDemo) choose(line string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	n, err := strconv.Atoi(line)
	if err != nil || n < 0 || n > len(d.outages) {
		fmt.Fprintf(d.out, "%q is not a number from 0 to %d.\n\n", line, len(d.outages))
		return
	}
	if d.current != nil {
		d.current.End(d.node)
		fmt.Fprintf(d.out, "Outage ended: %s. The resolve message arrives within seconds, for a few alerts after more than half a minute.\n\n", d.current.Title)
		d.current = nil
	} else if n == 0 {
		fmt.Fprintf(d.out, "There is no outage.\n\n")
	}
	d.since = time.Now()
	if n > 0 {
		d.current = &d.outages[n-1]
		d.current.Begin(d.node)
		fmt.Fprintf(d.out, "Outage started: %s.\n\n", d.current.Title)
	}
}

// arrived prints a message.
func (d *fullDemo) arrived(m drill.Mail) {
	d.mu.Lock()
	defer d.mu.Unlock()
	fmt.Fprintf(d.out, "--- message after %.0f minutes\n%s\n\n%s\n\n", drill.Minutes(time.Since(d.since)), m.Subject, strings.ReplaceAll(m.Text, "\n\n\n", "\n\n"))
}
