package dashboards

import (
	"fmt"
	"strconv"
)

// afterMinutes is added to a number of events, because a table has a single column to sort by: events come before
// durations, which are at most 91 minutes, as in the messages.
const afterMinutes = 100

// The values of rows that are no cause.
const (
	nothingSeen = -iota
	possible
	alsoPossible
	noRise
	notKnown
)

// causes returns the causes of a recorded series by cause: the minutes, or afterMinutes and the number of events.
func causes(recorded string) string {
	of := func(unit string) string { return nodeMetric(recorded, `unit="`+unit+`"`) + " > 0" }
	return fmt.Sprintf("max by (cause) (%s or %d + (%s))", of("min"), afterMinutes, of("times"))
}

// inPlace returns a row with a text in place of a cause, while the series are present.
func inPlace(present string, value int, text string) string {
	return fmt.Sprintf(`label_replace(%d + 0 * max(%s), "cause", "%s", "", "")`, value, present, text)
}

// recordedTrouble has the causes of the last 90 minutes.
const recordedTrouble = "view:raptoreum_trouble:sum90m"

// whyRose is what was observed in the 90 minutes before the last rise of the penalty: its causes, else that nothing was and
// what remains, else that there is too little data to say so, else that no rise is recorded. It is empty only without
// recorded data.
func whyRose() string {
	const kept = "view:raptoreum_penalty_trouble:kept"
	enough := nodeMetric(kept, `unit="observed"`) + " >= 60" // minutes, as in the messages
	return causes(kept) + " or on () (" + inPlace(enough, nothingSeen, "nothing was seen that explains it") +
		" or " + inPlace(enough, possible, "connections to other members of the quorum") +
		" or " + inPlace(enough, alsoPossible, "a second machine that runs with the same key") +
		") or on () " + inPlace(nodeMetric(kept), notKnown, "not known: there is too little data of that time") +
		" or on () " + inPlace(nodeMetric(recordedTrouble), noRise, "no rise of the penalty is recorded")
}

// troubleNow is the same for the last 90 minutes.
func troubleNow() string {
	return causes(recordedTrouble) + " or on () " + inPlace(nodeMetric(recordedTrouble), nothingSeen, "nothing was seen")
}

// notRecorded is for panels of recorded series: without the rules they have no data.
const notRecorded = "Not recorded: no exporter answers, or the rules are not loaded"

func causePanels() []panel {
	list := func(title, description, expr string, nothing valueMapping, alerts ...string) panel {
		return panel{
			kind: table, title: title, w: 12, h: 8, sort: "Observed", description: description, alerts: alerts,
			queries: []query{{"", expr}}, columns: []column{{"cause", "Cause"}, {valueOf(0), "Observed"}},
			field: field{unit: "none", emptyText: notRecorded},
			overrides: []override{{"Observed", field{
				unit: "suffix:min", decimals: ptr(0), width: 150, background: true, steps: limits(step{0.001, bad}), mappings: append(eventMappings(), nothing),
			}}},
		}
	}
	why := list("Why the penalty rose",
		"What was observed in the 90 minutes before the last rise of the PoSe penalty, as in the messages: events first, then the longest. If nothing was seen, the causes that remain, unless the exporter on the machine reported for less than 60 minutes. What no exporter reports is not observed. Normal: no rise is recorded.",
		whyRose(), valueMapping{value: nothingSeen, text: "nothing", colour: unknown},
		"RaptoreumSmartnodePoSePenaltyRose", "RaptoreumSmartnodeOneStrikeLeft", "RaptoreumSmartnodePoSeBanned", "RaptoreumSmartnodeDKGMissed")
	observed := &why.overrides[0]
	observed.mappings = append(observed.mappings,
		valueMapping{value: alsoPossible, to: ptr(float64(possible)), text: "possible", colour: note},
		valueMapping{value: noRise, text: "none", colour: unknown}, valueMapping{value: notKnown, text: "unknown", colour: unknown})
	return []panel{why, list("Trouble in the last 90 minutes",
		"What can make a smartnode miss a key generation: how long or how often it was observed in the last 90 minutes, events first, then the longest. What no exporter reports is not observed. Normal: nothing.",
		troubleNow(), valueMapping{value: nothingSeen, text: "nothing", colour: good})}
}

// eventMappings returns the texts of numbers of events.
func eventMappings() []valueMapping {
	const many = 10
	all := []valueMapping{{value: afterMinutes + 1, text: "once", colour: bad}}
	for n := 2; n < many; n++ {
		all = append(all, valueMapping{value: float64(afterMinutes + n), text: strconv.Itoa(n) + " times", colour: bad})
	}
	return append(all, valueMapping{value: afterMinutes + many, to: ptr(1e6), text: "10 times or more", colour: bad})
}
