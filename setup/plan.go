package setup

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"

	"github.com/rogpeppe/go-internal/diff"
)

// change is a file that setup wants.
type change struct {
	path    string
	content string
	mode    fs.FileMode
	owner   string // user; empty: root
	group   string // empty: root
	secret  bool   // its content is not shown
	add     string // what a person has to add to a file of their own; empty: the difference
	needs   []need // a file of a person that has them is as wanted

	// replaces reports whether a file that setup did not write may be replaced; nil: it may not.
	replaces func(old string) bool
	// line is the text that is added to a file of somebody else, whose other lines, mode and owner stay.
	line string
	// as is the whole file; nil: it is made of the fields above.
	as *file
	// units are reloaded or restarted after a change.
	units []string
}

// unit is the state that setup wants of a systemd unit.
type unit struct {
	name    string
	running bool // enabled and started, or else disabled and stopped
}

// plan is what one command wants the machine to have. The order of files is that in which they are written: what
// has no effect alone comes first.
type plan struct {
	files []change
	units []unit
}

// action is what happens to a file.
type action int

const (
	keep    action = iota // it is as wanted
	create                // there was none
	replace               // by what setup wants
	restore               // what was there before setup
	edited                // a person changed it, so it stays
)

// step is one file of a plan, compared with the disk.
type step struct {
	change
	action
	old *file // nil: none
	new file  // of restore: what was there before; with mode 0: nothing
	why string
}

func sum(content string) string {
	s := sha256.Sum256([]byte(content))
	return hex.EncodeToString(s[:])
}

// compare returns what is to be done for each file of p, and for those that an earlier run wrote and p lacks.
func (s System) compare(p plan, past record) ([]step, error) {
	var steps []step
	wanted := map[string]bool{}
	for _, c := range p.files {
		wanted[c.path] = true
		one, err := s.compareFile(c, past)
		if err != nil {
			return nil, err
		}
		steps = append(steps, one)
	}
	for _, path := range slices.Backward(past.order()) { // what was written last is taken back first
		if wanted[path] {
			continue
		}
		one, err := s.takeBack(path, past)
		if err != nil {
			return nil, err
		}
		steps = append(steps, one)
	}
	return steps, nil
}

func (s System) compareFile(c change, past record) (step, error) {
	old, err := s.read(c.path)
	if err != nil {
		return step{}, err
	}
	one := step{change: c, old: old}
	if one.new, err = s.owned(c); err != nil {
		return step{}, err
	}
	before, ours := past.Files[c.path]
	if c.line != "" {
		return one.insert(before.Line), nil
	}
	switch {
	case old == nil:
		one.action = create
	case *old == one.new:
		one.action = keep
	case ours && before.known(old.content), !ours && c.replaces != nil && c.replaces(old.content):
		one.action = replace
	case len(c.needs) > 0 && len(c.lacks(old.content)) == 0:
		one.action = keep
	default:
		one.action, one.why = edited, "it was changed by hand"
	}
	return one, nil
}

// insert adds the line to the top of a file, outside of any [section], in place of the one of an earlier run.
func (o step) insert(earlier string) step {
	switch {
	case o.old == nil:
		o.action = create
	case o.old.uid != o.new.uid && o.old.uid != 0: // a link to a file of somebody else
		o.action, o.why = edited, "it belongs to another user"
	case slices.Contains(strings.SplitAfter(o.old.content, "\n"), o.line):
		o.action = keep
	default:
		o.action, o.new = replace, *o.old
		o.new.content = o.line + strings.Replace(o.old.content, earlier, "", 1)
	}
	return o
}

// owned returns the file that a change wants.
func (s System) owned(c change) (file, error) {
	if c.as != nil {
		return *c.as, nil
	}
	f := file{content: c.content, mode: c.mode}
	if c.owner != "" && c.owner != "root" {
		users := s.users()
		i := slices.IndexFunc(users, func(u user) bool { return u.name == c.owner })
		if i < 0 {
			return f, fmt.Errorf("the user %s does not exist; install the package first", c.owner)
		}
		f.uid = users[i].uid
	}
	if c.group != "" && c.group != "root" {
		gid, err := s.group(c.group)
		if err != nil {
			return f, err
		}
		f.gid = gid
	}
	return f, nil
}

// takeBack compares a file with what was there before setup.
func (s System) takeBack(path string, past record) (step, error) {
	before := past.Files[path]
	old, err := s.read(path)
	if err != nil {
		return step{}, err
	}
	one := step{change: change{path: path, secret: before.Secret, units: before.Units}, old: old, action: restore}
	if old != nil && before.Backup != "" && sum(old.content) == before.Was && old.mode == before.Mode && old.uid == before.UID && old.gid == before.GID {
		one.action = keep
		return one, nil
	}
	if before.Backup != "" {
		saved, err := s.read(before.Backup)
		if err == nil && saved == nil {
			err = fs.ErrNotExist
		}
		if err != nil {
			return step{}, fmt.Errorf("the backup %s of %s: %w", before.Backup, path, err)
		}
		one.new = file{saved.content, before.Mode, before.UID, before.GID}
	}
	switch {
	case old == nil && before.Backup == "":
		one.action = keep
	case old == nil:
		one.action, one.why = edited, "it was removed by hand"
	case before.known(old.content):
	case before.Line != "" && strings.Contains(old.content, before.Line):
		one.new = *old // it has other changes since
		one.new.content = strings.Replace(old.content, before.Line, "", 1)
	default:
		one.action, one.why = edited, "it was changed by hand"
	}
	return one, nil
}

// text is the part of a diff that may be shown.
func (o step) text() string {
	switch {
	case o.line != "":
		key, _, _ := strings.Cut(o.line, ":")
		return "+" + key + ":<salt and hash>\n"
	case o.action == edited && o.add != "":
		return o.add
	case o.secret:
		return "(a secret, not shown)\n"
	}
	oldName, newName, before := o.path, o.path, ""
	if o.old == nil {
		oldName = "/dev/null"
	} else {
		before = o.old.content
	}
	if o.new.mode == 0 {
		newName = "/dev/null"
	}
	d := string(diff.Diff(oldName, []byte(before), newName, []byte(o.new.content)))
	if _, body, ok := strings.Cut(d, "\n"); ok { // without the line "diff old new"
		return body
	}
	return ""
}

// describe is one line about a step.
func (o step) describe(s System) string {
	owner := func() string {
		name := fmt.Sprint(o.new.uid)
		if u, known := byUID(s.users(), o.new.uid); known {
			name = u.name
		}
		return fmt.Sprintf("mode %04o, %s:%s", o.new.mode, name, s.groupName(o.new.gid))
	}
	switch {
	case o.action == create:
		return fmt.Sprintf("create  %s (%s)", o.path, owner())
	case o.action == replace && o.line != "":
		return fmt.Sprintf("add a line to %s", o.path)
	case o.action == replace:
		return fmt.Sprintf("replace %s (%s)", o.path, owner())
	case o.action == restore && o.new.mode == 0:
		return "remove  " + o.path
	case o.action == restore:
		return "restore " + o.path
	case o.action == edited:
		return fmt.Sprintf("keep    %s, because %s", o.path, o.why)
	}
	return "keep    " + o.path
}

// parents returns the missing directories above a path, outermost first.
func (s System) parents(path string) (missing []string) {
	for dir := filepath.Dir(path); dir != "/" && !s.exists(dir); dir = filepath.Dir(dir) {
		missing = append(missing, dir)
	}
	slices.Reverse(missing)
	return missing
}
