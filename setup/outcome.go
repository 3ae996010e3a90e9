package setup

import (
	"context"
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"

	"raptoreum_exporter/judge"
)

// need is a text without which a file that a person changed does not do what setup wants.
type need struct{ text, name string }

// lacks returns the names of what a file lacks. Comments do not count.
func (c change) lacks(content string) (names []string) {
	content = regexp.MustCompile(`(?m)(^|\s)#.*$`).ReplaceAllString(content+"\n", "")
	for _, n := range c.needs {
		// An address may also be a part of a URL.
		if !regexp.MustCompile(`(?m)(^|[^/\w.-])` + regexp.QuoteMeta(n.text)).MatchString(content) {
			names = append(names, n.name)
		}
	}
	return names
}

// addresses returns the addresses in scrape configurations, without which a prometheus.yml does not scrape everything.
func addresses(jobs string) (needs []need) {
	for _, found := range regexp.MustCompile(`"((?:https?://)?[^"]+:\d+(?:/sd)?)"`).FindAllStringSubmatch(jobs, -1) {
		needs = append(needs, need{found[1], found[1]})
	}
	return needs
}

// merge says how to add text to a file that has some of its keys already: YAML allows each only once.
func merge(add, old string) string {
	var has []string
	for _, found := range regexp.MustCompile(`(?m)^(\w+):`).FindAllStringSubmatch(add, -1) {
		if regexp.MustCompile(`(?m)^` + found[1] + `\s*:`).MatchString(old) {
			has = append(has, found[1])
		}
	}
	if len(has) == 0 {
		return "Add the lines above by hand."
	}
	return "Merge the lines above by hand. The file already has " + strings.Join(has, ", ") +
		": add what is under it above to what is under it there, because a key that occurs twice is an error."
}

// unfinished prints what is missing because files of a person were kept.
func (c *command) unfinished(p plan) {
	for _, f := range p.files {
		if !slices.Contains(c.keptFiles, f.path) {
			continue
		}
		old, err := c.read(f.path)
		if err != nil || old == nil {
			continue
		}
		words := []string{"Not finished: " + f.path + " was changed by hand and kept."}
		if names := f.lacks(old.content); len(names) > 0 {
			words = append(words, "It lacks "+strings.Join(names, ", ")+".")
		}
		switch f.path {
		case prometheusConf, etc + "/watch/fleet.yml":
			words = append(words, "What it lacks is not watched.")
		case alertConf:
			words = append(words, "Until it has the receivers above, nobody is notified as chosen.")
		}
		c.print("%s Merge the difference above, then sudo systemctl reload-or-restart %s, and run setup watch again.", strings.Join(words, " "), strings.Join(f.units, " "))
	}
}

const (
	statesWithin = 20 * time.Second // the list of smartnodes arrives some seconds after the start of the exporter
	statesEnd    = time.Minute      // with many nodes
)

// nodeStates prints what the exporter that probes from here has observed of each smartnode. It reports whether none is
// known not to be registered.
func (c *command) nodeStates(ctx context.Context, all []target) bool {
	if len(c.placing) == 0 {
		return true
	}
	var unknown []string
	page := "http://" + c.placing[0].Listen
	waited, began := time.Duration(0), time.Now()
	for i, t := range all {
		if t.protx == "" {
			continue
		}
		state, complete := c.nodeState(ctx, page, t)
		for ; !complete && waited < statesWithin && ctx.Err() == nil; waited += time.Second {
			c.Sleep(ctx, time.Second)
			state, complete = c.nodeState(ctx, page, t)
		}
		c.print("%s: %s", t.name, state)
		if strings.HasPrefix(state, notRegistered) {
			unknown = append(unknown, t.name)
		}
		if time.Since(began) > statesEnd && i+1 < len(all) {
			c.print("and %d more", len(all)-i-1)
			break
		}
	}
	c.print("All that is known now is at %s/ on this machine. From another one: ssh -L %s:%s HOST", page, strings.TrimPrefix(page, "http://127.0.0.1:"), c.placing[0].Listen)
	if len(unknown) > 0 {
		c.print("Not registered: no smartnode has the proTxHash of %s. Run setup watch again with the right one, or once it is registered.", strings.Join(unknown, ", "))
	}
	return len(unknown) == 0
}

const notRegistered = "NOT REGISTERED"

// nodeState returns what a probe of a smartnode shows, and whether that is all.
func (c *command) nodeState(ctx context.Context, page string, t target) (state string, complete bool) {
	families, err := c.metrics(ctx, page, "/probe?target="+t.protx)
	if err != nil {
		return "not known yet: " + err.Error(), false
	}
	now := judge.NewValues(slices.Collect(maps.Values(families)), time.Now())
	switch {
	case now.Is(0, "smartnode_registered"):
		return notRegistered + ": no smartnode has the proTxHash " + t.protx, true
	case !now.Is(1, "smartnode_registered"):
		return "not known yet whether it is registered", false
	}
	state = "registered"
	if address := now.State("smartnode_info", "address"); address != "" {
		state += ", " + address
	}
	if now.Is(1, "smartnode_pose_banned") {
		state += ", PoSe-banned"
	}
	switch {
	case now.Is(1, "probe_refused"):
		return state + ", no handshake, because the address is not public", true
	case now.Is(1, "port_reachable") && now.Is(0, "port_identity_match"):
		return state + ", but another smartnode answers there", true
	case now.Is(1, "port_reachable"):
		return state + ", handshake succeeded", true
	case now.Is(0, "port_reachable"):
		return state + ", handshake FAILED (" + now.State("port_failed_phase", "phase") + ")", true
	}
	return state + ", no handshake yet", false
}
