package simnet

import (
	"context"
	_ "embed"
	"encoding/json"
	"fmt"
	"html/template"
	"io"
	"net/http"
	"net/url"
	"strings"
)

//go:embed control.html
var controlPage string

// serveControl is the control page: the state and its switches, for a browser and for scripts.
func (n *Network) serveControl(_ context.Context, w http.ResponseWriter, r *http.Request) {
	switch r.Method + " " + r.URL.Path {
	case "GET /":
		n.showPage(w)
	case "GET /state":
		writeJSON(w, n.State())
	case "GET /calls":
		writeJSON(w, n.Calls())
	case "POST /state":
		n.postState(w, r)
	case "POST /block":
		n.posted(w, r, n.update(func(s *State) error { s.advance(); return nil }))
	case "POST /restart":
		n.posted(w, r, n.Restart())
	default:
		http.NotFound(w, r)
	}
}

// postState merges JSON into the state. A form sends it in its field "state".
func (n *Network) postState(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, 1<<20))
	if value, isForm := strings.CutPrefix(string(body), "state="); err == nil && isForm {
		value, err = url.QueryUnescape(value)
		body = []byte(value)
	}
	if err == nil {
		err = n.update(func(s *State) error { return s.merge(body) })
	}
	n.posted(w, r, err)
}

// posted answers a browser with the page and a script with the state.
func (n *Network) posted(w http.ResponseWriter, r *http.Request, err error) {
	switch {
	case err != nil:
		http.Error(w, err.Error(), http.StatusBadRequest)
	case strings.Contains(r.Header.Get("Accept"), "html"):
		http.Redirect(w, r, "/", http.StatusSeeOther)
	default:
		writeJSON(w, n.State())
	}
}

// merge changes the fields that the JSON object names. Explorers are merged one by one: null
// leaves one as it is, and those after the last named one too.
func (s *State) merge(body []byte) error {
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(body, &fields); err != nil {
		return fmt.Errorf("want a JSON object such as {\"daemon\":\"hung\"}: %w", err)
	}
	var explorers []json.RawMessage
	if raw, ok := fields["explorers"]; ok {
		if err := json.Unmarshal(raw, &explorers); err != nil {
			return fmt.Errorf("explorers: %w", err)
		}
		delete(fields, "explorers")
	}
	if len(explorers) > len(s.Explorers) {
		return fmt.Errorf("%d explorers; there are %d", len(explorers), len(s.Explorers))
	}
	for i, raw := range explorers {
		if err := strictJSON(raw, &s.Explorers[i]); err != nil {
			return fmt.Errorf("explorer %d: %w", i+1, err)
		}
	}
	rest, err := json.Marshal(fields)
	if err != nil {
		return err
	}
	return strictJSON(rest, s)
}

// strictJSON rejects unknown fields: a misspelt fault would have no effect.
func strictJSON(data []byte, into any) error {
	decoder := json.NewDecoder(strings.NewReader(string(data)))
	decoder.DisallowUnknownFields()
	return decoder.Decode(into)
}

func writeJSON(w http.ResponseWriter, value any) {
	w.Header().Set("Content-Type", "application/json")
	encoder := json.NewEncoder(w)
	encoder.SetIndent("", "  ")
	_ = encoder.Encode(value) // an error means that the reader disconnected
}

// choice is a row of buttons on the control page.
type choice struct {
	Name, Now string
	Buttons   []button
}

type button struct {
	Label, State string // State is the JSON to merge
	On           bool
}

func (n *Network) showPage(w http.ResponseWriter) {
	s := n.State()
	data := struct {
		Choices      []choice
		State, Calls string
		URLs         [][2]string
	}{Choices: choices(s), State: indented(s), Calls: indented(n.Calls())}
	data.URLs = [][2]string{{"RPC", n.RPCURL()}, {"peer to peer", n.PeerAddress()}}
	for i, address := range n.ExplorerURLs() {
		data.URLs = append(data.URLs, [2]string{fmt.Sprintf("explorer %d", i+1), address})
	}
	page, err := template.New("control").Parse(controlPage)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	_ = page.Execute(w, data) // an error means that the reader disconnected
}

// choices are the switches with a fixed set of values.
func choices(s State) []choice {
	rows := []choice{
		row("daemon", s.Daemon, DaemonModes(), `{"daemon":%q}`),
		row("smartnode", s.Smartnode, SmartnodeModes(), `{"smartnode":%q}`),
		row("port", s.Port, PortModes(), `{"port":%q}`),
	}
	for i, e := range s.Explorers {
		merge := `{"explorers":[` + strings.Repeat("{},", i) + `{"mode":%q}]}`
		rows = append(rows, row(fmt.Sprintf("explorer %d", i+1), e.Mode, ExplorerModes(), merge))
	}
	for _, flag := range []struct {
		name string
		on   bool
	}{
		{"hang_dkgstatus", s.HangDKGStatus},
		{"hang_list", s.HangList},
		{"pruned", s.Pruned},
		{"stalled", s.Stalled},
		{"mnsync_finished", s.SyncFinished},
		{"initial_block_download", s.InitialBlockDownload},
		{"sporks_received", s.SporksReceived},
	} {
		rows = append(rows, row(flag.name, flag.on, []bool{true, false}, `{"`+flag.name+`":%v}`))
	}
	return rows
}

func row[T comparable](name string, now T, values []T, merge string) choice {
	c := choice{Name: name, Now: fmt.Sprint(now)}
	for _, value := range values {
		c.Buttons = append(c.Buttons, button{fmt.Sprint(value), fmt.Sprintf(merge, value), value == now})
	}
	return c
}

func indented(value any) string {
	var b strings.Builder
	encoder := json.NewEncoder(&b)
	encoder.SetIndent("", "  ")
	encoder.SetEscapeHTML(false)
	_ = encoder.Encode(value) // a strings.Builder does not fail
	return b.String()
}
