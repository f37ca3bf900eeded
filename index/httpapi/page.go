package httpapi

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"io/fs"
	"net/http"
	"path"
	"time"
)

//go:embed web
var webFiles embed.FS

// asset is one file of the page.
type asset struct {
	content     []byte
	contentType string
	etag        string
}

// contentTypes are those of the page's files. The machine's own table is not asked:
// it differs from one to the next.
var contentTypes = map[string]string{
	".html": "text/html; charset=utf-8",
	".css":  "text/css; charset=utf-8",
	".js":   "text/javascript; charset=utf-8",
	".svg":  "image/svg+xml",
}

// pageRoutes serve the page from inside the program: / and /assets/NAME.
func (s *service) pageRoutes() {
	entries, err := fs.ReadDir(webFiles, "web")
	if err != nil {
		panic(err) // the files are part of the program
	}
	for _, entry := range entries {
		name := entry.Name()
		content, err := webFiles.ReadFile("web/" + name)
		if err != nil {
			panic(err) // the files are part of the program
		}
		sum := sha256.Sum256(content)
		a := asset{content: content, contentType: contentTypes[path.Ext(name)], etag: `"` + hex.EncodeToString(sum[:12]) + `"`}
		pattern := "GET /assets/" + name
		if name == "index.html" {
			pattern = "GET /{$}"
		}
		s.mux.HandleFunc(pattern, a.serve)
	}
}

func (a asset) serve(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Content-Type", a.contentType)
	h.Set("ETag", a.etag)
	h.Set("Cache-Control", "no-cache") // asked for again each time, but rarely sent
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(a.content))
}
