package japanese

import (
	"strings"
)

// What English needs to know about its words. A word that is missing here is
// regular, countable and a thing.
var (
	mass = set("smoke fire water oil steam dust rain snow ice fog traffic pottery china porcelain luggage cargo clothing clothes food rice bread meat coffee tea beer " +
		"garbage trash waste rubbish equipment machinery furniture paper wood metal plastic glass steel iron rubber leather concrete cement sand soil mud dirt gravel " +
		"grass money hair blood electricity light sunlight sky darkness mail freight merchandise work construction maintenance welding cleaning parking lumber timber " +
		"paint gasoline fuel gas sludge scrap packaging wiring piping scaffolding lightning nature nothing something someone anyone everyone ground nobody " +
		"fruit tableware stationery jewelry laundry baggage stairs pants trousers shorts jeans glasses goggles sunglasses scissors pliers headphones earphones earmuffs pajamas " +
		"overalls coveralls tongs binoculars tweezers people scales workwear footwear underwear shoes boots gloves sandals slippers sneakers socks protective gear gear soup curry " +
		"sashimi sushi ramen pasta cheese butter salt sugar milk juice alcohol sake bubble wrap tape graffiti moss seaweed poultry cattle livestock art music " +
		"baseball soccer football tennis basketball golf volleyball swimming skiing rugby yoga")

	irregularPlurals = map[string]string{
		"man": "men", "woman": "women", "child": "children", "person": "people", "foot": "feet", "tooth": "teeth", "mouse": "mice", "goose": "geese",
		"sheep": "sheep", "fish": "fish", "deer": "deer", "knife": "knives", "shelf": "shelves", "leaf": "leaves", "loaf": "loaves", "wolf": "wolves", "half": "halves",
		"scarf": "scarves", "aircraft": "aircraft", "vehicle": "vehicles",
	}

	persons = set("man woman person people child children boy girl baby worker workers adult employee staff customer shopper guard officer policeman police driver " +
		"operator student teacher doctor nurse engineer technician welder inspector visitor pedestrian cyclist clerk cook chef player runner athlete " +
		"couple family friend tourist passenger firefighter fireman manager supervisor foreman technician electrician carpenter painter mechanic cleaner someone who father mother parent " +
		"brother sister grandmother grandfather crowd audience thief intruder stranger infant toddler swimmer dancer musician singer soldier farmer fisherman " +
		"hiker climber skier surfer men women boys girls kids kid lady gentleman salesperson waiter waitress cashier dog cat horse bird animal")

	// places gives the preposition of what things are in, on or at.
	places = map[string]string{
		"lot": "in", "park": "in", "room": "in", "store": "in", "shop": "in", "supermarket": "in", "warehouse": "in", "storehouse": "in", "factory": "in", "plant": "in", "workshop": "in", "building": "in", "house": "in", "home": "at",
		"kitchen": "in", "bathroom": "in", "restroom": "in", "bedroom": "in", "office": "in", "hallway": "in", "corridor": "in", "passage": "in", "elevator": "in", "lobby": "in", "hall": "in", "area": "in", "zone": "in", "site": "at", "yard": "in",
		"garden": "in", "garage": "in", "field": "in", "forest": "in", "mountain": "on", "mountains": "in", "sea": "in", "ocean": "in", "river": "in", "lake": "in", "pool": "in", "water": "in", "sky": "in", "rain": "in", "snow": "in", "town": "in", "city": "in",
		"school": "at", "classroom": "in", "hospital": "in", "station": "at", "airport": "at", "port": "at", "restaurant": "in", "cafe": "in", "library": "in", "gym": "in", "laboratory": "in", "aisle": "in", "tunnel": "in", "place": "at", "space": "in", "cafeteria": "in",
		"road": "on", "street": "on", "highway": "on", "sidewalk": "on", "path": "on", "crosswalk": "on", "bridge": "on", "roof": "on", "floor": "on", "ground": "on", "stairs": "on", "staircase": "on", "platform": "on", "stage": "on", "shelf": "on", "shelves": "on",
		"desk": "on", "table": "on", "chair": "on", "bench": "on", "sofa": "on", "bed": "on", "wall": "on", "ceiling": "on", "line": "on", "conveyor": "on", "belt": "on", "pallet": "on", "cart": "on", "ladder": "on", "scaffold": "on", "scaffolding": "on", "grass": "on", "lawn": "on", "beach": "on", "sand": "on", "runway": "on", "pavement": "on",
		"rail": "on", "railing": "on", "track": "on", "screen": "on", "monitor": "on", "counter": "at", "gate": "at", "door": "at", "entrance": "at", "exit": "at", "dock": "at", "intersection": "at", "corner": "at", "window": "at", "register": "at", "reception": "at",
		"car": "in", "truck": "in", "van": "in", "box": "in", "bag": "in", "basket": "in", "container": "in", "bucket": "in", "cage": "in", "drawer": "in", "cabinet": "in", "locker": "in", "bin": "in", "can": "in", "tank": "in", "refrigerator": "in", "oven": "in", "cup": "in", "bowl": "in",
		"plate": "on", "forklift": "on", "bicycle": "on", "motorcycle": "on", "bike": "on", "bus": "on", "train": "on", "boat": "on", "ship": "on", "horse": "on", "machine": "at", "workbench": "at", "hand": "in", "head": "on", "back": "on", "shoulder": "on", "trash": "in",
	}

	irregularParticiples = map[string]string{
		"wear": "worn", "hold": "held", "put": "put", "leave": "left", "take": "taken", "break": "broken", "open": "opened", "cut": "cut", "throw": "thrown", "write": "written", "drive": "driven", "ride": "ridden", "build": "built",
		"make": "made", "hang": "hung", "lay": "laid", "set": "set", "spread": "spread", "bend": "bent", "tear": "torn", "eat": "eaten", "drink": "drunk", "see": "seen", "sell": "sold", "send": "sent", "wind": "wound", "bring": "brought", "draw": "drawn",
		"hit": "hit", "catch": "caught", "shut": "shut", "lose": "lost", "hide": "hidden", "freeze": "frozen", "read": "read", "buy": "bought", "teach": "taught", "stick": "stuck", "lift": "lifted", "do": "done", "give": "given", "bite": "bitten", "steal": "stolen",
		"grow": "grown", "fall": "fallen", "tie": "tied", "fly": "flown", "run": "run", "feed": "fed", "dig": "dug", "swing": "swung", "bind": "bound", "keep": "kept", "sew": "sewn", "light": "lit", "shake": "shaken",
	}

	// doubling verbs repeat their last letter before -ing and -ed.
	doubling = set("run sit cut put hit get stop set shut swim plan drop grip step wrap clap jog rip trip slip skip dig hug nap beg rub mop strap tap tip pat knit spin win unplug snap grab plug chat shop chop flip hop pop log bat")

	numbers = []string{"no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"}
)

func set(words string) map[string]bool {
	out := map[string]bool{}
	for w := range strings.FieldsSeq(words) {
		out[w] = true
	}
	return out
}

// lastWord is the word of a noun phrase that inflects: "box" of "cardboard box",
// "piece" of "piece of paper".
func lastWord(noun string) string {
	if i := strings.Index(noun, " of "); i > 0 {
		noun = noun[:i]
	}
	return noun[strings.LastIndexByte(noun, ' ')+1:]
}

func isMass(noun string) bool {
	w := strings.ToLower(lastWord(noun))
	return mass[w] || isPlural(w)
}

// isPlural guesses whether a noun from a dictionary has the form of a plural.
func isPlural(w string) bool {
	for _, p := range irregularPlurals {
		if p == w {
			return true
		}
	}
	return strings.HasSuffix(w, "s") && len(w) > 3 && !strings.HasSuffix(w, "ss") && !strings.HasSuffix(w, "us") && !strings.HasSuffix(w, "is") && !strings.HasSuffix(w, "as")
}

func isVowel(c byte) bool { return strings.IndexByte("aeiou", c) >= 0 }

func article(phrase string) string {
	low := strings.ToLower(phrase)
	switch {
	case low == "":
		return ""
	case strings.HasPrefix(low, "uni") && !strings.HasPrefix(low, "unin"), strings.HasPrefix(low, "use"), strings.HasPrefix(low, "euro"), strings.HasPrefix(low, "one"), strings.HasPrefix(low, "uti"):
		return "a"
	case strings.HasPrefix(low, "hour"), isVowel(low[0]):
		return "an"
	}
	return "a"
}

func plural(noun string) string {
	w := lastWord(noun)
	i := strings.Index(noun+" ", w+" ")
	if i < 0 || w == "" || isMass(noun) {
		return noun
	}
	i = strings.LastIndex(noun[:min(len(noun), headEnd(noun))], w)
	return noun[:i] + pluralWord(w) + noun[i+len(w):]
}

// headEnd is where the inflected word of a noun phrase ends.
func headEnd(noun string) int {
	if i := strings.Index(noun, " of "); i > 0 {
		return i
	}
	return len(noun)
}

func pluralWord(w string) string {
	low := strings.ToLower(w)
	for one, many := range irregularPlurals {
		if low == one || (len(one) > 2 && strings.HasSuffix(low, one) && (one == "man" || one == "woman")) {
			return w[:len(w)-len(one)] + many
		}
	}
	n := len(low)
	switch {
	case strings.HasSuffix(low, "s"), strings.HasSuffix(low, "x"), strings.HasSuffix(low, "ch"), strings.HasSuffix(low, "sh"), strings.HasSuffix(low, "z"):
		return w + "es"
	case n > 1 && low[n-1] == 'y' && !isVowel(low[n-2]):
		return w[:n-1] + "ies"
	case strings.HasSuffix(low, "tomato"), strings.HasSuffix(low, "potato"):
		return w + "es"
	}
	return w + "s"
}

// gerund puts the first word of a verb into its -ing form: "look at" becomes
// "looking at". What is no verb by its look ("on fire") stays.
func gerund(verb string) string {
	w, rest, _ := strings.Cut(verb, " ")
	n := len(w)
	switch {
	case n < 2 || strings.HasSuffix(w, "ing") && n > 5:
	case strings.HasSuffix(w, "ie"):
		w = w[:n-2] + "ying"
	case doubling[w]:
		w += w[n-1:] + "ing"
	case w[n-1] == 'e' && w[n-2] != 'e' && w[n-2] != 'y' && w[n-2] != 'o' && w != "be":
		w = w[:n-1] + "ing"
	default:
		w += "ing"
	}
	if rest == "" {
		return w
	}
	return w + " " + rest
}

// participle is the past participle of the first word of a verb.
func participle(verb string) string {
	w, rest, _ := strings.Cut(verb, " ")
	n := len(w)
	if p, ok := irregularParticiples[w]; ok {
		w = p
	} else {
		switch {
		case n < 2:
		case w[n-1] == 'e':
			w += "d"
		case w[n-1] == 'y' && !isVowel(w[n-2]):
			w = w[:n-1] + "ied"
		case doubling[w]:
			w += w[n-1:] + "ed"
		default:
			w += "ed"
		}
	}
	if rest == "" {
		return w
	}
	return w + " " + rest
}
