package dashboards

import (
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

// TestProvisioning checks the provisioning files, and that README.md mounts the dashboards at the
// provider's path.
func TestProvisioning(t *testing.T) {
	var sources struct {
		APIVersion  int `yaml:"apiVersion"`
		Datasources []struct{ Name, Type, Access, URL, UID string }
	}
	var providers struct {
		APIVersion int `yaml:"apiVersion"`
		Providers  []struct {
			Name, Type string
			Options    struct{ Path string }
		}
	}
	for path, into := range map[string]any{"datasources/prometheus.yml": &sources, "dashboards/raptoreum.yml": &providers} {
		text, err := os.ReadFile("provisioning/" + path)
		if err != nil {
			t.Fatal(err)
		}
		if err := yaml.Unmarshal(text, into); err != nil {
			t.Fatalf("%s: %v", path, err)
		}
	}
	if s := sources.Datasources; sources.APIVersion != 1 || len(s) != 1 || s[0].Type != "prometheus" || s[0].URL != "$PROMETHEUS_URL" || s[0].UID != "" {
		t.Errorf("data sources %+v", sources)
	}
	if p := providers.Providers; providers.APIVersion != 1 || len(p) != 1 || p[0].Type != "file" {
		t.Fatalf("providers %+v", providers)
	}
	readme, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, part := range []string{"/dashboards:" + providers.Providers[0].Options.Path + ":ro", "/provisioning:/etc/grafana/provisioning:ro", "PROMETHEUS_URL:-http"} {
		if !strings.Contains(string(readme), part) {
			t.Errorf("README.md has no %s", part)
		}
	}
}

// TestFolder checks for other JSON files, because Grafana loads every one in the folder as a dashboard.
func TestFolder(t *testing.T) {
	var found []string
	err := filepath.WalkDir(".", func(path string, _ fs.DirEntry, err error) error {
		if filepath.Ext(path) == ".json" {
			found = append(found, path)
		}
		return err
	})
	if err != nil || !slices.Equal(found, []string{"fleet.json", "smartnode.json"}) {
		t.Errorf("%v, %v", found, err)
	}
}

// TestPictures checks that README.md shows the pictures in the folder, and that they are small.
func TestPictures(t *testing.T) {
	readme, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	pictures, err := filepath.Glob("*.png")
	if err != nil || len(pictures) == 0 {
		t.Fatalf("%v, %v", pictures, err)
	}
	for _, picture := range pictures {
		info, err := os.Stat(picture)
		if err != nil {
			t.Fatal(err)
		}
		if info.Size() > 1<<20 {
			t.Errorf("%s has %d bytes", picture, info.Size())
		}
		if !strings.Contains(string(readme), "("+picture+")") {
			t.Errorf("README.md does not show %s", picture)
		}
	}
}
