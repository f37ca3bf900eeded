package archtest

import "testing"

const (
	ffmpeg      = "github.com/asticode/go-astiav/..."
	onnxruntime = "github.com/yalue/onnxruntime_go/..."
	bleve       = "github.com/blevesearch/bleve/v2/..."
	mqtt        = "github.com/eclipse/paho.mqtt.golang/..."
	mqtt5       = "github.com/eclipse/paho.golang/..."
)

var rules = []rule{
	{
		except: []string{"agent/decode/..."}, never: []string{ffmpeg},
		why: "how FFmpeg is driven has one place: agent/decode. Its binding breaks between minor versions, and whoever links it needs a C compiler",
	},
	{
		except: []string{"agent/encode/..."}, never: []string{onnxruntime},
		why: "how models are run has one place: agent/encode. There is one ONNX Runtime environment per process",
	},
	{
		except: []string{"index/text/..."}, never: []string{bleve},
		why: "bleve is one way to hold words; only index/text knows that it is the one taken",
	},
	{
		except: []string{"sync/uplink/..."}, never: []string{mqtt, mqtt5},
		why: "MQTT is how a box speaks to headquarters; only sync/uplink knows it",
	},
	{
		in: []string{"index/..."}, never: []string{"agent/...", "sync/...", "cmd/..."}, reach: transitive,
		why: "the index is the vocabulary that capture and synchronisation speak; it declares the interfaces it needs and never reaches back to a producer",
	},
	{
		in: []string{"index/..."}, never: []string{"agent/...", "sync/..."},
		why: "tests of the index use fakes, so that they run without a C compiler",
	},
	{
		in: []string{"sync/..."}, never: []string{ffmpeg, onnxruntime, bleve, "agent/..."}, reach: transitive,
		why: "headquarters links sync and has neither cameras, nor models, nor the index's text search",
	},
	{
		in: []string{"agent/..."}, never: []string{"sync/...", "cmd/..."}, reach: transitive,
		why: "capture does not know that headquarters exists; cmd joins the two",
	},
	{
		in: []string{"agent/camera/...", "agent/clip/...", "agent/config/...", "agent/frame/...", "agent/ledger/..."}, never: []string{ffmpeg, onnxruntime}, reach: transitive,
		why: "what decides about cameras, clips and files is pure Go, tested without footage or a model",
	},
	{
		in: []string{"agent/frame", "index/vfs", "index/eval", "internal/..."}, never: []string{"agent/...", "cmd/...", "sync/...", "index", "index/query/...", "index/text/...", "index/httpapi/...", "index/segment/...", "index/scan/..."}, reach: transitive,
		why: "leaves are imported by everybody, so they import nobody",
	},
	{
		except: []string{"cmd/..."}, never: []string{"github.com/spf13/cobra/...", "github.com/vbauerster/mpb/v8/..."},
		why: "only commands speak to a terminal",
	},
	{
		never: []string{"github.com/chromedp/chromedp/...", "pgregory.net/rapid", "github.com/bluenviron/gortsplib/...", "github.com/mochi-mqtt/server/..."}, reach: shipped,
		why: "these help tests and have no place in what is shipped",
	},
}

func TestImports(t *testing.T) {
	for _, p := range packages(t) {
		for _, r := range rules {
			for _, imported := range r.violations(p) {
				t.Errorf("%s imports %s: %s", p.place(), imported, r.why)
			}
		}
	}
}
