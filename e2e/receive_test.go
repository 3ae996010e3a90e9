//go:build e2e

package e2e

import (
	"encoding/json"
	"net"
	"net/http"
	"net/textproto"
	"strings"
	"sync"
	"time"
)

// alert names an alert as it reaches somebody.
type alert struct {
	Name     string `json:"alert"`
	Severity string `json:"severity"`
}

func (a alert) String() string { return strings.TrimPrefix(a.Name, "Raptoreum") + " " + a.Severity }

// notice is an alert in a message.
type notice struct {
	alert
	receiver, node string
	firing         bool // else resolved
	at             time.Time
}

// inbox is where the owner's messages arrive. A webhook's path is the receiver's name.
type inbox struct {
	mu      sync.Mutex
	notices []notice
	mails   []string
}

// ServeHTTP takes what Alertmanager posts to a webhook.
func (in *inbox) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var message struct {
		Alerts []struct {
			Status string
			Labels map[string]string
		}
	}
	if err := json.NewDecoder(r.Body).Decode(&message); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	in.mu.Lock()
	defer in.mu.Unlock()
	for _, a := range message.Alerts {
		in.notices = append(in.notices, notice{
			alert:    alert{a.Labels["alertname"], a.Labels["severity"]},
			receiver: strings.TrimPrefix(r.URL.Path, "/"), node: a.Labels["node"],
			firing: a.Status == "firing", at: time.Now(),
		})
	}
}

// of returns what came for a node so far; "" is for alerts of no single node.
func (in *inbox) of(node string) []notice {
	in.mu.Lock()
	defer in.mu.Unlock()
	var found []notice
	for _, n := range in.notices {
		if n.node == node {
			found = append(found, n)
		}
	}
	return found
}

// mailed says whether a mail with this text has come.
func (in *inbox) mailed(text string) bool {
	in.mu.Lock()
	defer in.mu.Unlock()
	for _, mail := range in.mails {
		if strings.Contains(mail, text) {
			return true
		}
	}
	return false
}

// serveSMTP is a mail server without authentication; it ends with l.
func (in *inbox) serveSMTP(l net.Listener) {
	var connections sync.WaitGroup
	defer connections.Wait()
	for {
		c, err := l.Accept()
		if err != nil {
			return
		}
		connections.Go(func() {
			defer c.Close()
			_ = c.SetDeadline(time.Now().Add(10 * time.Second))
			in.takeMail(textproto.NewConn(c))
		})
	}
}

// takeMail speaks as much of RFC 5321 as a client needs; errors are those of one that has gone.
func (in *inbox) takeMail(c *textproto.Conn) {
	_ = c.PrintfLine("220 e2e")
	for {
		line, err := c.ReadLine()
		if err != nil {
			return
		}
		verb, _, _ := strings.Cut(strings.ToUpper(line), " ")
		switch verb {
		case "EHLO", "HELO", "MAIL", "RCPT", "RSET", "NOOP":
			_ = c.PrintfLine("250 e2e")
		case "DATA":
			_ = c.PrintfLine("354 go on")
			mail, err := c.ReadDotBytes()
			if err != nil {
				return
			}
			in.mu.Lock()
			in.mails = append(in.mails, string(mail))
			in.mu.Unlock()
			_ = c.PrintfLine("250 taken")
		case "QUIT":
			_ = c.PrintfLine("221 bye")
			return
		default:
			_ = c.PrintfLine("502 not here")
		}
	}
}
