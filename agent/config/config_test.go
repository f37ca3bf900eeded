package config

import (
	"errors"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

var rewrite = flag.Bool("rewrite", false, "write errors.txt of the scenarios anew")

// TestScenarios loads testdata/*/gemba.yaml and compares the report with
// errors.txt beside it. No errors.txt: the configuration is right.
func TestScenarios(t *testing.T) {
	files, err := filepath.Glob("testdata/*/gemba.yaml")
	if err != nil || len(files) == 0 {
		t.Fatalf("no scenarios: %v", err)
	}
	here, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		dir := filepath.Dir(file)
		t.Run(filepath.Base(dir), func(t *testing.T) {
			_, err := load(file, nil)
			got := ""
			if err != nil {
				var problems Problems
				if !errors.As(err, &problems) {
					t.Fatalf("error %T is no report", err)
				}
				got = strings.ReplaceAll(err.Error(), filepath.Join(here, dir), "DIR")
				got = strings.ReplaceAll(got, file, "gemba.yaml") + "\n"
			}
			golden := filepath.Join(dir, "errors.txt")
			if *rewrite && got != "" {
				if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil && !os.IsNotExist(err) {
				t.Fatal(err)
			}
			if got != string(want) {
				t.Errorf("got:\n%swant:\n%s", got, want)
			}
		})
	}
}

func TestLoadFillsEverything(t *testing.T) {
	c, err := load("testdata/complete/gemba.yaml", []string{
		"GEMBA_HTTP_LISTEN=[::1]:9000", "GEMBA_RETENTION_MAX_AGE=2w", "GEMBA_LOG_LEVEL=debug", "GEMBA_PACK=/elsewhere", "GEMBA_NODE=",
	})
	if err != nil {
		t.Fatal(err)
	}
	dir, err := filepath.Abs("testdata/complete")
	if err != nil {
		t.Fatal(err)
	}
	if c.Site != "plant-7" || c.Node != "box-1" || c.Location.String() != "Asia/Tokyo" {
		t.Errorf("site %q, node %q, zone %v", c.Site, c.Node, c.Location)
	}
	if c.DataDir != filepath.Join(dir, "data") || c.File != filepath.Join(dir, "gemba.yaml") {
		t.Errorf("data_dir %q and file %q are not taken from the file's folder", c.DataDir, c.File)
	}
	if c.HTTP.Listen != "[::1]:9000" || c.Retention.MaxAge != Duration(14*24*time.Hour) || c.Log.Level != "debug" {
		t.Errorf("the environment does not rule: %v %v %v", c.HTTP, c.Retention, c.Log)
	}
	if c.Model.Pack != "bundled" || c.Retention.MaxBytes != 200<<30 || c.Recorder.MaxBytes != 1.5e12 {
		t.Errorf("model %v, retention %v, recorder %v", c.Model, c.Retention, c.Recorder)
	}
	if len(c.Cameras) != 3 {
		t.Fatalf("%d cameras", len(c.Cameras))
	}
	gate, nvr, sample := c.Cameras[0], c.Cameras[1], c.Cameras[2]
	if gate.Name != "North gate" || gate.Credentials == nil || gate.Credentials.Password != "12 34" {
		t.Errorf("gate is %+v", gate)
	}
	if nvr.TimeFrom.String() != "name:%Y%m%d_%H%M%S" || nvr.Source.Path != filepath.Join(dir, "nvr") || nvr.Mode != "keyframes" {
		t.Errorf("nvr3 is %+v", nvr)
	}
	if sample.Name != "sample" || sample.Source.Path != filepath.Join(dir, "clip.mp4") || sample.Mode != "full" {
		t.Errorf("sample is %+v", sample)
	}
	if hq := c.Headquarters; hq == nil || hq.DigestEvery != Duration(30*time.Minute) || hq.CAFile != filepath.Join(dir, "clip.mp4") {
		t.Errorf("headquarters is %+v", hq)
	}
	if len(c.Warnings) != 3 { // rtsp, recorder, headquarters
		t.Errorf("warnings: %v", c.Warnings)
	}
}

func TestEnvironmentMistakesAreReported(t *testing.T) {
	_, err := load("testdata/complete/gemba.yaml", []string{"GEMBA_LOG_LEVEL=loud", "GEMBA_RECORDER_ENABLED=maybe"})
	if err == nil || !strings.Contains(err.Error(), "environment: GEMBA_LOG_LEVEL: ") || !strings.Contains(err.Error(), "environment: GEMBA_RECORDER_ENABLED: ") {
		t.Errorf("got %v", err)
	}
}

func TestLoadWithoutFile(t *testing.T) {
	_, err := Load(filepath.Join(t.TempDir(), "none.yaml"))
	var problems Problems
	if !errors.As(err, &problems) || len(problems) != 1 || !strings.Contains(problems[0].Text, "no such file") {
		t.Errorf("got %v", err)
	}
}

func TestLoadRefusesHugeFile(t *testing.T) {
	file := filepath.Join(t.TempDir(), "video.mp4")
	if err := os.WriteFile(file, make([]byte, maxFile+10), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Load(file); err == nil || !strings.Contains(err.Error(), "no configuration") {
		t.Errorf("got %v", err)
	}
}

func TestUnreadableFilesAreNamed(t *testing.T) {
	if os.Geteuid() == 0 {
		t.Skip("root may read everything")
	}
	dir := t.TempDir()
	file := filepath.Join(dir, "a.mp4")
	if err := os.WriteFile(file, nil, 0); err != nil {
		t.Fatal(err)
	}
	_, err := Parse([]byte("version: 1\ncameras:\n- {id: a, source: \"file:a.mp4\"}\n"), "gemba.yaml", dir)
	if err == nil || !strings.Contains(err.Error(), "gemba.yaml:3: cameras[0].source") || !strings.Contains(err.Error(), "may not be read") {
		t.Errorf("got %v", err)
	}
}

// TestExample holds the shipped example to what it says: right as it stands,
// naming every key, and right again when its commented lines are put in force.
func TestExample(t *testing.T) {
	c, err := Parse(Example, "gemba.yaml", "/etc/gemba")
	if err != nil {
		t.Fatal(err)
	}
	want := Default()
	if c.Site != want.Site || c.DataDir != want.DataDir || c.HTTP != want.HTTP || c.Model != want.Model || c.Retention != want.Retention || c.Log != want.Log {
		t.Errorf("the example is not the defaults: %+v", c)
	}
	keys := map[string]*field{}
	d := &document{config: Default()}
	schema := d.schema()
	collect(schema, keys)
	for key := range keys {
		if !strings.Contains(string(Example), key+":") {
			t.Errorf("the example does not name %s", key)
		}
	}
	dir := t.TempDir()
	for _, f := range []string{"hq-ca.pem", "box.pem", "box.key"} {
		if err := os.WriteFile(filepath.Join(dir, f), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(dir, "gate.cred"), []byte("username: gate\npassword: x\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	all := strings.NewReplacer(
		"cameras: []", "cameras:", "#  - {", "  - {", "# node:", "node:", "# timezone:", "timezone:", "# headquarters:", "headquarters:", "#   ", "  ",
		"folder:///srv/nvr/cam3", "folder:.", "file:///srv/sample.mp4", "file:box.pem",
	).Replace(string(Example))
	// The explanation of sources above the list is indented as the commented keys are.
	var lines []string
	for _, line := range strings.Split(all, "\n") {
		if !strings.Contains(line, "://…") && !strings.Contains(line, ":///…") {
			lines = append(lines, line)
		}
	}
	c, err = Parse([]byte(strings.Join(lines, "\n")), "gemba.yaml", dir)
	if err != nil {
		t.Fatalf("with its commented lines in force: %v", err)
	}
	if len(c.Cameras) != 3 || c.Headquarters == nil || c.Node != "box-1" {
		t.Errorf("with its commented lines in force: %+v", c)
	}
}

func collect(f *field, into map[string]*field) {
	if f.list != nil {
		f = f.list(0)
	}
	for key, below := range f.fields {
		into[key] = below
		collect(below, into)
	}
}

func TestNodeIsStableAndAnID(t *testing.T) {
	if a, b := machineNode(), machineNode(); a != b || !idPattern.MatchString(a) {
		t.Errorf("node %q, then %q", a, b)
	}
	if nodeFrom("a") == nodeFrom("b") {
		t.Error("two machines, one node")
	}
}

func FuzzParse(f *testing.F) {
	files, _ := filepath.Glob("testdata/*/gemba.yaml")
	for _, file := range files {
		if text, err := os.ReadFile(file); err == nil {
			f.Add(text)
		}
	}
	f.Add([]byte("a: &x [*x]\ncameras: &y\n- *y\nhttp: &z {listen: *z}\n"))
	f.Add([]byte("? [a]\n: b\n<<: {version: 1}\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		c, err := Parse(text, "gemba.yaml", "/nowhere")
		if (c == nil) == (err == nil) {
			t.Errorf("config %v with error %v", c, err)
		}
		var problems Problems
		if err != nil && (!errors.As(err, &problems) || len(problems) == 0) {
			t.Errorf("error %T is no report", err)
		}
	})
}
