package alerts_test

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// TestRecorded checks that the comment at the top of alerts.yml lists each recorded series, that each is used, and
// that each used one is recorded before.
func TestRecorded(t *testing.T) {
	text, err := os.ReadFile("alerts.yml")
	if err != nil {
		t.Fatal(err)
	}
	top, body, _ := strings.Cut(string(text), "\ngroups:\n")
	rules, recorded := readAll(t)
	series := regexp.MustCompile(`\w+:raptoreum_\w+:\w+`)
	var known []string
	for _, r := range recorded {
		for _, name := range series.FindAllString(r.Expr, -1) {
			kept := name == r.Record || name == "view:raptoreum_trouble:sum90m" // of the evaluation before, or of another group
			if !slices.Contains(known, name) && !kept {
				t.Errorf("%s uses %s, which is not recorded before it", r.Record, name)
			}
		}
		known = append(known, r.Record)
		if !regexp.MustCompile(`(?m)^#   ` + regexp.QuoteMeta(r.Record) + ` `).MatchString(top) {
			t.Errorf("the comment at the top of alerts.yml does not list %s", r.Record)
		}
		if uses := len(regexp.MustCompile(`\b`+regexp.QuoteMeta(r.Record)+`\b`).FindAllString(body, -1)); uses < 2 {
			t.Errorf("nothing uses %s", r.Record)
		}
	}
	for _, r := range rules {
		for _, name := range series.FindAllString(r.Expr, -1) {
			if !slices.Contains(known, name) {
				t.Errorf("%s uses %s, which is not recorded", r.Alert, name)
			}
		}
	}
	for _, name := range series.FindAllString(top, -1) {
		if !slices.Contains(known, name) {
			t.Errorf("the comment at the top of alerts.yml lists %s, which is not recorded", name)
		}
	}
}

// TestReadable checks that no expression is over six lines and no line over 175 characters, and that comments of rules
// have at most two lines.
func TestReadable(t *testing.T) {
	text, err := os.ReadFile("alerts.yml")
	if err != nil {
		t.Fatal(err)
	}
	_, body, _ := strings.Cut(string(text), "\ngroups:\n")
	rule, expr, comment := "", 0, 0
	for line := range strings.Lines(body) {
		switch indent := len(line) - len(strings.TrimLeft(line, " ")); {
		case strings.HasPrefix(line, "      - "):
			rule, expr, comment = strings.TrimSpace(line), 0, 0
		case strings.HasPrefix(line, "        #"):
			comment++
		case strings.HasPrefix(line, "        expr: >-"):
			expr = 1
		case expr > 0 && indent == 8:
			expr = 0
		case expr > 0:
			expr++
			if len(line) > 175 {
				t.Errorf("%s: a line of %d characters", rule, len(line))
			}
		}
		if expr > 7 || comment > 2 {
			t.Errorf("%s: over 6 lines of expression or over 2 of comment: %s", rule, line)
		}
	}
}
