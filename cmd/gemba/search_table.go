package main

import (
	"context"
	"fmt"
	"strings"
	"text/tabwriter"
	"time"
	"unicode"

	"github.com/gembahq/gemba/index/query"
)

// printAnswer writes an answer for people.
func (a *app) printAnswer(ctx context.Context, r *query.Response, from *answer, explain bool) error {
	var b strings.Builder
	switch {
	case len(r.Items) == 0:
		b.WriteString("Nothing found.\n")
	case r.NoMatch:
		b.WriteString("No confident match. The best guesses:\n\n")
	}
	if len(r.Items) > 0 {
		w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
		header := "RANK\tCONFIDENCE\tCAMERA\tTIME\tLENGTH\tSCORE"
		if explain {
			header += "\tFOUND\tNOT FOUND\tFRAME"
		}
		fmt.Fprintln(w, header+"\tVIDEO")
		for i := range r.Items {
			item := &r.Items[i]
			fmt.Fprintf(w, "%d\t%s\t%s\t%s\t%s\t%.3f", i+1, item.Confidence, printable(item.Camera),
				item.Start.In(a.location).Format("2006-01-02 15:04:05"), seconds(item.End.Sub(item.Start)), item.Score)
			if explain {
				found, missing := wordsFound(item.Words)
				fmt.Fprintf(w, "\t%s\t%s\t%d", found, missing, item.MatchedFrame.N)
			}
			fmt.Fprintf(w, "\t%s\n", printable(from.video(ctx, item)))
		}
		w.Flush()
	}
	if !a.flags.quiet {
		b.WriteString("\n" + understood(&r.Understood))
		fmt.Fprintf(&b, "Searched %s of %s", count(r.Coverage.SearchedClips, "clip"), count(len(r.Coverage.Cameras), "camera"))
		if r.Coverage.ExcludedClips > 0 {
			fmt.Fprintf(&b, "; %s outside the filter", count(r.Coverage.ExcludedClips, "clip"))
		}
		fmt.Fprintf(&b, ". %.0f ms.\n", r.Timing.Total*1000)
		if from.watch != "" && len(r.Items) > 0 {
			fmt.Fprintf(&b, "Fetch the first: %s%s\n", from.watch, printable(r.Items[0].VideoURL))
		}
	}
	_, err := a.stdout.Write([]byte(b.String()))
	return err
}

// wordsFound lists the words that a moment shows and those it does not; "-" if
// there are none, and "?" for both if it was not looked at word by word.
func wordsFound(words []query.WordSupport) (found, missing string) {
	var yes, no []string
	known := false
	for _, w := range words {
		known = known || w.Support != nil
		switch {
		case w.Supported == nil:
		case *w.Supported:
			yes = append(yes, printable(w.Text))
		default:
			no = append(no, printable(w.Text))
		}
	}
	if !known {
		return "?", "?"
	}
	list := func(words []string) string {
		if len(words) == 0 {
			return "-"
		}
		return strings.Join(words, " ")
	}
	return list(yes), list(no)
}

// understood says how the words were read, where that is not plain to see.
func understood(u *query.Understood) string {
	var b strings.Builder
	if u.Translation != "" {
		fmt.Fprintf(&b, "Asked as %q.\n", u.Translation)
	}
	if len(u.Without) > 0 {
		fmt.Fprintf(&b, "Looked for %q, without %s.\n", u.Text, quoted(u.Without))
	}
	if len(u.Phrases) > 0 {
		fmt.Fprintf(&b, "Only where labels, camera names, file names or notes say %s.\n", quoted(u.Phrases))
	}
	if len(u.UnknownWords) > 0 {
		fmt.Fprintf(&b, "The model does not know %s.\n", quoted(u.UnknownWords))
	}
	if len(u.IgnoredWords) > 0 {
		fmt.Fprintf(&b, "Not looked for: %s.\n", quoted(u.IgnoredWords))
	}
	if u.Truncated {
		b.WriteString("The description is longer than the model reads; its end was left out.\n")
	}
	return b.String()
}

func quoted(list []string) string {
	out := make([]string, len(list))
	for i, s := range list {
		out[i] = fmt.Sprintf("%q", s)
	}
	return strings.Join(out, ", ")
}

// seconds writes a duration to a tenth of a second.
func seconds(d time.Duration) string { return d.Round(100 * time.Millisecond).String() }

// count writes a number of things.
func count(n int, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return fmt.Sprintf("%d %ss", n, thing)
}

// printable makes names that came from elsewhere safe for a terminal.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return '\ufffd'
		}
		return r
	}, s)
}
