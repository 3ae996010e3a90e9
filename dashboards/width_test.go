package dashboards

import (
	"os"
	"regexp"
	"strings"
	"testing"
)

// Layout of Grafana 12 at 1280 x 800 in pixels, with the menu closed. The page has a margin, a panel has a
// border and padding, and each icon takes part of the heading.
const (
	pageWidth  = 1264
	rowHeight  = 30
	gap        = 8
	iconWidth  = 32
	panelFrame = 18
	tileFrame  = 24 // for tiles higher than 100
)

func pixels(cells, cell int) float64 { return float64(cells*(cell+gap) - gap) }

func (p *panel) width() float64 {
	return float64(p.w)*float64(pageWidth+gap)/columnsOfGrid - gap
}

// ems is the width of a text in multiples of the font size, rounded up. The font is Inter of weight 500, the
// heaviest that Grafana uses here.
func ems(text string) (width float64) {
	for _, r := range text {
		width += func() float64 {
			for _, same := range []struct {
				width float64
				runes string
			}{
				{0.27, "ijlI "},
				{0.32, "!,.:;'"},
				{0.39, "t`|()/[]\\fr"},
				{0.48, "1{}-_^\""},
				{0.54, "*?s"},
				{0.57, "kxz7Lav"},
				{0.60, "JcyFe5Ehnou"},
				{0.63, "2bdgpq3689"},
				{0.66, "#PZ$&0RST4B"},
				{0.73, "+<=>~KXYAVDC"},
				{0.77, "HUGNOQ"},
				{0.83, "w"},
				{0.91, "mM"},
			} {
				if strings.ContainsRune(same.runes, r) {
					return same.width
				}
			}
			return 1
		}()
	}
	return width
}

// TestTitles checks that no heading is cut off by the icons for the description and the runbooks.
func TestTitles(t *testing.T) {
	for _, b := range boards() {
		for _, r := range b.rows {
			for _, p := range r.panels {
				room := p.width() - 14 - gap - iconWidth
				if len(p.alerts) > 0 {
					room -= iconWidth
				}
				if p.timeFrom != "" {
					room -= 14*ems("Last "+p.timeFrom) + 40
				}
				if need := 14 * ems(p.title); need > room {
					t.Errorf("%s, %s: the heading needs %.0f pixels of %.0f", b.file, p.title, need, room)
				}
			}
		}
	}
}

// longest replaces labels in a legend with the longest realistic values.
func longest(name string) string {
	return strings.NewReplacer(
		"{{explorer}}", "explorer.louhintamestarit.fi", "{{vantage}}", "frankfurt", "{{alert}}", "SmartnodeAddressMismatch",
		"{{version}}", "2.0.3.99", "{{node}}", "frankfurt-17", "{{phase}}", "connect", "{{batch}}", "smartnode list", "{{direction}}", "outbound",
	).Replace(name)
}

// TestLongest checks that no alert has a wider name than the one used for the widths.
func TestLongest(t *testing.T) {
	text, err := os.ReadFile("../alerts/alerts.yml")
	if err != nil {
		t.Fatal(err)
	}
	for _, alert := range regexp.MustCompile(`alert: Raptoreum(\w+)`).FindAllStringSubmatch(string(text), -1) {
		if ems(alert[1]) > ems(longest("{{alert}}")) {
			t.Errorf("%s is wider than %s", alert[1], longest("{{alert}}"))
		}
	}
}

// texts returns the texts that a value of the series may have.
func (p *panel) texts(series string) (all []string) {
	f := p.field
	for _, o := range p.overrides {
		if o.name == series {
			if o.mappings != nil {
				f.mappings = o.mappings
			}
			if o.unit != "" {
				f.unit, f.decimals = o.unit, o.decimals
			}
		}
	}
	for _, w := range f.mappings {
		all = append(all, w.text)
	}
	switch {
	case strings.HasPrefix(f.unit, "suffix:"):
		all = append(all, format(f.unit, f.decimals, -100))
	case f.unit == "s":
		all = append(all, "22.5 hours")
	case f.unit == "percentunit":
		all = append(all, format(f.unit, f.decimals, 1))
	case f.mappings == nil:
		all = append(all, "1234567")
	}
	return all
}

// TestTiles checks that names and values of a stat are large enough to read, with a typical number of series:
// three explorers, two vantages.
func TestTiles(t *testing.T) {
	const minValue, minName = 14, 10
	for _, b := range boards() {
		for _, r := range b.rows {
			for _, p := range r.panels {
				if p.kind != stat {
					continue
				}
				count := 0
				for _, q := range p.queries {
					switch {
					case strings.Contains(q.name, "{{explorer}}"):
						count += 3
					case strings.Contains(q.name, "{{vantage}}"):
						count += 2
					default:
						count++
					}
				}
				width, height := p.width()-panelFrame, pixels(p.h, rowHeight)-32-panelFrame
				if p.vertical {
					height = (height - float64(gap*(count-1))) / float64(count)
				} else {
					width = (width - float64(gap*(count-1))) / float64(count)
				}
				for _, q := range p.queries {
					name := longest(q.name)
					for _, text := range p.texts(q.name) {
						if value, title := p.fit(name, text, width, height); value < minValue || p.showNames && title < minName {
							t.Errorf("%s, %s: %q is %.0f pixels high, %q %.0f", b.file, p.title, text, value, name, title)
						}
					}
				}
				if p.field.noValue != "" && (p.width()-panelFrame-tileFrame)/ems(p.field.noValue) < minValue {
					t.Errorf("%s, %s: %q is too long", b.file, p.title, p.field.noValue)
				}
			}
		}
	}
}

// fit returns the font sizes of a value and its name in a tile, or 0 if they do not fit.
func (p *panel) fit(name, text string, width, height float64) (value, title float64) {
	const line = 1.2
	frame := 16.0
	if height > 100 {
		frame = tileFrame
	}
	wide, inner, tall := p.vertical && width/height > 2.5, width-frame, height-frame
	if p.sizes == nil {
		if p.showNames {
			title = min(inner/ems(name), height*0.15/line, 30)
			tall -= title * line
		}
		value = min(inner/ems(text), tall/line)
		return value, min(title, 0.7*value)
	}
	value, title = float64(p.sizes.value), float64(p.sizes.name)
	needs, lines := max(value*ems(text), title*ems(name)), (value+title)*line
	if wide {
		needs, lines = value*ems(text)+title*ems(name), value*line
	}
	if needs > inner || lines > tall {
		return 0, 0
	}
	return value, title
}

// TestColumns checks that the columns of a table are as wide as their headings and texts, and that enough
// width is left for the column without a fixed width.
func TestColumns(t *testing.T) {
	const padding, arrow = 14, 16
	for _, b := range boards() {
		for _, r := range b.rows {
			for _, p := range r.panels {
				if p.kind != table {
					continue
				}
				left := p.width() - panelFrame
				for _, c := range p.columns {
					for _, o := range p.overrides {
						if o.name != c.title || o.width == 0 {
							continue
						}
						left -= float64(o.width)
						if need := 14*ems(c.title) + padding + arrow; need > float64(o.width) {
							t.Errorf("%s, %s: the heading %s needs %.0f pixels of %d", b.file, p.title, c.title, need, o.width)
						}
						for _, text := range p.texts(c.title) {
							if need := 14*ems(text) + padding; need > float64(o.width) {
								t.Errorf("%s, %s: %q needs %.0f pixels of %d", b.file, p.title, text, need, o.width)
							}
						}
					}
				}
				if left < 200 {
					t.Errorf("%s, %s: %.0f pixels are left for names", b.file, p.title, left)
				}
			}
		}
	}
}

// TestEmptyTexts checks that the text of a panel without values fits on a line.
func TestEmptyTexts(t *testing.T) {
	for _, b := range boards() {
		for _, r := range b.rows {
			for _, p := range r.panels {
				if text := p.fieldDefaults().NoValue; (p.kind == graph || p.kind == table) && 14*ems(text) > p.width()-panelFrame {
					t.Errorf("%s, %s: %q needs %.0f pixels of %.0f", b.file, p.title, text, 14*ems(text), p.width()-panelFrame)
				}
			}
		}
	}
}

// TestLegends checks that no legend needs more than three lines.
func TestLegends(t *testing.T) {
	for _, b := range boards() {
		for _, r := range b.rows {
			for _, p := range r.panels {
				if p.kind != graph {
					continue
				}
				width, count := 0.0, map[string]int{"{{explorer}}": 3, "{{phase}}": 8, "{{batch}}": 5, "{{direction}}": 2, "{{node}}": linesOfGraph}
				for _, q := range p.queries {
					times := count[regexp.MustCompile(`\{\{(explorer|phase|batch|direction|node)\}\}`).FindString(q.name)]
					width += float64(max(1, times)) * (12*ems(longest(q.name)) + 30)
				}
				if lines := width / (p.width() - panelFrame); lines > 3 {
					t.Errorf("%s, %s: a legend of %.1f lines", b.file, p.title, lines)
				}
			}
		}
	}
}
