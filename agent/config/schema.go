package config

import (
	"time"

	"github.com/gembahq/gemba/agent/camera"
)

// cameraText is a camera as the file has it, before its parts are understood.
type cameraText struct {
	id, name, source, credentialsFile, timeFrom, mode string
}

// document is the whole file as it is written, beside the Config it fills.
type document struct {
	config  *Config
	cameras []*cameraText
	hq      Headquarters
}

func (d *document) schema() *field {
	c := d.config
	return object(map[string]*field{
		"version":  version(&c.Version),
		"site":     text(&c.Site),
		"node":     text(&c.Node),
		"data_dir": text(&c.DataDir),
		"timezone": text(&c.Timezone),
		"http":     object(map[string]*field{"listen": text(&c.HTTP.Listen)}),
		"model": object(map[string]*field{
			"pack":        text(&c.Model.Pack),
			"provider":    oneOf(&c.Model.Provider, "auto", "tensorrt", "cuda", "cpu"),
			"onnxruntime": text(&c.Model.ONNXRuntime),
		}),
		"cameras": {list: d.camera},
		"retention": object(map[string]*field{
			"max_age":   duration(&c.Retention.MaxAge),
			"max_bytes": byteSize(&c.Retention.MaxBytes),
		}),
		"recorder": object(map[string]*field{
			"enabled":   boolean(&c.Recorder.Enabled),
			"max_bytes": byteSize(&c.Recorder.MaxBytes),
		}),
		"headquarters": object(map[string]*field{
			"broker":       text(&d.hq.Broker),
			"ca_file":      text(&d.hq.CAFile),
			"cert_file":    text(&d.hq.CertFile),
			"key_file":     text(&d.hq.KeyFile),
			"digest_every": duration(&d.hq.DigestEvery),
		}),
		"log": object(map[string]*field{
			"level":  oneOf(&c.Log.Level, "debug", "info", "warn", "error"),
			"format": oneOf(&c.Log.Format, "auto", "text", "json"),
		}),
	})
}

func (d *document) camera(int) *field {
	c := &cameraText{mode: "full"}
	d.cameras = append(d.cameras, c)
	return object(map[string]*field{
		"id":               text(&c.id),
		"name":             text(&c.name),
		"source":           text(&c.source),
		"credentials_file": text(&c.credentialsFile),
		"time_from":        text(&c.timeFrom),
		"mode":             oneOf(&c.mode, "full", "keyframes"),
	})
}

// defaults of headquarters hold only where the section is there.
func (d *document) setDefaults() { d.hq.DigestEvery = Duration(time.Hour) }

// kinds of source that this version takes in.
func takenIn(k camera.Kind) bool { return k == camera.File || k == camera.Folder }
