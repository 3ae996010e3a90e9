// Raptoreum_exporter exports metrics of a Raptoreum smartnode to Prometheus.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	stdlog "log"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"

	"github.com/alecthomas/kingpin/v2"
	"github.com/go-kit/log"
	"github.com/go-kit/log/level"
	"github.com/prometheus/common/version"
	toolkit "github.com/prometheus/exporter-toolkit/web"
	"github.com/prometheus/exporter-toolkit/web/kingpinflag"

	"raptoreum_exporter/check"
	"raptoreum_exporter/collector"
	"raptoreum_exporter/config"
	"raptoreum_exporter/heal"
	"raptoreum_exporter/judge"
	"raptoreum_exporter/setup"
	"raptoreum_exporter/web"
)

func main() {
	os.Exit(run(os.Args[1:], os.Stdout, os.Stderr))
}

// options holds the values of the flags.
type options struct {
	config.Config
	web        config.Web
	toolkit    *toolkit.FlagConfig
	log        config.Log
	check      config.Check
	heal       config.Heal
	setup      setup.Config
	watch      setup.Watch
	maxProcs   int
	runbook    string
	checkFleet bool
	command    string // serve, check, heal, setup node or setup watch
}

// define declares the flags. Each can also be set in the environment, as in RAPTOREUM_EXPORTER_DAEMON_CONF.
// Call the returned function once the command line is parsed.
func define(app *kingpin.Application, o *options, args []string) (complete func()) {
	if setup.Is(args) { // the other flags would have no effect
		defineCommands(app, o, args)
		return func() {}
	}
	d := &o.Daemon
	app.Flag("daemon.conf", "Path of raptoreum.conf. Default: ~/.raptoreumcore/raptoreum.conf").PlaceHolder("FILE").StringVar(&d.Conf)
	// Not a URL flag, because its error would print a password in the URL.
	app.Flag("daemon.url", "URL of the RPC port of raptoreumd, if it differs from raptoreum.conf.").PlaceHolder("http://127.0.0.1:10225").StringVar(&d.URL)
	app.Flag("daemon.user", "RPC user; requires --daemon.password-file.").PlaceHolder("USER").StringVar(&d.User)
	// Not file flags, because config has better errors, and a cookie may be missing.
	app.Flag("daemon.password-file", "File that contains the RPC password.").PlaceHolder("FILE").StringVar(&d.PasswordFile)
	app.Flag("daemon.cookie-file", "The .cookie file that raptoreumd writes if it has no rpcpassword.").PlaceHolder("FILE").StringVar(&d.CookieFile)
	app.Flag("daemon.datadir", "Data directory of raptoreumd, if raptoreum.conf is not readable; finds its process, disk and debug.log.").PlaceHolder("DIR").StringVar(&d.Datadir)
	app.Flag("daemon.pid-file", "Pid file of raptoreumd. Default: raptoreumd.pid in --daemon.datadir").PlaceHolder("FILE").StringVar(&d.PidFile)
	app.Flag("daemon.debuglog", "The debug.log of raptoreumd. Default: debug.log in --daemon.datadir").PlaceHolder("FILE").StringVar(&d.DebugLog)
	app.Flag("smartnode.protx", "proTxHash of the smartnode; found automatically if not set.").PlaceHolder("HASH").StringVar(&o.ProTxHash)
	app.Flag("explorer.url", "URL of a block explorer to compare with; repeatable, in order of preference. Default: the known explorers of the daemon's network").PlaceHolder("URL").StringsVar(&o.ExplorerURLs)
	app.Flag("release.url", "URL of the list of releases, in the format of GitHub's API. Default: the releases of Raptoreum").PlaceHolder("URL").StringVar(&o.ReleaseURL)
	app.Flag("host.procfs", "Mount point of procfs.").Default("/proc").StringVar(&o.Procfs)
	app.Flag("host.cgroupfs", "Mount point of the cgroup file system.").Default("/sys/fs/cgroup").StringVar(&o.Cgroupfs)
	app.Flag("fleet.config", "YAML file of smartnodes to probe from outside, for /probe and /sd.").PlaceHolder("FILE").StringVar(&o.Fleet.File)
	app.Flag("fleet.check-config", "Validate the file of --fleet.config and exit.").BoolVar(&o.checkFleet)
	app.Flag("fleet.allow-private", "Connect to registered addresses that are not public, as on a test network.").BoolVar(&o.Fleet.AllowPrivate)
	app.Flag("heal.history", "File in which heal records its checks and restarts; the source of raptoreum_heal_*.").Default("/var/lib/raptoreum_heal/history.json").StringVar(&o.HealHistory)
	app.Flag("vantage", "Name of the place from which /probe connects, for the label vantage. Default: the host name").PlaceHolder("NAME").StringVar(&o.Fleet.Vantage)
	enabled := map[string]*bool{}
	for _, c := range collector.All() {
		enabled[c.Name] = app.Flag("collector."+c.Name, c.Help+".").Default("true").Bool()
	}
	o.toolkit = kingpinflag.AddFlags(app, "127.0.0.1:10227")
	app.Flag("web.telemetry-path", "Path under which to expose metrics.").Default("/metrics").StringVar(&o.web.TelemetryPath)
	app.Flag("web.external-url", "URL under which Prometheus reaches this exporter, for /sd. Default: the URL of the request").PlaceHolder("URL").URLVar(&o.web.ExternalURL)
	app.Flag("web.max-requests", "Maximum number of concurrent scrapes; others wait.").Default("250").IntVar(&o.web.MaxRequests)
	app.Flag("web.disable-exporter-metrics", "Exclude metrics about the exporter itself (go_*, process_*).").BoolVar(&o.web.DisableExporterMetrics)
	app.Flag("log.level", "Minimum level of log lines: debug, info, warn or error.").Default("info").EnumVar(&o.log.Level, "debug", "info", "warn", "error")
	app.Flag("log.format", "Format of log lines: logfmt or json.").Default("logfmt").EnumVar(&o.log.Format, "logfmt", "json")
	// The other cores are for raptoreumd. With one, no thread is woken, and a scrape costs a fifth less CPU time.
	app.Flag("runtime.gomaxprocs", "Maximum number of CPUs that the exporter uses at a time (GOMAXPROCS).").Envar("GOMAXPROCS").Default("1").IntVar(&o.maxProcs)
	defineCommands(app, o, args)
	return func() {
		for _, c := range collector.All() {
			if *enabled[c.Name] {
				o.Collectors = append(o.Collectors, c.Name)
			}
		}
	}
}

// defineCommands declares the commands and the flags of each.
func defineCommands(app *kingpin.Application, o *options, args []string) {
	app.Command("serve", "Serve metrics; the default command.").Default()
	c := app.Command("check", "Check once, and print the result of each check with the next step for each problem. Exit codes: 0 ok, 1 warning, 2 critical, 3 unknown.")
	c.Flag("json", "Print the findings as JSON.").NoEnvar().BoolVar(&o.check.JSON)
	c.Flag("quiet", "Print only problems, for cron.").NoEnvar().BoolVar(&o.check.Quiet)
	c.Flag("target", "Check this node of --fleet.config from outside, instead of the smartnode of this machine.").NoEnvar().PlaceHolder("NAME").StringVar(&o.check.Target)
	c.Flag("watch", "Show the progress of the sync until it is finished.").NoEnvar().BoolVar(&o.check.Watch)
	c.Flag("runbook", "Print the runbook of an alert and exit; --runbook=README lists all.").NoEnvar().PlaceHolder("ALERT").StringVar(&o.runbook)
	h := app.Command("heal", "Restart the daemon if it is hung or not running, otherwise do nothing. Run it every minute from a timer.")
	h.Flag("heal.command", "Command that restarts the daemon; split at spaces and run without a shell.").PlaceHolder("\"systemctl restart raptoreumd\"").StringVar(&o.heal.Command)
	h.Flag("heal.after", "Minimum time for which the daemon must have been hung before a restart; at most 2m if it is not running.").Default("5m").DurationVar(&o.heal.After)
	h.Flag("heal.attempts", "Maximum number of restarts within 6 hours; then heal gives up and reports it.").Default("3").IntVar(&o.heal.Attempts)
	h.Flag("heal.stop-timeout", "Maximum time for a hung daemon to exit after SIGTERM.").Default("10m").DurationVar(&o.heal.StopTimeout)
	h.Flag("heal.kill-after", "Time after which to send SIGKILL, which can damage the databases; 0s: never.").Default("0s").DurationVar(&o.heal.KillAfter)
	h.Flag("dry-run", "Only log what would be done, and why.").NoEnvar().BoolVar(&o.heal.DryRun)
	s := app.Command("setup", "Set up the exporter beside each raptoreumd of this machine. It asks before it changes anything, and --undo takes everything back.")
	node := s.Command("node", "The same; the default.").Default().Hidden() // completion looks here, --help at s
	own := map[bool]*kingpin.CmdClause{false: s, true: node}[slices.Contains(args, "--completion-bash")]
	flags, watch := o.setup.Flags(&o.watch, args)
	defineSetup(own, flags)
	defineSetup(s.Command("watch", "Set up Prometheus and Alertmanager of Debian or Ubuntu, to watch smartnodes and send notifications. It also has --dry-run, --undo and --yes."), watch)
}

// defineSetup declares the flags that package setup lists. They are not read from the environment.
func defineSetup(c *kingpin.CmdClause, flags *flag.FlagSet) {
	flags.VisitAll(func(f *flag.Flag) {
		placeholder, help := flag.UnquoteUsage(f)
		c.Flag(f.Name, strings.TrimPrefix(help, placeholder+" ")).NoEnvar().PlaceHolder(placeholder).SetValue(f.Value)
	})
}

// parse parses the flags. exited is the exit code after --help or --version, otherwise nil.
func parse(args []string, stdout, stderr io.Writer) (o *options, app *kingpin.Application, exited *int, err error) {
	o = &options{Config: config.Config{Version: version.Version}, maxProcs: 1}
	app = kingpin.New(config.Program, "Serves metrics of a Raptoreum smartnode to Prometheus.")
	app.HelpFlag.Short('h')
	app.Version(config.VersionText())
	app.DefaultEnvars()
	app.UsageWriter(stdout).ErrorWriter(stderr).Terminate(func(code int) { exited = &code })
	complete := define(app, o, args)
	if o.command, err = app.Parse(args); err == nil {
		err = setup.CheckOrder(o.command, args)
	}
	if err != nil {
		err = fmt.Errorf("%w; see --help", nameFlag(app, args, setup.Explain(args, err)))
		if slices.Contains(args, "check") {
			o.command = "check" // its usage errors exit with 3
		}
		return o, app, exited, err
	}
	complete()
	return o, app, exited, nil
}

// nameFlag adds the name of the flag to an error about its value, which kingpin leaves out.
func nameFlag(app *kingpin.Application, args []string, err error) error {
	if number, ok := errors.AsType[*strconv.NumError](err); ok {
		err = fmt.Errorf("%q is not a number", number.Num)
	}
	context, _ := app.ParseContext(args)
	if context == nil {
		return err
	}
	for _, element := range context.Elements {
		flag, ok := element.Clause.(*kingpin.FlagClause)
		if ok && element.Value != nil && flag.Model().Value.Set(*element.Value) != nil {
			return fmt.Errorf("--%s: %w", flag.Model().Name, err)
		}
	}
	for _, flag := range app.Model().Flags {
		if value := os.Getenv(flag.Envar); flag.Envar != "" && value != "" && flag.Value.Set(value) != nil {
			return fmt.Errorf("%s: %w", flag.Envar, err)
		}
	}
	return err
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
		fmt.Fprintf(stderr, "%s: %s\n", config.Program, strings.ReplaceAll(err.Error(), "\n", "; "))
		if o.command == "check" { // where 2 means critical
			return int(judge.Unknown)
		}
		return 2
	}
	return code
}

// serve answers scrapes until ctx is done.
func serve(ctx context.Context, o *options, stderr io.Writer) error {
	logger := o.log.New(stderr)
	stdlog.SetFlags(0) // used by net/http
	stdlog.SetOutput(log.NewStdlibAdapter(level.Debug(logger)))
	if err := toolkit.Validate(*o.toolkit.WebConfigFile); err != nil {
		return fmt.Errorf("--web.config.file: %w", err)
	}
	if err := o.web.Validate(); err != nil {
		return err
	}
	// The sources outlive ctx, so that a scrape that is running at shutdown still gets its answers.
	sourcesContext, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	sources, err := o.Connect(sourcesContext, logger)
	if err != nil {
		return err
	}
	c := web.Config{Web: o.web, Sources: sources, Collectors: o.Collectors, Version: o.Version, Logger: logger}
	if sources.Fleet != nil {
		if c.Vantage, err = o.Fleet.Place(); err != nil {
			return err
		}
	}
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
	o.Collectors = heal.Relevant(o.Collectors)
	sources, err := o.Connect(ctx, o.log.AtLeast("warn").New(stderr))
	if err != nil {
		return 0, err
	}
	return heal.Run(ctx, heal.Config{
		Heal: o.heal, Sources: sources, Collectors: o.Collectors, History: o.HealHistory, RealProcfs: filepath.Clean(o.Procfs) == "/proc", Logger: o.log.New(stderr),
	})
}
