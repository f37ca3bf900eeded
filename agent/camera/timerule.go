package camera

import (
	"errors"
	"fmt"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// Origin says where the start time of a file came from.
type Origin string

// The origins of a start time, as reports and the ledger write them.
const (
	FromRequest   Origin = "request"   // given by whoever asked for the import
	FromContainer Origin = "container" // the creation time inside the file
	FromName      Origin = "name"      // a date and time in the file's name
	FromFileTime  Origin = "file-time" // the file's modification time less its duration
)

// TimeRule says how the start time of a file is found. The zero value and the
// rule "auto" try the container, then the common name patterns, then the file's
// modification time.
type TimeRule struct {
	text    string
	only    Origin // "" tries all
	pattern *namePattern
}

// Facts are what is known of a file whose start time is wanted.
type Facts struct {
	Path     string
	Created  time.Time     // creation time inside the container; zero if absent
	Modified time.Time     // the file's modification time
	Duration time.Duration // 0 if unknown
}

// ErrNoTime is returned by Start when the rule finds no time in the file.
var ErrNoTime = errors.New("no start time found")

// earliest is the first moment that is believed: digital cameras start their
// clocks in 1904, 1970, 1980 or 2000 when they were never set.
var earliest = time.Date(2000, 1, 2, 0, 0, 0, 0, time.UTC)

// clockSkew is how far ahead of this machine's clock a camera's may run.
const clockSkew = 24 * time.Hour

// ParseTimeRule reads a time_from setting: "auto" (or nothing), "container",
// "name" (common patterns), "name:PATTERN" with the fields of strftime
// (%Y %y %m %d %H %I %p %M %S %f %s %z %%, and * for any run of characters), or "file-time".
func ParseTimeRule(text string) (TimeRule, error) {
	switch text {
	case "", "auto":
		return TimeRule{text: "auto"}, nil
	case string(FromContainer), string(FromName), string(FromFileTime):
		return TimeRule{text: text, only: Origin(text)}, nil
	}
	if pattern, ok := strings.CutPrefix(text, "name:"); ok {
		p, err := compilePattern(pattern)
		if err != nil {
			return TimeRule{}, err
		}
		return TimeRule{text: text, only: FromName, pattern: p}, nil
	}
	return TimeRule{}, fmt.Errorf("%q is none of auto, container, name, name:PATTERN (for example name:%%Y%%m%%d_%%H%%M%%S) and file-time", text)
}

// String returns the rule as ParseTimeRule reads it.
func (r TimeRule) String() string {
	if r.text == "" {
		return "auto"
	}
	return r.text
}

// Start returns the moment the first frame of the file shows, in UTC, and where
// it was found. Times in names are local to zone unless they carry an offset of
// their own; an hour that happens twice when summer time ends is read as Go's
// time.Date does. A time before 2000 or more than a day ahead of now is not
// believed. The error wraps ErrNoTime.
func (r TimeRule) Start(f Facts, zone *time.Location, now time.Time) (time.Time, Origin, error) {
	if zone == nil {
		zone = time.UTC
	}
	believed := func(t time.Time) bool { return !t.Before(earliest) && t.Before(now.Add(clockSkew)) }
	if r.allows(FromContainer) && believed(f.Created) {
		return f.Created.UTC(), FromContainer, nil
	}
	if r.allows(FromName) {
		patterns := commonPatterns
		if r.pattern != nil {
			patterns = []*namePattern{r.pattern}
		}
		for _, p := range patterns {
			if t, ok := p.find(f.Path, zone); ok && believed(t) {
				return t.UTC(), FromName, nil
			}
		}
	}
	if r.allows(FromFileTime) {
		if t := f.Modified.Add(-f.Duration); believed(t) {
			return t.UTC(), FromFileTime, nil
		}
	}
	if r.pattern != nil {
		return time.Time{}, "", fmt.Errorf("%w: %q does not fit %s", ErrNoTime, filepath.Base(f.Path), r)
	}
	return time.Time{}, "", fmt.Errorf("%w by the rule %q: give the start time, or another time_from", ErrNoTime, r)
}

func (r TimeRule) allows(o Origin) bool { return r.only == "" || r.only == o }

// namePattern finds a time in a file name.
type namePattern struct {
	re     *regexp.Regexp
	fields []byte // the strftime letter of each group
	path   bool   // the pattern spans folders
}

// commonPatterns are the ways recorders name their files, tried in order. They
// must not be part of a longer run of digits.
var commonPatterns = []*namePattern{
	mustCompilePattern(`%Y-%m-%dT%H:%M:%S%z`),
	mustCompilePattern(`%Y-%m-%dT%H-%M-%S%z`),
	mustCompilePattern(`%Y%m%dT%H%M%S%z`),
	mustCompilePattern(`%Y-%m-%dT%H:%M:%S`),
	mustCompilePattern(`%Y-%m-%dT%H-%M-%S`),
	mustCompilePattern(`%Y-%m-%d_%H-%M-%S`),
	mustCompilePattern(`%Y-%m-%d %H-%M-%S`),
	mustCompilePattern(`%Y-%m-%d %H.%M.%S`),
	mustCompilePattern(`%Y-%m-%d_%H.%M.%S`),
	mustCompilePattern(`%Y_%m_%d_%H_%M_%S`),
	mustCompilePattern(`%Y%m%dT%H%M%S`),
	mustCompilePattern(`%Y%m%d_%H%M%S`),
	mustCompilePattern(`%Y%m%d-%H%M%S`),
	mustCompilePattern(`%Y%m%d%H%M%S`),
	mustCompilePattern(`%Y-%m-%d/%H-%M-%S`),
	mustCompilePattern(`%Y%m%d/%H%M%S`),
}

// fieldPatterns are the regular expressions of the strftime letters.
var fieldPatterns = map[byte]string{
	'Y': `(\d{4})`, 'y': `(\d{2})`, 'm': `(\d{2})`, 'd': `(\d{2})`,
	'H': `(\d{2})`, 'I': `(\d{2})`, 'M': `(\d{2})`, 'S': `(\d{2})`,
	'p': `([AaPp][Mm])`, 'f': `(\d{1,9})`, 's': `(\d{9,10})`, 'z': `(Z|[+-]\d{2}:?\d{2})`,
}

// maxPattern bounds a pattern's length: longer ones are a slip, not a format.
const maxPattern = 256

func mustCompilePattern(p string) *namePattern {
	n, err := compilePattern(p)
	if err != nil {
		panic(err) // a mistake in the table above, met by any test
	}
	return n
}

func compilePattern(p string) (*namePattern, error) {
	if p == "" {
		return nil, errors.New("name: needs a pattern, for example name:%Y%m%d_%H%M%S")
	}
	if len(p) > maxPattern {
		return nil, fmt.Errorf("the name pattern is longer than %d characters", maxPattern)
	}
	n := &namePattern{path: strings.Contains(p, "/")}
	var re strings.Builder
	re.WriteString(`(?:^|[^0-9])`)
	seen := map[byte]bool{}
	for i := 0; i < len(p); i++ {
		switch c := p[i]; {
		case c == '%' && i+1 == len(p):
			return nil, fmt.Errorf("the name pattern %q ends with a lone %%", p)
		case c == '%' && p[i+1] == '%':
			re.WriteByte('%')
			i++
		case c == '%':
			i++
			f, ok := fieldPatterns[p[i]]
			if !ok {
				return nil, fmt.Errorf("the name pattern %q: %%%c is not known; the fields are %%Y %%y %%m %%d %%H %%I %%p %%M %%S %%f %%s %%z", p, p[i])
			}
			if seen[p[i]] {
				return nil, fmt.Errorf("the name pattern %q holds %%%c twice", p, p[i])
			}
			seen[p[i]] = true
			re.WriteString(f)
			n.fields = append(n.fields, p[i])
		case c == '*':
			re.WriteString(`[^/]*?`)
		default:
			re.WriteString(regexp.QuoteMeta(p[i : i+1])) // bytes of one character join again
		}
	}
	re.WriteString(`(?:$|[^0-9])`)
	year := seen['Y'] || seen['y']
	hour := seen['H'] || (seen['I'] && seen['p'])
	if !seen['s'] && !(year && seen['m'] && seen['d'] && hour) {
		return nil, fmt.Errorf("the name pattern %q lacks a part of the time: it needs %%Y %%m %%d %%H (or %%I and %%p) at least, or %%s", p)
	}
	compiled, err := regexp.Compile(re.String())
	if err != nil {
		return nil, fmt.Errorf("the name pattern %q cannot be used: %w", p, err)
	}
	n.re = compiled
	return n, nil
}

// find looks for the pattern in the base name, or in the last folders and the
// base name where the pattern spans folders.
func (n *namePattern) find(path string, zone *time.Location) (time.Time, bool) {
	text := filepath.Base(path)
	if n.path {
		text = filepath.ToSlash(path)
	}
	m := n.re.FindStringSubmatch(text)
	if m == nil {
		return time.Time{}, false
	}
	var year, month, day, hour, minute, sec, nano int
	afternoon, twelve := false, false
	for i, letter := range n.fields {
		v := m[i+1]
		num, _ := strconv.Atoi(v) // the groups of numbers hold digits only
		switch letter {
		case 'Y':
			year = num
		case 'y':
			year = 2000 + num
		case 'm':
			month = num
		case 'd':
			day = num
		case 'H':
			hour = num
		case 'I':
			hour, twelve = num, true
		case 'p':
			afternoon = v[0] == 'p' || v[0] == 'P'
		case 'M':
			minute = num
		case 'S':
			sec = num
		case 'f':
			nano, _ = strconv.Atoi((v + "000000000")[:9])
		case 's':
			return time.Unix(int64(num), 0).UTC(), true
		case 'z':
			zone = offsetZone(v)
		}
	}
	if twelve {
		if hour < 1 || hour > 12 {
			return time.Time{}, false
		}
		hour %= 12
		if afternoon {
			hour += 12
		}
	}
	if month < 1 || month > 12 || day < 1 || hour > 23 || minute > 59 || sec > 60 {
		return time.Time{}, false
	}
	// time.Date turns the 31st of June into the 1st of July: such a name is no date.
	if day > time.Date(year, time.Month(month)+1, 0, 0, 0, 0, 0, time.UTC).Day() {
		return time.Time{}, false
	}
	return time.Date(year, time.Month(month), day, hour, minute, sec, nano, zone), true
}

// offsetZone reads Z, +0900 or +09:00.
func offsetZone(v string) *time.Location {
	if v == "Z" {
		return time.UTC
	}
	digits := strings.ReplaceAll(v[1:], ":", "")
	h, _ := strconv.Atoi(digits[:2])
	m, _ := strconv.Atoi(digits[2:])
	seconds := h*3600 + m*60
	if v[0] == '-' {
		seconds = -seconds
	}
	return time.FixedZone(v, seconds)
}
