package httpapi

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	cdplog "github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"github.com/gembahq/gemba/index"
)

// browser starts one Chromium for all tests of the page, or skips the test by name
// where there is none. Pictures of the page go to the folder named by
// GEMBA_SCREENSHOTS, or a temporary one.
func browser(t *testing.T) context.Context {
	t.Helper()
	path := ""
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if p, err := exec.LookPath(name); err == nil {
			path = p
			break
		}
	}
	if path == "" {
		t.Skipf("%s: no Chromium is installed", t.Name())
	}
	// Not t.TempDir: processes of Chromium may write into it a moment longer than
	// the one that is waited for, and what they leave is no fault of the page.
	profile, err := os.MkdirTemp("", "gemba-page-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(profile) })
	options := append([]chromedp.ExecAllocatorOption{}, chromedp.DefaultExecAllocatorOptions[:]...)
	options = append(options,
		chromedp.ExecPath(path), chromedp.UserDataDir(profile), chromedp.NoSandbox, chromedp.DisableGPU, chromedp.WindowSize(1280, 900),
		chromedp.Flag("disable-background-networking", true), chromedp.Flag("disable-component-update", true), chromedp.Flag("disable-sync", true),
		chromedp.WSURLReadTimeout(time.Minute),
	)
	ctx, cancel := chromedp.NewExecAllocator(context.Background(), options...)
	t.Cleanup(cancel)
	// The driver reports each event of the browser that it does not know.
	quiet := chromedp.WithErrorf(func(string, ...any) {})
	ctx, cancel = chromedp.NewContext(ctx, quiet)
	t.Cleanup(cancel)
	if err := chromedp.Run(ctx); err != nil {
		t.Fatalf("start Chromium: %v", err)
	}
	return ctx
}

// tab is one page in the browser together with the service behind it.
type tab struct {
	*world
	t      *testing.T
	ctx    context.Context
	mu     sync.Mutex
	faults []string // what the page did wrong
}

func newTab(t *testing.T, parent context.Context, change func(*world)) *tab {
	t.Helper()
	p := &tab{world: newWorld(t, change), t: t}
	ctx, cancel := chromedp.NewContext(parent)
	t.Cleanup(cancel)
	p.ctx, cancel = context.WithTimeout(ctx, 90*time.Second)
	t.Cleanup(cancel)
	chromedp.ListenTarget(p.ctx, func(event any) {
		p.mu.Lock()
		defer p.mu.Unlock()
		switch e := event.(type) {
		case *runtime.EventExceptionThrown:
			p.faults = append(p.faults, e.ExceptionDetails.Error())
		case *cdplog.EventEntryAdded:
			// Refused requests are part of some tests, broken rules never are.
			if e.Entry.Level == cdplog.LevelError && e.Entry.Source != cdplog.SourceNetwork {
				p.faults = append(p.faults, string(e.Entry.Source)+": "+e.Entry.Text)
			}
		}
	})
	p.run(cdplog.Enable(), emulation.SetTimezoneOverride("UTC"), emulation.SetLocaleOverride().WithLocale("en-GB"))
	t.Cleanup(func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		for _, fault := range p.faults {
			t.Errorf("the page: %s", fault)
		}
	})
	return p
}

func (p *tab) run(actions ...chromedp.Action) {
	p.t.Helper()
	if err := chromedp.Run(p.ctx, actions...); err != nil {
		var html string
		if errors.Is(err, context.DeadlineExceeded) {
			p.t.Fatal("timed out")
		}
		_ = chromedp.Run(p.ctx, chromedp.OuterHTML("main", &html))
		p.t.Fatalf("%v\n%.3000s", err, html)
	}
}

func (p *tab) open(path string) {
	p.t.Helper()
	p.run(chromedp.Navigate(p.url+path), chromedp.WaitVisible("#form"))
}

// until waits until the JavaScript expression is true.
func (p *tab) until(expression string) {
	p.t.Helper()
	if err := chromedp.Run(p.ctx, chromedp.Poll(expression, nil, chromedp.WithPollingTimeout(30*time.Second))); err != nil {
		var text string
		_ = chromedp.Run(p.ctx, chromedp.Evaluate(`document.body.innerText + "\nfocus: " + document.activeElement.outerHTML.slice(0, 200)`, &text))
		p.t.Fatalf("never true: %s (%v)\n%s", expression, err, text)
	}
}

func eval[T any](p *tab, expression string) T {
	p.t.Helper()
	var v T
	p.run(chromedp.Evaluate(expression, &v, func(e *runtime.EvaluateParams) *runtime.EvaluateParams { return e.WithAwaitPromise(true) }))
	return v
}

// answered waits for the answer of a search, and for the names of the cameras.
func (p *tab) answered() {
	p.t.Helper()
	p.until(`!document.getElementById("answer").hidden && document.getElementById("working").hidden && document.getElementById("box").textContent != ""`)
}

func (p *tab) ask(words string) {
	p.t.Helper()
	p.run(chromedp.Evaluate(`document.getElementById("summary").textContent = "waiting"`, nil), chromedp.SetValue("#q", words), chromedp.SendKeys("#q", kb.Enter))
	p.until(`document.getElementById("summary").textContent != "waiting"`)
	p.answered()
}

func (p *tab) cameras() string {
	return eval[string](p, `[...document.querySelectorAll("#results .camera")].map(c => c.textContent).join(", ")`)
}

func (p *tab) picture(name string) {
	p.t.Helper()
	folder := os.Getenv("GEMBA_SCREENSHOTS")
	if folder == "" {
		folder = p.t.TempDir()
	}
	var png []byte
	p.run(chromedp.CaptureScreenshot(&png))
	if err := os.WriteFile(filepath.Join(folder, name+".png"), png, 0o644); err != nil {
		p.t.Error(err)
	}
}

// imagesLoaded is true once every picture in view is there.
const imagesLoaded = `[...document.querySelectorAll("#results img")].every(i => i.complete && i.naturalWidth > 0)`

// playing resolves to the place the video has played to, once it has moved on from
// where it was started.
const playing = `new Promise((done, fail) => {
	const video = document.getElementById("video");
	const from = 1;
	const check = () => { if (video.currentTime > from + 0.2 && !video.paused) { video.removeEventListener("timeupdate", check); done(video.currentTime); } };
	video.addEventListener("timeupdate", check);
	video.addEventListener("error", () => fail(new Error("video error " + video.error?.message)));
	check();
})`

func TestPage(t *testing.T) {
	parent := browser(t)

	t.Run("search", func(t *testing.T) {
		p := newTab(t, parent, nil)
		p.open("/")
		p.until(`document.getElementById("box").textContent.includes("plant-7")`)
		p.picture("start")
		p.ask("a worker with a helmet")
		p.until(imagesLoaded)
		p.picture("results")
		if got := eval[string](p, `document.querySelector(".card").innerText.replaceAll("\n", " | ")`); !strings.Contains(got, "Yard") || !strings.Contains(got, "Confident") || !strings.Contains(got, "14:00:00") {
			t.Errorf("first card says %q", got)
		}
		if got := eval[string](p, `document.querySelector(".card time").title`); !strings.Contains(got, "2026-03-01 14:00:00 UTC") {
			t.Errorf("title of the time %q", got)
		}
		if got := eval[string](p, `document.querySelector("#coverage summary").textContent`); !strings.Contains(got, "Searched 9 clips from 5 cameras") || !strings.Contains(got, "gaps of") {
			t.Errorf("coverage %q", got)
		}
		// The two workers are results, all else is set apart as weak.
		if got := eval[string](p, `[...document.querySelectorAll("#results .badge")].map(b => b.textContent) + " " + document.getElementById("summary").textContent + " " + document.getElementById("guesses-title").textContent + document.getElementById("guesses").open`); got != "Confident,Possible 2 moments for “a worker with a helmet” 6 weaker guessestrue" {
			t.Errorf("the answer is divided as %q", got)
		}
		if got := eval[string](p, `location.search`); got != "?q=a+worker+with+a+helmet" {
			t.Errorf("address %q", got)
		}
		p.run(chromedp.NavigateBack())
		p.until(`!document.getElementById("start").hidden`)
		p.run(chromedp.NavigateForward())
		p.answered()
		if got := p.cameras(); !strings.HasPrefix(got, "Yard") {
			t.Errorf("after going forward again the cameras are %q", got)
		}
	})

	t.Run("examples", func(t *testing.T) {
		p := newTab(t, parent, nil)
		p.open("/")
		p.run(chromedp.Click("#examples a"))
		p.answered()
		if got := eval[string](p, `document.getElementById("q").value`); got != "plastic bottles" {
			t.Errorf("the question is %q", got)
		}
	})

	t.Run("play", func(t *testing.T) {
		p := newTab(t, parent, nil)
		p.open("/?q=car&camera=gate")
		p.answered()
		p.run(chromedp.Click(".card"))
		p.until(`document.getElementById("player").open`)
		if at := eval[float64](p, playing); at < 1.2 || at > 20 {
			t.Errorf("plays at %g s, the clip begins at 1 s", at)
		}
		p.picture("player")
		if got := eval[string](p, `document.getElementById("player-title").textContent`); got != "North gate" {
			t.Errorf("title %q", got)
		}
		p.run(chromedp.Click("#player-next"))
		p.until(`document.getElementById("player-time").textContent.includes("13:00:00")`)
		eval[float64](p, playing)
		p.run(chromedp.KeyEvent(kb.Escape))
		p.until(`!document.getElementById("player").open && document.activeElement.classList.contains("card") && !document.getElementById("video").src`)
	})

	t.Run("footage that cannot be played", func(t *testing.T) {
		p := newTab(t, parent, func(w *world) { w.footage.unplayable["gate"] = true; w.footage.gone["yard"] = true })
		p.open("/?q=car&camera=gate")
		p.answered()
		p.run(chromedp.Click(".card"))
		p.until(`document.querySelectorAll("#strip button").length == 4 && document.getElementById("still").naturalWidth > 0`)
		p.until(`[...document.querySelectorAll("#strip img")].every(i => i.naturalWidth > 0)`)
		p.picture("frames")
		if got := eval[string](p, `document.getElementById("player-note").textContent`); !strings.Contains(got, "codec") {
			t.Errorf("note %q", got)
		}
		if eval[bool](p, `document.getElementById("video").checkVisibility()`) {
			t.Error("the video is still there")
		}
		p.run(chromedp.KeyEvent(kb.Escape))
		p.open("/?q=worker&camera=yard")
		p.answered()
		p.run(chromedp.Click(".card"))
		// Only the best frame is left, as the thumbnail.
		p.until(`document.getElementById("strip").hidden && document.getElementById("still").naturalWidth > 0 && document.getElementById("player-note").textContent.includes("no longer there")`)
	})

	t.Run("filter", func(t *testing.T) {
		p := newTab(t, parent, nil)
		p.open("/?q=people")
		p.answered()
		p.run(chromedp.Click("#camera-menu summary"), chromedp.WaitVisible(`#cameras input[value="hall"]`))
		p.picture("cameras")
		p.run(chromedp.Click(`#cameras input[value="hall"]`))
		p.until(`document.querySelectorAll("#results .card").length == 2 && document.getElementById("working").hidden`)
		if got := p.cameras(); got != "Hall, Hall" {
			t.Errorf("cameras %q", got)
		}
		if got := eval[string](p, `document.getElementById("camera-label").textContent + location.search`); got != "Hall?q=people&camera=hall" {
			t.Errorf("label and address %q", got)
		}
		p.run(chromedp.Evaluate(`document.getElementById("from").value = "2026-03-01T16:30:00"; document.getElementById("from").dispatchEvent(new Event("change"))`, nil))
		p.until(`document.querySelectorAll("#results .card").length == 1 && document.getElementById("working").hidden`)
		if got := eval[string](p, `document.querySelector("#coverage summary").textContent`); !strings.Contains(got, "Searched 1 clip from 1 camera") {
			t.Errorf("coverage %q", got)
		}
		p.run(chromedp.Click("#clear"))
		p.until(`document.querySelectorAll("#results .card").length > 2 && document.getElementById("clear").hidden`)
		p.open("/?q=people&from=2030-01-01T00%3A00%3A00Z")
		p.answered()
		if got := eval[string](p, `document.getElementById("summary").textContent`); got != "The filters leave nothing to search" {
			t.Errorf("says %q", got)
		}
	})

	t.Run("no match", func(t *testing.T) {
		p := newTab(t, parent, nil)
		p.open("/")
		p.ask("a giraffe")
		if got := eval[string](p, `document.getElementById("summary").textContent`); got != "No confident match" {
			t.Errorf("says %q", got)
		}
		if eval[bool](p, `document.querySelector(".card").checkVisibility({visibilityProperty: true}) && document.getElementById("guesses").open`) {
			t.Error("the guesses are not folded away")
		}
		p.picture("no-match")
		p.run(chromedp.Click("#guesses-title"), chromedp.WaitVisible("#guess-list .card"))
		p.run(chromedp.Click("#guess-list .card"))
		p.until(`document.getElementById("player").open`)
		p.run(chromedp.KeyEvent(kb.Escape))
		p.ask("a worker without a helmet")
		if got := eval[string](p, `document.getElementById("understood").textContent`); !strings.Contains(got, "counting against: a helmet") {
			t.Errorf("understood %q", got)
		}
	})

	t.Run("errors", func(t *testing.T) {
		p := newTab(t, parent, nil)
		p.open("/?q=car&camera=roof")
		p.until(`!document.getElementById("error").hidden`)
		if got := eval[string](p, `document.getElementById("error").innerText`); !strings.Contains(got, `there is no camera "roof"`) || !strings.Contains(got, "gate") {
			t.Errorf("error %q", got)
		}
		p.picture("error")
		p.run(chromedp.Click("#clear"))
		p.until(`document.getElementById("error").hidden && document.querySelectorAll("#results .card").length > 0`)
		p.ask("broken")
		if got := eval[string](p, `document.getElementById("error").innerText`); !strings.Contains(got, "Search failed") {
			t.Errorf("error %q", got)
		}
		p.server.CloseClientConnections()
		p.server.Listener.Close()
		p.ask("car")
		if got := eval[string](p, `document.getElementById("error").innerText`); !strings.Contains(got, "does not answer") {
			t.Errorf("error %q", got)
		}
	})

	t.Run("keyboard only", func(t *testing.T) {
		p := newTab(t, parent, nil)
		p.open("/")
		p.until(`document.activeElement.id == "q"`)
		p.run(chromedp.KeyEvent("people"), chromedp.KeyEvent(kb.Enter))
		p.answered()
		p.run(chromedp.KeyEvent(kb.ArrowDown))
		p.until(`document.activeElement == document.querySelectorAll(".card")[0]`)
		p.run(chromedp.KeyEvent(kb.ArrowRight))
		p.until(`document.activeElement == document.querySelectorAll(".card")[1]`)
		p.run(chromedp.KeyEvent(kb.ArrowDown))
		p.until(`document.activeElement.getBoundingClientRect().top > document.querySelectorAll(".card")[1].getBoundingClientRect().top`)
		p.run(chromedp.KeyEvent(kb.Home), chromedp.KeyEvent(kb.ArrowRight), chromedp.KeyEvent(kb.Enter))
		p.until(`document.getElementById("player").open`)
		eval[float64](p, playing)
		p.run(chromedp.KeyEvent("n"))
		p.until(`document.getElementById("player-title").textContent == "Hall"`)
		p.run(chromedp.KeyEvent(kb.Escape))
		p.until(`!document.getElementById("player").open && document.activeElement == document.querySelectorAll(".card")[1]`)
		p.run(chromedp.KeyEvent("/"))
		p.until(`document.activeElement.id == "q"`)
		// Everything that can be done is reached by Tab, in the order it is seen.
		order := []string{}
		for range 6 {
			p.run(chromedp.KeyEvent(kb.Tab))
			order = append(order, eval[string](p, `document.activeElement.id || document.activeElement.className || document.activeElement.tagName`))
		}
		if got := strings.Join(order[:3], " "); got != "primary SUMMARY from" {
			t.Errorf("Tab goes %v", order)
		}
	})

	t.Run("narrow", func(t *testing.T) {
		p := newTab(t, parent, nil)
		p.run(chromedp.EmulateViewport(360, 740, chromedp.EmulateScale(2), chromedp.EmulateMobile))
		const fits = `document.documentElement.scrollWidth <= 360 && document.documentElement.clientWidth == 360`
		p.open("/")
		p.until(`document.getElementById("box").textContent.includes("plant-7")`)
		p.picture("narrow-start")
		if !eval[bool](p, fits) {
			t.Error("the start page is wider than the screen")
		}
		p.ask("people")
		p.until(`document.querySelector("#results img").naturalWidth > 0`)
		p.picture("narrow-results")
		if !eval[bool](p, fits) {
			t.Error("the results are wider than the screen")
		}
		p.run(chromedp.Click("#filters-toggle"), chromedp.WaitVisible("#camera-menu summary"), chromedp.Click("#camera-menu summary"))
		p.run(chromedp.Evaluate(`document.querySelector("#coverage details").open = true`, nil))
		p.picture("narrow-filters")
		if !eval[bool](p, fits) {
			t.Error("the coverage or the menu is wider than the screen")
		}
		p.run(chromedp.Evaluate(`document.getElementById("camera-menu").open = false`, nil), chromedp.Click(".card"))
		p.until(`document.getElementById("player").open`)
		eval[float64](p, playing)
		p.picture("narrow-player")
		if !eval[bool](p, fits+` && document.getElementById("player").scrollWidth <= 360`) {
			t.Error("the player is wider than the screen")
		}
	})

	t.Run("dark", func(t *testing.T) {
		p := newTab(t, parent, nil)
		p.run(emulation.SetEmulatedMedia().WithFeatures([]*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: "dark"}, {Name: "prefers-reduced-motion", Value: "reduce"}}))
		p.open("/?q=people+floor")
		p.answered()
		p.until(imagesLoaded)
		p.picture("dark")
	})

	t.Run("more and similar", func(t *testing.T) {
		p := newTab(t, parent, func(w *world) {
			for i := range 50 {
				vector, _ := vectorOf("car")
				id := index.ID(uint64(9)<<32 | uint64(i))
				w.store.clips = append(w.store.clips, index.Clip{ID: id, Camera: "gate", Start: noon.Add(time.Duration(i+2) * time.Hour), Duration: 4 * time.Second, Vector: vector})
				w.store.thumbs[id] = w.store.thumbs[1<<32|1]
			}
		})
		p.open("/?q=car")
		p.answered()
		p.until(`document.querySelectorAll("#results .card").length == 20`)
		p.run(chromedp.Click("#more"))
		p.until(`document.querySelectorAll("#results .card").length == 40`)
		p.until(`document.activeElement == document.querySelectorAll(".card")[20]`)
		if n := eval[int](p, `new Set([...document.querySelectorAll(".card")].map(c => c.dataset.clip)).size`); n != 40 {
			t.Errorf("%d different clips among 40", n)
		}
		p.run(chromedp.Click(".card"))
		p.until(`document.getElementById("player").open`)
		p.run(chromedp.Click("#player-like"))
		p.until(`location.search.startsWith("?like=") && document.getElementById("summary").textContent.includes("like the one you chose")`)
	})

	t.Run("empty index", func(t *testing.T) {
		p := newTab(t, parent, func(w *world) { w.store.clips, w.cameras.items = nil, nil })
		p.open("/")
		p.until(`document.getElementById("start-title").textContent == "Nothing is indexed yet"`)
		p.picture("empty")
		if eval[bool](p, `document.getElementById("examples").checkVisibility()`) {
			t.Error("examples are offered for an empty index")
		}
		p.ask("car")
		if got := eval[string](p, `document.getElementById("summary").textContent`); got != "Nothing is indexed yet" {
			t.Errorf("says %q", got)
		}
	})

	t.Run("importing and starting", func(t *testing.T) {
		eta := 95.0
		p := newTab(t, parent, func(w *world) {
			w.importer.jobs["job-1"] = JobState{State: JobRunning, Progress: 0.43, ETASeconds: &eta}
		})
		p.open("/")
		p.until(`!document.getElementById("importing").hidden`)
		if got := eval[string](p, `document.getElementById("importing-text").textContent`); !strings.Contains(got, "43 %") || !strings.Contains(got, "1 min 35 s left") {
			t.Errorf("says %q", got)
		}
		p.picture("importing")
		p.importer.mu.Lock()
		p.importer.jobs["job-1"] = JobState{State: JobDone, Progress: 1}
		p.importer.mu.Unlock()
		p.until(`document.getElementById("importing").hidden`)

		p = newTab(t, parent, func(w *world) { w.ready = Readiness{Parts: []Part{{Name: "model", Detail: "loading"}}} })
		p.open("/")
		p.until(`document.getElementById("importing-text").textContent.includes("not ready yet: model (loading)")`)
	})

	t.Run("hostile names", func(t *testing.T) {
		p := newTab(t, parent, func(w *world) {
			for i := range w.cameras.items {
				w.cameras.items[i].Name = fmt.Sprintf(`<img src=x onerror="document.title='hacked'">%d`, i)
			}
		})
		p.open(`/?q=people+%3Cscript%3Edocument.title%3D%22hacked%22%3C%2Fscript%3E`)
		p.answered()
		p.until(imagesLoaded)
		if got := eval[string](p, `document.title + document.querySelectorAll("img[src=x], main script").length`); strings.HasPrefix(got, "hacked") || !strings.HasSuffix(got, "0") {
			t.Errorf("markup in names becomes markup: %q", got)
		}
	})
}
