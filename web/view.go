package web

import (
	"fmt"
	"html/template"

	"raptoreum_exporter/judge"
)

// shownChanges is the max number of changes on a page; /status.json has all.
const shownChanges = 20

// view is what the templates show.
type view struct {
	*status
	Node              string // empty: the page of all
	Root              string // relative address of /
	Refresh, Every    int    // seconds; Refresh is 0 if the page does not refresh
	Style             template.CSS
	Problems, Healthy []judge.Finding
	Headlines         []string
	Open              bool     // shows Healthy at once
	Changes           []change // at most shownChanges
	Earlier           int      // number of others
	Young             bool     // this exporter did not run for the whole hour
	Links             []link
}

type link struct{ Address, Text string }

func (p *pages) view(s *status, report *judge.Report) *view {
	v := &view{status: s, Style: p.style, Every: pageRefresh, Refresh: pageRefresh, Changes: s.Changes}
	if report != nil {
		for _, f := range report.Findings {
			if f.Verdict == judge.OK {
				v.Healthy = append(v.Healthy, f)
			} else {
				v.Problems = append(v.Problems, f)
			}
		}
		v.Headlines = []string{headline(report.Subject(), v.Problems, len(v.Healthy))}
	}
	if len(s.Nodes) > 0 {
		v.Headlines = append(v.Headlines, fmt.Sprintf("Fleet of %d: %s.", len(s.Nodes), countVerdicts(s.Nodes)))
	}
	if len(v.Headlines) == 0 {
		v.Headlines = []string{"No node of the fleet is known."}
	}
	v.Open = len(s.Nodes) == 0 && len(v.Problems) == 0 || report != nil && report.Node != ""
	v.Young = s.At.Sub(s.Since) < historyAge
	if len(v.Changes) > shownChanges {
		v.Earlier, v.Changes = len(v.Changes)-shownChanges, v.Changes[:shownChanges]
	}
	v.Links = p.links("")
	return v
}

// links are those at the end of each page.
func (p *pages) links(root string) []link {
	all := []link{
		{root + p.telemetry, "Metrics"},
		{root + "status.json", "status.json"},
		{root + "runbooks/README", "Runbooks"},
		{root + "-/healthy", "Health of this exporter"},
	}
	if p.statuses.fleet != nil {
		all = append(all, link{root + "sd", "Service discovery"})
	}
	return all
}
