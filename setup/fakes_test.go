package setup_test

import (
	"bufio"
	"crypto/tls"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
)

// inbox has what a fake receiver got.
type inbox struct {
	mu       sync.Mutex
	messages []string
}

func (i *inbox) add(message string) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.messages = append(i.messages, message)
}

func (i *inbox) all() string {
	i.mu.Lock()
	defer i.mu.Unlock()
	return strings.Join(i.messages, "\n")
}

// hooks answers as Discord and a webhook do, at /discord/SECRET and /webhook/SECRET, and at /STATUS/SECRET with an error.
func hooks(t *testing.T, in *inbox) (url string) {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		switch strings.Split(r.URL.Path, "/")[1] {
		case "discord":
			if wrong := discordRejects(body); wrong != "" {
				http.Error(w, `{"message": "`+wrong+`", "code": 50006}`, http.StatusBadRequest)
				return
			}
			in.add(string(body))
			w.WriteHeader(http.StatusNoContent)
		case "webhook":
			in.add(string(body))
		case "401":
			http.Error(w, `{"message": "401: Unauthorized", "code": 0}`, http.StatusUnauthorized)
		default: // Discord, after the webhook was deleted
			http.Error(w, `{"message": "Unknown Webhook", "code": 10015}`, http.StatusNotFound)
		}
	}))
	t.Cleanup(s.Close)
	return s.URL
}

// discordRejects returns why Discord would reject a message.
func discordRejects(body []byte) string {
	var m struct {
		Content string
		Embeds  []struct{ Title, Description string }
	}
	if err := json.Unmarshal(body, &m); err != nil {
		return err.Error()
	}
	total := 0
	for _, e := range m.Embeds {
		total += len([]rune(e.Title)) + len([]rune(e.Description))
		if len([]rune(e.Title)) > 256 || len([]rune(e.Description)) > 4096 {
			return "an embed is too long"
		}
	}
	switch {
	case m.Content == "" && total == 0:
		return "Cannot send an empty message"
	case len([]rune(m.Content)) > 2000 || total > 6000 || len(m.Embeds) > 10:
		return "too long"
	}
	return ""
}

// mailServer is an SMTP server with STARTTLS, which takes mail without TLS and password, or with this one.
func mailServer(t *testing.T, in *inbox, pair tls.Certificate, user, password string) (address string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var wait sync.WaitGroup
	wait.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			wait.Go(func() { mailSession(conn, in, pair, user, password) })
		}
	})
	t.Cleanup(func() { _ = l.Close(); wait.Wait() })
	return l.Addr().String()
}

func mailSession(conn net.Conn, in *inbox, pair tls.Certificate, user, password string) {
	defer func() { _ = conn.Close() }()
	lines := bufio.NewReader(conn)
	say := func(format string, args ...any) { fmt.Fprintf(conn, format+"\r\n", args...) }
	offers := "250-fake\r\n250 STARTTLS"
	say("220 fake ESMTP")
	for {
		line, err := lines.ReadString('\n')
		if err != nil {
			return
		}
		verb, rest, _ := strings.Cut(strings.TrimSpace(line), " ")
		switch strings.ToUpper(verb) {
		case "EHLO":
			say("%s", offers)
		case "STARTTLS":
			say("220 go ahead")
			secure := tls.Server(conn, &tls.Config{Certificates: []tls.Certificate{pair}})
			conn, lines, offers = secure, bufio.NewReader(secure), "250-fake\r\n250 AUTH PLAIN"
		case "AUTH":
			given, _ := base64.StdEncoding.DecodeString(strings.TrimPrefix(rest, "PLAIN "))
			if string(given) != "\x00"+user+"\x00"+password {
				say("535 5.7.8 Error: authentication failed")
				continue
			}
			say("235 ok")
		case "DATA":
			say("354 go ahead")
			var text strings.Builder
			for line != ".\r\n" && err == nil {
				text.WriteString(line)
				line, err = lines.ReadString('\n')
			}
			in.add(text.String())
			say("250 ok")
		case "QUIT":
			say("221 bye")
			return
		default:
			say("250 ok")
		}
	}
}
