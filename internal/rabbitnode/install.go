package rabbitnode

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
)

// scripts are where packages of rabbitmq-server put their own scripts. The
// wrappers in the system path change user, directory and environment.
var scripts = []string{
	"/usr/lib/rabbitmq/bin",
	"/usr/local/lib/rabbitmq/bin",
	"/opt/homebrew/opt/rabbitmq/sbin",
	"/usr/local/opt/rabbitmq/sbin",
	"/usr/local/sbin",
}

// BinEnv names the environment variable with the folder of RabbitMQ's scripts,
// for an installation in an unusual place.
const BinEnv = "RABBITMQ_BIN"

// Available returns nil when nodes can be started here, else an error of one
// line that says what is missing and how to get it.
func Available() error {
	_, err := locate()
	return err
}

// installation is where the programs of a node are.
type installation struct{ bin, epmd string }

func locate() (installation, error) {
	if runtime.GOOS == "windows" {
		return installation{}, errors.New("rabbitnode: private RabbitMQ nodes need a unix system")
	}
	bin, err := scriptFolder()
	if err != nil {
		return installation{}, err
	}
	epmd, err := exec.LookPath("epmd")
	if err != nil {
		return installation{}, fmt.Errorf("rabbitnode: no epmd in the path; hint: install Erlang (apt-get install erlang-base): %w", err)
	}
	return installation{bin: bin, epmd: epmd}, nil
}

func scriptFolder() (string, error) {
	folders := scripts
	if own := os.Getenv(BinEnv); own != "" {
		folders = []string{own}
	}
	for _, folder := range folders {
		if _, err := os.Stat(filepath.Join(folder, "rabbitmq-server")); err == nil {
			return folder, nil
		}
	}
	return "", fmt.Errorf("rabbitnode: no rabbitmq-server in %v; hint: apt-get install rabbitmq-server, or set %s to the folder of its scripts", folders, BinEnv)
}

// Version is the version of the installed server.
func Version(ctx context.Context) (string, error) {
	install, err := locate()
	if err != nil {
		return "", err
	}
	home, err := os.MkdirTemp("", "parley-rabbit-")
	if err != nil {
		return "", fmt.Errorf("rabbitnode: %w", err)
	}
	defer os.RemoveAll(home)
	cmd := exec.CommandContext(ctx, filepath.Join(install.bin, "rabbitmqctl"), "version")
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "LANG=C.UTF-8", "HOME=" + home, "RABBITMQ_CONF_ENV_FILE=/dev/null"}
	out, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("rabbitnode: rabbitmqctl version: %w", err)
	}
	return strings.TrimSpace(string(out)), nil
}
