package query

import (
	"context"
	"fmt"
	"sort"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/gembahq/gemba/index"
)

// Bounds of a request.
const (
	MaxQueryBytes = 4096
	MaxLimit      = 500
	DefaultLimit  = 20
	maxListed     = 256  // cameras or labels in one request
	maxNameBytes  = 256  // of one camera or label
	maxCursor     = 128  // bytes
	maxImageBytes = 8e6  // of a picture to search by
	firstYear     = 1970 // times outside these years are mistakes
	lastYear      = 2261
)

// Request is one search. The zero value of a field means: no such filter.
type Request struct {
	Query    string // words; at most MaxQueryBytes
	LikeClip string // id of a clip to find others like it
	Image    []byte // a picture to find clips like it

	Cameras  []string
	From, To time.Time // clips that overlap [From, To)
	Labels   []string  // all of them must be there
	Text     string    // words or a "phrase" in labels, camera names, file names, notes

	Limit  int    // 1 to MaxLimit; 0: DefaultLimit
	Cursor string // next_cursor of the page before; the rest must be empty or as it was
	Refine bool   // refine the best, where a refiner is there
	// RefineTop is how many clips to refine; 0: Options.RefineTop.
	RefineTop int
	Explain   bool // tell where each result shows what was asked
}

// check validates everything that needs no look at the index and brings the
// request into normal form.
func (r *Request) check(limit int) error {
	if r.Limit == 0 {
		r.Limit = DefaultLimit
	}
	if r.Limit < 1 || r.Limit > limit {
		return invalid("limit", "must be between 1 and %d, not %d", limit, r.Limit)
	}
	if len(r.Query) > MaxQueryBytes {
		return invalid("query", "is %d bytes long; at most %d are read, one or two sentences work best", len(r.Query), MaxQueryBytes)
	}
	if !utf8.ValidString(r.Query) {
		return invalid("query", "is not valid UTF-8")
	}
	r.Query = strings.TrimSpace(r.Query)
	if err := checkText("text", r.Text, MaxQueryBytes); err != nil {
		return err
	}
	r.Text = strings.TrimSpace(r.Text)
	if err := checkNames("cameras", r.Cameras); err != nil {
		return err
	}
	if err := checkNames("labels", r.Labels); err != nil {
		return err
	}
	if err := checkYear("from", r.From); err != nil {
		return err
	}
	if err := checkYear("to", r.To); err != nil {
		return err
	}
	if !r.From.IsZero() && !r.To.IsZero() && !r.From.Before(r.To) {
		return invalid("from", "must be before to (%s is not before %s)", r.From.UTC().Format(time.RFC3339), r.To.UTC().Format(time.RFC3339))
	}
	if len(r.Cursor) > maxCursor {
		return invalid("cursor", "is not a cursor that this service gave out")
	}
	if len(r.Image) > maxImageBytes {
		return invalid("image", "is %d bytes long; at most %d are taken", len(r.Image), int(maxImageBytes))
	}
	if r.LikeClip != "" {
		if _, err := index.ParseID(r.LikeClip); err != nil {
			return invalid("like_clip", "is not a clip id (16 hexadecimal digits)")
		}
	}
	if r.RefineTop < 0 || r.RefineTop > limit {
		return invalid("refine", "of %d clips; between 0 and %d are possible", r.RefineTop, limit)
	}
	return r.checkSubject()
}

// checkSubject sees to it that there is one thing to rank by, or a filter.
func (r *Request) checkSubject() error {
	subjects := 0
	for _, given := range []bool{r.Query != "", r.LikeClip != "", len(r.Image) > 0} {
		if given {
			subjects++
		}
	}
	switch {
	case subjects > 1:
		return invalid("query", "give only one of query, like_clip and image")
	case subjects == 0 && r.Cursor == "" && len(r.Labels) == 0 && r.Text == "":
		return invalid("query", "is empty: describe what to look for, or give labels, text or like_clip")
	}
	return nil
}

func checkText(field, text string, most int) error {
	if len(text) > most {
		return invalid(field, "is %d bytes long; at most %d are taken", len(text), most)
	}
	if !utf8.ValidString(text) {
		return invalid(field, "is not valid UTF-8")
	}
	return nil
}

func checkNames(field string, names []string) error {
	if len(names) > maxListed {
		return invalid(field, "has %d entries; at most %d are taken", len(names), maxListed)
	}
	for _, name := range names {
		if strings.TrimSpace(name) == "" {
			return invalid(field, "has an empty entry")
		}
		if err := checkText(field, name, maxNameBytes); err != nil {
			return err
		}
	}
	return nil
}

func checkYear(field string, t time.Time) error {
	if year := t.UTC().Year(); !t.IsZero() && (year < firstYear || year > lastYear) {
		return invalid(field, "lies in the year %d; times from %d to %d are known", year, firstYear, lastYear)
	}
	return nil
}

// checkCameras refuses cameras that neither the configuration nor the index knows.
func (e *Engine) checkCameras(ctx context.Context, wanted []string) error {
	if len(wanted) == 0 {
		return nil
	}
	known := map[string]bool{}
	if e.options.Cameras != nil {
		for _, id := range e.options.Cameras() {
			known[id] = true
		}
	}
	all := func() bool {
		for _, id := range wanted {
			if !known[id] {
				return false
			}
		}
		return true
	}
	if all() {
		return nil
	}
	cameras, _, _, err := e.store.Coverage(ctx, index.Filter{})
	if err != nil {
		return fmt.Errorf("list the cameras of the index: %w", err)
	}
	for _, c := range cameras {
		known[c.Camera] = true
	}
	for _, id := range wanted {
		if !known[id] {
			return invalid("cameras", "there is no camera %q; %s", id, listed(known))
		}
	}
	return nil
}

// listed names the cameras that exist, but not hundreds of them.
func listed(known map[string]bool) string {
	if len(known) == 0 {
		return "no camera is set up or has clips yet"
	}
	names := make([]string, 0, len(known))
	for name := range known {
		names = append(names, name)
	}
	sort.Strings(names)
	const most = 30
	if len(names) > most {
		return fmt.Sprintf("there are %d, among them %s", len(names), strings.Join(names[:most], ", "))
	}
	return "there are: " + strings.Join(names, ", ")
}

// fingerprint identifies the question, whatever the page.
func (r *Request) fingerprint() string {
	var b strings.Builder
	part := func(s string) { fmt.Fprintf(&b, "%d:%s|", len(s), s) }
	list := func(names []string) {
		sorted := append([]string(nil), names...)
		sort.Strings(sorted)
		fmt.Fprintf(&b, "%d[", len(sorted))
		for _, name := range sorted {
			part(name)
		}
	}
	part(r.Query)
	part(r.LikeClip)
	part(string(r.Image))
	part(r.Text)
	list(r.Cameras)
	list(r.Labels)
	for _, t := range []time.Time{r.From, r.To} {
		if !t.IsZero() {
			part(t.UTC().Format(time.RFC3339Nano))
		}
		b.WriteByte(';')
	}
	fmt.Fprintf(&b, "%t%d", r.Refine, r.RefineTop)
	if r.Explain {
		b.WriteString("|explain")
	}
	return b.String()
}

// isBareCursor reports whether a request says nothing but which page it wants.
func (r *Request) isBareCursor() bool {
	return r.Query == "" && r.LikeClip == "" && len(r.Image) == 0 && r.Text == "" &&
		len(r.Cameras) == 0 && len(r.Labels) == 0 && r.From.IsZero() && r.To.IsZero()
}
