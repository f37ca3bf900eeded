package main

import (
	"fmt"
	"os"
	"runtime"
	"strings"

	"golang.org/x/sys/cpu"
	"golang.org/x/sys/unix"

	"github.com/gembahq/gemba/internal/version"
)

func (a *app) checkProgram() check {
	return ok("program", "%s", version.String())
}

// checkProcessor tells which vector instructions the scan and the model use.
func checkProcessor() check {
	var have []string
	add := func(name string, has bool) {
		if has {
			have = append(have, name)
		}
	}
	fast := true
	switch runtime.GOARCH {
	case "amd64":
		add("AVX2", cpu.X86.HasAVX2)
		add("FMA", cpu.X86.HasFMA)
		add("AVX-512", cpu.X86.HasAVX512F && cpu.X86.HasAVX512BW)
		add("VNNI", cpu.X86.HasAVX512VNNI)
		fast = cpu.X86.HasAVX2 && cpu.X86.HasFMA
	case "arm64":
		add("NEON", cpu.ARM64.HasASIMD)
		add("dot product", cpu.ARM64.HasASIMDDP)
		add("half floats", cpu.ARM64.HasASIMDHP)
		fast = cpu.ARM64.HasASIMD
	}
	detail := fmt.Sprintf("%d cores, %s %s", runtime.NumCPU(), runtime.GOARCH, strings.Join(have, ", "))
	if !fast {
		return warn("processor", "Everything works, but slowly: use a processor with AVX2 (Intel Haswell, AMD Excavator or newer), or pass the host's processor through to the virtual machine.", "%s, without fast vector instructions", detail)
	}
	return ok("processor", "%s", detail)
}

// lowMemory is below what gembad, the model and a working system need.
const lowMemory = 1536 << 20

func checkMemory() check {
	var info unix.Sysinfo_t
	if err := unix.Sysinfo(&info); err != nil {
		return warn("memory", "Look at the kernel log.", "cannot be read: %v", err)
	}
	total := int64(info.Totalram) * int64(info.Unit)
	if total < lowMemory {
		return warn("memory", "Expect up to 600 MiB for gembad; give the machine 2 GiB or more.", "%s in all", bytesText(total))
	}
	return ok("memory", "%s in all", bytesText(total))
}

// checkClock looks whether times can be trusted: footage is found by them.
func (a *app) checkClock() check {
	now := a.now()
	if now.Year() < 2025 {
		return fail("clock", "Set the clock (timedatectl set-time) or let it be synchronised: footage would be filed under the wrong days.", "it is %s", now.Format("2006-01-02 15:04:05 MST"))
	}
	shown := now.In(a.location).Format("2006-01-02 15:04:05 MST")
	var t unix.Timex
	if _, err := unix.Adjtimex(&t); err == nil && t.Status&unix.STA_UNSYNC != 0 {
		return warn("clock", "Let it be synchronised (apt install chrony, or timedatectl set-ntp true): a clock that drifts files footage under wrong times.", "%s, not synchronised", shown)
	}
	return ok("clock", "%s", shown)
}

// Free space of the data folder at which the doctor speaks up.
const (
	spaceWarn = 2 << 30
	spaceFail = 200 << 20
)

// checkDataFolder looks at the folder named by --data-dir, or else the one of
// the daemon.
func (a *app) checkDataFolder(d *daemon) []check {
	dir := a.flags.dataDir
	if dir == "" && d != nil {
		dir = d.dataDir()
	}
	if dir == "" {
		return []check{warn("data folder", "Name it with --data-dir to have it checked.", "not known")}
	}
	info, err := os.Stat(dir)
	switch {
	case os.IsNotExist(err):
		return []check{fail("data folder", "Create it for the user that runs gembad, or correct data_dir in the configuration. If it lies on a disk of its own, see whether that is mounted.", "%s is not there", dir)}
	case err != nil:
		return []check{fail("data folder", "Run this as root or as the user that runs gembad.", "%v", err)}
	case !info.IsDir():
		return []check{fail("data folder", "Correct data_dir in the configuration.", "%s is no folder", dir)}
	}
	return []check{checkWritable(dir), checkSpace(dir)}
}

func checkWritable(dir string) check {
	f, err := os.CreateTemp(dir, ".doctor-*")
	if err != nil {
		return fail("data folder", "Make it writable for the user that runs gembad (chown -R gemba: "+dir+"), or see whether its disk is mounted read-only (dmesg tells of disk errors).", "cannot be written: %v", err)
	}
	_, err = f.WriteString("a test by gemba doctor\n")
	if err == nil {
		err = f.Sync()
	}
	f.Close()
	os.Remove(f.Name())
	if err != nil {
		return fail("data folder", "See dmesg for disk errors, and make room if the disk is full.", "%s cannot be written: %v", dir, err)
	}
	return ok("data folder", "%s can be written", dir)
}

func checkSpace(dir string) check {
	var fs unix.Statfs_t
	if err := unix.Statfs(dir, &fs); err != nil {
		return warn("disk space", "See dmesg for disk errors.", "cannot be read: %v", err)
	}
	free, total := int64(fs.Bavail)*int64(fs.Bsize), int64(fs.Blocks)*int64(fs.Bsize)
	detail := fmt.Sprintf("%s of %s free", bytesText(free), bytesText(total))
	advice := "Make room, or lower retention in the configuration. What is indexed stays safe; new clips are refused while the disk is full."
	switch {
	case free < spaceFail:
		return fail("disk space", advice, "%s", detail)
	case free < spaceWarn:
		return warn("disk space", advice, "%s", detail)
	}
	return ok("disk space", "%s", detail)
}

// bytesText writes a size with a binary unit.
func bytesText(n int64) string {
	units := []string{"B", "KiB", "MiB", "GiB", "TiB", "PiB"}
	v, u := float64(n), 0
	for v >= 1024 && u < len(units)-1 {
		v /= 1024
		u++
	}
	if u == 0 {
		return fmt.Sprintf("%d B", n)
	}
	return fmt.Sprintf("%.1f %s", v, units[u])
}
