package config

import _ "embed"

// Example is the commented configuration that is installed as
// /etc/gemba/gemba.yaml. It is valid as it stands and names every key.
//
//go:embed example.yaml
var Example []byte
