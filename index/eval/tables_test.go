package eval

import (
	"errors"
	"io"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"
)

func TestReadCaptions(t *testing.T) {
	in := "\ufeffsplit,image,extra,caption\r\nval,a/b.jpg,1,\"A dog , running\"\r\n\r\nval,a/b.jpg,2, 犬が走る \r\n"
	got, err := ReadCaptions(strings.NewReader(in), "c.csv")
	if err != nil {
		t.Fatal(err)
	}
	want := []Caption{{Image: "a/b.jpg", Split: "val", Text: "A dog , running", Line: 2}, {Image: "a/b.jpg", Split: "val", Text: "犬が走る", Line: 4}}
	if len(got) != len(want) || got[0] != want[0] || got[1] != want[1] {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

func TestReadCaptionsBad(t *testing.T) {
	const head = "image,split,caption\n"
	tests := []struct {
		name, in string
		want     []string
	}{
		{"empty", "", []string{"c.csv: the file is empty"}},
		{"no rows", head, []string{"c.csv: there is no row"}},
		{"wrong columns", "photo,caption\na,b\n", []string{`c.csv:1: there is no column "image"`, `c.csv:1: there is no column "split"`}},
		{"column twice", "image,split,caption,image\na,b,c,d\n", []string{`c.csv:1: column "image" appears twice`}},
		{"comma not quoted", head + "a.jpg,val,one, two\n", []string{"c.csv:2: 4 fields instead of the 3"}},
		{"open quote", head + "a.jpg,val,fine\nb.jpg,val,\"never closed\n", []string{"c.csv:3:"}},
		{"empty fields", head + ",val,x\na.jpg,val,\n", []string{"c.csv:2: image is empty", "c.csv:3: caption is empty"}},
		{"path leads out", head + "../a.jpg,val,x\n/etc/passwd,val,x\na//b,val,x\n.,val,x\n", []string{"c.csv:2:", "c.csv:3:", "c.csv:4:", "c.csv:5:"}},
		{"two splits", head + "a.jpg,val,x\na.jpg,train,y\n", []string{`c.csv:3: image "a.jpg" is in split "train" here and in split "val" above`}},
		{"not utf-8", head + "a.jpg,val,\xff\xfe\n", []string{"c.csv:2: caption is not valid UTF-8"}},
		{"control", head + "a\x00.jpg,val,x\n", []string{`c.csv:2: image holds a control character ('\x00')`}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := ReadCaptions(strings.NewReader(tt.in), "c.csv")
			wantInError(t, err, tt.want...)
			var fe *FileError
			if !errors.As(err, &fe) || fe.Name != "c.csv" || len(fe.Problems) != len(tt.want) {
				t.Errorf("error %#v, want a *FileError with %d problems", err, len(tt.want))
			}
		})
	}
}

func TestManyMistakesAreCounted(t *testing.T) {
	in := "image,split,caption\n" + strings.Repeat("a.jpg,val,\n", maxProblems+5)
	_, err := ReadCaptions(strings.NewReader(in), "c.csv")
	wantInError(t, err, "c.csv:2:", "c.csv: 5 more mistakes")
}

func TestReadErrorIsNoMistakeOfTheFile(t *testing.T) {
	broken := errors.New("disk on fire")
	for _, in := range []string{"", "image,split,caption\na.jpg,val,x\n"} {
		_, err := ReadCaptions(io.MultiReader(strings.NewReader(in), iotest.ErrReader(broken)), "c.csv")
		if !errors.Is(err, broken) {
			t.Errorf("after %q: error %v, want %v", in, err, broken)
		}
	}
}

func TestParseLabels(t *testing.T) {
	got, err := ParseLabels("hard hat x2|box x 4 x10|日本 x1")
	if err != nil {
		t.Fatal(err)
	}
	want := []LabelCount{{"hard hat", 2}, {"box x 4", 10}, {"日本", 1}}
	if len(got) != len(want) {
		t.Fatalf("got %v, want %v", got, want)
	}
	for i := range want {
		if got[i] != want[i] {
			t.Errorf("label %d = %v, want %v", i, got[i], want[i])
		}
	}
	if none, err := ParseLabels(" "); err != nil || none != nil {
		t.Errorf("no labels: %v, %v", none, err)
	}
	for _, bad := range []string{"helmet", "helmet x", "helmet x0", "helmet x-1", " x1", "a x1||b x1", "a x1|a x2", "a x99999999999"} {
		if got, err := ParseLabels(bad); err == nil {
			t.Errorf("%q gave %v, want an error", bad, got)
		}
	}
}

func TestReadLabels(t *testing.T) {
	const head = "image,split,source,labels\n"
	got, err := ReadLabels(strings.NewReader(head+"s/a.jpg,val,s,forklift x1|person x3\ns/b.jpg,val,s,\n"), "l.csv")
	if err != nil {
		t.Fatal(err)
	}
	if len(got) != 2 || !got[0].Has("person") || got[0].Has("forklift x1") || len(got[1].Labels) != 0 {
		t.Errorf("got %+v", got)
	}
	_, err = ReadLabels(strings.NewReader(head+"a.jpg,val,s,x\na.jpg,val,s,\n"), "l.csv")
	wantInError(t, err, "l.csv:2: labels:", `l.csv:3: image "a.jpg" is already on line 2`)
}

func TestReadTruth(t *testing.T) {
	got, err := ReadTruth(strings.NewReader("query,relevant\na helmet,a.mp4|dir/b c.mp4\n空の駐車場,\n"), "t.csv")
	if err != nil {
		t.Fatal(err)
	}
	if len(got) != 2 || len(got[0].Relevant) != 2 || got[0].Relevant[1] != "dir/b c.mp4" || got[1].Query != "空の駐車場" {
		t.Fatalf("got %+v", got)
	}
	if got[1].Relevant == nil || len(got[1].Relevant) != 0 {
		t.Errorf("a question without answer has relevant %#v, want an empty list", got[1].Relevant)
	}
	_, err = ReadTruth(strings.NewReader("query,relevant\n,a.mp4\nx,a.mp4|a.mp4\ny,a.mp4|\nz,/abs.mp4\n"), "t.csv")
	wantInError(t, err, "t.csv:2: query is empty", `t.csv:3: relevant names "a.mp4" twice`, "t.csv:4: relevant is empty", `t.csv:5: relevant "/abs.mp4" is not a plain path`)
}

// TestRealTables reads the files of the data sets, which are not part of the
// repository.
func TestRealTables(t *testing.T) {
	captions, err := ReadCaptionsFile(filepath.Join(dataDir(t, "flickr8k"), "captions.csv"))
	if err != nil {
		t.Fatal(err)
	}
	if len(captions) != 35450 {
		t.Errorf("flickr8k: %d captions, want 35450", len(captions))
	}
	labels, err := ReadLabelsFile(filepath.Join(dataDir(t, "site_photos"), "labels.csv"))
	if err != nil {
		t.Fatal(err)
	}
	if len(labels) != 4242 {
		t.Errorf("site_photos: %d photos, want 4242", len(labels))
	}
}

func TestSampleTruth(t *testing.T) {
	questions, err := ReadTruthFile(filepath.Join("..", "..", "testdata", "footage", "truth.csv"))
	if err != nil {
		t.Fatal(err)
	}
	if len(questions) != 10 {
		t.Errorf("%d questions, want 10", len(questions))
	}
}

func FuzzReadCaptions(f *testing.F) {
	f.Add("image,split,caption\na.jpg,val,\"a, b\"\n")
	f.Add("\ufeffimage,split,caption\r\na,b\r\n\"")
	f.Fuzz(func(t *testing.T, in string) {
		captions, err := ReadCaptions(strings.NewReader(in), "f")
		if err != nil {
			return
		}
		if len(captions) == 0 {
			t.Error("no captions and no error")
		}
		for _, c := range captions {
			if c.Text == "" || !filepath.IsLocal(c.Image) || c.Line < 2 {
				t.Errorf("accepted %+v", c)
			}
		}
	})
}

func FuzzReadLabels(f *testing.F) {
	f.Add("image,split,source,labels\na.jpg,val,s,hard hat x2|b x1\n")
	f.Fuzz(func(t *testing.T, in string) {
		images, err := ReadLabels(strings.NewReader(in), "f")
		if err != nil {
			return
		}
		for _, l := range images {
			for _, c := range l.Labels {
				if c.Name == "" || c.Count < 1 || !l.Has(c.Name) {
					t.Errorf("accepted %+v", l)
				}
			}
		}
	})
}

func FuzzReadTruth(f *testing.F) {
	f.Add("query,relevant\na,b.mp4|c.mp4\nd,\n")
	f.Fuzz(func(t *testing.T, in string) {
		questions, err := ReadTruth(strings.NewReader(in), "f")
		if err != nil {
			return
		}
		for _, q := range questions {
			if q.Query == "" || q.Relevant == nil {
				t.Errorf("accepted %+v", q)
			}
			for _, r := range q.Relevant {
				if !filepath.IsLocal(r) {
					t.Errorf("accepted the path %q", r)
				}
			}
		}
	})
}

func FuzzReadEK100(f *testing.F) {
	f.Add("narration_id,narration,verb_class,all_noun_classes\na,b,0,\"[1, 2]\"\n", "narration_id,narration\na,b\n")
	f.Fuzz(func(t *testing.T, clips, sentences string) {
		c, err := ReadEK100Clips(strings.NewReader(clips), "c")
		if err != nil {
			return
		}
		s, err := ReadEK100Sentences(strings.NewReader(sentences), "s")
		if err != nil {
			return
		}
		rel, err := EK100Relevancy(c, s, "s")
		if err != nil {
			return
		}
		rows, cols := rel.Dims()
		row := make([]float64, cols)
		for i := range rows {
			rel.Row(i, row)
			for _, v := range row {
				if !(v >= 0 && v <= 1) {
					t.Fatalf("relevancy %v", v)
				}
			}
		}
	})
}
