package drill

import (
	"encoding/json"
	"io"
	"mime"
	"mime/multipart"
	"net"
	"net/http"
	"net/mail"
	"net/textproto"
	"slices"
	"strings"
	"sync"
	"time"
)

// Alert names an alert as it reaches somebody.
type Alert struct {
	Name     string `json:"alert"`
	Severity string `json:"severity"`
}

// String returns the alert without its first word.
func (a Alert) String() string { return strings.TrimPrefix(a.Name, "Raptoreum") + " " + a.Severity }

// Notice is an alert in a message.
type Notice struct {
	Alert
	Receiver, Node string
	Firing         bool // else resolved
	At             time.Time
}

// Mail is a message as the owner reads it.
type Mail struct{ Subject, Text string }

// Inbox is where the owner's messages arrive: those of the webhook by alert, and mails.
type Inbox struct {
	heard func(Mail) // may be nil

	mu      sync.Mutex
	notices []Notice
	mails   []Mail
}

// ServeHTTP takes what Alertmanager posts to a webhook, whose path is the receiver's name.
func (in *Inbox) ServeHTTP(w http.ResponseWriter, r *http.Request) {
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
		in.notices = append(in.notices, Notice{
			Alert:    Alert{a.Labels["alertname"], a.Labels["severity"]},
			Receiver: strings.TrimPrefix(r.URL.Path, "/"), Node: a.Labels["node"],
			Firing: a.Status == "firing", At: time.Now(),
		})
	}
}

// Of returns what came for a node so far; "" is for alerts of no single node.
func (in *Inbox) Of(node string) []Notice {
	in.mu.Lock()
	defer in.mu.Unlock()
	var found []Notice
	for _, n := range in.notices {
		if n.Node == node {
			found = append(found, n)
		}
	}
	return found
}

// Mails returns the mails so far.
func (in *Inbox) Mails() []Mail {
	in.mu.Lock()
	defer in.mu.Unlock()
	return slices.Clone(in.mails)
}

// serveSMTP is a mail server without authentication; it ends with l.
func (in *Inbox) serveSMTP(l net.Listener) {
	var connections sync.WaitGroup
	defer connections.Wait()
	for {
		c, err := l.Accept()
		if err != nil {
			return
		}
		connections.Go(func() {
			defer c.Close()
			_ = c.SetDeadline(time.Now().Add(10 * time.Second)) // it does not fail on an open connection
			in.takeMail(textproto.NewConn(c))
		})
	}
}

// takeMail speaks as much of RFC 5321 as a client needs; errors are those of one that has gone.
func (in *Inbox) takeMail(c *textproto.Conn) {
	_ = c.PrintfLine("220 drill")
	for {
		line, err := c.ReadLine()
		if err != nil {
			return
		}
		verb, _, _ := strings.Cut(strings.ToUpper(line), " ")
		switch verb {
		case "EHLO", "HELO", "MAIL", "RCPT", "RSET", "NOOP":
			_ = c.PrintfLine("250 drill")
		case "DATA":
			_ = c.PrintfLine("354 go on")
			if err := in.keep(c.DotReader()); err != nil {
				_ = c.PrintfLine("554 this is no mail: %v", err)
				return
			}
			_ = c.PrintfLine("250 taken")
		case "QUIT":
			_ = c.PrintfLine("221 bye")
			return
		default:
			_ = c.PrintfLine("502 not here")
		}
	}
}

func (in *Inbox) keep(r io.Reader) error {
	m, err := readMail(r)
	if err != nil {
		return err
	}
	in.mu.Lock()
	in.mails = append(in.mails, m)
	in.mu.Unlock()
	if in.heard != nil {
		in.heard(m)
	}
	return nil
}

// readMail takes the subject and the plain text out of what Alertmanager sends: a multipart with
// one quoted-printable part.
func readMail(r io.Reader) (Mail, error) {
	message, err := mail.ReadMessage(r)
	if err != nil {
		return Mail{}, err
	}
	subject, err := new(mime.WordDecoder).DecodeHeader(message.Header.Get("Subject"))
	if err != nil {
		return Mail{}, err
	}
	_, params, err := mime.ParseMediaType(message.Header.Get("Content-Type"))
	if err != nil {
		return Mail{}, err
	}
	part, err := multipart.NewReader(message.Body, params["boundary"]).NextPart() // it decodes quoted-printable
	if err != nil {
		return Mail{}, err
	}
	text, err := io.ReadAll(part)
	return Mail{subject, strings.TrimSpace(string(text))}, err
}
