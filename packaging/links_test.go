package packaging_test

import (
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"raptoreum_exporter/internal/tools"
)

// installed returns the files of the package: their path in the system, and the file here that they are a copy of; and
// its symbolic links.
func installed(t *testing.T) (files, symlinks map[string]string) {
	t.Helper()
	var nfpm struct {
		Contents []struct{ Src, Dst, Type string }
	}
	if err := yaml.Unmarshal([]byte(tools.Read(t, "nfpm.yaml")), &nfpm); err != nil {
		t.Fatal(err)
	}
	files, symlinks = map[string]string{}, map[string]string{}
	for _, c := range nfpm.Contents {
		if c.Type == "symlink" {
			symlinks[c.Dst] = path.Join(path.Dir(c.Dst), c.Src)
			continue
		}
		found, err := filepath.Glob("../" + c.Src)
		if err != nil {
			t.Fatal(err)
		}
		for _, src := range found {
			dst := c.Dst
			if strings.HasSuffix(dst, "/") {
				dst += filepath.Base(src)
			}
			files[dst] = src
		}
	}
	return files, symlinks
}

// TestInstalledLinks: the links of the installed texts lead to installed files, and to a heading if they name one.
func TestInstalledLinks(t *testing.T) {
	const doc = "/usr/share/doc/raptoreum-exporter/"
	// What only the repository has: sources, and what needs them. The package has the changelog as changelog.gz.
	absent := []string{doc + "CHANGELOG.md", doc + "daemon", doc + "packaging/compose"}
	files, symlinks := installed(t)
	resolve := func(link string) string {
		for from, to := range symlinks {
			if rest, ok := strings.CutPrefix(link, from); ok && (rest == "" || rest[0] == '/') {
				return to + rest
			}
		}
		return link
	}
	checked := 0
	for _, text := range []string{"README.md", "README.fr.md", "METRICS.md", "STATUS.md", "packaging/README.md", "dashboards/README.md"} {
		src := files[resolve(doc+text)]
		if src == "" {
			t.Errorf("%s is not installed", text)
			continue
		}
		for _, link := range regexp.MustCompile(`\[[^\]]*\]\(([^):#]*)(?:#([\w-]+))?\)`).FindAllStringSubmatch(tools.Read(t, src), -1) {
			target := doc + text
			if link[1] != "" {
				target = path.Join(path.Dir(doc+text), link[1])
			}
			if path.Ext(target) == ".png" || slices.Contains(absent, target) { // pictures are not installed
				continue
			}
			checked++
			target = resolve(target)
			isFolder := func() bool {
				for file := range files {
					if strings.HasPrefix(file, target+"/") {
						return true
					}
				}
				return false
			}
			switch {
			case files[target] == "" && !isFolder():
				t.Errorf("%s: %s is not installed", text, link[0])
			case link[2] != "" && !slices.Contains(anchors(tools.Read(t, files[target])), link[2]):
				t.Errorf("%s: %s: there is no such heading", text, link[0])
			}
		}
	}
	if checked < 25 {
		t.Errorf("%d links, want at least 25", checked)
	}
}

// anchors returns the anchors that GitHub gives to the headings of a Markdown text.
func anchors(text string) (all []string) {
	for _, heading := range regexp.MustCompile(`(?m)^#+ (.*)$`).FindAllStringSubmatch(text, -1) {
		words := regexp.MustCompile(`[^a-z0-9 _-]`).ReplaceAllString(strings.ToLower(heading[1]), "")
		all = append(all, strings.ReplaceAll(words, " ", "-"))
	}
	return all
}
