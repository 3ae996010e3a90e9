package web

import (
	"fmt"
	"html/template"
	"net/url"
	"slices"
	"strings"
	"time"

	"raptoreum_exporter/alerts"
	"raptoreum_exporter/internal/text"
	"raptoreum_exporter/judge"
)

// functions are those of the templates.
func functions() template.FuncMap {
	return template.FuncMap{
		"upper":      func(v judge.Verdict) string { return strings.ToUpper(v.String()) },
		"symbol":     symbol,
		"icon":       icon,
		"clock":      clock,
		"hour":       func(t time.Time) string { return t.UTC().Format("15:04:05") },
		"rfc3339":    func(t time.Time) string { return t.UTC().Format(time.RFC3339) },
		"words":      func(s string) string { return strings.ReplaceAll(s, "_", " ") },
		"count":      text.Count[int],
		"steps":      steps,
		"cell":       func(label, text string, bad, number bool) cell { return cell{label, text, bad, number} },
		"whole":      whole,
		"names":      names,
		"lastStrike": func(n nodeStatus) bool { return n.Strikes != nil && *n.Strikes <= alerts.LastStrike },
		"port":       port,
		"gap":        gap,
		"payment":    payment,
		"seen":       seen,
	}
}

// symbol makes the verdict visible without its color.
func symbol(v judge.Verdict) string {
	return map[judge.Verdict]string{judge.OK: "✓", judge.Warning: "!", judge.Critical: "✕", judge.Unknown: "?"}[v]
}

// icon is the favicon: a dot in the color of the verdict.
func icon(v judge.Verdict) template.URL {
	color := map[judge.Verdict]string{judge.OK: "#2da44e", judge.Warning: "#d29922", judge.Critical: "#cf222e", judge.Unknown: "#6e7781"}[v]
	return template.URL("data:image/svg+xml," + url.PathEscape(`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 8 8"><circle cx="4" cy="4" r="4" fill="`+color+`"/></svg>`)) //nolint:gosec // no foreign text
}

// cell is a cell of the table of nodes; its label is shown beside it on a narrow screen.
type cell struct {
	Label, Text string
	Bad, Number bool
}

// step is a run of commands for one place.
type step struct {
	Where    string
	Commands []string
}

// steps groups the next steps of a finding by the place where they belong.
func steps(node string, next []string) (all []step) {
	for i, command := range next {
		where := "on this machine"
		switch {
		case judge.ForWallet(command):
			where = "in the console of the wallet that pays the fee"
		case node != "":
			where = "on " + node
		}
		if n := len(all); n > 0 && strings.HasSuffix(all[n-1].Where, where) {
			all[n-1].Commands = append(all[n-1].Commands, command)
			continue
		}
		prefix := "Then, "
		if i == 0 {
			prefix = "Next step, "
		}
		all = append(all, step{prefix + where, []string{command}})
	}
	return all
}

func whole(number *float64) string {
	if number == nil {
		return ""
	}
	return fmt.Sprintf("%.0f", *number)
}

// names lists findings by name.
func names(findings []judge.Finding) string {
	var all []string
	for _, f := range findings {
		all = append(all, f.Name)
	}
	return strings.Join(all, ", ")
}

// headline says in one line which findings are not ok.
func headline(who string, problems []judge.Finding, healthy int) string {
	switch {
	case len(problems) == 0:
		return fmt.Sprintf("All %s of %s are ok.", text.Count(healthy, "check"), who)
	case problems[0].Verdict == judge.Unknown: // the worst
		return fmt.Sprintf("Unknown on %s: %s.", who, names(problems))
	}
	known, rest := problems, ""
	if i := slices.IndexFunc(problems, func(f judge.Finding) bool { return f.Verdict == judge.Unknown }); i > 0 {
		known, rest = problems[:i], " Unknown: "+names(problems[i:])+"."
	}
	return fmt.Sprintf("Problems on %s: %s.%s", who, names(known), rest)
}

func port(n nodeStatus) string {
	if n.Phase != "" {
		return n.Port + " (" + n.Phase + ")"
	}
	return n.Port
}

func gap(blocks *float64) string {
	switch {
	case blocks == nil:
		return ""
	case *blocks == 0:
		return "0"
	}
	return strings.ReplaceAll(fmt.Sprintf("%+.0f", *blocks), "-", "−")
}

func payment(seconds *float64) string {
	if seconds == nil {
		return ""
	}
	return "in " + judge.FormatDuration(*seconds)
}

// seen says how long before the check a node was seen.
func seen(at *time.Time, checked time.Time) string {
	if at == nil {
		return ""
	}
	return judge.FormatDuration(checked.Sub(*at).Seconds()) + " ago"
}
