// Raptoreum_exporter exports metrics of a Raptoreum smartnode to Prometheus.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	stdlog "log"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"syscall"

	"github.com/go-kit/log"
	"github.com/go-kit/log/level"
	toolkit "github.com/prometheus/exporter-toolkit/web"

	"golang.org/x/crypto/bcrypt"

	"raptoreum_exporter/check"
	"raptoreum_exporter/config"
	"raptoreum_exporter/heal"
	"raptoreum_exporter/judge"
	"raptoreum_exporter/setup"
	"raptoreum_exporter/web"
)

func main() {
	os.Exit(run(os.Args[1:], os.Stdout, os.Stderr))
}

// withServiceFlags parses again with the flags of the exporter's service, if o names no raptoreumd.
func withServiceFlags(o *options, args []string, stdout, stderr io.Writer) (_ *options, exited *int, err error) {
	file, err := o.ServiceFlags(config.Etc)
	if file != "" {
		if o, _, exited, err = parse(append(slices.Clone(args), "@"+file), stdout, stderr); err != nil {
			err = fmt.Errorf("with the flags of %s: %w", file, err)
		}
	}
	return o, exited, err
}

// run runs the program and returns its exit code.
func run(args []string, stdout, stderr io.Writer) int {
	o, _, exited, err := parse(args, stdout, stderr)
	if exited == nil && err == nil && o.command == "check" && o.runbook == "" {
		o, exited, err = withServiceFlags(o, args, stdout, stderr)
	}
	if exited != nil {
		return *exited
	}
	runtime.GOMAXPROCS(max(1, o.maxProcs))
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	code := 0
	switch {
	case err != nil:
	case o.maxProcs < 1:
		err = fmt.Errorf("--runtime.gomaxprocs: %d is less than 1", o.maxProcs)
	case o.checkFleet:
		if err = o.CheckFleet(); err == nil {
			fmt.Fprintf(stdout, "%s is valid\n", o.Fleet.File)
		}
	case o.command == "check":
		code, err = runCheck(ctx, o, stdout, stderr)
	case o.command == "heal":
		code, err = runHeal(ctx, o, stderr)
	case strings.HasPrefix(o.command, "setup"):
		if o.setup.Stdin, o.setup.Stdout = os.Stdin, stdout; o.command == "setup watch" {
			o.setup.Watch = &o.watch
		}
		code, err = setup.Run(ctx, o.setup)
	default:
		err = serve(ctx, o, stderr)
	}
	if err != nil {
		fmt.Fprintf(stderr, "%s: %s\n", config.Program, oneLine(err))
		if o.command == "check" { // where 2 means critical
			return int(judge.Unknown)
		}
		return 2
	}
	return code
}

// oneLine joins the lines of an error, such as those of a YAML parser.
func oneLine(err error) string {
	return strings.NewReplacer(":\n  ", ": ", "\n  ", "; ", "\n", "; ").Replace(err.Error())
}

// serve answers scrapes until ctx is done.
func serve(ctx context.Context, o *options, stderr io.Writer) error {
	logger := o.log.New(stderr)
	stdlog.SetFlags(0) // used by net/http
	stdlog.SetOutput(log.NewStdlibAdapter(level.Debug(logger)))
	if err := toolkit.Validate(*o.toolkit.WebConfigFile); err != nil {
		if errors.Is(err, bcrypt.ErrHashTooShort) {
			err = fmt.Errorf("%w: a password of basic_auth_users is no hash; htpasswd -nBC 10 USER makes one", err)
		}
		return fmt.Errorf("--web.config.file: %w", err)
	}
	if err := o.web.Validate(); err != nil {
		return err
	}
	if err := config.CheckListen(*o.toolkit.WebListenAddresses); err != nil {
		return err
	}
	c := web.Config{Web: o.web, Collectors: o.Collectors, Version: o.Version, Logger: logger}
	if o.Fleet.File != "" {
		var err error
		if c.Vantage, err = o.Fleet.Place(); err != nil {
			return err
		}
	}
	// The sources outlive ctx, so that a scrape that is running at shutdown still gets its answers.
	sourcesContext, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	sources, err := o.Connect(sourcesContext, logger)
	if err != nil {
		return err
	}
	c.Sources = sources
	defer web.ReloadOnHangup(sources.Fleet, logger)()
	return web.Serve(ctx, web.NewHandler(c), o.toolkit, logger, o.log.NewSlog(stderr))
}

// runCheck runs the check command. An error is about a wrong flag or file.
func runCheck(ctx context.Context, o *options, stdout, stderr io.Writer) (int, error) {
	if o.runbook != "" {
		return 0, check.PrintRunbook(stdout, o.runbook)
	}
	if err := o.check.Validate(o.Fleet); err != nil {
		return 0, err
	}
	// Only warnings of the start are logged: the findings report the rest.
	sources, err := o.Connect(ctx, o.log.AtLeast(map[bool]string{true: "error", false: "warn"}[o.check.Quiet]).New(stderr))
	if err != nil {
		return 0, err
	}
	c := check.Config{
		Check: o.check, Sources: sources, Collectors: o.Collectors, ProTxHash: o.ProTxHash, FleetFile: o.Fleet.File, Stdout: stdout, Stderr: stderr,
	}
	verdict, err := check.Run(ctx, c)
	return int(verdict), err
}

// runHeal runs the heal command. An error is about a wrong flag or file.
func runHeal(ctx context.Context, o *options, stderr io.Writer) (int, error) {
	if err := o.heal.Validate(o.Collectors); err != nil {
		return 0, err
	}
	if err := heal.CheckCommand(o.heal.Command); err != nil {
		return 0, err
	}
	o.Collectors = heal.Relevant(o.Collectors)
	sources, err := o.Connect(ctx, o.log.AtLeast("warn").New(stderr))
	if err != nil {
		return 0, err
	}
	return heal.Run(ctx, heal.Config{
		Heal: o.heal, Sources: sources, Collectors: o.Collectors, History: o.HealHistory, RealProcfs: filepath.Clean(o.Procfs) == "/proc", Logger: o.log.New(stderr),
	})
}
