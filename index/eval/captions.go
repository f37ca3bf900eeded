package eval

import (
	"io"
	"io/fs"
)

// Caption is one sentence that describes one photo.
type Caption struct {
	Image string // path of the photo below the image folder, with slashes
	Split string
	Text  string
	Line  int
}

// ReadCaptions reads a CSV file with the columns image, split and caption;
// name is used in errors. Mistakes come back together as a *FileError.
func ReadCaptions(r io.Reader, name string) ([]Caption, error) {
	t, err := openTable(r, name, "image", "split", "caption")
	if err != nil {
		return nil, err
	}
	var captions []Caption
	splits := map[string]string{}
	for t.next() {
		c := Caption{Image: t.field("image"), Split: t.field("split"), Text: t.field("caption"), Line: t.line}
		t.path("image", c.Image)
		t.sameSplit(splits, c.Image, c.Split)
		if c.Text == "" {
			t.problem("caption is empty")
		}
		captions = append(captions, c)
	}
	return captions, t.close()
}

// ReadCaptionsFile is ReadCaptions on a file.
func ReadCaptionsFile(path string) ([]Caption, error) { return readFile(path, ReadCaptions) }

// path notes a mistake if a path could lead out of its folder or has no single
// spelling.
func (t *table) path(column, path string) {
	switch {
	case path == "":
		t.problem("%s is empty", column)
	case path == "." || !fs.ValidPath(path):
		t.problem("%s %s is not a plain path below the folder (no leading slash, no . or ..)", column, quoteShort(path))
	}
}

// sameSplit notes a mistake if one photo is in two splits: evaluating on a
// photo that was also trained on is what splits are there to prevent.
func (t *table) sameSplit(splits map[string]string, image, split string) {
	if first, ok := splits[image]; ok && first != split {
		t.problem("image %s is in split %s here and in split %s above", quoteShort(image), quoteShort(split), quoteShort(first))
		return
	}
	splits[image] = split
}
