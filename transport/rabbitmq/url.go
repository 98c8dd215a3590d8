package rabbitmq

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// endpoint is one broker node, read from a URL.
type endpoint struct {
	secure    bool
	host      string
	port      string
	vhost     string
	login     login
	heartbeat time.Duration
}

func (e *endpoint) address() string { return net.JoinHostPort(e.host, e.port) }

// String is the endpoint without its login.
func (e *endpoint) String() string {
	scheme := "amqp"
	if e.secure {
		scheme = "amqps"
	}
	return (&url.URL{Scheme: scheme, Host: e.address(), Path: "/" + e.vhost, RawPath: "/" + url.PathEscape(e.vhost)}).String()
}

// endpoints reads all URLs. Its errors never quote a URL: a malformed one may
// show its password anywhere.
func (c *config) endpoints() ([]*endpoint, error) {
	list := make([]*endpoint, 0, len(c.urls))
	var faults []error
	for i, raw := range c.urls {
		e, err := c.endpoint(raw)
		if err != nil {
			faults = append(faults, fmt.Errorf("rabbitmq: URL %d: %w", i+1, err))
			continue
		}
		list = append(list, e)
	}
	return list, errors.Join(faults...)
}

func (c *config) endpoint(raw string) (*endpoint, error) {
	u, err := url.Parse(raw)
	if err != nil {
		return nil, errors.New("wanted amqp://user:password@host:port/vhost, got a malformed URL; hint: percent-encode reserved characters in user and password, or use rabbitmq.Login")
	}
	e := &endpoint{host: u.Hostname(), port: u.Port(), heartbeat: c.heartbeat, login: login{"guest", "guest"}}
	switch u.Scheme {
	case "amqp":
	case "amqps":
		e.secure = true
	default:
		return nil, errors.New(`wanted the scheme amqp or amqps, got another one; hint: amqp://localhost:5672/`)
	}
	if e.host == "" {
		return nil, errors.New("wanted a host, got none; hint: amqp://localhost:5672/")
	}
	if err := e.readPort(); err != nil {
		return nil, err
	}
	e.readLogin(u, c.login)
	if err := e.readVHost(u, c.vhost); err != nil {
		return nil, err
	}
	return e, e.readQuery(u)
}

func (e *endpoint) readPort() error {
	switch {
	case e.port == "" && e.secure:
		e.port = "5671"
	case e.port == "":
		e.port = "5672"
	}
	if n, err := strconv.Atoi(e.port); err != nil || n < 1 || n > 65535 {
		return errors.New("wanted a port from 1 to 65535, got another one")
	}
	return nil
}

func (e *endpoint) readLogin(u *url.URL, given *login) {
	if given != nil {
		e.login = *given
		return
	}
	if u.User != nil {
		password, _ := u.User.Password()
		e.login = login{u.User.Username(), password}
	}
}

// readVHost takes the path: none and "/" are the default virtual host "/".
func (e *endpoint) readVHost(u *url.URL, given *string) error {
	e.vhost = strings.TrimPrefix(u.Path, "/")
	if given != nil {
		e.vhost = *given
	} else if strings.Contains(strings.TrimPrefix(u.EscapedPath(), "/"), "/") {
		return errors.New(`wanted a virtual host without "/" in the path, got several segments; hint: encode it as %2f, or use rabbitmq.VHost`)
	}
	if e.vhost == "" {
		e.vhost = "/"
	}
	return nil
}

func (e *endpoint) readQuery(u *url.URL) error {
	query, err := url.ParseQuery(u.RawQuery)
	if err != nil {
		return errors.New("wanted a readable query, got a malformed one")
	}
	for name, values := range query {
		if name != "heartbeat" {
			return errors.New("wanted no query parameter but heartbeat, got another one; hint: use the options of package rabbitmq")
		}
		seconds, err := strconv.ParseUint(values[0], 10, 16)
		if err != nil || seconds == 0 {
			return errors.New("wanted heartbeat as whole seconds from 1 to 65535, got something else")
		}
		e.heartbeat = time.Duration(seconds) * time.Second
	}
	return nil
}
