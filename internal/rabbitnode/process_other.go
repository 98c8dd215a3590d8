//go:build !unix

package rabbitnode

import (
	"errors"
	"os/exec"
)

var errSignals = errors.New("rabbitnode: this system has no unix signals")

func ownGroup(*exec.Cmd) {}

func freeze(int) error { return errSignals }

func thaw(int) error { return errSignals }

func terminate(int) error { return errSignals }
