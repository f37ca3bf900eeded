package eval

import (
	"fmt"
	"io"
	"strconv"
	"strings"
)

// LabelledImage is one photo with what is known to be in it.
type LabelledImage struct {
	Image  string // path of the photo below the image folder, with slashes
	Split  string
	Source string
	Labels []LabelCount
	Line   int
}

// LabelCount is a label and how often it was marked in the photo.
type LabelCount struct {
	Name  string
	Count int
}

// Has reports whether the photo carries the label.
func (l LabelledImage) Has(label string) bool {
	for _, c := range l.Labels {
		if c.Name == label {
			return true
		}
	}
	return false
}

// ReadLabels reads a CSV file with the columns image, split, source and labels
// ("hard hat x2|forklift x1", or nothing); name is used in errors. Mistakes
// come back together as a *FileError.
func ReadLabels(r io.Reader, name string) ([]LabelledImage, error) {
	t, err := openTable(r, name, "image", "split", "source", "labels")
	if err != nil {
		return nil, err
	}
	var images []LabelledImage
	seen := map[string]int{}
	for t.next() {
		l := LabelledImage{Image: t.field("image"), Split: t.field("split"), Source: t.field("source"), Line: t.line}
		t.path("image", l.Image)
		if l.Image != "" {
			t.unique(seen, "image", l.Image)
		}
		if l.Labels, err = ParseLabels(t.field("labels")); err != nil {
			t.problem("labels: %v", err)
		}
		images = append(images, l)
	}
	return images, t.close()
}

// ReadLabelsFile is ReadLabels on a file.
func ReadLabelsFile(path string) ([]LabelledImage, error) { return readFile(path, ReadLabels) }

// ParseLabels reads "name xN|name xN". The empty string is no labels.
func ParseLabels(s string) ([]LabelCount, error) {
	if strings.TrimSpace(s) == "" {
		return nil, nil
	}
	var labels []LabelCount
	for part := range strings.SplitSeq(s, "|") {
		part = strings.TrimSpace(part)
		at := strings.LastIndex(part, " x")
		if at < 0 {
			return nil, fmt.Errorf("%s is not of the form \"name xN\"", quoteShort(part))
		}
		name := strings.TrimSpace(part[:at])
		n, err := strconv.ParseUint(part[at+2:], 10, 31)
		if err != nil || n == 0 || name == "" {
			return nil, fmt.Errorf("%s is not of the form \"name xN\" with N of 1 or more", quoteShort(part))
		}
		for _, l := range labels {
			if l.Name == name {
				return nil, fmt.Errorf("%s is named twice", quoteShort(name))
			}
		}
		labels = append(labels, LabelCount{Name: name, Count: int(n)})
	}
	return labels, nil
}
