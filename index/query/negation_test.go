package query

import (
	"strings"
	"testing"
	"unicode/utf8"
)

func TestParse(t *testing.T) {
	tests := []struct {
		in       string
		positive string
		without  string // joined by |
		phrases  string // joined by |
		bare     bool
	}{
		// Nothing to split.
		{in: "a worker with a yellow helmet", positive: "a worker with a yellow helmet"},
		{in: "forklift", positive: "forklift", bare: true},
		{in: "a metal bolt", positive: "a metal bolt", bare: true},
		{in: "the of and", positive: "the of and", bare: true},
		{in: "空の駐車場", positive: "空の駐車場", bare: true},
		{in: "明るい色の服を着た作業員", positive: "明るい色の服を着た作業員"},
		{in: "???", positive: "???", bare: true},
		{in: "👷", positive: "👷", bare: true},
		{in: "a notebook on a nondescript table", positive: "a notebook on a nondescript table"},

		// Things.
		{in: "a worker without a helmet", positive: "a worker", without: "a helmet", bare: true},
		{in: "a worker without a helmet in a warehouse", positive: "a worker in a warehouse", without: "a helmet"},
		{in: "a man without a hard hat driving a forklift", positive: "a man driving a forklift", without: "a hard hat"},
		{in: "person w/o safety vest", positive: "person", without: "safety vest", bare: true},
		{in: "a worker with no helmet near a truck", positive: "a worker near a truck", without: "helmet"},
		{in: "a road with no cars", positive: "a road", without: "cars", bare: true},
		{in: "a warehouse but no people", positive: "a warehouse", without: "people", bare: true},
		{in: "a warehouse, no people", positive: "a warehouse", without: "people", bare: true},
		{in: "workers without any helmets", positive: "workers", without: "helmets", bare: true},
		{in: "workers without their helmets", positive: "workers", without: "helmets", bare: true},
		{in: "a worker without wearing a vest", positive: "a worker", without: "wearing a vest", bare: true},
		{in: "a room without lighting equipment", positive: "a room", without: "lighting equipment", bare: true},
		{in: "everything except cars", positive: "everything", without: "cars", bare: true},
		{in: "vehicles other than trucks", positive: "vehicles", without: "trucks", bare: true},
		{in: "a floor free of boxes", positive: "a floor", without: "boxes", bare: true},
		{in: "a worker missing a glove", positive: "a worker", without: "a glove", bare: true},
		{in: "a missing helmet", positive: "a missing helmet", bare: true},
		{in: "a man lacking gloves by the press", positive: "a man by the press", without: "gloves"},

		// Several things.
		{in: "a worker without a helmet or a vest", positive: "a worker", without: "a helmet|a vest", bare: true},
		{in: "a worker without helmet and vest", positive: "a worker", without: "helmet|vest", bare: true},
		{in: "a worker without a helmet and a red truck", positive: "a worker and a red truck", without: "a helmet"},
		{in: "a worker without a helmet and with a vest", positive: "a worker and with a vest", without: "a helmet"},
		{in: "a yard with neither cars nor people", positive: "a yard", without: "cars|people", bare: true},
		{in: "no cars or no people on the road", positive: "an empty scene on the road", without: "cars|people"},
		{in: "a shop with no people and no goods", positive: "a shop", without: "people|goods", bare: true},

		// Actions.
		{in: "a person not wearing a helmet", positive: "a person", without: "wearing a helmet", bare: true},
		{in: "a worker who is not wearing gloves at the bench", positive: "a worker at the bench", without: "wearing gloves"},
		{in: "the man isn't carrying a box", positive: "the man", without: "carrying a box", bare: true},
		{in: "the man isn’t carrying a box", positive: "the man", without: "carrying a box", bare: true},
		{in: "a forklift that does not have lights", positive: "a forklift", without: "lights", bare: true},
		{in: "a car not moving", positive: "a car", without: "moving", bare: true},
		{in: "a dog, not a cat", positive: "a dog", without: "a cat", bare: true},
		{in: "a dog but not a cat, on grass", positive: "a dog on grass", without: "a cat"},

		// Nobody, and only absences.
		{in: "nobody", positive: "an empty scene", without: "a person", bare: true},
		{in: "nobody in the car park", positive: "an empty scene in the car park", without: "a person"},
		{in: "no one at the gate", positive: "an empty scene at the gate", without: "a person"},
		{in: "nobody standing at the gate", positive: "an empty scene at the gate", without: "a person standing"},
		{in: "nobody is wearing a helmet", positive: "people", without: "wearing a helmet", bare: true},
		{in: "nothing on the table", positive: "an empty scene on the table", without: "objects"},
		{in: "no people walking", positive: "an empty scene", without: "people walking", bare: true},
		{in: "no people are visible in the hall", positive: "an empty scene in the hall", without: "people"},
		{in: "there are no cars in the yard", positive: "an empty scene in the yard", without: "cars"},
		{in: "no helmet", positive: "a person", without: "helmet", bare: true},
		{in: "not wearing a vest", positive: "a person", without: "wearing a vest", bare: true},
		{in: "without a helmet on a scaffold", positive: "a person on a scaffold", without: "a helmet"},
		{in: "no cars but a truck", positive: "a truck", without: "cars", bare: true},

		// What looks like a negation and is none.
		{in: "a no parking sign", positive: "a no parking sign"},
		{in: "no smoking sign on a wall", positive: "no smoking sign on a wall"},
		{in: "bus no 5", positive: "bus no 5"},
		{in: "a person saying no", positive: "a person saying no"},
		{in: "not only cars but also trucks", positive: "not only cars but also trucks"},
		{in: "open or not", positive: "open or not"},
		{in: "without", positive: "without", bare: true},
		{in: "no, a car", positive: "no a car", bare: true},

		// Quoted words.
		{in: `a truck at "gate 3"`, positive: "a truck at gate 3", phrases: "gate 3"},
		{in: `“loading bay” forklift`, positive: "loading bay forklift", phrases: "loading bay"},
		{in: `「倉庫」の人`, positive: "倉庫 の人", phrases: "倉庫", bare: true},
		{in: `a "red" and a "blue" box`, positive: "a red and a blue box", phrases: "red|blue"},
		{in: `"forklift" without "a driver"`, positive: "forklift", without: "a driver", phrases: "forklift", bare: true},
		{in: `a 12" pipe`, positive: "a 12 pipe", bare: true},
		{in: `""`, positive: `""`, bare: true},
		{in: `"no helmet"`, positive: "no helmet", phrases: "no helmet", bare: true},
	}
	for _, tt := range tests {
		t.Run(tt.in, func(t *testing.T) {
			q := Parse(tt.in)
			if q.Positive != tt.positive {
				t.Errorf("positive %q, want %q", q.Positive, tt.positive)
			}
			if got := strings.Join(q.Without, "|"); got != tt.without {
				t.Errorf("without %q, want %q", got, tt.without)
			}
			if got := strings.Join(q.Phrases, "|"); got != tt.phrases {
				t.Errorf("phrases %q, want %q", got, tt.phrases)
			}
			if q.Bare != tt.bare {
				t.Errorf("bare %v, want %v", q.Bare, tt.bare)
			}
		})
	}
}

// TestAffirmed: the question turned round has the same words but those that negate.
func TestAffirmed(t *testing.T) {
	for in, want := range map[string]string{
		"a worker without a helmet":                        "a worker with a helmet",
		"a worker without a helmet in a warehouse":         "a worker with a helmet in a warehouse",
		"a man without a hard hat driving a forklift":      "a man with a hard hat driving a forklift",
		"a worker with no helmet near a truck":             "a worker with helmet near a truck",
		"a worker wearing no vest":                         "a worker wearing vest",
		"a worker who is not wearing gloves at the bench":  "a worker who is wearing gloves at the bench",
		"a worker without a helmet or a vest":              "a worker with a helmet and a vest",
		"a worker without a helmet and not wearing a vest": "a worker with a helmet and wearing a vest",
		"a worker missing a glove":                         "a worker with a glove",
		"nobody is wearing a helmet":                       "people wearing a helmet",
		"no helmet":                                        "helmet",
		"without a helmet on a scaffold":                   "a helmet on a scaffold",
		`a "red" worker without a helmet`:                  "a red worker with a helmet",
		"a worker with a helmet":                           "",
		"a person saying no":                               "",
	} {
		q := Parse(in)
		if q.Affirmed != want {
			t.Errorf("%q turned round is %q, want %q", in, q.Affirmed, want)
		}
		if q.Worn != (want != "") {
			t.Errorf("%q: worn %v", in, q.Worn)
		}
	}
	if q := Parse("a road with no cars"); q.Worn || q.Affirmed != "a road with cars" || q.Sentence != "a road with no cars" {
		t.Errorf("a road with no cars: %+v", q)
	}
}

func FuzzParse(f *testing.F) {
	for _, seed := range []string{
		"a worker without a helmet or a vest", "nobody in the car park", `no "x`, "not", "no", "\"\"", "isn't", "without , and", "n't n't", "空の駐車場", "no no no no",
		"neither nor", "there are no", "\xff\xfe", "a\u0000b", "nobody nobody is else", "「", "no one one", "without without a",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		q := Parse(text)
		if strings.TrimSpace(text) != "" && strings.TrimSpace(q.Positive) == "" {
			t.Errorf("%q leaves nothing to look for", text)
		}
		if utf8.ValidString(text) && !utf8.ValidString(q.Positive) {
			t.Errorf("%q became invalid UTF-8: %q", text, q.Positive)
		}
		words := len(strings.Fields(q.Positive))
		for _, w := range q.Without {
			if w == "" {
				t.Errorf("%q negates nothing", text)
			}
			words += len(strings.Fields(w))
		}
		if (q.Affirmed != "") != (len(q.Without) > 0) {
			t.Errorf("%q negates %q and is turned round to %q", text, q.Without, q.Affirmed)
		}
		for _, p := range q.Phrases {
			if p == "" {
				t.Errorf("%q demands an empty phrase", text)
			}
		}
		// Each word goes to one side; "an empty scene", "a person" may be added.
		if limit := 3*len(strings.Fields(text)) + 2*strings.Count(text, "\"") + 3; utf8.ValidString(text) && isSimple(text) && words > limit {
			t.Errorf("%q grew to %d words: %+v", text, words, q)
		}
	})
}

// isSimple keeps the word count above comparable with strings.Fields.
func isSimple(text string) bool {
	for _, r := range text {
		if r > 126 || (r < 32 && r != '\n' && r != '\t') {
			return false
		}
	}
	return true
}
