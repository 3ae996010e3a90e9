package daemon

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestSecret(t *testing.T) {
	const planted = "plantedsecret"
	secret := Secret(planted)
	if secret.reveal() != planted {
		t.Error("reveal changed it")
	}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "% x", "%d", "%c", "%20.3s"} {
		for _, value := range []any{secret, &secret, Conf{Password: secret}, []Secret{secret}} {
			shown := fmt.Sprintf(verb, value)
			if strings.Contains(shown, planted[:3]) || strings.Contains(strings.ToLower(shown), fmt.Sprintf("%x", planted[:3])) {
				t.Errorf("%s of %T shows %s", verb, value, shown)
			}
		}
	}
	encoded, err := json.Marshal(map[string]any{"a": secret, "b": Conf{Password: secret}})
	if err != nil || strings.Contains(string(encoded), planted) {
		t.Errorf("JSON shows %s, %v", encoded, err)
	}
	text, err := secret.MarshalText()
	shown := []string{secret.String(), secret.GoString(), string(text), secret.LogValue().String(), fmt.Sprintf("%x", secret)}
	if diff := cmp.Diff([]string{"<secret>", "<secret>", "<secret>", "<secret>", "<secret>"}, shown); diff != "" || err != nil {
		t.Errorf("%v; -want +got:\n%s", err, diff)
	}
	var log strings.Builder
	slog.New(slog.NewTextHandler(&log, nil)).Info("x", "conf", Conf{Password: secret}, "secret", secret)
	if strings.Contains(log.String(), planted) {
		t.Errorf("slog shows %s", log.String())
	}
}
