package text

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/blevesearch/bleve/v2"
	"github.com/blevesearch/bleve/v2/analysis"
	"github.com/blevesearch/bleve/v2/analysis/analyzer/keyword"
	"github.com/blevesearch/bleve/v2/analysis/lang/cjk"
	"github.com/blevesearch/bleve/v2/analysis/lang/en"
	"github.com/blevesearch/bleve/v2/document"
	"github.com/blevesearch/bleve/v2/mapping"
	index "github.com/blevesearch/bleve_index_api"
	"golang.org/x/text/unicode/norm"
)

// Fields of a document. A change needs a new formatVersion.
const (
	fieldLabel   = "label"   // each label, whole, folded
	fieldCamera  = "camera"  // the camera id, whole
	fieldStemmed = "stemmed" // all words, English stems without stop words
	fieldExact   = "exact"   // all words as they are; CJK as character pairs
)

// formatVersion is kept in each day's index; another one means: build it again.
const formatVersion = "1"

// Doc is the text of one clip.
type Doc struct {
	ID         uint64
	Labels     []string
	Camera     string // id
	CameraName string // as people call it
	File       string // name of the footage file
	Note       string
}

// schema is the mapping with the analysers it names.
type schema struct {
	mapping        *mapping.IndexMappingImpl
	stemmed, exact analysis.Analyzer
	whole          analysis.Analyzer
}

func newSchema() *schema {
	m := bleve.NewIndexMapping()
	m.DefaultAnalyzer = cjk.AnalyzerName
	m.StoreDynamic, m.IndexDynamic, m.DocValuesDynamic = false, false, false
	field := func(analyzer string) *mapping.FieldMapping {
		f := bleve.NewTextFieldMapping()
		f.Analyzer = analyzer
		f.Store, f.IncludeInAll, f.DocValues = false, false, false
		return f
	}
	d := bleve.NewDocumentStaticMapping()
	d.AddFieldMappingsAt(fieldLabel, field(keyword.Name))
	d.AddFieldMappingsAt(fieldCamera, field(keyword.Name))
	d.AddFieldMappingsAt(fieldStemmed, field(en.AnalyzerName))
	d.AddFieldMappingsAt(fieldExact, field(cjk.AnalyzerName))
	m.DefaultMapping = d
	return &schema{
		mapping: m,
		stemmed: m.AnalyzerNamed(en.AnalyzerName),
		exact:   m.AnalyzerNamed(cjk.AnalyzerName),
		whole:   m.AnalyzerNamed(keyword.Name),
	}
}

// document makes bleve's form of d. Each text is a value of its own: a phrase
// does not reach from one into the next.
func (s *schema) document(d *Doc) *document.Document {
	out := document.NewDocument(encodeID(d.ID))
	const (
		whole = index.IndexField | index.SkipFreqNorm
		words = index.IndexField | index.IncludeTermVectors
	)
	for i, l := range d.Labels {
		out.AddField(document.NewTextFieldCustom(fieldLabel, []uint64{uint64(i)}, []byte(foldLabel(l)), whole, s.whole))
	}
	out.AddField(document.NewTextFieldCustom(fieldCamera, nil, []byte(d.Camera), whole, s.whole))
	n := uint64(0)
	add := func(t string) {
		if t = normalise(cut(t, MaxText)); t == "" {
			return
		}
		out.AddField(document.NewTextFieldCustom(fieldStemmed, []uint64{n}, []byte(t), words, s.stemmed))
		out.AddField(document.NewTextFieldCustom(fieldExact, []uint64{n}, []byte(t), words, s.exact))
		n++
	}
	for _, l := range d.Labels {
		add(l)
	}
	add(d.Camera)
	if d.CameraName != d.Camera {
		add(d.CameraName)
	}
	add(d.File)
	add(d.Note)
	return out
}

// MaxText is how much of a note or name is indexed, in bytes: finding a phrase
// takes time that grows with the square of a text that repeats itself.
const MaxText = 4 << 10

// cut shortens t to n bytes of whole characters.
func cut(t string, n int) string {
	if len(t) <= n {
		return t
	}
	for n > 0 && !utf8.RuneStart(t[n]) {
		n--
	}
	return t[:n]
}

// foldLabel makes labels comparable: case and width of letters do not count.
func foldLabel(l string) string {
	return strings.Join(strings.Fields(strings.ToLower(norm.NFKC.String(l))), " ")
}

// normalise unifies letter forms and turns what joins words in file names into
// spaces, so that gate_cam-3.mp4 is found by each of its parts.
func normalise(t string) string {
	t = norm.NFKC.String(strings.ToValidUTF8(t, " "))
	return strings.Join(strings.FieldsFunc(t, func(r rune) bool {
		return unicode.IsSpace(r) || strings.ContainsRune(`_-./\`, r) || unicode.IsControl(r)
	}), " ")
}
