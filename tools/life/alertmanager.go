package life

import (
	"context"
	"log/slog"
	"time"

	"github.com/prometheus/alertmanager/alert"
	"github.com/prometheus/alertmanager/config"
	"github.com/prometheus/alertmanager/dispatch"
	"github.com/prometheus/alertmanager/eventrecorder"
	"github.com/prometheus/alertmanager/featurecontrol"
	"github.com/prometheus/alertmanager/inhibit"
	"github.com/prometheus/alertmanager/marker"
	"github.com/prometheus/alertmanager/nflog"
	"github.com/prometheus/alertmanager/notify"
	"github.com/prometheus/alertmanager/provider/mem"
	"github.com/prometheus/alertmanager/silence"
	"github.com/prometheus/alertmanager/timeinterval"
	client "github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/rules"
)

// message is one notification as Alertmanager hands it to an integration.
type message struct {
	at       time.Time
	receiver string
	group    string
	alerts   []*alert.Alert // firing and resolved
}

// alertmanager groups, inhibits and routes alerts by a configuration file, with Alertmanager's own packages and the
// clock of the bubble that it runs in.
type alertmanager struct {
	alerts     *mem.Alerts
	inhibitor  *inhibit.Inhibitor
	dispatcher *dispatch.Dispatcher
	cancel     context.CancelFunc
	stopped    chan struct{}
}

// inbox is an integration that passes messages on instead of sending them.
type inbox struct {
	receiver string
	received func(message)
}

func (i inbox) SendResolved() bool { return true }

func (i inbox) Notify(ctx context.Context, alerts ...*alert.Alert) (bool, error) {
	group, _ := notify.GroupKey(ctx)
	i.received(message{time.Now(), i.receiver, group, alerts})
	return false, nil
}

// startAlertmanager starts it. Each receiver of the file gets one integration, which calls received.
func startAlertmanager(file string, received func(message)) (*alertmanager, error) {
	conf, err := config.LoadFile(file)
	if err != nil {
		return nil, err
	}
	logger, events, registry := slog.New(slog.DiscardHandler), eventrecorder.NopRecorder(), client.NewRegistry()
	log, err := nflog.New(nflog.Options{Retention: 120 * time.Hour, Logger: logger, Metrics: registry})
	if err != nil {
		return nil, err
	}
	silences, err := silence.New(silence.Options{Retention: 120 * time.Hour, Logger: logger, Metrics: registry, EventRecorder: events})
	if err != nil {
		return nil, err
	}
	silencer := silence.NewSilencer(silences, logger, events)
	ctx, cancel := context.WithCancel(context.Background())
	a := &alertmanager{cancel: cancel, stopped: make(chan struct{})}
	if a.alerts, err = mem.NewAlerts(ctx, 30*time.Minute, 0, silencer, logger, events, registry, featurecontrol.NoopFlags{}); err != nil {
		cancel()
		return nil, err
	}
	receivers := map[string][]notify.Integration{}
	for _, r := range conf.Receivers {
		to := inbox{r.Name, received}
		receivers[r.Name] = []notify.Integration{notify.NewIntegration(to, to, "inbox", 0, r.Name)}
	}
	a.inhibitor = inhibit.NewInhibitor(a.alerts, conf.InhibitRules, logger, events)
	groups := marker.NewGroupMarker()
	pipeline := notify.NewPipelineBuilder(registry, featurecontrol.NoopFlags{}, events).New(receivers,
		func() time.Duration { return 0 }, a.inhibitor, silencer, timeinterval.NewIntervener(nil), groups, log, nil)
	a.dispatcher = dispatch.NewDispatcher(a.alerts, dispatch.NewRoute(conf.Route, nil), pipeline, groups,
		func(d time.Duration) time.Duration { return max(d, notify.MinTimeout) }, 30*time.Second, nil, logger, events, nil, nil)
	go log.Maintenance(15*time.Minute, "", a.stopped, nil)
	go a.inhibitor.Run()
	a.inhibitor.WaitForLoading()
	go a.dispatcher.Run(time.Now())
	a.dispatcher.WaitForLoading()
	return a, nil
}

func (a *alertmanager) stop() {
	a.dispatcher.Stop()
	a.inhibitor.Stop()
	a.alerts.Close()
	a.cancel()
	close(a.stopped)
}

// receive is what Prometheus sends its alerts to. It returns those that end while another one mutes them: Alertmanager
// sends no message about that.
func (a *alertmanager) receive(ctx context.Context, alerts []*rules.Alert) (silent []*alert.Alert) {
	var list []*alert.Alert
	for _, from := range alerts {
		to := &alert.Alert{UpdatedAt: time.Now()}
		to.Labels, to.StartsAt, to.EndsAt = labelSet(from.Labels), from.FiredAt, from.ValidUntil
		if !from.ResolvedAt.IsZero() {
			to.EndsAt = from.ResolvedAt
			if a.inhibitor.Mutes(ctx, to.Labels) {
				silent = append(silent, to)
			}
		}
		list = append(list, to)
	}
	if len(list) > 0 {
		_ = a.alerts.Put(ctx, list...) // fails only for invalid labels, which Prometheus does not send
	}
	return silent
}

// labelSet converts labels of Prometheus. Alertmanager drops empty ones.
func labelSet(l labels.Labels) model.LabelSet {
	set := model.LabelSet{}
	l.Range(func(x labels.Label) {
		if x.Value != "" {
			set[model.LabelName(x.Name)] = model.LabelValue(x.Value)
		}
	})
	return set
}
