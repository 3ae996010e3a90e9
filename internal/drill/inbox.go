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

// Alert identifies an alert by name and severity.
type Alert struct {
	Name     string `json:"alert"`
	Severity string `json:"severity"`
}

// String returns the name without its prefix, and the severity.
func (a Alert) String() string { return strings.TrimPrefix(a.Name, "Raptoreum") + " " + a.Severity }

// Notice is one alert in a notification.
type Notice struct {
	Alert
	Receiver, Node string
	Firing         bool // otherwise resolved
	At             time.Time
}

// Mail is a message as the owner reads it.
type Mail struct{ Subject, Text string }

// Inbox collects the owner's notifications: alerts from webhooks, and mails.
type Inbox struct {
	onMail func(Mail) // may be nil

	mu      sync.Mutex
	notices []Notice
	mails   []Mail
}

// ServeHTTP receives Alertmanager's webhook requests. The path is the name of the receiver.
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

// Of returns the notices of a node so far. "" selects alerts without a node.
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

// Mails returns the mails received so far.
func (in *Inbox) Mails() []Mail {
	in.mu.Lock()
	defer in.mu.Unlock()
	return slices.Clone(in.mails)
}

// serveSMTP runs a mail server without authentication until l is closed.
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
			_ = c.SetDeadline(time.Now().Add(10 * time.Second)) // cannot fail on an open connection
			in.receiveMail(textproto.NewConn(c))
		})
	}
}

// receiveMail implements as much of RFC 5321 as a client needs. It ignores errors of disconnected clients.
func (in *Inbox) receiveMail(c *textproto.Conn) {
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
			_ = c.PrintfLine("354 continue")
			if err := in.store(c.DotReader()); err != nil {
				_ = c.PrintfLine("554 invalid mail: %v", err)
				return
			}
			_ = c.PrintfLine("250 accepted")
		case "QUIT":
			_ = c.PrintfLine("221 bye")
			return
		default:
			_ = c.PrintfLine("502 not implemented")
		}
	}
}

func (in *Inbox) store(r io.Reader) error {
	m, err := readMail(r)
	if err != nil {
		return err
	}
	in.mu.Lock()
	in.mails = append(in.mails, m)
	in.mu.Unlock()
	if in.onMail != nil {
		in.onMail(m)
	}
	return nil
}

// readMail extracts the subject and the plain text of Alertmanager's mails, which are multipart
// messages with one quoted-printable part.
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
	part, err := multipart.NewReader(message.Body, params["boundary"]).NextPart() // NextPart decodes quoted-printable
	if err != nil {
		return Mail{}, err
	}
	text, err := io.ReadAll(part)
	return Mail{subject, strings.TrimSpace(string(text))}, err
}
