package setup

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// transaction applies a plan. Each file is replaced at once, so that a crash leaves the old one or the new one, and
// the record on disk is written before the first change: the next run completes or undoes an interrupted one.
type transaction struct {
	System
	plan
	steps []step
	past  record // before
	now   record
	nodes []placed // for the new record
	node  *Node    // the same
	watch *Watch   // the same
	// verify is called after the changes. After an error they are rolled back. nil: nothing.
	verify func(context.Context) error
	saved  bool                          // the record on disk is no longer that of past
	undo   []func(context.Context) error // of what is done so far
	units  map[string]unitState          // before, of the plan and of unitsBack
}

// changes reports whether there is something to do.
func (t *transaction) changes() bool {
	if t.past.Unfinished || slices.ContainsFunc(t.steps, func(o step) bool { return o.changes() }) {
		return true
	}
	if len(t.unitsBack()) > 0 {
		return true
	}
	return slices.ContainsFunc(t.plan.units, func(u unit) bool {
		return t.units[u.name] != unitState{u.running, u.running}
	})
}

func (o step) changes() bool { return o.action == create || o.action == replace || o.action == restore }

// run makes the changes. After an error everything is as before, or the error says what is not.
func (t *transaction) run(ctx context.Context) error {
	if err := t.prepare(); err != nil {
		return errors.Join(err, t.forget())
	}
	err := t.make(ctx)
	if err == nil && t.verify != nil {
		err = t.verify(ctx)
	}
	if err == nil {
		err = t.finish()
	}
	if err == nil {
		return t.cleanUp()
	}
	// Also after Ctrl-C the machine is put back.
	if left := t.rollBack(context.WithoutCancel(ctx)); left != nil {
		return fmt.Errorf("%w. These changes could not be taken back: %w. The originals are in %s; setup --undo tries again", err, left, t.now.dir())
	}
	return fmt.Errorf("%w. Nothing was changed", err)
}

// prepare keeps what there is and writes the record.
func (t *transaction) prepare() error {
	t.now = t.past
	t.now.Unfinished = true
	t.now.Files, t.now.Units = maps.Clone(t.past.Files), maps.Clone(t.past.Units)
	t.now.Dirs = slices.Clone(t.past.Dirs)
	for _, o := range t.steps {
		if o.action == create || o.action == replace {
			if err := t.backUp(&t.now, o); err != nil {
				return err
			}
			for _, dir := range t.parents(o.path) {
				if !slices.Contains(t.now.Dirs, dir) {
					t.now.Dirs = append(t.now.Dirs, dir)
				}
			}
		}
	}
	for _, u := range t.plan.units {
		if _, known := t.now.Units[u.name]; !known {
			t.now.Units[u.name] = t.units[u.name]
		}
	}
	t.saved = true
	return t.save(t.now)
}

// make changes files and units.
func (t *transaction) make(ctx context.Context) error {
	if err := t.removeTemporary(); err != nil {
		return err
	}
	var stop, start []unit
	for _, u := range t.plan.units {
		if u.running {
			start = append(start, u)
		} else {
			stop = append(stop, u)
		}
	}
	for _, name := range t.unitsBack() {
		if t.missing(ctx, name) { // its package was removed since
			continue
		}
		if was := t.past.Units[name]; was.Active || was.Enabled {
			start = append(start, unit{name: name, running: true})
		} else {
			stop = append(stop, unit{name: name})
		}
	}
	for _, u := range stop {
		if err := t.setUnit(ctx, u.name, t.target(u), ""); err != nil {
			return err
		}
	}
	changed, restarts := map[string]bool{}, map[string]bool{}
	reload := false
	for _, o := range t.steps {
		if !o.changes() {
			continue
		}
		if err := t.change(o); err != nil {
			return err
		}
		reload = reload || strings.HasPrefix(o.path, "/etc/systemd/")
		for _, name := range o.units {
			changed[name] = true
			restarts[name] = restarts[name] || strings.HasPrefix(o.path, "/etc/default/") // arguments
		}
	}
	if reload {
		if err := t.systemctl(ctx, "daemon-reload"); err != nil {
			return err
		}
	}
	for _, u := range start {
		how := ""
		switch {
		case restarts[u.name], changed[u.name] && !reloads(u.name):
			how = "restart"
		case changed[u.name]:
			how = "reload-or-restart"
		}
		if err := t.setUnit(ctx, u.name, t.target(u), how); err != nil {
			return err
		}
	}
	return nil
}

// removeTemporary removes the incomplete files of a run that was killed.
func (t *transaction) removeTemporary() error {
	for path := range t.past.Files {
		if t.exists(path + temporary) {
			if err := t.remove(path + temporary); err != nil {
				return err
			}
		}
	}
	return nil
}

// change makes one step.
func (t *transaction) change(o step) error {
	for _, dir := range t.parents(o.path) {
		if o.new.mode == 0 {
			break
		}
		if err := t.Step("mkdir " + dir); err != nil {
			return err
		}
		if err := os.Mkdir(t.path(dir), 0o755); err != nil { // #nosec G301 -- programs of other users read what is in it
			return err
		}
		t.undo = append(t.undo, func(context.Context) error { return t.remove(dir) })
	}
	put := func(f *file) error {
		if f == nil || f.mode == 0 {
			return t.remove(o.path)
		}
		// In the directory of a user only what that user could do: it may have become a link to another one.
		var err error
		t.As(f.uid, f.gid, func() { err = t.write(o.path, *f) })
		return err
	}
	t.undo = append(t.undo, func(context.Context) error { return put(o.old) })
	return put(&o.new)
}

// finish writes the record of what is changed now.
func (t *transaction) finish() error {
	r := t.now
	r.Unfinished, r.Files, r.Units = false, maps.Clone(t.now.Files), maps.Clone(t.now.Units)
	r.Nodes, r.Node, r.Watch = t.nodes, t.node, t.watch
	for _, o := range t.steps {
		switch w, ours := r.Files[o.path]; {
		case !ours:
		case o.action == create || o.action == replace:
			w.Wrote = []string{sum(o.new.content)}
			r.Files[o.path] = w
		case !slices.ContainsFunc(t.files, func(c change) bool { return c.path == o.path }) && o.action != edited:
			delete(r.Files, o.path)
		}
	}
	for _, name := range t.unitsBack() {
		delete(r.Units, name)
	}
	for _, dir := range slices.Backward(slices.Clone(r.Dirs)) {
		if slices.ContainsFunc(r.order(), func(path string) bool { return strings.HasPrefix(path, dir+"/") }) {
			continue
		}
		// A directory with files of somebody else stays, and so does one that is gone.
		if entries, err := os.ReadDir(t.path(dir)); err == nil && len(entries) == 0 {
			if err := t.remove(dir); err != nil {
				return err
			}
			t.undo = append(t.undo, func(context.Context) error { return os.Mkdir(t.path(dir), 0o755) }) // #nosec G301 -- as it was
		}
		r.Dirs = slices.DeleteFunc(r.Dirs, func(d string) bool { return d == dir })
	}
	if err := t.save(r); err != nil {
		return err
	}
	t.past, t.now = t.now, r
	return nil
}

// cleanUp removes the backups of files that are as they were. From here on there is nothing to roll back.
func (t *transaction) cleanUp() error {
	if t.now.empty() {
		return t.dropRecord(t.now)
	}
	for path, w := range t.past.Files {
		if _, still := t.now.Files[path]; !still && w.Backup != "" {
			if err := t.remove(w.Backup); err != nil {
				return err
			}
		}
	}
	return nil
}

// rollBack puts everything back, and returns what could not be.
func (t *transaction) rollBack(ctx context.Context) error {
	var left []error
	for _, back := range slices.Backward(t.undo) {
		left = append(left, back(ctx))
	}
	t.undo = nil
	if slices.ContainsFunc(t.steps, func(o step) bool { return strings.HasPrefix(o.path, "/etc/systemd/") }) {
		left = append(left, t.systemctl(ctx, "daemon-reload"))
	}
	for name, state := range t.units {
		left = append(left, t.setUnit(ctx, name, state, "restart"))
	}
	if err := errors.Join(left...); err != nil {
		return err
	}
	return t.forget()
}

// forget writes the record as it was before, and removes the new backups.
func (t *transaction) forget() error {
	for path, w := range t.now.Files { // new backups
		if _, before := t.past.Files[path]; before || w.Backup == "" {
			continue
		}
		if err := os.Remove(t.path(w.Backup)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		for dir := filepath.Dir(w.Backup); dir != t.now.dir(); dir = filepath.Dir(dir) {
			_ = os.Remove(t.path(dir)) // not empty: has other backups
		}
	}
	switch {
	case t.past.empty() && !t.past.Unfinished:
		return t.dropRecord(t.past)
	case t.saved:
		return t.save(t.past)
	}
	return nil
}
