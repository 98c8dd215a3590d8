package rabbitnode

import (
	"fmt"
	"net"
	"os"
	"strings"
	"time"
)

// tickTime is how soon the nodes of a cluster miss one that says nothing, more
// or less a quarter.
const tickTime = 8 * time.Second

// calm keeps the schedulers of the virtual machine from waiting in a loop for
// work, which a machine that also runs the tests has no processor for.
//
// Source: https://www.rabbitmq.com/docs/runtime#busy-waiting
const calm = "+sbwt none +sbwtdcpu none +sbwtdio none"

type ports struct{ amqp, tls, dist, epmd int }

// freePorts asks the system for ports that nobody uses now.
func freePorts() (p ports, err error) {
	for _, port := range []*int{&p.amqp, &p.tls, &p.dist, &p.epmd} {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return ports{}, fmt.Errorf("rabbitnode: no free port: %w", err)
		}
		// All stay open until the last one is known, so that they differ.
		defer l.Close()
		*port = l.Addr().(*net.TCPAddr).Port
	}
	return p, nil
}

func (n *Node) writeConfig(o Options) error {
	lines := []string{
		fmt.Sprintf("listeners.tcp.1 = 127.0.0.1:%d", n.ports.amqp),
		"vm_memory_high_watermark.absolute = 1GB",
		"disk_free_limit.absolute = 50MB",
		"log.file.level = info",
	}
	if o.TLS != nil {
		lines = append(lines, o.TLS.lines(n.ports.tls)...)
	}
	lines = append(lines, o.Config...)
	config := strings.Join(lines, "\n") + "\n"
	if err := os.WriteFile(n.path("rabbitmq.conf"), []byte(config), 0o600); err != nil {
		return fmt.Errorf("rabbitnode: %w", err)
	}
	plugins := "[" + strings.Join(o.Plugins, ",") + "].\n"
	if err := os.WriteFile(n.path("plugins"), []byte(plugins), 0o600); err != nil {
		return fmt.Errorf("rabbitnode: %w", err)
	}
	return nil
}

func (t *TLS) lines(port int) []string {
	lines := []string{
		fmt.Sprintf("listeners.ssl.1 = 127.0.0.1:%d", port),
		"ssl_options.certfile = " + t.Certificate,
		"ssl_options.keyfile = " + t.Key,
		"ssl_options.versions.1 = tlsv1.2",
	}
	if t.ClientAuthority == "" {
		return append(lines, "ssl_options.cacertfile = "+t.Authority, "ssl_options.verify = verify_none")
	}
	return append(lines,
		"ssl_options.cacertfile = "+t.ClientAuthority,
		"ssl_options.verify = verify_peer",
		"ssl_options.fail_if_no_peer_cert = true",
		"ssl_cert_login_from = common_name",
		"auth_mechanisms.1 = EXTERNAL",
		"auth_mechanisms.2 = PLAIN",
	)
}

// environment is all that the scripts read; nothing of the host's own
// installation of RabbitMQ comes through.
func (n *Node) environment() []string {
	return []string{
		"PATH=" + os.Getenv("PATH"),
		"LANG=C.UTF-8",
		"HOME=" + n.home,
		"RABBITMQ_NODENAME=" + n.name,
		fmt.Sprintf("RABBITMQ_NODE_PORT=%d", n.ports.amqp),
		fmt.Sprintf("RABBITMQ_DIST_PORT=%d", n.ports.dist),
		fmt.Sprintf("ERL_EPMD_PORT=%d", n.ports.epmd),
		"RABBITMQ_MNESIA_BASE=" + n.path("mnesia"),
		"RABBITMQ_LOG_BASE=" + n.path("log"),
		"RABBITMQ_CONFIG_FILE=" + n.path("rabbitmq.conf"),
		"RABBITMQ_ENABLED_PLUGINS_FILE=" + n.path("plugins"),
		"RABBITMQ_PID_FILE=" + n.path("pid"),
		"RABBITMQ_CONF_ENV_FILE=/dev/null",
		fmt.Sprintf("RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS=%s -kernel inet_dist_use_interface {127,0,0,1} net_ticktime %d", calm, tickTime/time.Second),
		"RABBITMQ_CTL_ERL_ARGS=" + calm,
		// The script then replaces itself by the virtual machine, whose process
		// id is thus known.
		"RUNNING_UNDER_SYSTEMD=1",
	}
}
