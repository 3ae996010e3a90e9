package setup

import (
	"cmp"
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
	return fmt.Errorf("%w%s", err, s.log(ctx, args[1]))
}

// log returns the end of the log of a unit, to be added to an error; empty: unknown.
func (s System) log(ctx context.Context, unit string) string {
	log, err := s.Exec(ctx, "journalctl", "_SYSTEMD_UNIT="+unit, "--lines=2", "--output=cat", "--no-pager")
	if log = strings.TrimSpace(log); err != nil || log == "" {
		return ""
	}
	return "; its log: " + strings.ReplaceAll(log, "\n", " | ")
}

// readUnits reads the states to which a rollback returns, so it fails if one is unknown.
func (t *transaction) readUnits(ctx context.Context) error {
	t.units = map[string]unitState{}
	names := t.unitsBack()
	for _, u := range t.plan.units {
		names = append(names, u.name)
	}
	for _, name := range names {
		state, err := t.unitState(ctx, name)
		if err != nil {
			return err
		}
		t.units[name] = state
	}
	return nil
}

// unitState returns the state of a unit; one that does not exist is neither enabled nor active.
func (s System) unitState(ctx context.Context, name string) (state unitState, err error) {
	enabled, err := s.unitWord(ctx, "is-enabled", name)
	if err != nil {
		return state, err
	}
	active, err := s.unitWord(ctx, "is-active", name)
	return unitState{enabled == "enabled", slices.Contains([]string{"active", "activating", "reloading"}, active)}, err
}

// unitWord asks systemctl, whose exit code also reports a state. Without an answer in one word the state is unknown,
// as after a failed or cancelled call.
func (s System) unitWord(ctx context.Context, query, name string) (string, error) {
	out, err := s.Exec(ctx, "systemctl", query, name)
	word := strings.TrimSpace(out)
	switch {
	case ctx.Err() != nil:
		return "", ctx.Err()
	case strings.HasSuffix(word, "No such file or directory"):
		return "not-found", nil
	case word == "" || strings.ContainsAny(word, " \n"):
		return "", fmt.Errorf("the state of %s is unknown: %w", name, cmp.Or(err, fmt.Errorf("systemctl %s says %q", query, word)))
	}
	return word, nil
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
	have, err := t.unitState(ctx, name)
	if err != nil {
		return err
	}
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
		if action != "enable" && action != "disable" && action != "stop" { // systemd limits how often a unit is started within seconds
			_, _ = t.Exec(ctx, "systemctl", "reset-failed", name)
		}
		if err := t.systemctl(ctx, action, name); err != nil {
			return err
		}
	}
	return nil
}
