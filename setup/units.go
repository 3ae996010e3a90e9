package setup

import (
	"context"
	"fmt"
	"slices"
	"strings"
)

// unitsBack returns the units of an earlier run that are not in the plan any more.
func (t *transaction) unitsBack() (names []string) {
	for name := range t.past.Units {
		if !slices.ContainsFunc(t.plan.units, func(u unit) bool { return u.name == name }) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// target is the state that a unit is to have: what the plan wants, or else what it had before setup.
func (t *transaction) target(u unit) unitState {
	if slices.Contains(t.unitsBack(), u.name) {
		return t.past.Units[u.name]
	}
	return unitState{u.running, u.running}
}

// systemctl runs systemctl.
func (s System) systemctl(ctx context.Context, args ...string) error {
	if err := s.Step("systemctl " + strings.Join(args, " ")); err != nil {
		return err
	}
	_, err := s.Exec(ctx, "systemctl", args...)
	if err == nil || len(args) < 2 {
		return err
	}
	log, failed := s.Exec(ctx, "journalctl", "_SYSTEMD_UNIT="+args[1], "--lines=2", "--output=cat", "--no-pager")
	if log = strings.TrimSpace(log); failed != nil || log == "" {
		return err
	}
	return fmt.Errorf("%w; its log: %s", err, strings.ReplaceAll(log, "\n", " | "))
}

// unitState returns the state of a unit; one that does not exist is neither enabled nor active.
func (s System) unitState(ctx context.Context, name string) unitState {
	enabled, _ := s.Exec(ctx, "systemctl", "is-enabled", name) // exits with 1 if disabled
	active, _ := s.Exec(ctx, "systemctl", "is-active", name)
	return unitState{strings.TrimSpace(enabled) == "enabled", slices.Contains([]string{"active", "activating"}, strings.TrimSpace(active))}
}

// missing reports whether there is no such unit.
func (s System) missing(ctx context.Context, name string) bool {
	out, _ := s.Exec(ctx, "systemctl", "is-enabled", name) // exits with 1 for other reasons too
	return strings.Contains(out, "not-found") || strings.Contains(out, "No such file or directory")
}

// reloads reports whether a unit takes a changed configuration without a restart.
func reloads(name string) bool { return name == prometheusUnit || name == alertUnit }

// setUnit brings a unit to a state. again is what to do with one that runs already, because its files have changed;
// empty: nothing.
func (t *transaction) setUnit(ctx context.Context, name string, want unitState, again string) error {
	have := t.unitState(ctx, name)
	var actions []string
	switch {
	case want.Enabled && !have.Enabled:
		actions = append(actions, "enable")
	case !want.Enabled && have.Enabled:
		actions = append(actions, "disable")
	}
	switch {
	case want.Active && !have.Active:
		actions = append(actions, "start")
	case want.Active && again != "":
		actions = append(actions, again)
	case !want.Active && have.Active:
		actions = append(actions, "stop")
	}
	for _, action := range actions {
		if action == "start" { // systemd refuses to start what has failed several times
			_, _ = t.Exec(ctx, "systemctl", "reset-failed", name)
		}
		if err := t.systemctl(ctx, action, name); err != nil {
			return err
		}
	}
	return nil
}
