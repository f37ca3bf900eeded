package config

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"time"
	_ "time/tzdata" // a box may lack the zone files

	"github.com/gembahq/gemba/agent/camera"
)

var idPattern = regexp.MustCompile(`^[a-z0-9][a-z0-9_-]{0,63}$`)

const idRule = "an id begins with a small letter or digit and goes on with up to 63 small letters, digits, _ and -"

// check looks at what was read as a whole and makes its paths absolute.
func (r *reader) check(d *document, base string) {
	c := d.config
	if _, ok := r.lines["version"]; !ok {
		r.problem(1, "version: is missing: write version: 1")
	}
	r.checkID("site", c.Site)
	if c.Node == "" {
		c.Node = machineNode()
	}
	r.checkID("node", c.Node)
	r.checkZone(c)
	r.checkListen(c.HTTP.Listen)
	c.DataDir = within(base, c.DataDir)
	if info, err := os.Stat(c.DataDir); err == nil && !info.IsDir() {
		r.at("data_dir", "%s is a file: name a folder", c.DataDir)
	}
	r.checkModel(c, base)
	r.checkCameras(d, base)
	r.checkHeadquarters(d, base)
	if c.Recorder.Enabled {
		r.warn(c, "recorder.enabled", "live cameras are not recorded by this version; files and folders are played from where they lie")
	}
}

func (r *reader) warn(c *Config, path, format string, args ...any) {
	c.Warnings = append(c.Warnings, Problem{File: r.file, Line: r.line(path), Text: path + ": " + fmt.Sprintf(format, args...)})
}

func (r *reader) checkID(path, id string) {
	if !idPattern.MatchString(id) {
		r.at(path, "%q is no id: %s", id, idRule)
	}
}

func (r *reader) checkZone(c *Config) {
	c.Location = time.Local
	if c.Timezone == "" {
		return
	}
	zone, err := time.LoadLocation(c.Timezone)
	if err != nil {
		r.at("timezone", "%q is not known: write an IANA name such as Asia/Tokyo or Europe/Berlin", c.Timezone)
		return
	}
	c.Location = zone
}

func (r *reader) checkListen(listen string) {
	host, port, err := net.SplitHostPort(listen)
	if err != nil {
		r.at("http.listen", "%q is no address: write host:port, such as 127.0.0.1:8470", listen)
		return
	}
	if n, err := strconv.Atoi(port); err != nil || n < 0 || n > 65535 {
		r.at("http.listen", "%q is no port: a number from 1 to 65535 is needed", port)
		return
	}
	if ip := net.ParseIP(host); host == "localhost" || ip != nil && ip.IsLoopback() {
		return
	}
	r.at("http.listen", "%s can be reached from the network, and anybody there could watch, because this version has no accounts yet: until accounts exist use 127.0.0.1 or [::1], and reach it from elsewhere through an SSH tunnel", listen)
}

func (r *reader) checkModel(c *Config, base string) {
	if c.Model.Pack == "" {
		c.Model.Pack = "bundled"
	}
	if c.Model.Pack != "bundled" {
		c.Model.Pack = within(base, c.Model.Pack)
		if err := readableDir(c.Model.Pack); err != nil {
			r.at("model.pack", "%s: %s: name a pack's folder, or write bundled", c.Model.Pack, err)
		} else if err := readableFile(filepath.Join(c.Model.Pack, "manifest.json")); err != nil {
			r.at("model.pack", "%s holds no pack (manifest.json: %s)", c.Model.Pack, err)
		}
	}
	if c.Model.ONNXRuntime != "" {
		c.Model.ONNXRuntime = within(base, c.Model.ONNXRuntime)
		if err := readableFile(c.Model.ONNXRuntime); err != nil {
			r.at("model.onnxruntime", "%s: %s: name libonnxruntime.so, or leave it empty for the one shipped", c.Model.ONNXRuntime, err)
		}
	}
}

func (r *reader) checkCameras(d *document, base string) {
	c := d.config
	first := map[string]int{}
	for i, t := range d.cameras {
		path := fmt.Sprintf("cameras[%d]", i)
		out := Camera{ID: t.id, Name: t.name, Mode: t.mode}
		if _, ok := r.lines[path]; !ok {
			continue // the entry could not be read at all, which is reported
		}
		switch line, twice := first[t.id]; {
		case t.id == "":
			r.missing(path, "id")
		case twice:
			r.at(path+".id", "the camera %q is here twice, first on line %d", t.id, line)
		default:
			first[t.id] = r.line(path + ".id")
			r.checkID(path+".id", t.id)
		}
		if out.Name == "" {
			out.Name = t.id
		}
		if t.source == "" {
			r.missing(path, "source")
		} else if s, err := camera.ParseSource(t.source, base); err != nil {
			r.at(path+".source", "%s", err)
		} else {
			out.Source = s
			r.checkSource(c, path, s)
		}
		rule, err := camera.ParseTimeRule(t.timeFrom)
		if err != nil {
			r.at(path+".time_from", "%s", err)
		}
		out.TimeFrom = rule
		if t.credentialsFile != "" {
			out.Credentials = r.credentials(path+".credentials_file", within(base, t.credentialsFile))
		}
		c.Cameras = append(c.Cameras, out)
	}
}

// missing reports a key that is not there, unless its line says something that could not be read.
func (r *reader) missing(path, key string) {
	line, there := r.lines[path+"."+key]
	for _, p := range r.problems {
		if there && p.Line == line || p.Line == r.lines[path] && strings.HasPrefix(p.Text, path+": needs") {
			return
		}
	}
	r.at(path, "%s is missing", key)
}

func (r *reader) checkSource(c *Config, path string, s camera.Source) {
	switch s.Kind {
	case camera.File:
		if err := readableFile(s.Path); err != nil {
			r.at(path+".source", "%s: %s", s.Path, err)
		}
	case camera.Folder:
		if err := readableDir(s.Path); err != nil {
			r.at(path+".source", "%s: %s", s.Path, err)
		}
	}
	if !takenIn(s.Kind) {
		r.warn(c, path+".source", "%s sources are not taken in by this version: the camera will be listed as unsupported", s.Kind)
	}
}

// credentials reads a YAML file of username and password.
func (r *reader) credentials(path, file string) *Credentials {
	text, err := readFile(file)
	if err != nil {
		r.at(path, "%s: %s", file, err)
		return nil
	}
	out := &Credentials{}
	inner := newReader(file)
	if body := inner.document(text); body != nil {
		inner.read(body, object(map[string]*field{
			"username": secret(&out.Username),
			"password": secret(&out.Password),
		}), "")
		if len(inner.problems) == 0 && out.Username == "" {
			inner.problem(1, "username: is missing")
		}
	}
	r.problems = append(r.problems, inner.problems...)
	return out
}

// secret reads text and keeps it out of every message.
func secret(dst *string) *field {
	return &field{scalar: func(v string, kind scalarKind) error {
		if kind != kindString {
			return fmt.Errorf("needs text, not %s: put it in quotes", kind)
		}
		*dst = v
		return nil
	}}
}

func (r *reader) checkHeadquarters(d *document, base string) {
	if _, ok := r.lines["headquarters"]; !ok {
		return
	}
	hq := d.hq
	const at = "headquarters"
	switch u, err := url.Parse(hq.Broker); {
	case hq.Broker == "":
		r.missing(at, "broker")
	case err != nil || u.Host == "" || u.Scheme != "mqtt" && u.Scheme != "mqtts":
		r.at(at+".broker", "needs mqtt://host:port or mqtts://host:port")
	case u.User != nil:
		r.at(at+".broker", "holds a user or password, which would show up in logs: use cert_file and key_file")
	}
	for _, f := range []struct {
		key  string
		path *string
	}{{"ca_file", &hq.CAFile}, {"cert_file", &hq.CertFile}, {"key_file", &hq.KeyFile}} {
		if *f.path == "" {
			continue
		}
		*f.path = within(base, *f.path)
		if err := readableFile(*f.path); err != nil {
			r.at(at+"."+f.key, "%s: %s", *f.path, err)
		}
	}
	if (hq.CertFile == "") != (hq.KeyFile == "") {
		r.at(at, "cert_file and key_file are needed together")
	}
	if hq.DigestEvery < Duration(time.Minute) {
		r.at(at+".digest_every", "%s is less than a minute", time.Duration(hq.DigestEvery))
	}
	d.config.Headquarters = &hq
	r.warn(d.config, at, "nothing is sent to headquarters by this version")
}

// within takes a relative path from base.
func within(base, path string) string {
	if path == "" || filepath.IsAbs(path) {
		return path
	}
	return filepath.Join(base, path)
}

func readableFile(path string) error {
	info, err := os.Stat(path)
	switch {
	case err != nil:
		return plain(err)
	case info.IsDir():
		return errors.New("is a folder, not a file")
	case !info.Mode().IsRegular():
		return errors.New("is not a file")
	}
	f, err := os.Open(path)
	if err != nil {
		return plain(err)
	}
	return f.Close()
}

func readableDir(path string) error {
	info, err := os.Stat(path)
	if err != nil {
		if strings.Contains(plain(err).Error(), "no such file") {
			return errors.New("no such folder")
		}
		return plain(err)
	}
	if !info.IsDir() {
		return errors.New("is a file, not a folder")
	}
	f, err := os.Open(path)
	if err != nil {
		return plain(err)
	}
	return f.Close()
}
