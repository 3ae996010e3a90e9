// Raptoreum_exporter serves metrics of a Raptoreum smartnode to Prometheus.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	stdlog "log"
	"net/http"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/alecthomas/kingpin/v2"
	"github.com/go-kit/log"
	"github.com/go-kit/log/level"
	"github.com/prometheus/common/version"
	"github.com/prometheus/exporter-toolkit/web"
	"github.com/prometheus/exporter-toolkit/web/kingpinflag"

	"raptoreum_exporter/check"
	"raptoreum_exporter/collector"
)

const (
	name       = "raptoreum_exporter"
	exitUsage  = 2
	defaultWeb = "127.0.0.1:10227"
	shutdownIn = 5 * time.Second
)

func main() {
	os.Exit(run(os.Args[1:], os.Stdout, os.Stderr))
}

// options are the flags as given.
type options struct {
	daemon     daemonOptions
	protx      string
	explorers  []string
	releaseURL string
	procfs     string
	cgroupfs   string
	disabled   map[string]bool // collectors
	fleet      fleetOptions
	vantage    string

	web         *web.FlagConfig
	telemetry   string
	externalURL string
	maxRequests string
	bare        bool // without metrics of the exporter itself

	logLevel, logFormat string

	check checkOptions
	heal  healOptions

	command string // serve, check or heal
	ended   *int   // exit code after --help or --version
}

// parse reads the flags; each can also come from the environment, as RAPTOREUM_EXPORTER_DAEMON_CONF.
func parse(args []string, stdout, stderr io.Writer) (*options, *kingpin.Application, error) {
	o := &options{disabled: map[string]bool{}}
	app := kingpin.New(name, "Serves metrics of a Raptoreum smartnode to Prometheus.")
	app.HelpFlag.Short('h')
	app.Version(version.Print(name))
	app.DefaultEnvars()
	app.UsageWriter(stdout).ErrorWriter(stderr).Terminate(func(code int) { o.ended = &code })

	d := &o.daemon
	app.Flag("daemon.conf", "The raptoreum.conf of raptoreumd. Default: ~/.raptoreumcore/raptoreum.conf").PlaceHolder("FILE").StringVar(&d.conf)
	app.Flag("daemon.url", "Address of raptoreumd's RPC port, when it is not that of raptoreum.conf.").PlaceHolder("http://127.0.0.1:10225").StringVar(&d.url)
	app.Flag("daemon.user", "RPC user, with --daemon.password-file.").PlaceHolder("USER").StringVar(&d.user)
	app.Flag("daemon.password-file", "File that holds the RPC password.").PlaceHolder("FILE").StringVar(&d.passwordFile)
	app.Flag("daemon.cookie-file", "The .cookie that raptoreumd writes when it has no rpcpassword.").PlaceHolder("FILE").StringVar(&d.cookieFile)
	app.Flag("smartnode.protx", "proTxHash of this smartnode; found out when it is not given.").PlaceHolder("HASH").StringVar(&o.protx)
	app.Flag("explorer.url", "Block explorer to compare with; repeat it for more, in order. Default: the known ones of the daemon's network").PlaceHolder("URL").StringsVar(&o.explorers)
	app.Flag("release.url", "Where releases are listed, as the API of GitHub does. Default: that of Raptoreum").PlaceHolder("URL").StringVar(&o.releaseURL)
	app.Flag("host.procfs", "Where proc is mounted.").Default("/proc").StringVar(&o.procfs)
	app.Flag("host.cgroupfs", "Where cgroups are mounted.").Default("/sys/fs/cgroup").StringVar(&o.cgroupfs)
	app.Flag("fleet.config", "YAML file that lists smartnodes to judge from outside: /probe and /sd.").PlaceHolder("FILE").StringVar(&o.fleet.config)
	app.Flag("fleet.check-config", "Check the file of --fleet.config and end.").BoolVar(&o.fleet.check)
	app.Flag("fleet.allow-private", "Dial registered addresses that are not public, as on a test network.").BoolVar(&o.fleet.allowPrivate)
	app.Flag("heal.history", "Where heal writes down what it saw and did; metrics tell of it.").Default("/var/lib/raptoreum_heal/history.json").StringVar(&o.heal.history)
	app.Flag("vantage", "Name of the place that /probe looks from, as a label. Default: the host's name").PlaceHolder("NAME").StringVar(&o.vantage)
	enabled := map[string]*bool{}
	for _, c := range collector.Names() {
		enabled[c.Name] = app.Flag("collector."+c.Name, c.Help+".").Default("true").Bool()
	}
	o.web = kingpinflag.AddFlags(app, defaultWeb)
	app.Flag("web.telemetry-path", "Path of the metrics.").Default("/metrics").StringVar(&o.telemetry)
	app.Flag("web.external-url", "Address at which Prometheus reaches this exporter, for /sd. Default: that which it asked").PlaceHolder("URL").StringVar(&o.externalURL)
	app.Flag("web.max-requests", "Scrapes that may run at the same time; others wait for their turn.").Default("250").StringVar(&o.maxRequests)
	app.Flag("web.disable-exporter-metrics", "Leave out metrics of the exporter itself (go_*, process_*).").BoolVar(&o.bare)
	app.Flag("log.level", "Least level of log lines: debug, info, warn or error.").Default("info").StringVar(&o.logLevel)
	app.Flag("log.format", "Form of log lines: logfmt or json.").Default("logfmt").StringVar(&o.logFormat)

	commands(app, o)
	var err error
	if o.command, err = app.Parse(args); err != nil && slices.Contains(args, "check") {
		o.command = "check" // whose exit code is another
	}
	for name, on := range enabled {
		o.disabled[name] = !*on
	}
	return o, app, err
}

// commands are what it can do beside serving.
func commands(app *kingpin.Application, o *options) {
	app.Command("serve", "Serve metrics, which it does without a command too.").Default()
	look := app.Command("check", "Look once, as a scrape does, and say what is wrong and what to do next. Exits 0 fine, 1 warning, 2 critical, 3 unknown.")
	c := &o.check
	look.Flag("json", "Print the findings as JSON.").NoEnvar().BoolVar(&c.json)
	look.Flag("quiet", "Print only what is wrong, for cron.").NoEnvar().BoolVar(&c.quiet)
	look.Flag("target", "Judge this node of --fleet.config from outside instead.").NoEnvar().PlaceHolder("NAME").StringVar(&c.target)
	look.Flag("watch", "Show the progress of the sync until it is finished.").NoEnvar().BoolVar(&c.watch)
	look.Flag("runbook", "Print the runbook of an alert and end; README lists them.").NoEnvar().PlaceHolder("ALERT").StringVar(&c.runbook)
	heal := app.Command("heal", "Restart the daemon if it has hung or died, and only then. Run it each minute, by a timer.")
	h := &o.heal
	heal.Flag("heal.command", "What starts the daemon anew; words are split at blanks, and no shell is asked.").PlaceHolder("\"systemctl restart raptoreumd\"").StringVar(&h.command)
	heal.Flag("heal.after", "How long the daemon has to be hung or gone, at least.").Default("5m").StringVar(&h.after)
	heal.Flag("heal.attempts", "Restarts within 6 hours after which it gives up and says so.").Default("3").StringVar(&h.attempts)
	heal.Flag("heal.stop-timeout", "How long a hung daemon may take to end after SIGTERM.").Default("10m").StringVar(&h.stopTimeout)
	heal.Flag("heal.kill-after", "After how long SIGKILL follows, which can damage the databases; 0s is never.").Default("0s").StringVar(&h.killAfter)
	heal.Flag("dry-run", "Say what it would do and why, and do nothing.").NoEnvar().BoolVar(&h.dryRun)
}

// run is the program; it returns the exit code.
func run(args []string, stdout, stderr io.Writer) int {
	o, _, err := parse(args, stdout, stderr)
	if o.ended != nil {
		return *o.ended
	}
	if err != nil {
		return wrong(stderr, o, fmt.Errorf("%w; see --help", err))
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	code := 0
	switch {
	case o.fleet.check:
		err = checkFleet(o, stdout)
	case o.command == "check":
		code, err = runCheck(ctx, o, stdout, stderr)
	case o.command == "heal":
		code, err = runHeal(ctx, o, stderr)
	default:
		err = serve(ctx, o, stderr)
	}
	if err != nil {
		return wrong(stderr, o, err)
	}
	return code
}

// wrong tells of a wrong flag or file.
func wrong(stderr io.Writer, o *options, err error) int {
	fmt.Fprintf(stderr, "%s: %s\n", name, strings.ReplaceAll(err.Error(), "\n", "; "))
	if o.command == "check" { // whose 2 means critical
		return int(check.Unknown)
	}
	return exitUsage
}

// serve answers scrapes until ctx is done.
func serve(ctx context.Context, o *options, stderr io.Writer) error {
	undated, err := newLogger(o, stderr)
	if err != nil {
		return err
	}
	logger := dated(undated)
	stdlog.SetFlags(0) // net/http says a few things there
	stdlog.SetOutput(log.NewStdlibAdapter(level.Debug(logger)))
	if err := web.Validate(*o.web.WebConfigFile); err != nil {
		return fmt.Errorf("--web.config.file: %w", err)
	}
	// A scrape under way at the end still gets true answers: what it asks ends after it.
	asking, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	sources, err := connect(asking, o, logger)
	if err != nil {
		return err
	}
	handler, err := newHandler(sources, o, logger)
	if err != nil {
		return err
	}
	defer reloadOnHangup(sources.Fleet, logger)()
	server := &http.Server{Handler: handler, ReadHeaderTimeout: 10 * time.Second, IdleTimeout: 2 * time.Minute}
	failed := make(chan error, 1)
	go func() { failed <- web.ListenAndServe(server, o.web, slogger(undated, o.logLevel)) }()
	select {
	case err := <-failed:
		return err
	case <-ctx.Done():
	}
	level.Info(logger).Log("msg", "stopping")
	// A scrape that hangs with its daemon is not worth waiting for.
	late, cancel := context.WithTimeout(context.Background(), shutdownIn)
	defer cancel()
	if err := server.Shutdown(late); err != nil {
		err = server.Close()
		level.Debug(logger).Log("msg", "scrapes cut off", "err", err)
	}
	if err := <-failed; !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}
