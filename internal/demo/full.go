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
	built = ".bin" // where make builds Prometheus and Alertmanager
)

// runFull lets the reader of out break a smartnode, and prints the messages that its owner gets.
func runFull(ctx context.Context, in io.Reader, out io.Writer) error {
	fmt.Fprintln(out, "Starting a smartnode, Prometheus and Alertmanager: half a minute.")
	node, err := drill.StartNode(ctx, ".", "demo", owned)
	if err != nil {
		return fmt.Errorf("%w; run it at the top of the repository: make demo-full", err)
	}
	defer node.Close()
	d := &fullDemo{out: out, node: node, outages: outages()}
	config := drill.Config{Root: ".", Nodes: []*drill.Node{node}, Mail: d.arrived}
	if _, err := exec.LookPath("prometheus"); err != nil {
		config.Programs = built
	} else if _, err := exec.LookPath("alertmanager"); err != nil {
		config.Programs = built
	}
	// It ends after the node, not with ctx: an order.
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
A smartnode, watched with the rules and routes of alerts/. Time runs sixty times faster than life: what
takes a minute takes a second here, so a message that comes after 6 seconds would come after 6 minutes.

  metrics       %s
  Prometheus    %s/api/v1/alerts
  Alertmanager  %s
  switches      %s

`

// outages are those of a single smartnode.
func outages() (single []drill.Outage) {
	for _, o := range drill.Outages() {
		if o.Nodes == 0 {
			single = append(single, o)
		}
	}
	return single
}

// fullDemo prints, one thing at a time.
type fullDemo struct {
	node    *drill.Node
	outages []drill.Outage

	mu      sync.Mutex
	out     io.Writer
	current *drill.Outage // nil: all is well
	since   time.Time     // that it began, or ended
}

func (d *fullDemo) list() {
	d.mu.Lock()
	defer d.mu.Unlock()
	for i, o := range d.outages {
		fmt.Fprintf(d.out, "  %2d  %s\n", i+1, o.Title)
	}
	fmt.Fprintf(d.out, "\nA number and Enter begins an outage, 0 ends it, Enter alone shows this list. Ctrl-C ends everything.\n\n")
}

// read follows what the reader types until ctx is done. The end of the input is not the end: it may
// be no terminal.
func (d *fullDemo) read(ctx context.Context, in io.Reader) error {
	lines := make(chan string)
	go func() { // ends with the input, or with the program
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

// choose begins an outage, after the end of the one before, or ends that.
func (d *fullDemo) choose(line string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	n, err := strconv.Atoi(line)
	if err != nil || n < 0 || n > len(d.outages) {
		fmt.Fprintf(d.out, "%q is no number from 0 to %d.\n\n", line, len(d.outages))
		return
	}
	if d.current != nil {
		d.current.End(d.node)
		fmt.Fprintf(d.out, "Over: %s. The message that says so takes some seconds, for a few alerts more than half a minute.\n\n", d.current.Title)
		d.current = nil
	} else if n == 0 {
		fmt.Fprintf(d.out, "All is well.\n\n")
	}
	d.since = time.Now()
	if n > 0 {
		d.current = &d.outages[n-1]
		d.current.Begin(d.node)
		fmt.Fprintf(d.out, "It begins: %s.\n\n", d.current.Title)
	}
}

// arrived prints a message.
func (d *fullDemo) arrived(m drill.Mail) {
	d.mu.Lock()
	defer d.mu.Unlock()
	fmt.Fprintf(d.out, "--- a message after %.0f minutes\n%s\n\n", drill.Minutes(time.Since(d.since)), strings.ReplaceAll(m.Text, "\n\n\n", "\n\n"))
}
