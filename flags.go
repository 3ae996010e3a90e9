package main

import (
	"cmp"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/alecthomas/kingpin/v2"
	"github.com/prometheus/common/version"
	toolkit "github.com/prometheus/exporter-toolkit/web"
	"github.com/prometheus/exporter-toolkit/web/kingpinflag"

	"raptoreum_exporter/collector"
	"raptoreum_exporter/config"
	"raptoreum_exporter/host"
	"raptoreum_exporter/setup"
)

const serveCommand = "serve"

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
	app.Flag("daemon.url", "URL of the RPC port of raptoreumd, such as http://127.0.0.1:10225, if it differs from raptoreum.conf.").PlaceHolder("URL").StringVar(&d.URL)
	app.Flag("daemon.user", "RPC user; requires --daemon.password-file.").PlaceHolder("USER").StringVar(&d.User)
	// Not file flags, because config has better errors, and a cookie may be missing.
	app.Flag("daemon.password-file", "File that contains the RPC password.").PlaceHolder("FILE").StringVar(&d.PasswordFile)
	app.Flag("daemon.cookie-file", "The .cookie file that raptoreumd writes if it has no rpcpassword.").PlaceHolder("FILE").StringVar(&d.CookieFile)
	app.Flag("daemon.datadir", "Data directory of raptoreumd, if raptoreum.conf is not readable; finds its process, disk and debug.log.").PlaceHolder("DIR").StringVar(&d.Datadir)
	app.Flag("daemon.pid-file", "Pid file of raptoreumd. Default: raptoreumd.pid in --daemon.datadir, or in its folder of a test network").PlaceHolder("FILE").StringVar(&d.PidFile)
	app.Flag("daemon.debuglog", "The debug.log of raptoreumd. Default: debug.log in --daemon.datadir, or in its folder of a test network").PlaceHolder("FILE").StringVar(&d.DebugLog)
	app.Flag("smartnode.protx", "proTxHash of the smartnode; found automatically if not set.").PlaceHolder("HASH").StringVar(&o.ProTxHash)
	app.Flag("explorer.url", "URL of a block explorer to compare with; repeatable, in order of preference. Default: the known explorers of the daemon's network").PlaceHolder("URL").StringsVar(&o.ExplorerURLs)
	app.Flag("release.url", "URL of the list of releases, in the format of GitHub's API. Default: the releases of Raptoreum").PlaceHolder("URL").StringVar(&o.ReleaseURL)
	app.Flag("host.procfs", "Mount point of procfs.").Default("/proc").StringVar(&o.Procfs)
	app.Flag("host.cgroupfs", "Mount point of the cgroup file system.").Default(host.DefaultCgroupfs).StringVar(&o.Cgroupfs)
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
		o.Collectors = slices.DeleteFunc(collector.Names(), func(name string) bool { return !*enabled[name] })
	}
}

// defineCommands declares the commands and the flags of each.
func defineCommands(app *kingpin.Application, o *options, args []string) {
	app.Command(serveCommand, "Serve metrics; the default command.").Default()
	c := app.Command("check", "Check once, and print the result of each check with the next step for each problem. Exit codes: 0 ok, 1 warning, 2 critical, 3 unknown.")
	c.Flag("json", "Print the findings as JSON.").NoEnvar().BoolVar(&o.check.JSON)
	c.Flag("quiet", "Print only problems, for cron.").NoEnvar().BoolVar(&o.check.Quiet)
	c.Flag("target", "Check this node of --fleet.config from outside, instead of the smartnode of this machine.").NoEnvar().PlaceHolder("NAME").StringVar(&o.check.Target)
	c.Flag("watch", "Show the progress of the sync until it is finished.").NoEnvar().BoolVar(&o.check.Watch)
	c.Flag("runbook", "Print the runbook of an alert and exit; --runbook=README lists all.").NoEnvar().PlaceHolder("ALERT").StringVar(&o.runbook)
	h := app.Command("heal", "Restart the daemon if it is hung or not running, otherwise do nothing. Run it every minute from a timer.")
	h.Flag("heal.command", "Command that restarts the daemon, such as \"systemctl restart raptoreumd\"; required. It is split at spaces and run without a shell.").PlaceHolder("COMMAND").StringVar(&o.heal.Command)
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
	o = &options{Config: config.Config{Version: cmp.Or(version.Version, "devel")}, maxProcs: 1}
	app = kingpin.New(config.Program, "Serves metrics of a Raptoreum smartnode to Prometheus. To configure it: raptoreum_exporter setup --help.")
	app.HelpFlag.Short('h')
	app.Version(config.VersionText())
	app.DefaultEnvars()
	app.UsageWriter(stdout).ErrorWriter(stderr).Terminate(func(code int) { exited = &code })
	complete := define(app, o, args)
	o.command, err = app.Parse(args)
	if exited == nil && (err != nil || o.command == serveCommand) && !slices.ContainsFunc(args, func(arg string) bool { return app.GetCommand(arg) != nil }) {
		// kingpin drops an error about a flag when it falls back to the default command.
		return parse(append([]string{serveCommand}, args...), stdout, stderr)
	}
	if err == nil {
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
		wanted := "not a number"
		if number.Func == "ParseBool" {
			wanted = "neither true nor false"
		}
		err = fmt.Errorf("%q is %s", number.Num, wanted)
	}
	if strings.HasPrefix(err.Error(), "unknown long flag '") && strings.Contains(strings.TrimPrefix(err.Error(), "unknown long flag "), " ") {
		err = fmt.Errorf("%w; write --flag=value", err) // a line of a file of flags is one argument
	}
	for _, arg := range args {
		name, _, assigned := strings.Cut(strings.TrimPrefix(arg, "--"), "=")
		if flag := app.GetFlag(name); assigned && flag != nil && flag.Model().IsBoolFlag() {
			return fmt.Errorf("%s: the flag has no value; use --%s or --no-%[2]s", arg, name)
		}
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
