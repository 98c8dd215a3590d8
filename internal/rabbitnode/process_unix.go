//go:build unix

package rabbitnode

import (
	"os/exec"
	"syscall"
)

// ownGroup keeps a signal to the terminal's group, such as an interrupt, from
// ending cmd before its owner does.
func ownGroup(cmd *exec.Cmd) { cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} }

func freeze(pid int) error { return syscall.Kill(pid, syscall.SIGSTOP) }

func thaw(pid int) error { return syscall.Kill(pid, syscall.SIGCONT) }

func terminate(pid int) error { return syscall.Kill(pid, syscall.SIGTERM) }
