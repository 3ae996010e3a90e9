package dashboards

// The part of Grafana's dashboard schema that is used here, with the schema's names.

// schemaVersion is the oldest version of Grafana 11 and 12 that needs no migration of the fields used here.
const schemaVersion = 41

type gDashboard struct {
	UID           string       `json:"uid"`
	Title         string       `json:"title"`
	Description   string       `json:"description"`
	Tags          []string     `json:"tags"`
	SchemaVersion int          `json:"schemaVersion"`
	Editable      bool         `json:"editable"`
	GraphTooltip  int          `json:"graphTooltip"`
	Refresh       string       `json:"refresh"`
	Time          gTime        `json:"time"`
	Timezone      string       `json:"timezone"`
	Links         []link       `json:"links"`
	Templating    gTemplating  `json:"templating"`
	Annotations   gAnnotations `json:"annotations"`
	Panels        []gPanel     `json:"panels"`
}

type gTime struct {
	From string `json:"from"`
	To   string `json:"to"`
}

type gTemplating struct {
	List []variable `json:"list"`
}

type gAnnotations struct {
	List []gAnnotation `json:"list"`
}

type gSource struct {
	Type string `json:"type"`
	UID  string `json:"uid"`
}

func source() *gSource { return &gSource{"prometheus", "${datasource}"} }

type gAnnotation struct {
	Name        string   `json:"name"`
	Datasource  *gSource `json:"datasource"`
	Enable      bool     `json:"enable"`
	IconColor   string   `json:"iconColor"`
	TitleFormat string   `json:"titleFormat"`
	Target      gTarget  `json:"target"`
}

type gTarget struct {
	RefID        string   `json:"refId"`
	Datasource   *gSource `json:"datasource,omitempty"`
	Expr         string   `json:"expr"`
	LegendFormat string   `json:"legendFormat,omitempty"`
	Format       string   `json:"format,omitempty"`
	Instant      bool     `json:"instant,omitempty"`
	Range        bool     `json:"range,omitempty"`
	Interval     string   `json:"interval,omitempty"`
}

type gGrid struct {
	X int `json:"x"`
	Y int `json:"y"`
	W int `json:"w"`
	H int `json:"h"`
}

type gPanel struct {
	ID              int               `json:"id"`
	Type            string            `json:"type"`
	Title           string            `json:"title"`
	Description     string            `json:"description,omitempty"`
	GridPos         gGrid             `json:"gridPos"`
	Collapsed       *bool             `json:"collapsed,omitempty"` // a row's
	Panels          *[]gPanel         `json:"panels,omitempty"`    // a row's
	Links           []link            `json:"links,omitempty"`
	Datasource      *gSource          `json:"datasource,omitempty"`
	Interval        string            `json:"interval,omitempty"`
	TimeFrom        string            `json:"timeFrom,omitempty"`
	Targets         []gTarget         `json:"targets,omitempty"`
	FieldConfig     *gFieldConfig     `json:"fieldConfig,omitempty"`
	Options         map[string]any    `json:"options,omitempty"`
	Transformations []gTransformation `json:"transformations,omitempty"`
}

type gTransformation struct {
	ID      string         `json:"id"`
	Options map[string]any `json:"options"`
}

type gFieldConfig struct {
	Defaults  gField      `json:"defaults"`
	Overrides []gOverride `json:"overrides"`
}

type gField struct {
	DisplayName string         `json:"displayName,omitempty"`
	Unit        string         `json:"unit"`
	Decimals    *int           `json:"decimals,omitempty"`
	Min         *float64       `json:"min,omitempty"`
	Max         *float64       `json:"max,omitempty"`
	NoValue     string         `json:"noValue,omitempty"`
	Color       gColor         `json:"color"`
	Thresholds  gThresholds    `json:"thresholds"`
	Mappings    []gMapping     `json:"mappings,omitempty"`
	Custom      map[string]any `json:"custom,omitempty"`
}

type gColor struct {
	Mode       string `json:"mode"`
	FixedColor string `json:"fixedColor,omitempty"`
}

type gThresholds struct {
	Mode  string  `json:"mode"`
	Steps []gStep `json:"steps"`
}

type gStep struct {
	Value *float64 `json:"value"`
	Color string   `json:"color"`
}

type gMapping struct {
	Type    string `json:"type"`
	Options any    `json:"options"`
}

type gResult struct {
	Text  string `json:"text"`
	Color string `json:"color,omitempty"`
	Index int    `json:"index"`
}

type gRange struct {
	From   float64 `json:"from"`
	To     float64 `json:"to"`
	Result gResult `json:"result"`
}

type gSpecial struct {
	Match  string  `json:"match"`
	Result gResult `json:"result"`
}

type gOverride struct {
	Matcher    gMatcher    `json:"matcher"`
	Properties []gProperty `json:"properties"`
}

type gMatcher struct {
	ID      string `json:"id"`
	Options string `json:"options"`
}

type gProperty struct {
	ID    string `json:"id"`
	Value any    `json:"value"`
}
