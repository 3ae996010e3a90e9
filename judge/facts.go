package judge

import (
	"cmp"
	"fmt"
	"path/filepath"
	"strings"
	"time"

	dto "github.com/prometheus/client_model/go"

	"raptoreum_exporter/alerts"
	"raptoreum_exporter/daemon"
)

// facts are the gathered metrics, whose names are given without "raptoreum_".
type facts struct{ Input }

// samples returns the samples of a metric.
func (f *facts) samples(name string) []*dto.Metric {
	for _, family := range f.Families {
		if strings.TrimPrefix(family.GetName(), "raptoreum_") == name {
			return family.GetMetric()
		}
	}
	return nil
}

func valueOf(m *dto.Metric) float64 {
	if m.GetCounter() != nil {
		return m.GetCounter().GetValue()
	}
	return m.GetGauge().GetValue()
}

func labelOf(m *dto.Metric, name string) string {
	for _, label := range m.GetLabel() {
		if label.GetName() == name {
			return label.GetValue()
		}
	}
	return ""
}

// value returns the value of a metric: of the sample with this label (name, value), or of the first one.
func (f *facts) value(name string, label ...string) (value float64, known bool) {
	for _, s := range f.samples(name) {
		if len(label) == 0 || labelOf(s, label[0]) == label[1] {
			return valueOf(s), true
		}
	}
	return 0, false
}

// highest returns the highest value of the samples of a metric.
func (f *facts) highest(name string) (value float64, known bool) {
	for i, s := range f.samples(name) {
		if n := valueOf(s); i == 0 || n > value {
			value, known = n, true
		}
	}
	return value, known
}

// is reports whether a metric is known to have this value.
func (f *facts) is(want float64, name string, label ...string) bool {
	value, known := f.value(name, label...)
	return known && value == want
}

// state returns the label value of the sample that is 1; empty: unknown.
func (f *facts) state(name, label string) string {
	for _, s := range f.samples(name) {
		if valueOf(s) == 1 {
			return labelOf(s, label)
		}
	}
	return ""
}

// age returns the seconds since the Unix time that is the value of a metric.
func (f *facts) age(name string) (seconds float64, known bool) {
	at, known := f.value(name)
	return float64(f.At.UnixMilli())/1e3 - at, known
}

// outside reports whether the metrics are those of /probe.
func (f *facts) outside() bool { _, known := f.value("probe_success"); return known }

func (f *facts) ready() bool { return f.is(1, "up") }

// slow reports whether raptoreumd answers, but calls that take its main lock take longer than a scrape.
func (f *facts) slow() bool { return f.is(1, "daemon_state", "state", "slow") }

// answers reports whether there are answers that need the main lock: of a ready daemon, or late ones of a
// slow one. Without the daemon collector its state is unknown, and each answer is judged for itself.
func (f *facts) answers() bool {
	_, known := f.value("daemon_answer_age_seconds", "batch", "mainlock")
	return f.ready() || f.slow() && known || !f.enabled("daemon")
}

// enabled reports whether a collector has run; /probe has none.
func (f *facts) enabled(collector string) bool {
	_, ran := f.value("scrape_collector_success", "collector", collector)
	return ran || collector == "" || f.outside()
}

// refused reports whether raptoreumd works but rejects our requests.
func (f *facts) refused() bool {
	state := f.state("daemon_state", "state")
	return state == "unauthorized" || state == "forbidden"
}

// downloading reports whether the chain is still being downloaded: until then, the daemon reports the state
// at its own height, not that of the network.
func (f *facts) downloading() bool { return f.is(1, "initial_block_download") }

// past reports whether the chain is so old that what the daemon says of its smartnode is the past.
func (f *facts) past() bool {
	age, known := f.age("block_timestamp_seconds")
	return f.downloading() || known && age > alerts.OldChain
}

// debugLog is the command that shows the end of debug.log.
func (f *facts) debugLog() string { return "tail -n 50 " + f.logFile() }

// logFile is the path of debug.log; on test networks it is in a directory of the network.
func (f *facts) logFile() string {
	return cmp.Or(f.DebugLog, filepath.Join(f.datadir(), daemon.Folder(f.state("daemon_info", "chain")), "debug.log"))
}

func (f *facts) datadir() string { return cmp.Or(f.Datadir, "~/.raptoreumcore") }

// conf is the path of raptoreum.conf for a command to paste.
func (f *facts) conf() string { return cmp.Or(f.Conf, "~/.raptoreumcore/raptoreum.conf") }

const (
	noHash    = "<proTxHash>"
	noAddress = "<ip:port>"
)

// hash returns the proTxHash of the registration, or a placeholder.
func (f *facts) hash() string { return cmp.Or(f.state("smartnode_info", "protx"), f.ProTx, noHash) }

// address returns the registered address, or a placeholder.
func (f *facts) address() string {
	address := f.state("smartnode_info", "address")
	if address == "" || daemon.Revoked(address) {
		return noAddress
	}
	return address
}

// updateService is the command that ends a ban or changes the address. It needs a fee and the operator's
// secret, so it is for the console of the owner's wallet and not for a shell on this machine. Where the
// registered address is the problem, the owner fills in the right one.
func (f *facts) updateService() string {
	address := f.address()
	if f.is(0, "smartnode_address_match") || f.is(1, "smartnode_address_duplicate") {
		address = noAddress
	}
	return fmt.Sprintf(`protx update_service "%s" "%s" "<operator BLS secret: from your own records>"`, f.hash(), address)
}

func healthy(format string, args ...any) *Finding {
	return &Finding{Verdict: OK, Text: fmt.Sprintf(format, args...)}
}

func unknown(format string, args ...any) *Finding {
	return &Finding{Verdict: Unknown, Text: fmt.Sprintf(format, args...)}
}

func warning(alert, text string, next ...string) *Finding {
	return &Finding{Verdict: Warning, Text: text, Next: next, Alerts: []string{"Raptoreum" + alert}}
}

func critical(alert, text string, next ...string) *Finding {
	return &Finding{Verdict: Critical, Text: text, Next: next, Alerts: []string{"Raptoreum" + alert}}
}

// implies adds alerts whose condition also holds, as a consequence of the first one.
func (f *Finding) implies(alerts ...string) *Finding {
	for _, alert := range alerts {
		f.Alerts = append(f.Alerts, "Raptoreum"+alert)
	}
	return f
}

// notReady is the finding of rules that need the daemon while it is not ready. The first finding says why.
func notReady() *Finding { return unknown("unknown while raptoreumd is not ready") }

// FormatDuration returns seconds in units for people.
func FormatDuration(seconds float64) string {
	d := time.Duration(max(0, seconds) * float64(time.Second))
	switch {
	case d < 2*time.Minute:
		return fmt.Sprintf("%.0f s", d.Seconds())
	case d < 2*time.Hour:
		return fmt.Sprintf("%.0f min", d.Minutes())
	case d < 48*time.Hour:
		return fmt.Sprintf("%d h %d min", int(d.Hours()), int(d.Minutes())%60)
	}
	return fmt.Sprintf("%d d %d h", int(d.Hours())/24, int(d.Hours())%24)
}

// formatCoins returns an amount in RTM for people, with three digits or all before the decimal point.
func formatCoins(coins float64) string {
	if coins >= 100 {
		return fmt.Sprintf("%.0f RTM", coins)
	}
	return fmt.Sprintf("%.3g RTM", coins)
}

// formatBytes returns bytes in units for people.
func formatBytes(bytes float64) string {
	if bytes < 1e9 {
		return fmt.Sprintf("%.0f MB", bytes/1e6)
	}
	return fmt.Sprintf("%.1f GB", bytes/1e9)
}
