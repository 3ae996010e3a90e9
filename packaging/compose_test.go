package packaging_test

import (
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"raptoreum_exporter/internal/tools"
)

const composeDir = "compose"

// composeFile has the fields of a compose file that the tests check.
type composeFile struct {
	Services map[string]struct {
		Image       string
		Build       struct{ Context, Dockerfile string }
		Command     []string
		Ports       []string
		Volumes     []string
		Environment map[string]string
		Secrets     []string
		Restart     string
		ReadOnly    bool     `yaml:"read_only"`
		CapDrop     []string `yaml:"cap_drop"`
		SecurityOpt []string `yaml:"security_opt"`
		ExtraHosts  []string `yaml:"extra_hosts"`
		NetworkMode string   `yaml:"network_mode"`
		Healthcheck struct{ Test []string }
	}
	Volumes map[string]any
	Secrets map[string]struct{ File string }
}

func readCompose(t *testing.T, name string) (c composeFile) {
	t.Helper()
	if err := yaml.Unmarshal([]byte(tools.Read(t, filepath.Join(composeDir, name))), &c); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return c
}

// composePorts returns the port of each service, on the host and in its container.
func composePorts() map[string]string {
	return map[string]string{"exporter": "10227", "prometheus": "9090", "alertmanager": "9093", "grafana": "3000"}
}

// TestCompose checks that each service is hardened and that ports are published on loopback only.
func TestCompose(t *testing.T) {
	c := readCompose(t, "compose.yml")
	if got, want := slices.Sorted(maps.Keys(c.Services)), slices.Sorted(maps.Keys(composePorts())); !slices.Equal(got, want) {
		t.Fatalf("services %v, want %v", got, want)
	}
	for name, s := range c.Services {
		port := composePorts()[name]
		if want := "127.0.0.1:" + port + ":" + port; len(s.Ports) != 1 || s.Ports[0] != want {
			t.Errorf("%s publishes %v, want %s", name, s.Ports, want)
		}
		if !s.ReadOnly || s.Restart != "unless-stopped" || !slices.Equal(s.CapDrop, []string{"ALL"}) || !slices.Equal(s.SecurityOpt, []string{"no-new-privileges:true"}) {
			t.Errorf("%s is not hardened: %+v", name, s)
		}
		// The image of the exporter has no program for a healthcheck.
		if check := strings.Join(s.Healthcheck.Test, " "); name != "exporter" && !strings.HasPrefix(check, "CMD wget -q -O /dev/null http://127.0.0.1:"+port+"/") {
			t.Errorf("%s has the healthcheck %q", name, check)
		}
		if !regexp.MustCompile(`:(v?\d+\.\d+\.\d+|local)$`).MatchString(s.Image) {
			t.Errorf("%s: %s is not pinned to a version", name, s.Image)
		}
		if name != "exporter" && !slices.ContainsFunc(s.Volumes, func(v string) bool { return strings.HasPrefix(v, name+":/") }) {
			t.Errorf("%s has no named volume", name)
		}
	}
	build := c.Services["exporter"].Build
	if _, err := os.Stat(filepath.Join(composeDir, build.Context, build.Dockerfile)); err != nil {
		t.Error(err)
	}
	ours := composeMounts(t, c)
	for mount, want := range map[string]string{ // the paths that Prometheus, Alertmanager and Grafana read
		"prometheus /etc/prometheus/alerts.yml":           "alerts/alerts.yml",
		"alertmanager /etc/alertmanager/alertmanager.yml": "alerts/alertmanager.yml",
		"alertmanager /etc/alertmanager/templates":        "alerts/templates",
		"grafana /etc/grafana/provisioning":               "dashboards/provisioning",
		"grafana /var/lib/grafana/dashboards/raptoreum":   "dashboards",
		"prometheus /etc/prometheus/prometheus.yml":       "packaging/compose/prometheus.yml",
		"exporter /etc/raptoreum_exporter":                "packaging/compose/exporter",
	} {
		if ours[mount] != want {
			t.Errorf("%s is %q, want %s", mount, ours[mount], want)
		}
	}
}

// composeMounts returns the mounted paths of the repository, by service and path in the container.
func composeMounts(t *testing.T, c composeFile) map[string]string {
	t.Helper()
	root, err := filepath.Abs("..")
	if err != nil {
		t.Fatal(err)
	}
	ours := map[string]string{}
	for name, s := range c.Services {
		for _, v := range s.Volumes {
			parts := strings.Split(v, ":")
			if _, named := c.Volumes[parts[0]]; named && len(parts) == 2 {
				continue
			}
			path, err := filepath.Abs(filepath.Join(composeDir, parts[0]))
			if err != nil {
				t.Fatal(err)
			}
			if _, err := os.Stat(path); err != nil {
				t.Errorf("%s: %v", name, err)
			}
			if len(parts) != 3 || parts[2] != "ro" {
				t.Errorf("%s mounts %s without :ro", name, v)
			}
			if ours[name+" "+parts[1]], err = filepath.Rel(root, path); err != nil {
				t.Fatal(err)
			}
		}
	}
	return ours
}

// TestComposeSecrets checks that passwords are in files that git ignores and README.md creates.
func TestComposeSecrets(t *testing.T) {
	c := readCompose(t, "compose.yml")
	ignored := strings.Split(tools.Read(t, "../.gitignore"), "\n")
	if !slices.Contains(ignored, "/packaging/compose/secrets/") || !slices.Contains(ignored, "/packaging/compose/exporter/fleet.yml") {
		t.Errorf(".gitignore lacks an entry: %v", ignored)
	}
	readme := tools.Read(t, "README.md")
	for name, secret := range c.Secrets {
		if filepath.Dir(secret.File) != "secrets" || !strings.Contains(readme, ">"+secret.File) {
			t.Errorf("%s is in %s, want a file in secrets/ that README.md creates", name, secret.File)
		}
	}
	if !strings.Contains(readme, "cp exporter/fleet.example.yml exporter/fleet.yml") {
		t.Error("README.md does not create exporter/fleet.yml")
	}
	for name, s := range c.Services {
		for _, secret := range s.Secrets {
			if _, ok := c.Secrets[secret]; !ok {
				t.Errorf("%s: unknown secret %s", name, secret)
			}
		}
		for variable, value := range s.Environment {
			if !regexp.MustCompile(`(?i)password|secret|token`).MatchString(variable) {
				continue
			}
			secret, ok := strings.CutPrefix(value, "/run/secrets/")
			if !strings.HasSuffix(variable, "__FILE") || !ok || !slices.Contains(s.Secrets, secret) {
				t.Errorf("%s: %s is %s, want the file of a secret", name, variable, value)
			}
		}
	}
	if c.Services["grafana"].Environment["GF_SECURITY_ADMIN_PASSWORD__FILE"] == "" {
		t.Error("Grafana would start with the default password")
	}
}

// TestComposeFlags checks the flags with the exporter and with the other programs that are installed.
func TestComposeFlags(t *testing.T) {
	for _, file := range []string{"compose.yml", "compose.host.yml"} {
		for name, s := range readCompose(t, file).Services {
			program := map[string]string{"exporter": exporter(t)}[name]
			if program == "" {
				if len(s.Command) == 0 {
					continue
				}
				program = tools.Find(t, "..", name)[0]
			}
			help := run(t, program, "--help")
			for _, flag := range s.Command {
				flag, _, ok := strings.Cut(flag, "=")
				if !ok || !regexp.MustCompile(`(?m)^\s*`+regexp.QuoteMeta(flag)+`[ =]`).MatchString(help) {
					t.Errorf("%s: %s has no flag %s", file, name, flag)
				}
			}
		}
	}
	run(t, exporter(t), "--fleet.config="+filepath.Join(composeDir, "exporter/fleet.example.yml"), "--fleet.check-config")
}

// TestComposeHost checks that Prometheus finds the exporter, which leaves the network of the containers.
func TestComposeHost(t *testing.T) {
	c := readCompose(t, "compose.host.yml")
	exporter := c.Services["exporter"]
	if exporter.NetworkMode != "host" || len(exporter.Ports) != 0 {
		t.Errorf("exporter: %+v", exporter)
	}
	if !slices.Contains(c.Services["prometheus"].ExtraHosts, "exporter:host-gateway") {
		t.Error("Prometheus cannot resolve the exporter")
	}
	for _, flag := range exporter.Command {
		address, ok := strings.CutPrefix(flag, "--web.listen-address=")
		if ok && address != "127.0.0.1:10227" && address != "${DOCKER_BRIDGE:-172.17.0.1}:10227" {
			t.Errorf("it listens on %s", address)
		}
	}
}

// TestDockerfile checks for an unprivileged user, the port of the program and CA certificates for explorers.
func TestDockerfile(t *testing.T) {
	text := tools.Read(t, "Dockerfile")
	_, final, ok := strings.Cut(text, "\nFROM scratch\n")
	if !ok {
		t.Fatal("the last stage is not empty")
	}
	for _, want := range []string{
		"\nUSER 65534:65534\n", "\nEXPOSE 10227\n", `ENTRYPOINT ["/usr/bin/raptoreum_exporter"]`,
		"COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/",
		"\nENV RAPTOREUM_EXPORTER_WEB_LISTEN_ADDRESS=0.0.0.0:10227\n",
	} {
		if !strings.Contains(final, want) {
			t.Errorf("Dockerfile has no %q", want)
		}
	}
	if help := run(t, exporter(t), "--help"); !strings.Contains(help, "($RAPTOREUM_EXPORTER_WEB_LISTEN_ADDRESS)") {
		t.Error("the exporter does not read the variable of the Dockerfile")
	}
	have := regexp.MustCompile(`FROM \S+ golang:(\d+\.\d+)\.\d+-`).FindStringSubmatch(text)
	need := regexp.MustCompile(`(?m)^go (\d+\.\d+)`).FindStringSubmatch(tools.Read(t, "../go.mod"))
	if have == nil || need == nil || have[1] != need[1] {
		t.Errorf("Dockerfile builds with Go %q, go.mod requires %q", have, need)
	}
	for _, ignored := range []string{"packaging/compose", ".git"} { // passwords; large and changes often
		if !slices.Contains(strings.Split(tools.Read(t, "Dockerfile.dockerignore"), "\n"), ignored) {
			t.Errorf("%s is not excluded from the build context", ignored)
		}
	}
}

// TestComposePrometheus checks that Prometheus and Alertmanager accept their configurations, and that
// hosts in them are services.
func TestComposePrometheus(t *testing.T) {
	config := tools.Read(t, filepath.Join(composeDir, "prometheus.yml"))
	ports := composePorts()
	hosts := regexp.MustCompile(`\b([a-z]+):(\d+)\b`).FindAllStringSubmatch(config, -1)
	for _, host := range hosts {
		if ports[host[1]] != host[2] {
			t.Errorf("prometheus.yml: no service at %s", host[0])
		}
	}
	if len(hosts) != 3 {
		t.Errorf("prometheus.yml has the hosts %v", hosts)
	}
	if got := readCompose(t, "compose.yml").Services["grafana"].Environment["PROMETHEUS_URL"]; got != "${PROMETHEUS_URL:-http://prometheus:9090}" {
		t.Errorf("Grafana queries %s", got)
	}
	dir := t.TempDir() // as it is mounted
	write(t, filepath.Join(dir, "prometheus.yml"), config)
	write(t, filepath.Join(dir, "alerts.yml"), tools.Read(t, "../alerts/alerts.yml"))
	run(t, tools.Find(t, "..", "promtool")[0], "check", "config", filepath.Join(dir, "prometheus.yml"))
	run(t, tools.Find(t, "..", "amtool")[0], "check-config", "../alerts/alertmanager.yml")
}
