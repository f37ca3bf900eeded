package index

import (
	"os"
	"testing"
)

// The kill test runs this binary again as the process to be killed.
func TestMain(m *testing.M) {
	if dir := os.Getenv("GEMBA_INDEX_KILL_DIR"); dir != "" {
		os.Exit(appendUntilKilled(dir))
	}
	code := m.Run()
	if big.dir != "" {
		os.RemoveAll(big.dir)
	}
	os.Exit(code)
}
