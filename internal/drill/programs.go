package drill

import (
	"context"
	"fmt"
	"net"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"raptoreum_exporter/internal/child"
)

// Program is a running Prometheus or Alertmanager.
type Program struct {
	URL     string
	command *exec.Cmd
	ended   <-chan struct{}
}

// Kill kills the program with SIGKILL and waits until it has ended.
func (p *Program) Kill() {
	_ = p.command.Process.Kill() // fails only if it has already ended
	<-p.ended
}

// startAlertmanagers starts the Alertmanagers as one cluster.
func (s *Stack) startAlertmanagers(ctx context.Context) error {
	free, err := freeAddresses(2 * s.config.Replicas)
	if err != nil {
		return err
	}
	web, gossip := free[:s.config.Replicas], free[s.config.Replicas:]
	for i, address := range web {
		args := []string{"--config.file=" + s.path("alertmanager.yml"), "--storage.path=" + s.path(fmt.Sprintf("alertmanager-%d", i)), "--web.listen-address=" + address, "--log.level=warn"}
		if len(web) == 1 {
			args = append(args, "--cluster.listen-address=")
		} else {
			// The second peer waits this long for the first to send a notification.
			args = append(args, "--cluster.listen-address="+gossip[i], "--cluster.peer-timeout=2s", "--cluster.settle-timeout=10s")
			for _, peer := range gossip {
				if peer != gossip[i] {
					args = append(args, "--cluster.peer="+peer)
				}
			}
		}
		p, err := s.start(ctx, "alertmanager", address, args...)
		if err != nil {
			return err
		}
		s.Alertmanager = append(s.Alertmanager, p)
	}
	return nil
}

// StartPrometheus starts a Prometheus with its data in a folder of that name.
func (s *Stack) StartPrometheus(ctx context.Context, name string, config map[string]any) (*Program, error) {
	free, err := freeAddresses(1)
	if err != nil {
		return nil, err
	}
	if err := s.write(name+".yml", config); err != nil {
		return nil, err
	}
	return s.start(ctx, "prometheus", free[0], "--config.file="+s.path(name+".yml"),
		"--storage.tsdb.path="+s.path(name), "--web.listen-address="+free[0], "--log.level=warn",
		"--query.lookback-delta="+Scaled(5*time.Minute).String(), "--rules.alert.resend-delay="+Scaled(time.Minute).String())
}

// freeAddresses returns n unused addresses of 127.0.0.1.
func freeAddresses(n int) (free []string, err error) {
	for range n {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return nil, err
		}
		defer l.Close()
		free = append(free, l.Addr().String())
	}
	return free, nil
}

// start starts a program and waits until it is ready.
func (s *Stack) start(ctx context.Context, program, address string, args ...string) (*Program, error) {
	if s.config.Programs != "" {
		program = filepath.Join(s.config.Programs, program)
	}
	ctx, cancel := context.WithCancel(ctx)
	p := &Program{URL: "http://" + address, command: exec.CommandContext(ctx, program, args...)}
	log := new(strings.Builder)
	p.command.Stdout, p.command.Stderr = log, log
	var err error
	p.ended, err = child.Start(p.command)
	s.onClose(func() {
		cancel()
		<-p.ended
		fmt.Fprintf(&s.logs, "%s:\n%s", program, log)
	})
	if err != nil {
		return nil, err
	}
	for deadline := time.Now().Add(30 * time.Second); ; time.Sleep(100 * time.Millisecond) {
		err := s.get(p.URL+"/-/ready", nil)
		if err == nil {
			return p, nil
		}
		select {
		case <-p.ended:
			return nil, fmt.Errorf("%s: %s: %s", program, p.command.ProcessState, log)
		default:
		}
		if time.Now().After(deadline) {
			return nil, fmt.Errorf("%s is not ready: %w", program, err)
		}
	}
}
