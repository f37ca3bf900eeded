package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/gembahq/gemba/index/query"
)

// searchFlags are what a person says besides the words.
type searchFlags struct {
	cameras  []string
	labels   []string
	text     string
	from, to string
	limit    int
	pack     string
	explain  bool
	noRefine bool
}

// searchRequest is the body of POST /search.
type searchRequest struct {
	Query   string     `json:"query"`
	Cameras []string   `json:"cameras,omitempty"`
	Labels  []string   `json:"labels,omitempty"`
	Text    string     `json:"text,omitempty"`
	From    *time.Time `json:"from,omitempty"`
	To      *time.Time `json:"to,omitempty"`
	Limit   int        `json:"limit"`
	Refine  bool       `json:"refine"`
	Explain bool       `json:"explain,omitempty"`
}

func newSearchCommand(a *app) *cobra.Command {
	var f searchFlags
	cmd := &cobra.Command{
		Use:     `search "WORDS"`,
		Short:   "Find moments by describing them",
		GroupID: groupUse,
		Long: `Finds the moments that fit a description best and prints them, best first.

Words in quotes must be found in labels, camera names, file names or notes.
"without ..." and "no ..." count against a moment. Where nothing fits with
confidence the answer says so and the best guesses follow.

Times are local: ` + momentHelp + `.
A whole day given to --to is included.`,
		Example: `  gemba search "plastic bottles"
  gemba search "a person without a helmet" --camera gate --from yesterday
  gemba search "a forklift" --from "2026-11-20 14:00" --to -2h --json`,
		Args: exactly(1, "one description, in quotes"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.search(cmd.Context(), args[0], &f)
		},
	}
	fs := cmd.Flags()
	fs.StringArrayVar(&f.cameras, "camera", nil, "only this camera (repeat for several)")
	fs.StringArrayVar(&f.labels, "label", nil, "only what carries this label (repeat: all of them)")
	fs.StringVar(&f.text, "text", "", "only what has these words in labels, camera names, file names or notes")
	fs.StringVar(&f.from, "from", "", "only from this time on")
	fs.StringVar(&f.to, "to", "", "only up to this time")
	fs.IntVar(&f.limit, "limit", query.DefaultLimit, fmt.Sprintf("number of results, 1 to %d", query.MaxLimit))
	fs.BoolVar(&f.explain, "explain", false, "say which words were found in each moment, and which not")
	fs.BoolVar(&f.noRefine, "no-refine", false, "leave the order to the first stage")
	fs.StringVar(&f.pack, "pack", bundledPack, "without a daemon: folder of the model pack")
	registerCameraCompletion(a, cmd)
	return cmd
}

func (a *app) search(ctx context.Context, words string, f *searchFlags) error {
	req, err := a.searchRequest(words, f)
	if err != nil {
		return err
	}
	answer, err := a.ask(ctx, req, f.pack)
	if err != nil {
		return err
	}
	defer answer.close()
	if a.flags.json {
		var out bytes.Buffer
		if err := json.Indent(&out, bytes.TrimSpace(answer.raw), "", "  "); err != nil {
			return fmt.Errorf("read the answer: %w", err)
		}
		out.WriteByte('\n')
		_, err := out.WriteTo(a.stdout)
		return err
	}
	var response query.Response
	if err := json.Unmarshal(answer.raw, &response); err != nil {
		return fmt.Errorf("read the answer: %w (are gemba and gembad of the same version? gemba doctor tells)", err)
	}
	return a.printAnswer(ctx, &response, answer, f.explain)
}

// searchRequest turns flags into a request and refuses what cannot be meant
// before anything is opened or asked.
func (a *app) searchRequest(words string, f *searchFlags) (*searchRequest, error) {
	if strings.TrimSpace(words) == "" {
		return nil, usagef("the description is empty: say what to look for")
	}
	if f.limit < 1 || f.limit > query.MaxLimit {
		return nil, usagef("--limit must be between 1 and %d, not %d", query.MaxLimit, f.limit)
	}
	req := &searchRequest{Query: words, Cameras: f.cameras, Labels: f.labels, Text: f.text, Limit: f.limit, Refine: !f.noRefine, Explain: f.explain}
	var err error
	if req.From, err = a.moment("from", f.from, dayStart); err != nil {
		return nil, err
	}
	if req.To, err = a.moment("to", f.to, dayEnd); err != nil {
		return nil, err
	}
	if req.From != nil && req.To != nil && !req.From.Before(*req.To) {
		return nil, usagef("--from %s is not before --to %s", f.from, f.to)
	}
	return req, nil
}

// moment reads the time in a flag; a flag not given is nil.
func (a *app) moment(flag, text string, edge momentRange) (*time.Time, error) {
	if text == "" {
		return nil, nil
	}
	t, err := parseMoment(text, a.now(), a.location, edge)
	if err != nil {
		return nil, usagef("--%s: %w", flag, err)
	}
	t = t.UTC()
	return &t, nil
}

// answer is the JSON of one search, and where its clips can be watched.
type answer struct {
	raw   []byte
	video func(ctx context.Context, r *query.Result) string
	watch string // a command that fetches a video, before its URL; may be empty
	close func()
}

// ask puts the question to the daemon, or to the data folder itself where no
// daemon answers.
func (a *app) ask(ctx context.Context, req *searchRequest, pack string) (*answer, error) {
	d, err := a.findDaemon(ctx)
	if errors.As(err, new(*errNoDaemon)) && a.flags.dataDir != "" {
		return a.askFolder(ctx, req, pack)
	}
	if err != nil {
		return nil, err
	}
	raw, err := d.raw(ctx, http.MethodPost, "/api/v1/search", req)
	if err != nil {
		return nil, err
	}
	return &answer{
		raw:   raw,
		video: func(_ context.Context, r *query.Result) string { return r.VideoURL },
		watch: "curl --unix-socket " + d.socket + " -o clip.mp4 http://localhost",
		close: func() {},
	}, nil
}

func (a *app) askFolder(ctx context.Context, req *searchRequest, pack string) (*answer, error) {
	s, err := a.local.OpenFolder(ctx, a.flags.dataDir, pack, false)
	if err != nil {
		return nil, err
	}
	q := query.Request{Query: req.Query, Cameras: req.Cameras, Labels: req.Labels, Text: req.Text, Limit: req.Limit, Refine: req.Refine, Explain: req.Explain}
	if req.From != nil {
		q.From = *req.From
	}
	if req.To != nil {
		q.To = *req.To
	}
	res, err := s.Search(ctx, q)
	if err != nil {
		s.Close()
		return nil, err
	}
	raw, err := json.Marshal(res)
	if err != nil {
		s.Close()
		return nil, fmt.Errorf("write the answer: %w", err)
	}
	return &answer{
		raw:   raw,
		video: func(ctx context.Context, r *query.Result) string { return s.Footage(ctx, r.ClipID) },
		close: func() { s.Close() },
	}, nil
}

// registerCameraCompletion offers the daemon's cameras to the shell.
func registerCameraCompletion(a *app, cmd *cobra.Command) {
	complete := func(cmd *cobra.Command, _ []string, _ string) ([]string, cobra.ShellCompDirective) {
		ctx, cancel := context.WithTimeout(cmd.Context(), 2*time.Second)
		defer cancel()
		d, err := a.findDaemon(ctx)
		if err != nil {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		var list struct {
			Items []struct{ ID, Name string } `json:"items"`
		}
		if d.call(ctx, http.MethodGet, "/api/v1/cameras", nil, &list) != nil {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		var ids []string
		for _, c := range list.Items {
			ids = append(ids, cobra.CompletionWithDesc(c.ID, c.Name))
		}
		return ids, cobra.ShellCompDirectiveNoFileComp
	}
	if err := cmd.RegisterFlagCompletionFunc("camera", complete); err != nil {
		panic(err) // the flag is not there: a mistake in this program, found by any test
	}
}
