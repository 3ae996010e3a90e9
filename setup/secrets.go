package setup

import (
	"context"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// secret returns a secret from the file of a flag, from an earlier run, or from a person; and the file to keep it in.
func (c *command) secret(ctx context.Context, name, flag, file, question string) (string, change, error) {
	kept := change{path: prometheusDir + "/" + name, mode: 0o640, group: prometheusUser, secret: true, units: []string{alertUnit}}
	earlier, err := c.read(kept.path)
	if err != nil {
		return "", kept, err
	}
	var text string
	switch {
	case file != "":
		content, err := readRegular(file, maxSecret)
		if err != nil {
			return "", kept, fmt.Errorf("--%s: %w", flag, err)
		}
		text = strings.TrimSpace(string(content))
	case earlier != nil:
		text = strings.TrimSpace(earlier.content)
	default:
		if text, err = c.askSecret(ctx, question); err != nil {
			return "", kept, err
		}
	}
	if earlier != nil {
		c.hide(strings.TrimSpace(earlier.content))
	}
	if text == "" || strings.ContainsAny(text, "\r\n") { // a password may have blanks, as those of Gmail for apps
		return "", kept, fmt.Errorf("--%s: give a file with one line", flag)
	}
	c.hide(text)
	kept.content = text // without a newline, which Debian 12's Alertmanager takes for a part of a mail password
	return text, kept, nil
}

// option returns the setting with a secret: as the name of its file, or where Alertmanager cannot, inline.
func (to *recipients) option(version, since release, key, value string, file change) string {
	to.secrets = append(to.secrets, file)
	if version.atLeast(since) {
		return key + "_file: " + file.path
	}
	to.inline = true
	return key + ": " + strconv.Quote(value)
}

// secretURL is secret for an address.
func (c *command) secretURL(ctx context.Context, name, flag, file, question string) (string, change, error) {
	text, kept, err := c.secret(ctx, name, flag, file, question)
	if err != nil {
		return "", kept, err
	}
	if u, err := url.Parse(text); err != nil || u.Host == "" || !slices.Contains([]string{"http", "https"}, u.Scheme) {
		return "", kept, fmt.Errorf("--%s: the file has no address that starts with http:// or https://", flag)
	}
	return text, kept, nil
}
