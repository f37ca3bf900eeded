package config

import (
	"crypto/sha256"
	"encoding/hex"
	"os"
	"strings"
)

// machineNode derives a node id from the machine id, which stays over renames
// and reinstalls of this program. The machine id itself is meant to be kept
// private (machine-id(5)), so that a hash of it is shown.
func machineNode() string {
	for _, file := range []string{"/etc/machine-id", "/var/lib/dbus/machine-id"} {
		if id, err := os.ReadFile(file); err == nil && len(strings.TrimSpace(string(id))) >= 32 {
			return nodeFrom(string(id))
		}
	}
	if name, err := os.Hostname(); err == nil && name != "" {
		return nodeFrom(name)
	}
	return "box"
}

func nodeFrom(secret string) string {
	sum := sha256.Sum256([]byte("gemba node " + strings.TrimSpace(secret)))
	return "box-" + hex.EncodeToString(sum[:4])
}
