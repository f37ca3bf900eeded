package tune

import "golang.org/x/sys/unix"

// yieldToOthers gives the calling thread the lowest priority. Where that is not
// allowed it goes on with the one it has.
func yieldToOthers() { _ = unix.Setpriority(unix.PRIO_PROCESS, unix.Gettid(), 19) }
